"""A first visit: somebody whom nobody knows yet registers, agrees and checks in at once, where anyone may."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from community.access.queries import load_actor
from community.core import clock
from community.core.db import session
from community.core.errors import NotFound
from community.core.ids import parse_uuid
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import Outcome, check_in
from community.people import consents, services as people
from community.people.queries import MEMBER
from community.places.codes import ScannedPost

# How long a phone may fetch the answer to its first visit again and be signed in by it.
REPLAY = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a first visitor says of herself, as she typed it."""

    name: str
    phone: str
    age_band: str
    guardian_name: str | None = None
    guardian_phone: str | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """A first visit: the provisional member, the epoch of her sessions, and what became of her scan."""

    member_id: int
    epoch: int
    outcome: Outcome


def first_visit(
    visitor: Visitor, post: ScannedPost, evidence: Evidence, *, device: str, at: dt.datetime | None = None
) -> Visited:
    """Register `visitor` as a provisional member at home where the post is, note her consents, and check her in.

    All or nothing, in the caller's `transaction()`. Her points wait until somebody has verified her. A number that
    belongs to a member already changes nothing and tells nothing (DESIGN §4 "Personal data"). Raises DomainError with
    the form's field for what registering refuses; NotFound where not everybody may check in.
    """
    if post.open_to != "anyone":
        raise NotFound
    member = people.register(
        None,
        name=visitor.name,
        phone=visitor.phone,
        age_band=visitor.age_band,
        guardian_name=visitor.guardian_name,
        guardian_phone=visitor.guardian_phone,
        home_area_id=post.area_id,
    )
    people.give_consent(member.id, consents.SERVICE)
    actor = load_actor(member.id, member.session_epoch, lock=False)
    if actor is None:
        raise NotFound
    outcome = check_in(actor, post, evidence, device=device, at=at, agrees=True)
    return Visited(member.id, member.session_epoch, outcome)


def newcomer_of(location: str, device: str) -> tuple[int, int] | None:
    """Return (member, session epoch) of the unverified member whose receipt `location` is, made on this phone lately.

    None for any other address, phone or person, and an hour later.
    """
    found = parse_uuid(location.rpartition("/checkins/")[2].partition("?")[0])
    if found is None:
        return None
    row = (
        session()
        .execute(
            select(MEMBER.c.id, MEMBER.c.session_epoch)
            .join(CheckIn, CheckIn.member_id == MEMBER.c.id)
            .where(
                CheckIn.id == found,
                CheckIn.device == device,
                CheckIn.received_at > clock.now() - REPLAY,
                MEMBER.c.verified_at.is_(None),
                MEMBER.c.created_at > clock.now() - REPLAY,
                MEMBER.c.status == "active",
            )
        )
        .first()
    )
    return None if row is None else (row.id, row.session_epoch)
