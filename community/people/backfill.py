"""Write many members at once with their consents, as an import does: no sign-up, event or message for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from community.core.authz import Actor, must_be_system
from community.core.config import settings
from community.core.db import one_at_a_time, session
from community.core.ids import new_code
from community.people import consents, phones
from community.people.models import Consent, Member, MemberArea, MemberCard, PrivacyRequest
from community.people.services import PhoneTaken

_LOOKED_UP = 1000


@dataclass(frozen=True, slots=True)
class Verified:
    """Who checked who she is, and when; `by_id` is None for somebody whom a command made."""

    at: dt.datetime
    by_id: int | None


@dataclass(frozen=True, slots=True)
class Guardian:
    """A minor's guardian; `confirmed` says when and by whom the consent was recorded, if it was."""

    name: str
    phone: str | None
    confirmed: Verified | None


@dataclass(frozen=True, slots=True)
class PastMember:
    """A member under an id that the caller made. Phones are E.164; `consents` the scopes she agreed to at joining."""

    id: int
    name: str
    phone: str | None
    age_band: str
    home_id: int
    home_path: str
    town_id: int | None
    joined_at: dt.datetime
    verified: Verified | None = None
    guardian: Guardian | None = None
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastRequest:
    """What a member asked about her data: `kind` and `state` of PrivacyRequest; `how` when staff wrote it down."""

    member_id: int
    kind: str
    state: str
    asked_at: dt.datetime
    due_at: dt.datetime
    how: str = ""


def add_requests(actor: Actor, requests: Sequence[PastRequest]) -> None:
    """Write requests as they were asked; nothing follows from them here."""
    must_be_system(actor)
    rows = [
        {
            "member_id": one.member_id,
            "kind": one.kind,
            "state": one.state,
            "asked_at": one.asked_at,
            "due_at": one.due_at,
            "done_at": None if one.state == "asked" else one.asked_at,
            "details": {"how": one.how} if one.how else {},
        }
        for one in requests
    ]
    if rows:
        session().execute(insert(PrivacyRequest), rows)


def add_members(actor: Actor, members: Sequence[PastMember]) -> None:
    """Write members, without passwords. Somebody who verified another comes before the other.

    Raises NotFound for a consent scope that has no text, and PhoneTaken for the number of another verified member.
    """
    must_be_system(actor)
    if not members:
        return
    _must_be_free([member.phone for member in members if member.phone and member.verified])
    session().execute(insert(Member), [_row(member) for member in members])
    agreed = {scope: consents.current(scope) for scope in {scope for member in members for scope in member.consents}}
    texts = {scope: (text.version, text.digest) for scope, text in agreed.items()}
    if given := [row for member in members for row in _consents(member, texts)]:
        session().execute(insert(Consent), given)


def _must_be_free(numbers: Sequence[str]) -> None:
    # Of one key the unique index says it by itself; between several it cannot.
    if not numbers or len(settings().need_secrets().hashes.keys) == 1:
        return
    # Of an import a lock for each number would be too many: nobody is verified while it is written.
    one_at_a_time(phones.OWNERS)
    for start in range(0, len(numbers), _LOOKED_UP):
        hashes = [one for number in numbers[start : start + _LOOKED_UP] for one in phones.phone_hashes(number)]
        taken = select(Member.id).where(
            Member.phone_hash.in_(hashes), Member.verified_at.is_not(None), Member.status != "merged"
        )
        if session().execute(taken.limit(1)).first() is not None:
            raise PhoneTaken


def add_member_areas(actor: Actor, belongings: Iterable[tuple[int, int, str]]) -> None:
    """Write that members belong to further areas, given as (member id, area id, area path) without repetition."""
    must_be_system(actor)
    rows = [{"member_id": member, "area_id": area, "scope_path": path} for member, area, path in belongings]
    if rows:
        session().execute(insert(MemberArea), rows)


def add_cards(actor: Actor, holders: Iterable[tuple[int, dt.datetime]], *, issued_by: int) -> None:
    """Write a paper card for each (member id, when it was issued), by the member `issued_by`, none of them herself."""
    must_be_system(actor)
    kid = settings().need_secrets().signing.newest.kid
    cards = [
        MemberCard(member_id=member_id, number=new_code(), kid=kid, issued_by=issued_by, issued_at=at)
        for member_id, at in holders
    ]
    session().add_all(cards)
    session().flush()


def _row(member: PastMember) -> dict[str, Any]:
    guardian, verified = member.guardian, member.verified
    confirmed = guardian.confirmed if guardian else None
    return {
        "id": member.id,
        "display_name": member.name,
        **phones.columns(member.phone),
        "age_band": member.age_band,
        "guardian_name": guardian.name if guardian else None,
        "guardian_phone_cipher": phones.encrypt(guardian.phone) if guardian and guardian.phone else None,
        "guardian_at": confirmed.at if confirmed else None,
        "guardian_by": confirmed.by_id if confirmed else None,
        "verified_at": verified.at if verified else None,
        "verified_by": verified.by_id if verified else None,
        "home_area_id": member.home_id,
        "home_path": member.home_path,
        "town_id": member.town_id,
        "created_at": member.joined_at,
    }


def _consents(member: PastMember, texts: dict[str, tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for scope in member.consents:
        version, digest = texts[scope]
        yield {
            "member_id": member.id,
            "scope": scope,
            "version": version,
            "text_digest": digest,
            "given_at": member.joined_at,
        }
