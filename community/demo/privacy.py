"""What people of the demo district asked about their data, and who looked at the data of its cast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from community.audit import backfill as audit
from community.audit.backfill import PastLook
from community.core import clock
from community.core.authz import Actor
from community.demo.loading import Loaded
from community.demo.people import Person
from community.people import backfill as people
from community.people.backfill import PastRequest
from community.people.erasing import COOLING_OFF
from community.people.requests import COPY_OPEN

_HOUR = dt.timedelta(hours=1)
# Who of the cast was looked at: by whom, how many hours ago, on which page, with which words.
_LOOKS = (
    ("captain", "village_admin", 26, "people.desk_person", None),
    ("captain", "village_admin", 25, "people.phone", "通知她领取反光背心"),
    ("captain", "patrol_leader", 75, "points.award", None),
    ("captain", "town_admin", 410, "people.desk_person", None),
    ("resident", "village_admin", 30, "people.desk_person", None),
    ("rider", "association_admin", 52, "people.desk_person", None),
    ("patrol_leader", "village_admin", 90, "people.desk_person", None),
    ("village_admin", "town_admin", 200, "people.desk_person", None),
)


def load_privacy(actor: Actor, loaded: Loaded) -> None:
    """Write an erasure that waits and one that staff wrote down, one taken back, copies, and looks at the cast."""
    people.add_requests(actor, list(_requests(loaded)))
    audit.add_looks(actor, list(_looks(loaded)))


def _requests(loaded: Loaded) -> Iterator[PastRequest]:
    now, someone = clock.now(), _plain_people(loaded)
    for kind, state, hours, how in (
        ("erase", "asked", 3, ""),
        ("erase", "asked", 9, "本人到社区，核对了证件"),
        ("erase", "withdrawn", 50, ""),
        ("export", "done", 70, ""),
        ("export", "done", 330, ""),
    ):
        person = next(someone, None)
        if person is None:
            return
        asked = now - hours * _HOUR
        until = asked + (COOLING_OFF if kind == "erase" else COPY_OPEN)
        yield PastRequest(loaded.members[person.number], kind, state, asked, until, how)


def _plain_people(loaded: Loaded) -> Iterator[Person]:
    """People of the village admin's community without an office, a name on the sign-in page or a team to lead."""
    here = loaded.population.by_key("village_admin").area
    busy = {one.person for one in loaded.population.memberships}
    for person in loaded.population.people:
        plain = person.key is None and person.role == "resident" and person.number not in busy
        if plain and here is not None and person.home.path.startswith(here.path) and not person.minor:
            yield person


def _looks(loaded: Loaded) -> Iterator[PastLook]:
    for about, by, hours, why, reason in _LOOKS:
        member, staff = loaded.population.by_key(about), loaded.population.by_key(by)
        yield PastLook(
            at=clock.now() - hours * _HOUR,
            by_id=loaded.members[staff.number],
            member_id=loaded.members[member.number],
            why=why,
            scope_path=member.home.path,
            reason=reason,
        )
