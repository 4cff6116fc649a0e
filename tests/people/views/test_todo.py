"""People to be verified in the desk's queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.views.todo import PEOPLE
from community.places.models import Area
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team


@pytest.fixture
def village(app: Flask, frozen_clock: FrozenClock) -> Iterator[Area]:
    with transaction():
        made = make_village()
    with app.test_request_context("/"):
        yield made


@pytest.fixture
def admin(village: Area) -> Actor:
    with transaction():
        made = make_member(village)
        make_grant(made, "village_admin", village)
    return actor_of(made)


def titles(admin: Actor) -> list[str]:
    return [str(task.title) for task in PEOPLE.tasks(admin, "", 10)]


def test_who_has_applied_is_decided_about_there_and_not_listed_twice(village: Area, admin: Actor) -> None:
    with transaction():
        make_member(village, verified=False, display_name="李秀英")
        applicant = make_member(village, verified=False, display_name="赵大海")
        make_membership(applicant, make_team(village), "applied")
        make_member(village, display_name="王建国")
        make_member(village, verified=False, status="suspended", display_name="周老四")
    assert titles(admin) == ["李秀英"]
    assert PEOPLE.count(admin, "") == 1


def test_a_minor_waits_for_her_guardian_first_and_a_number_used_twice_is_named(village: Area, admin: Actor) -> None:
    with transaction():
        make_member(village, verified=False, age_band="14-17", display_name="俞子涵")
        for name in ("李秀英", "李秀瑛"):
            make_member(village, verified=False, display_name=name, phone_hash="a" * 64)
    by_name = {str(task.title): task for task in PEOPLE.tasks(admin, "", 10)}
    assert (by_name["俞子涵"].acts, str(by_name["俞子涵"].why_not)) == ((), "先登记监护人的同意")
    assert [str(badge.word) for badge in by_name["俞子涵"].badges] == ["等监护人"], "it is not the reader's guardian"
    assert [str(badge.word) for badge in by_name["李秀英"].badges] == ["同号另有 1 份登记"]
    assert by_name["李秀英"].acts == (), "the two are looked at side by side"
    assert by_name["李秀英"].why_not is None
