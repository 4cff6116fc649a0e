"""Decisions of several processes at the same moment, with real commits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.places.models import Area
from community.teams import services
from community.teams.models import Membership, MembershipEvent, Team
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village
from tests.factories.teams import make_team
from tests.harness.processes import together

RACE = "tests.teams.racers:decide"

pytestmark = [pytest.mark.engine, pytest.mark.faults]


def test_two_processes_that_approve_at_once_approve_once(race_database: str, make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        town = make_town()
        village = make_village(town)
        first, second = make_member(village), make_member(village)
        for admin in (first, second):
            make_grant(admin, "village_admin", village)
        team = make_team(town, places=3)
        waiting = [apply_to(team, village, number) for number in range(6)]
        admins = first.id, second.id
        keys = [membership.id for membership in waiting]
    said = together(race_database, RACE, jobs=[(admin, "approve", keys) for admin in admins])
    assert list(chain(*said)).count("done") == 3
    with app.app_context():
        approvals = session().execute(
            select(MembershipEvent.membership_id, func.count())
            .where(MembershipEvent.to_state == "approved")
            .group_by(MembershipEvent.membership_id)
        )
        assert [count for _membership, count in approvals] == [1, 1, 1]
        assert session().scalar(select(func.count()).select_from(Membership).where(Membership.state == "active")) == 3


def apply_to(team: Team, village: Area, number: int) -> Membership:
    person = services.Newcomer(f"邻居{number}号", f"1990000{number:04d}", "18-59", village.id)
    return services.apply(None, team_id=team.id, newcomer=person, agrees=True)


def test_two_tabs_of_one_member_make_one_application(race_database: str, make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        village = make_village()
        member, team = make_member(village), make_team(village)
        job = member.id, "apply", [team.id]
    said = together(race_database, RACE, jobs=[job, job])
    assert sorted(chain(*said)) == ["already_applied", "done"]
