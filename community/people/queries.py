"""Reads of members. Other rooms build on `MEMBER`, the columns of an identity, without seeing the models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, String, bindparam, cast, false, func, select
from sqlalchemy.orm import selectinload

from community.core import clock
from community.core.authz import Actor, Perm, must, visible
from community.core.db import locking, session
from community.core.db.session import one_at_a_time, side_by_side
from community.core.errors import NotFound
from community.core.i18n import _
from community.core.slots import Provider
from community.people import phones
from community.people.models import AGE_BANDS, Consent, Member
from community.places import queries as places

# The table as a building block for joins of rooms above (no phone column is selected through it by `identity`).
MEMBER = Member.__table__

# What rooms above call a member whom a query or service of this room handed them: models are private.
Person = Member


def identity(member_id: int | BindParameter[int]) -> Select[Any]:
    """Return the select of what an Actor needs of one member: name, status, epoch, home and town.

    A statement that is built once takes `bindparam("member_id")`.
    """
    columns = MEMBER.c
    return select(
        columns.id,
        columns.display_name,
        columns.status,
        columns.session_epoch,
        columns.home_path,
        columns.town_id,
        columns.verified_at,
        columns.age_band,
        columns.guardian_at,
    ).where(columns.id == member_id)


def merged_into(member_id: ColumnElement[int]) -> ColumnElement[str | None]:
    """Return the column of what was merged into the member, for `ids_of`: one value, whatever it is joined with."""
    old = MEMBER.alias("merged").c
    return (
        select(func.aggregate_strings(cast(old.id, String), " ")).where(old.merged_into == member_id).scalar_subquery()
    )


def ids_of(merged: str | None) -> tuple[int, ...]:
    """Return the ids in a value of `merged_into`, oldest first."""
    return tuple(sorted(int(one) for one in merged.split())) if merged else ()


def identity_ids(member_id: int) -> tuple[int, ...]:
    """Return every id under which the member's rows lie: her own first, then the registrations merged into hers."""
    old = session().execute(select(MEMBER.c.id).where(MEMBER.c.merged_into == member_id).order_by(MEMBER.c.id))
    return (member_id, *old.scalars())


_CONSENT = Consent.__table__.c
# Built once: every check-in asks it, and building a statement costs more than sending it.
_CONSENTED = (
    select(_CONSENT.id)
    .where(
        _CONSENT.member_id == bindparam("member_id"),
        _CONSENT.scope == bindparam("scope"),
        _CONSENT.version == bindparam("version"),
        _CONSENT.withdrawn_at.is_(None),
    )
    .limit(1)
)


def consented(member_id: int, scope: str, version: str) -> bool:
    """Say whether the member agreed to this version of the text and has not withdrawn it."""
    asked = {"member_id": member_id, "scope": scope, "version": version}
    return session().execute(_CONSENTED, asked).first() is not None


# Both scopes in one statement: every check-in asks for them.
_AGREED = select(_CONSENT.member_id, _CONSENT.scope, _CONSENT.version, _CONSENT.withdrawn_at).where(
    _CONSENT.member_id.in_(bindparam("ids", expanding=True))
)


def may_record(member_id: int, ids: Sequence[int], scope: str, version: str, over: str) -> tuple[bool, bool]:
    """Say whether the member agreed to this version, and whether she withdrew the scope `over` all others (by `ids`).

    Who never was asked for the latter has not withdrawn it.
    """
    rows = session().execute(_AGREED, {"ids": list(ids)}).all()
    agreed = any(
        (row.member_id, row.scope, row.version, row.withdrawn_at) == (member_id, scope, version, None) for row in rows
    )
    ended = [row.withdrawn_at is not None for row in rows if row.scope == over]
    return agreed, bool(ended) and all(ended)


def member(member_id: int) -> Member | None:
    """Return the member, or None."""
    return session().get(Member, member_id)


def home_path(member_id: int) -> str:
    """Return the path of the area the member lives in, "" when she has none or does not exist."""
    return session().scalar(select(MEMBER.c.home_path).where(MEMBER.c.id == member_id)) or ""


