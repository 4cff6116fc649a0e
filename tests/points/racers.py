"""What several processes do to the points of one member or town at the same moment."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session, transaction
from community.core.errors import Busy
from community.patrols.events import CheckInAccepted, CheckInFlagged, CheckInSettled
from community.people.events import MemberVerified
from community.points import subscribers
from community.points.models import Account


def storm(number: int, *, same: dict[str, Any], often: dict[str, Any], once: dict[str, Any], members: list[int]) -> int:
    """Tell the very same check-in, check in during twelve hours, and check in once as a member of one's own."""
    done = _tell(CheckInAccepted(**_read(same)))
    for turn in range(12):
        at = dt.datetime.fromisoformat(often["used_at"]) + dt.timedelta(hours=(turn * 5 + number) % 12)
        done += _tell(CheckInAccepted(**_new(often, used_at=at.isoformat())))
    return done + _tell(CheckInAccepted(**_new(once, member_id=members[number])))


def mixed(number: int, *, fact: dict[str, Any], members: list[int], leader: int, times: int) -> int:
    """Scan, be flagged, be settled and be verified, for the same members as all the other processes."""
    done = 0
    first = dt.datetime.fromisoformat(fact["used_at"])
    for turn in range(times):
        member = members[(number + turn) % len(members)]
        at = (first + dt.timedelta(hours=(turn * 7 + number) % 48)).isoformat()
        done += _tell(CheckInAccepted(**_new(fact, member_id=member, used_at=at)))
        doubtful = _new(fact, member_id=member, used_at=at, verified=False)
        done += _tell(CheckInFlagged(**doubtful, code="geo_far"))
        done += _tell(CheckInSettled(**doubtful, accepted=True, by_id=leader, reason="在岗"))
        done += _tell(MemberVerified(member, leader))
    return done


_HANDLERS: dict[type, Any] = {
    CheckInAccepted: subscribers.award_checkin,
    CheckInFlagged: subscribers.hold_flagged_checkin,
    CheckInSettled: subscribers.settle_checkin,
    MemberVerified: subscribers.release_verified,
}


def _tell(event: Any) -> int:
    """Tell `event` until it was heard, as a phone sends again after "busy" (SQLite has one writer)."""
    for _again in range(20):
        try:
            with transaction():
                _HANDLERS[type(event)](event)
        except Busy:
            continue
        return 1
    return 0


def _new(fact: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return _read(fact | {"checkin_id": str(uuid.uuid4())} | changed)


def _read(fact: dict[str, Any]) -> dict[str, Any]:
    return fact | {
        "checkin_id": uuid.UUID(fact["checkin_id"]),
        "used_at": dt.datetime.fromisoformat(fact["used_at"]),
    }


def points_of(member_id: int) -> int:
    """The member's balance now."""
    return session().scalar(select(func.sum(Account.posted)).where(Account.subject_id == member_id)) or 0


def fact_of(event: Any) -> dict[str, Any]:
    """The fields of an event as JSON takes them."""
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return fields | {"checkin_id": str(event.checkin_id), "used_at": clock.local(event.used_at).isoformat()}
