"""Generated names are plausible and belong to nobody whom readers know."""

from collections import Counter

from community.demo.chance import dice
from community.demo.names import name_for, widely_known


def _names(count: int, born: int) -> list[str]:
    chance = dice("names", born)
    return [name_for(chance, born=born) for _ in range(count)]


def test_frequent_surnames_are_frequent():
    surnames = Counter(name[0] for name in _names(5000, 1975))

    assert {surname for surname, _ in surnames.most_common(5)} == set("王李张刘陈")
    assert 0.05 < surnames["王"] / 5000 < 0.13
    assert len(surnames) > 80


def test_given_names_follow_the_year_of_birth():
    assert not {name[1:] for name in _names(500, 1950)} & {name[1:] for name in _names(500, 2005)}


def test_nobody_is_called_like_a_widely_known_person():
    names = {name for born in (1950, 1968, 1980, 1995, 2008) for name in _names(20_000, born)}

    assert len(widely_known()) > 100
    assert not names & widely_known()