def known_member(member_id: int, *, lock: bool = False) -> Member:
    """Return the member with her areas, for decisions about her; raises NotFound. With `lock` the row stays locked."""
    statement = select(Member).where(Member.id == member_id).options(selectinload(Member.areas))
    if lock:
        statement = locking(statement).execution_options(populate_existing=True)
    found = session().scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return member id → name for the members among `ids`, in one statement; none for no ids."""
    wanted = sorted({member_id for member_id in ids if member_id})
    if not wanted:
        return {}
    rows = session().execute(select(MEMBER.c.id, MEMBER.c.display_name).where(MEMBER.c.id.in_(wanted)))
    return {row.id: row.display_name for row in rows}


def ids_named(text: str) -> list[int]:
    """Return the ids of members with `text` in their names, at most two hundred, the newest first."""
    if not text.strip():
        return []
    found = select(MEMBER.c.id).where(MEMBER.c.display_name.contains(text.strip(), autoescape=True))
    return list(session().scalars(found.order_by(MEMBER.c.id.desc()).limit(200)))


def consents(member_id: int) -> Sequence[Consent]:
    """Return what the member agreed to and withdrew, newest first."""
    statement = select(Consent).where(Consent.member_id == member_id).order_by(Consent.id.desc())
    return session().scalars(statement).all()


def with_phone(hashes: Sequence[str], limit: int, known: Sequence[int] = ()) -> Sequence[Member]:
    """Return up to `limit` members who may sign in with a number, by its `hashes` (phones.phone_hashes).

    The verified one first, then who is `known` (by id) on the phone that asks, then the newest: whoever types a number
    before its owner takes no place of hers.
    """
    statement = (
        select(Member)
        .where(
            Member.phone_hash.in_(hashes),
            Member.password_hash.is_not(None),
            Member.status.in_(("active", "suspended")),
        )
        .order_by(Member.verified_at.is_(None), Member.id.not_in(known), Member.id.desc())
        .limit(limit)
    )
    return session().scalars(statement).all()


def verified_with_phone(hashes: Sequence[str], ids: Sequence[int]) -> bool:
    """Say whether the verified member of this number is among `ids`."""
    if not ids:
        return False
    statement = select(MEMBER.c.id).where(
        MEMBER.c.phone_hash.in_(hashes), MEMBER.c.id.in_(ids), MEMBER.c.verified_at.is_not(None)
    )
    return session().execute(statement.limit(1)).first() is not None


def reachable_by_text(hashes: Sequence[str], known: Sequence[int]) -> Member | None:
    """Return who may come in by a code sent to a number: the verified member, else who is `known` on the phone."""
    statement = (
        select(Member)
        .where(
            Member.phone_hash.in_(hashes),
            Member.status.in_(("active", "suspended")),
            Member.verified_at.is_not(None) | Member.id.in_(known),
        )
        .order_by(Member.verified_at.is_(None), Member.id.desc())
    )
    return session().scalars(statement.limit(1)).first()


def registered_since(hashes: Sequence[str], span: dt.timedelta) -> int:
    """Return how many members were registered with a number within the last `span`, whoever they are."""
    lately = MEMBER.c.created_at > clock.now() - span
    statement = select(func.count()).where(MEMBER.c.phone_hash.in_(hashes), lately)
    return session().execute(statement).scalar_one()


def unverified_with(hashes: Sequence[str]) -> int:
    """Return how many members have a number that nobody has verified, whoever they are."""
    statement = select(func.count()).where(
        MEMBER.c.phone_hash.in_(hashes), MEMBER.c.verified_at.is_(None), MEMBER.c.status != "merged"
    )
    return session().execute(statement).scalar_one()


def verified_with(e164: str) -> Member:
    """Return the verified member who has the number; raises NotFound. For operators: pages never ask by number."""
    statement = select(Member).where(
        Member.phone_hash.in_(phones.phone_hashes(e164)), Member.verified_at.is_not(None), Member.status != "merged"
    )
    found = session().scalars(statement).one_or_none()
    if found is None:
        raise NotFound(_("没有核实过的居民用这个手机号"), next_step=_("请检查号码，或先在工作台核对本人。"))
    return found


def verified_phone_taken(member: Member) -> bool:
    """Say whether another verified member has the same number, under whichever key.

    Among hashes of one key a unique index decides. Where several are alive, who verifies the same number at the same
    time waits for this transaction to end.
    """
    hashes = phones.held_hashes(member.phone_cipher, member.phone_hash)
    if not hashes:
        return False
    if len(hashes) > 1:
        side_by_side(phones.OWNERS)
        one_at_a_time(*hashes)
    statement = select(Member.id).where(
        Member.phone_hash.in_(hashes),
        Member.verified_at.is_not(None),
        Member.status != "merged",
        Member.id != member.id,
    )
    return session().execute(statement.limit(1)).first() is not None


# --- the desk ---


def for_desk(actor: Actor, member_id: int) -> Member:
    """Return the member with her areas for the desk's page about her; raises NotFound outside the actor's areas."""
    found = known_member(member_id)
    must(actor, Perm.MEMBER_READ, found)
    return found


SHOWN = ("all", "verified", "unverified", "guardian", "suspended")
PAGE = 30

# (kind, word) of the teams people may be looked for by, and who serves in one: `teams`, a higher room, answers.
team_kinds: Provider[Sequence[tuple[str, Any]]] = Provider("people.team_kinds", lambda: ())
serving_in: Provider[Select[Any] | None] = Provider("people.serving_in", lambda _kind: None)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of the desk's list: rows, the number of all that match, and which page of how many this is."""

    rows: Sequence[Any]
    total: int
    number: int
    pages: int


