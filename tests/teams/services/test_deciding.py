"""Decisions of several processes at the same moment, with real commits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

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
from tests.harness.server import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.faults]

PROCESS = """
import sys
from tests.conftest import settings_for
from pathlib import Path
from community.core.db import transaction
from community.core.errors import DomainError
from community.factory import create_app
from community.access.queries import load_actor
from community.teams import services

url, folder, admin, act, *keys = sys.argv[1:]
app = create_app(settings_for(Path(folder), url))
with app.app_context():
    actor = load_actor(int(admin), 1, False)
    print("ready", flush=True)
    sys.stdin.readline()
    for key in keys:
        try:
            with transaction():
                if act == "approve":
                    services.approve(actor, int(key))
                else:
                    services.apply(actor, team_id=int(key), agrees=True)
            print("done", flush=True)
        except DomainError as refused:
            print(refused.code, flush=True)
"""


def together(url: str, folder: Path, *jobs: tuple[object, ...]) -> list[list[str]]:
    """Run each job (admin, act, keys…) in a process of its own, all from the same moment, and return what they say."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, url, str(folder / f"instance{number}"), *map(str, job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for number, job in enumerate(jobs)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].split() for process in running]


def test_two_processes_that_approve_at_once_approve_once(
    race_database: str, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
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
    said = together(race_database, tmp_path, *((admin, "approve", *keys) for admin in admins))
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


def test_two_tabs_of_one_member_make_one_application(
    race_database: str, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        village = make_village()
        member, team = make_member(village), make_team(village)
        job = member.id, "apply", team.id
    said = together(race_database, tmp_path, job, job)
    assert sorted(chain(*said)) == ["already_applied", "done"]
