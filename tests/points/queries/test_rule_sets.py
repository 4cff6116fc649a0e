"""Which rules hold on which day, which sets wait for whom, and what a digest notices."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.authz import Actor
from community.core.db import transaction
from community.core.errors import NotFound
from community.people.models import Member
from community.places.models import Area
from community.points.queries import rule_sets
from community.points.services import proposing
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import add_rule, open_books, town_of
from tests.factories.rules import make_set, proposal, published

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def staff(area: Area, role: str = "town_admin") -> Actor:
    with transaction():
        member = make_member(area)
        make_grant(member, role, area)
    return actor_of(member)


def test_rules_hold_from_their_first_to_their_last_day_the_town_s_first(village: Area) -> None:
    town = town_of(village)
    with transaction():
        add_rule(town, village=village, code="A01", effective_on=dt.date(2026, 12, 1))
        add_rule(town, code="P09")

    def on(day: dt.date) -> list[str]:
        return [one.code for one in rule_sets.in_force_on(town.id, day)]

    assert on(dt.date(2020, 1, 31)) == []
    assert on(dt.date(2026, 11, 30)) == ["P01", "P09"]
    assert on(dt.date(2026, 12, 1)) == ["P01", "P09", "A01"]


def test_a_digest_notices_every_change_of_words_terms_and_rules_beside(village: Area) -> None:
    writer, town = staff(town_of(village)), town_of(village)
    with transaction():
        made = make_set(writer, town)
    found = rule_sets.one(made)
    seen = [rule_sets.digest(found)]
    (draft,) = rule_sets.drafts(made)
    for changed in ({"amount": 7, "cap_day": 14}, {"text_zh": "换一句话来说这条规则，一共记六分。"}, {"review": True}):
        with transaction():
            proposing.put(writer, made, proposal(**changed), draft_id=draft.id)
        seen.append(rule_sets.digest(found))
    with transaction():
        add_rule(town, code="P77")
    seen.append(rule_sets.digest(found))
    assert len(set(seen)) == 5
    assert rule_sets.digest(found) == seen[-1]


def test_the_desk_is_shown_its_own_sets_and_nobody_a_draft_in_public(village: Area) -> None:
    writer = staff(town_of(village))
    with transaction():
        elsewhere = make_village()
        open_books(town_of(elsewhere))
        made = make_set(writer, town_of(village))
    stranger = staff(town_of(elsewhere))
    assert [one.id for one in rule_sets.at_desk(writer)] == [made]
    assert not rule_sets.at_desk(stranger)
    with pytest.raises(NotFound):
        rule_sets.for_desk(stranger, made)
    with pytest.raises(NotFound):
        rule_sets.for_everybody(made)
    assert not rule_sets.public_of(village.town_id or 0)


def test_a_tried_draft_waits_for_another_and_an_objection_for_an_answer(village: Area, member: Member) -> None:
    writer, publisher = staff(town_of(village)), staff(town_of(village))
    with transaction():
        made = make_set(writer, town_of(village))
    assert not rule_sets.ready(publisher)
    with transaction():
        proposing.simulate(writer, made)
    assert [one.id for one in rule_sets.ready(publisher)] == [made]
    assert not rule_sets.ready(writer), "not her own"
    with transaction():
        other = published(writer, publisher, town_of(village))
        proposing.object_to(actor_of(member), other, "每天上限太低，夜班不够。")
    assert [(row.id, waiting) for row, waiting, _first in rule_sets.objected(writer)] == [(other, 1)]
    assert not rule_sets.objected(actor_of(member))
    assert rule_sets.closes_on(rule_sets.one(other)) == clock.today() + dt.timedelta(days=7)


def test_codes_are_taken_by_rules_and_by_drafts(village: Area) -> None:
    writer = staff(town_of(village))
    with transaction():
        make_set(writer, town_of(village))
    assert rule_sets.codes(village.town_id or 0) == {"P01", "P02"}
