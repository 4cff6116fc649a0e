"""Reads of check-ins: what the decision table needs, receipts, lists for members and desks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select

from community.core import clock
from community.core.authz import Actor, Perm, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import LIMITS, NEEDS_A_PERSON, Earlier, close_to
from community.people import queries as people, standing
from community.places import geo, queries as places
from community.teams import queries as teams

PAGE = 50
DESK_PAGE = 100
_C = CheckIn.__table__.c
_POST = places.POST.c
_PROXY = people.MEMBER.alias("proxy")


# Built once: every check-in asks both, and building a statement costs more than sending it.
_EARLIER = (
    select(_C.post_id, _C.kind, _C.used_at, _C.lo, _C.hi, _POST.lat, _POST.lon)
    .join(places.POST, _POST.id == _C.post_id)
    .where(
        _C.member_id == bindparam("member_id"),
        _C.status != "rejected",
        _C.used_at.between(bindparam("since"), bindparam("until")),
    )
    .order_by(_C.used_at.desc())
    .limit(60)
)
_OTHERS_ON_DEVICE = select(func.count(func.distinct(_C.member_id))).where(
    _C.device == bindparam("device"),
    _C.member_id != bindparam("member_id"),
    _C.proxy_id.is_(None),  # a leader's phone helps many: row 24 exempts it
    _C.used_at.between(bindparam("since"), bindparam("until")),
)


def earlier(member_id: int, at: dt.datetime, lat: float, lon: float) -> list[Earlier]:
    """Return the member's check-ins within two hours of `at`, newest first, with their posts' distance from here."""
    window = LIMITS.speed_window
    rows = session().execute(_EARLIER, {"member_id": member_id, "since": at - window, "until": at + window})
    return [
        Earlier(row.post_id, row.kind, row.used_at, row.lo, row.hi, geo.distance(lat, lon, row.lat, row.lon))
        for row in rows
    ]


def others_on_device(device: str, member_id: int, at: dt.datetime) -> int:
    """Return how many other members checked in with this phone in the ten minutes around `at`."""
    window = LIMITS.device_window
    asked = {"device": device, "member_id": member_id, "since": at - window, "until": at + window}
    return int(session().execute(_OTHERS_ON_DEVICE, asked).scalar_one())


def first_scan(member_id: int, post_id: int, kind: str, at: dt.datetime) -> uuid.UUID | None:
    """Return the check-in that makes a scan at `at` a double one (row 10), or None."""
    found = session().execute(
        select(_C.id)
        .where(
            _C.member_id == member_id,
            _C.post_id == post_id,
            _C.kind == kind,
            _C.status != "rejected",
            _C.used_at >= at - LIMITS.double_scan,
            _C.used_at <= at + LIMITS.double_scan,
        )
        .order_by(_C.used_at)
        .limit(1)
    )
    return found.scalar()


def _receipts() -> Any:
    return (
        select(
            CheckIn,
            _POST.name.label("post_name"),
            _POST.number.label("post_number"),
            people.MEMBER.c.display_name.label("member_name"),
            _PROXY.c.display_name.label("proxy_name"),
        )
        .join(places.POST, _POST.id == CheckIn.post_id)
        .join(people.MEMBER, people.MEMBER.c.id == CheckIn.member_id)
        .outerjoin(_PROXY, _PROXY.c.id == CheckIn.proxy_id)
    )


def receipt(actor: Actor, checkin_id: uuid.UUID) -> Row[Any]:
    """Return (CheckIn, post_name, post_number, member_name, proxy_name) for its member, for the leader who checked her
    in by her card, or for staff of its area. Raises NotFound for anybody else's.
    """
    row: Row[Any] | None = session().execute(_receipts().where(CheckIn.id == checkin_id)).first()
    if row is None:
        raise NotFound
    if row.CheckIn.proxy_id not in actor.ids:
        must(actor, Perm.CHECKIN_READ, row.CheckIn)
    return row


def moves(checkin_id: uuid.UUID) -> Sequence[Row[Any]]:
    """Return the check-in's events, oldest first, with the name of who decided."""
    names = people.MEMBER.c
    return session().execute(
        select(
            CheckInEvent.from_status, CheckInEvent.to_status, CheckInEvent.reason, CheckInEvent.at,
            CheckInEvent.by_id, names.display_name.label("by_name"),
        )
        .outerjoin(people.MEMBER, names.id == CheckInEvent.by_id)
        .where(CheckInEvent.checkin_id == checkin_id)
        .order_by(CheckInEvent.seq)
    ).all()  # fmt: skip


