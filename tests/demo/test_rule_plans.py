"""The rule sets that `district.yaml` plans could really be adopted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from community.demo.district import read_district


def test_nobody_of_the_cast_publishes_what_she_wrote_or_answers_herself() -> None:
    plans = read_district().rule_sets
    assert plans
    for plan in plans:
        assert plan.by != plan.published_by
        assert all(objection.by != plan.by for objection in plan.objections)


def test_what_is_published_names_its_resolution_and_what_is_withdrawn_was_published() -> None:
    for plan in read_district().rule_sets:
        assert bool(plan.published_by) == bool(plan.resolution_no)
        assert plan.published_by or not plan.withdrawn


def test_every_set_says_something_and_nothing_can_change_it() -> None:
    plans = read_district().rule_sets
    assert all(plan.rules and all(rule.terms["amount"] > 0 for rule in plan.rules) for plan in plans)
    with pytest.raises(FrozenInstanceError):
        plans[0].title = "x"  # type: ignore[misc]
