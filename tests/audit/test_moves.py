"""Entries stay as they were written; who reads the log of an area reads what was written where it lay before."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from sqlalchemy import select

from community.audit import moves, queries
from community.audit.models import AuditEntry
from community.audit.moves import Move, Stay
from community.audit.queries import Filter
from community.audit.services import record_look
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places import areas
from community.places.models import Area
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.harness.client import Visitor

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class World:
    """A tree of areas that move and change their codes at random, and entries written meanwhile."""

    def __init__(self, seed: int) -> None:
        self.random, self.minute = random.Random(seed), 0
        self.parent: dict[int, int | None] = {0: None} | {one: self.random.randrange(one) for one in range(1, 8)}
        self.code = {one: str(one) for one in self.parent}
        self.moves: list[Move] = []
        # The area an entry is about, its path and what it lay in then, when.
        self.entries: list[tuple[int, str, set[int], dt.datetime]] = []
        for _step in range(25):
            self.minute += 1
            self.write() if self.random.random() < 0.6 else self.move()

    @property
    def now(self) -> dt.datetime:
        return START + dt.timedelta(minutes=self.minute)

    def above(self, area: int) -> list[int]:
        """The area itself and everything that it lies in."""
        up = self.parent[area]
        return [area] if up is None else [area, *self.above(up)]

    def path(self, area: int) -> str:
        return "".join(f"{self.code[one]}/" for one in reversed(self.above(area)))

    def write(self) -> None:
        area = self.random.randrange(8)
        self.entries.append((area, self.path(area), set(self.above(area)), self.now))

    def move(self) -> None:
        area = self.random.randrange(1, 8)
        old = self.path(area)
        if self.random.random() < 0.5:
            free = [one for one in self.parent if area not in self.above(one)]
            self.parent[area] = self.random.choice(free)
        else:
            # Codes are few, so that one given up is soon another's.
            free_codes = sorted({str(number) for number in range(10)} - set(self.code.values()))
            self.code[area] = self.random.choice(free_codes)
        if self.path(area) != old:
            self.moves.append(Move(self.now, old, self.path(area)))


def covers(one: Stay, path: str, at: dt.datetime) -> bool:
    after, before = one.since is None or at > one.since, one.until is None or at <= one.until
    return path.startswith(one.path) and after and before


@pytest.mark.parametrize("seed", [*range(40), 128, 302, 477, 515])
def test_whatever_moved_its_entries_are_read_where_it_lies_today_and_by_nobody_else(seed: int) -> None:
    world = World(seed)
    for area, path, _around, at in world.entries:
        assert moves.today(path, at, world.moves) == world.path(area)
    for reader in world.parent:
        here = world.path(reader)
        stays = moves.stays([here], world.moves)
        for area, path, around, at in world.entries:
            seen = any(covers(one, path, at) for one in stays)
            hers = reader in world.above(area)
            # Or it lay below her area then, or below something that is in her area today.
            was_hers = any(reader in world.above(one) for one in around)
            assert seen >= hers, (here, path)
            assert seen <= was_hers, (here, path)


# --- in the program ---


@pytest.fixture
def tree(engine_name: str, app: object, frozen_clock: FrozenClock) -> dict[str, Area]:
    assert app
    assert engine_name
    with transaction():
        district = make_area("district", "沥江区", code="990100")
        first, second = make_town("白塘街道", district), make_town("桑埠镇", district)
        return {"district": district, "first": first, "second": second, "village": make_village(first)}


def admin_of(area: Area, role: str = "town_admin") -> Member:
    with transaction():
        member = make_member(area)
        make_grant(member, role, area)
    return member


def read(actor: Actor, **wanted: str) -> list[tuple[str, bool]]:
    found = queries.entries(actor, Filter(act="audit.look", **wanted)).lines  # type: ignore[arg-type]
    return [(line.reason or "", line.hidden) for line in found]


def move(tree: dict[str, Area], to: Area, office: Member) -> None:
    with transaction():
        area = session().get_one(Area, tree["village"].id)
        areas.move_area(actor_of(office), area.id, parent_id=to.id, reason="区划调整", seen=areas.mark(area))


@pytest.mark.engine
def test_the_log_of_a_moved_village_is_read_in_its_new_town(tree: dict[str, Area], frozen_clock: FrozenClock) -> None:
    before, after = admin_of(tree["first"]), admin_of(tree["second"])
    office = admin_of(tree["district"], "system_admin")
    with transaction():
        member = make_member(tree["village"])
    entries = select(AuditEntry.id, AuditEntry.scope_path).order_by(AuditEntry.id)
    for reason in ("搬之前", "搬之后"):
        frozen_clock.tick(minutes=1)
        with transaction():
            home = session().get_one(Area, tree["village"].id).path
            record_look(actor_of(before), member.id, "people.desk_person", scope_path=home, reason=reason)
        frozen_clock.tick(minutes=1)
        if reason == "搬之前":
            assert read(actor_of(after)) == []
            written = session().execute(entries).all()
            move(tree, tree["second"], office)
    assert session().execute(entries.limit(len(written))).all() == written
    assert read(actor_of(after)) == [("搬之后", False), ("搬之前", False)]
    assert read(actor_of(before)) == [("搬之前", True)], "her own time stays, without the name"
    village = session().get_one(Area, tree["village"].id).path
    assert read(actor_of(office), area=village) == [("搬之后", False), ("搬之前", False)]
    assert len(read(actor_of(office))) == 2


def test_the_page_shows_it_too(tree: dict[str, Area], client_page: Visitor, frozen_clock: FrozenClock) -> None:
    office, after = admin_of(tree["district"], "system_admin"), admin_of(tree["second"])
    with transaction():
        member = make_member(tree["village"], display_name="王桂芬")
        record_look(
            actor_of(office), member.id, "people.desk_person", scope_path=tree["village"].path, reason="上门回访"
        )
    client_page.sign_in(after.id)
    assert "上门回访" not in client_page.get("/desk/audit").text
    frozen_clock.tick(minutes=1)
    move(tree, tree["second"], office)
    page = client_page.get("/desk/audit")
    assert "上门回访" in page.text
    assert "王桂芬" in page.text