def settlement(checkin_id: uuid.UUID) -> Any:
    """Return (by_id, at, to_status) of the latest move of a check-in if it settled a flag, else None."""
    event = CheckInEvent.__table__.c
    latest: Any = session().execute(
        select(event.from_status, event.to_status, event.by_id, event.at)
        .where(event.checkin_id == checkin_id)
        .order_by(event.seq.desc())
        .limit(1)
    ).first()  # fmt: skip
    return latest if latest is not None and latest.from_status == "flagged" else None


def mine(actor: Actor, before: dt.datetime | None = None) -> Sequence[Row[Any]]:
    """Return up to 51 of the actor's own check-ins, newest first, those before `before` when given."""
    statement = _receipts().where(CheckIn.member_id.in_(actor.ids))
    if before is not None:
        statement = statement.where(CheckIn.used_at < before)
    return session().execute(statement.order_by(CheckIn.used_at.desc()).limit(PAGE + 1)).all()


@dataclass(frozen=True)
class Figures:
    """A day's accepted check-ins, and how many people checked in (a rejected check-in is none)."""

    accepted: int
    people: int


def figures(actor: Actor, day: dt.date) -> Figures:
    """Return the figures of the civil `day` in the actor's areas, in one statement."""
    row = session().execute(
        select(
            func.count(CheckIn.id).filter(CheckIn.status == "accepted"),
            func.count(func.distinct(CheckIn.member_id)).filter(CheckIn.status != "rejected"),
        ).where(*_on_day(actor, day))
    )
    return Figures(*row.one())


def _on_day(actor: Actor, day: dt.date) -> tuple[ColumnElement[bool], ...]:
    return (
        visible(actor, Perm.CHECKIN_READ, CheckIn),
        CheckIn.used_at >= clock.at_local(day, dt.time.min),
        CheckIn.used_at < clock.at_local(day + dt.timedelta(days=1), dt.time.min),
    )


def on_day(actor: Actor, day: dt.date, before: dt.datetime | None = None) -> Sequence[Row[Any]]:
    """Return up to 101 check-ins of the civil `day` in the actor's areas, newest first, those before `before`."""
    statement = _receipts().where(*_on_day(actor, day))
    if before is not None:
        statement = statement.where(CheckIn.used_at < before)
    return session().execute(statement.order_by(CheckIn.used_at.desc()).limit(DESK_PAGE + 1)).all()


def waiting(actor: Actor, *, area: str = "", limit: int = DESK_PAGE) -> Sequence[Row[Any]]:
    """Return the oldest flagged check-ins below the path `area` that the actor may settle; never her own or those of
    her family or of whom she acts for.
    """
    statement = _receipts().where(*_queue(actor, area))
    return session().execute(statement.order_by(CheckIn.used_at, CheckIn.id).limit(limit)).all()


def waiting_count(actor: Actor, *, area: str = "") -> int:
    """Return how many flagged check-ins below the path `area` the actor may settle."""
    return int(session().execute(select(func.count(CheckIn.id)).where(*_queue(actor, area))).scalar_one())


