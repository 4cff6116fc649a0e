"""Every kind, state and role of the tables has its word."""

from community.teams import models, words


def test_nothing_that_the_tables_hold_is_without_a_word() -> None:
    assert set(words.KINDS) == set(models.TEAM_KINDS)
    assert set(words.STATES) == set(models.STATES)
    assert set(words.ROLES) == set(models.ROLES)


def test_kinds_and_states_are_told_apart_by_word_and_not_by_icon_or_colour_alone() -> None:
    assert len({str(kind.what) for kind in words.KINDS.values()}) == len(words.KINDS)
    assert len({str(look.word) for look in words.STATES.values()}) == len(words.STATES)