def people(
    actor: Actor,
    *,
    text: str = "",
    show: str = "all",
    area: str = "",
    band: str = "",
    kind: str = "",
    number: int = 1,
) -> PeoplePage:
    """Return a page of the members of the actor's areas who match, newest first; what is empty asks nothing.

    `text` is part of a name, or the last four digits of a telephone number; `show` one of SHOWN; `area` the path of an
    area where she lives or serves, `band` an age band, `kind` a kind of team that she serves in.
    """
    wanted = [visible(actor, Perm.MEMBER_READ, Member), Member.status != "merged", *_shown(show), *_found(text)]
    if area:
        wanted.append(Member.in_scope((area,), ()))
    if band in AGE_BANDS:
        wanted.append(Member.age_band == band)
    serving = serving_in(kind) if kind else None
    if serving is not None:
        wanted.append(Member.id.in_(serving))
    total = session().execute(select(func.count()).select_from(Member).where(*wanted)).scalar_one()
    pages = max(1, -(-total // PAGE))
    number = min(max(1, number), pages)
    columns = MEMBER.c
    statement = (
        select(
            columns.id,
            columns.display_name,
            columns.age_band,
            columns.status,
            columns.verified_at,
            columns.guardian_at,
            columns.home_area_id,
            columns.phone_cipher,
            columns.created_at,
        )
        .where(*wanted)
        .order_by(columns.id.desc())
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    )
    return PeoplePage(session().execute(statement).all(), total, number, pages)


def areas_of_people(actor: Actor) -> list[Any]:
    """Return the towns, villages and grids whose people the actor may read, in the order of their paths."""
    paths = sorted({held.area_path for held in actor.held if held.area_path and Perm.MEMBER_READ in held.perms})
    if not paths:
        return []
    found = [area for kind in ("town", "village", "grid") for area in places.within(kind, *paths)]
    return sorted(found, key=lambda area: area.path)[: places.CHOICES]


# Whether a member (a column) is decided about with something else, an application: a room above answers in SQL.
decided_elsewhere: Provider[ColumnElement[bool]] = Provider("people.decided_elsewhere", lambda _member_id: false())


def waiting(actor: Actor, *, area: str = "") -> int:
    """Return how many members of the actor's areas, below the path `area`, wait for somebody to see who they are.

    Who has applied to a team is decided about there and not counted.
    """
    statement = select(func.count()).select_from(Member).where(*_unverified(actor, area))
    return session().execute(statement).scalar_one()


def unverified(actor: Actor, *, area: str = "", limit: int = PAGE) -> Sequence[Any]:
    """Return those members, the longest waiting first, with the number of others who have the same telephone number."""
    other, columns = MEMBER.alias("other"), MEMBER.c
    same = (other.c.phone_hash == columns.phone_hash) & (other.c.id != columns.id) & (other.c.status != "merged")
    statement = select(
        columns.id, columns.display_name, columns.age_band, columns.guardian_at, columns.home_area_id,
        columns.created_at, select(func.count()).select_from(other).where(same).correlate(MEMBER).scalar_subquery()
        .label("same_number"),
    ).where(*_unverified(actor, area))  # fmt: skip
    return session().execute(statement.order_by(columns.created_at, columns.id).limit(limit)).all()


def titles(actor: Actor, ids: Sequence[int]) -> dict[int, str]:
    """Return id → name of the members among `ids` whom the actor verifies, in the order of ids."""
    wanted = select(MEMBER.c.id, MEMBER.c.display_name).where(
        MEMBER.c.id.in_(ids), visible(actor, Perm.MEMBER_VERIFY, Member)
    )
    return {row.id: row.display_name for row in session().execute(wanted.order_by(MEMBER.c.id))}


def _unverified(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (Member.in_scope((area,), ()),) if area else ()
    waits = Member.status == "active", Member.verified_at.is_(None), Member.id.not_in(actor.ids)
    return visible(actor, Perm.MEMBER_VERIFY, Member), *waits, ~decided_elsewhere(Member.id), *below


def _shown(show: str) -> list[Any]:
    if show == "verified":
        return [Member.verified_at.is_not(None), Member.status == "active"]
    if show == "unverified":
        return [Member.verified_at.is_(None), Member.status == "active"]
    if show == "guardian":
        return [Member.age_band == "14-17", Member.guardian_at.is_(None)]
    if show == "suspended":
        return [Member.status == "suspended"]
    return []


def _found(text: str) -> list[Any]:
    text = " ".join(text.split())[:40]
    if not text:
        return []
    if len(text) == 4 and text.isascii() and text.isdigit():
        return [Member.phone_tail_hash.in_(phones.tail_hashes(text))]
    return [Member.display_name.contains(text, autoescape=True)]


def is_verified(member_id: int) -> bool:
    """Say whether somebody has checked who the member is; a merged registration is the verified member's.

    Nobody is, of whom only the pseudonym is left.
    """
    known = MEMBER.c.verified_at.is_not(None) | MEMBER.c.merged_into.is_not(None)
    wanted = select(MEMBER.c.id).where(MEMBER.c.id == member_id, known, MEMBER.c.erased_at.is_(None))
    return bool(session().scalar(wanted))


def is_erased(member_id: int) -> bool:
    """Say whether the member's name and numbers are gone."""
    gone = select(MEMBER.c.id).where(MEMBER.c.id == member_id, MEMBER.c.erased_at.is_not(None))
    return session().scalar(gone) is not None
