"""Who of the cast can be found among the members: the people of the demo's sign-in page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import select

from community.core.db import session
from community.demo.district import CastPlan, read_district
from community.demo.people import cast_phone
from community.people import phones
from community.people.queries import MEMBER


@dataclass(frozen=True, slots=True)
class CastMember:
    """One of the cast and the member she is in this database."""

    plan: CastPlan
    member_id: int
    epoch: int


@cache
def _plans() -> tuple[CastPlan, ...]:
    return read_district().cast


def cast_members() -> list[CastMember]:
    """Return the cast in the order of the file; empty where the demo district is not loaded.

    They are known by their phones, the first ones of the invented block, and by having no password: whoever set one has
    made the account her own.
    """
    plans = {one: plan for place, plan in enumerate(_plans()) for one in phones.phone_hashes(cast_phone(place))}
    column = MEMBER.c
    rows = session().execute(
        select(column.id, column.session_epoch, column.phone_hash).where(
            column.phone_hash.in_(plans),
            column.verified_at.is_not(None),
            column.password_hash.is_(None),
            column.status == "active",
        )
    )
    found = {row.phone_hash: row for row in rows}
    return [
        CastMember(plan, found[hashed].id, found[hashed].session_epoch)
        for hashed, plan in plans.items()
        if hashed in found
    ]