def titles(actor: Actor, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return id → "name · post" of the check-ins among `ids` that the actor settles, in the order of their members:
    whoever decides about several locks them in this order."""
    settles = visible(actor, Perm.CHECKIN_SETTLE, CheckIn)
    wanted = _receipts().where(CheckIn.id.in_(ids), settles).order_by(CheckIn.member_id, CheckIn.id)
    return {row.CheckIn.id: f"{row.member_name} · {row.post_name}" for row in session().execute(wanted)}


def _queue(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(CheckIn.scope_path, (area,)),) if area else ()
    waits = visible(actor, Perm.CHECKIN_SETTLE, CheckIn), CheckIn.status == "flagged"
    hers = (*actor.ids, *close_to(actor.ids), *standing.helped(actor.ids))
    return *waits, CheckIn.member_id.not_in(hers), _not_by(actor), *below


def _not_by(actor: Actor) -> ColumnElement[bool]:
    """Not what the actor signed for somebody else by a card."""
    return CheckIn.proxy_id.is_(None) | CheckIn.proxy_id.not_in(actor.ids)


def unsettled_before(at: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
    """Return flagged check-ins received before `at` that silence may settle: no condition met that needs a person."""
    found = select(CheckIn.id).where(
        CheckIn.status == "flagged",
        CheckIn.received_at < at,
        *(CheckIn.notes.not_like(f"%{code}%") for code in NEEDS_A_PERSON),
    )
    return session().execute(found.order_by(CheckIn.received_at).limit(limit)).scalars().all()


# --- for everybody ---

# Fewer than this are not told apart in public: one of two people could be guessed (checkin.md §2.8).
FEWEST = 5


def public_days(path: str, days: Sequence[dt.date]) -> list[int]:
    """Return the accepted check-ins at posts at or below the area `path` on each of the civil `days`, in one statement.

    Counts below FEWEST are for nobody's eyes: a page says "fewer than 5".
    """
    counts = [
        func.count(CheckIn.id).filter(
            CheckIn.used_at >= clock.at_local(day, dt.time.min),
            CheckIn.used_at < clock.at_local(day + dt.timedelta(days=1), dt.time.min),
        )
        for day in days
    ]
    first = clock.at_local(min(days), dt.time.min)
    wanted = (under(CheckIn.scope_path, (path,)), CheckIn.status == "accepted", CheckIn.used_at >= first)
    return [int(count) for count in session().execute(select(*counts).where(*wanted)).one()]


# --- for leaders who check others in by their cards ---


@dataclass(frozen=True, slots=True)
class Today:
    """A check-in of today, as the leader who holds the card sees it."""

    at: dt.datetime
    post_name: str


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a leader's own accepted check-in proves her, and the source of its code."""

    post_id: int
    src: str


def since(member_id: int, at: dt.datetime) -> list[Today]:
    """Return the member's check-ins from `at` on that were not found invalid, oldest first."""
    rows = session().execute(
        select(_C.used_at, _POST.name)
        .join(places.POST, _POST.id == _C.post_id)
        .where(_C.member_id == member_id, _C.used_at >= at, _C.status != "rejected")
        .order_by(_C.used_at)
    )
    return [Today(row.used_at, row.name) for row in rows]


def stood(actor: Actor) -> Stood | None:
    """Return where the actor's own last check-in within two hours was accepted; nobody else's word counts for it."""
    row = (
        session()
        .execute(
            select(_C.post_id, _C.src)
            .where(
                _C.member_id == actor.member_id,
                _C.proxy_id.is_(None),
                _C.status == "accepted",
                _C.used_at > clock.now() - LIMITS.proxy_presence,
            )
            .order_by(_C.used_at.desc())
            .limit(1)
        )
        .first()
    )
    return None if row is None else Stood(row.post_id, row.src)


def proxied_since(member_id: int, at: dt.datetime) -> int:
    """Return how many check-ins the leader has made for others since `at`."""
    made = select(func.count(_C.id)).where(_C.proxy_id == member_id, _C.received_at >= at)
    return int(session().execute(made).scalar_one())


def decided_between(ids: Sequence[int]) -> bool:
    """Say whether one of the members `ids` has decided on a check-in or a membership of another of them.

    A check-in that one of them made for another by her card counts too: who holds the phone is not who holds the card.
    """
    event = CheckInEvent.__table__.c
    found = select(event.id).where(event.by_id.in_(ids), event.member_id.in_(ids), event.by_id != event.member_id)
    return session().execute(found.limit(1)).first() is not None or teams.decided_between(ids)


# --- for rules that are tried on the past ---


def accepted_count(path: str, since: dt.datetime, until: dt.datetime) -> int:
    """Return how many accepted check-ins lie at or below the area `path`, from `since` to before `until`."""
    return session().scalar(select(func.count(_C.id)).where(*_accepted(path, since, until))) or 0


def accepted_between(path: str, since: dt.datetime, until: dt.datetime, *, share: int = 1) -> Sequence[Any]:
    """Return these check-ins of verified members, oldest first; with `share` only those of every so-manieth member."""
    wanted = (
        select(_C.id, _C.member_id, _C.team_id, _C.scope_path, _C.used_at, _C.grade, _POST.name.label("place"))
        .join(places.POST, _POST.id == _C.post_id)
        .join(people.MEMBER, people.MEMBER.c.id == _C.member_id)
        .where(*_accepted(path, since, until), people.MEMBER.c.verified_at.is_not(None))
    )
    if share > 1:
        wanted = wanted.where(_C.member_id % share == 0)
    return session().execute(wanted.order_by(_C.used_at, _C.id)).all()


def _accepted(path: str, since: dt.datetime, until: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return under(_C.scope_path, (path,)), _C.status == "accepted", _C.used_at >= since, _C.used_at < until
