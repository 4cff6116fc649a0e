"""Actors from rows: one statement for the member and every grant in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, literal, or_, select

from community.access import policies, words
from community.access.models import Role, RoleGrant
from community.access.policies import Place
from community.core import clock
from community.core.authz import Actor, Held, Perm, must, under
from community.core.db import UtcDateTime, locking, session
from community.core.errors import NotFound
from community.core.i18n import Text, either
from community.core.slots import Provider
from community.people import queries as people
from community.places import queries as places

MINOR = "14-17"
_BLOCKED = {"merged", "left"}
_KNOWN = frozenset(str(perm) for perm in Perm)

# Built once: every request asks it, and building a statement costs more than sending it.
_GRANT = RoleGrant.__table__.c
_NOW = bindparam("now", type_=UtcDateTime())
_ACTOR = (
    people.identity(bindparam("member_id"))
    .add_columns(
        _GRANT.role, _GRANT.scope_path, _GRANT.team_id, _GRANT.place, _GRANT.until, Role.__table__.c.perms,
        people.merged_into(people.MEMBER.c.id).label("merged"),
    )
    .outerjoin(
        RoleGrant.__table__,
        (_GRANT.member_id == people.MEMBER.c.id)
        & (_GRANT.starts_at <= _NOW)
        & or_(_GRANT.until.is_(None), _GRANT.until > _NOW),
    )
    .outerjoin(Role.__table__, Role.__table__.c.code == _GRANT.role)
)  # fmt: skip
_LOCKED_ACTOR = locking(_ACTOR, people.MEMBER)


def load_actor(member_id: int, epoch: int, lock: bool) -> Actor | None:  # noqa: FBT001 - the loader's fixed form
    """Return the Actor of `member_id`, or None when she left or her sessions of `epoch` were ended.

    With `lock` the member's row stays locked until the commit: commands of one member run one after the other.
    """
    statement = _LOCKED_ACTOR if lock else _ACTOR
    rows = session().execute(statement, {"member_id": member_id, "now": clock.now()}).all()
    if not rows or rows[0].session_epoch != epoch or rows[0].status in _BLOCKED:
        return None
    first = rows[0]
    return Actor(
        member_id=first.id,
        name=first.display_name,
        status=first.status,
        home_path=first.home_path,
        town_id=first.town_id,
        verified=first.verified_at is not None,
        minor=first.age_band == MINOR,
        guarded=first.age_band != MINOR or first.guardian_at is not None,
        held=tuple(
            Held(row.role, _perms(tuple(row.perms or ())), row.scope_path, row.team_id, row.place, row.until)
            for row in rows
            if row.role is not None
        )
        if first.status == "active"
        else (),
        merged=people.ids_of(first.merged),
    )


@lru_cache(maxsize=256)
def _perms(names: tuple[str, ...]) -> frozenset[Perm]:
    return frozenset(Perm(name) for name in names if name in _KNOWN)


def holders(perm: Perm, area_id: int) -> list[int]:
    """Return the active members who hold `perm` by a grant at this very area (not above it): whom to tell about it."""
    grants, now = RoleGrant.__table__.c, clock.now()
    rows = session().execute(
        select(grants.member_id, Role.perms)
        .join(Role, Role.code == grants.role)
        .join(people.MEMBER, people.MEMBER.c.id == grants.member_id)
        .where(
            grants.area_id == area_id,
            grants.starts_at <= now,
            or_(grants.until.is_(None), grants.until > now),
            people.MEMBER.c.status == "active",
        )
        .order_by(grants.member_id)
    )
    return list(dict.fromkeys(row.member_id for row in rows if perm in _perms(tuple(row.perms))))


def offices(member_id: int) -> tuple[str, ...]:
    """Return the area paths at which the member holds a role, now or from a day to come."""
    now, columns = clock.now(), RoleGrant.__table__.c
    statement = select(columns.scope_path).where(
        columns.member_id == member_id,
        columns.scope_path.is_not(None),
        or_(columns.until.is_(None), columns.until > now),
    )
    return tuple(sorted(set(session().execute(statement).scalars())))


def held(member_id: int) -> tuple[Held, ...]:
    """Return what the member holds, now or from a day to come, for areas and for teams."""
    now, grants = clock.now(), RoleGrant.__table__.c
    statement = (
        select(grants.role, grants.scope_path, grants.team_id, grants.place, grants.until, Role.perms)
        .join(Role, Role.code == grants.role)
        .where(grants.member_id == member_id, or_(grants.until.is_(None), grants.until > now))
        .order_by(grants.id)
    )
    return tuple(
        Held(row.role, _perms(tuple(row.perms)), row.scope_path, row.team_id, row.place, row.until)
        for row in session().execute(statement)
    )


@dataclass(frozen=True, slots=True)
class Office:
    """A role that somebody holds, by name, and where."""

    role: str
    name: str
    name_en: str
    place: str

    @property
    def title(self) -> Text:
        """The name in the reader's language."""
        return either(self.name, self.name_en)


def held_by(member_id: int) -> list[Office]:
    """Return what the member holds now, in the roles' order."""
    return held_by_each([member_id]).get(member_id, [])


def held_by_each(member_ids: Iterable[int]) -> dict[int, list[Office]]:
    """Return the same for many, by member, in one statement; who holds nothing is left out."""
    wanted = sorted(set(member_ids))
    if not wanted:
        return {}
    now, grants, roles = clock.now(), RoleGrant.__table__.c, Role.__table__.c
    statement = (
        select(grants.member_id, grants.role, roles.name, roles.name_en, grants.place)
        .join_from(RoleGrant.__table__, Role.__table__, roles.code == grants.role)
        .where(
            grants.member_id.in_(wanted),
            grants.starts_at <= now,
            or_(grants.until.is_(None), grants.until > now),
        )
        .order_by(roles.sort, grants.id)
    )
    found: dict[int, list[Office]] = {}
    for row in session().execute(statement):
        found.setdefault(row.member_id, []).append(Office(row.role, row.name, row.name_en, row.place))
    return found


# --- the desk ---

SHOWN = ("now", "ending", "later", "ended")
PAGE = 40
# What ends within so many days is shown as ending soon.
SOON = dt.timedelta(days=30)


def _nowhere(_ids: Iterable[int]) -> dict[int, str]:
    return {}


def _none(_prefixes: tuple[str, ...]) -> list[int]:
    return []


# Teams live above this room: the path of each, and which work below a path.
team_paths: Provider[dict[int, str]] = Provider("access.team_paths", _nowhere)
teams_under: Provider[list[int]] = Provider("access.teams_under", _none)


@dataclass(frozen=True, slots=True)
class GrantsPage:
    """A page of grants (rows of `_grants`), how many match, which page of how many, and how many end soon."""

    rows: Sequence[Row[Any]]
    total: int
    number: int
    pages: int
    ending: int


def place_of(held: RoleGrant) -> Place:
    """Return where a grant holds; a team's path is where it is run from, "" for a team that is gone."""
    path = held.scope_path or team_paths([held.team_id]).get(held.team_id or 0, "")
    return Place(held.place, path, area_id=held.area_id, team_id=held.team_id)


def grants(actor: Actor, *, text: str = "", role: str = "", show: str = "now", number: int = 1) -> GrantsPage:
    """Return a page of the grants in the actor's areas: `text` in the holder's name or the place, one `role`.

    `show` is one of SHOWN: in force, ending within thirty days, beginning later, ended.
    """
    must(actor, Perm.GRANT_READ)
    inside = [_within(actor), *_asked(text, role)]
    wanted = and_(*inside, _shown(show))
    total = _count(wanted)
    pages = max(1, -(-total // PAGE))
    number = min(max(1, number), pages)
    order = (_GRANT.until.desc(),) if show == "ended" else (_GRANT.until.is_(None), _GRANT.until, Role.sort)
    rows = session().execute(
        _grants().where(wanted).order_by(*order, _GRANT.id).limit(PAGE).offset((number - 1) * PAGE)
    )
    return GrantsPage(rows.all(), total, number, pages, _count(and_(*inside, _shown("ending"))))


def one_grant(actor: Actor, grant_id: int) -> Row[Any]:
    """Return a grant (a row of `_grants`) with its holder; raises NotFound outside the actor's areas."""
    row: Row[Any] | None = session().execute(_grants().where(_GRANT.id == grant_id)).first()
    if row is None:
        raise NotFound
    must(actor, Perm.GRANT_READ, place_of(row.RoleGrant))
    return row


def roles_to_give(actor: Actor) -> Sequence[Role]:
    """Return the roles whose every right the actor holds at one of her areas; a team's leader is named by her team."""
    spots = [Place("", path, area_id=1) for path in _managed(actor)]
    kinds = session().scalars(select(Role).where(Role.code != "team_leader").order_by(Role.sort, Role.code)).all()
    return [kind for kind in kinds if any(policies.gives(actor, kind, spot) for spot in spots)]


def areas_to_give(actor: Actor) -> list[Any]:
    """Return the areas, buildings left out, where the actor manages grants, in the order of their paths."""
    paths = _managed(actor)
    if not paths:
        return []
    found = [area for kind in ("district", "town", "village", "grid") for area in places.within(kind, *paths)]
    return sorted(found, key=lambda area: area.path)[: places.CHOICES]


def area_to_give(actor: Actor, area_id: int) -> Place:
    """Return the area as a place for a grant; raises NotFound for none and for one outside the actor's."""
    area = places.area(area_id)
    if area is None:
        raise NotFound
    place = Place(area.name, area.path, area_id=area.id)
    must(actor, Perm.GRANT_MANAGE, place)
    return place


def role_names(actor: Actor) -> Sequence[Row[Any]]:
    """Return (code, name, name_en) of every role, for filters."""
    must(actor, Perm.GRANT_READ)
    return list(session().execute(select(Role.code, Role.name, Role.name_en).order_by(Role.sort, Role.code)))


def words_of(role: str) -> list[Text]:
    """Return what `role` may do, in words."""
    kind = session().get(Role, role)
    return words.rights(policies.perms_of(kind)) if kind else []


def last_day(until: dt.datetime | None) -> dt.date | None:
    """Return the civil day on which a grant that ends at `until` is last in force; None without an end."""
    return None if until is None else clock.local(until - dt.timedelta(microseconds=1)).date()


def lock_holders(role: str) -> None:
    """Lock every grant of `role` that has not ended, always in the same order, so that endings are decided in turn."""
    open_ones = select(_GRANT.id).where(_GRANT.role == role, or_(_GRANT.until.is_(None), _GRANT.until > clock.now()))
    session().execute(locking(open_ones.order_by(_GRANT.id))).all()


def held_by_another(role: str, member_id: int, when: dt.datetime, path: str) -> bool:
    """Say whether somebody else, active, holds `role` at the area `path` or above it, now and still at `when`."""
    found = (
        select(_GRANT.id)
        .join(people.MEMBER, people.MEMBER.c.id == _GRANT.member_id)
        .where(
            _GRANT.role == role,
            _GRANT.member_id != member_id,
            literal(path).startswith(_GRANT.scope_path),
            _GRANT.starts_at <= clock.now(),
            or_(_GRANT.until.is_(None), _GRANT.until > when),
            people.MEMBER.c.status == "active",
        )
    )
    return session().execute(found.limit(1)).first() is not None


def indispensable(member_id: int) -> bool:
    """Say whether the member is the last administrator; who else is one is locked until the commit."""
    now = clock.now()
    lock_holders(policies.SYSTEM_ADMIN)
    hers = select(_GRANT.scope_path).where(
        _GRANT.role == policies.SYSTEM_ADMIN,
        _GRANT.member_id == member_id,
        or_(_GRANT.until.is_(None), _GRANT.until > now),
    )
    paths = session().scalars(hers).all()
    return any(path and not held_by_another(policies.SYSTEM_ADMIN, member_id, now, path) for path in paths)


def _managed(actor: Actor) -> tuple[str, ...]:
    return tuple(sorted({held.area_path for held in actor.held if held.area_path and Perm.GRANT_MANAGE in held.perms}))


def _grants() -> Select[Any]:
    member, giver, ender = people.MEMBER.c, people.MEMBER.alias("giver"), people.MEMBER.alias("ender")
    return (
        select(
            RoleGrant, Role.name, Role.name_en, member.display_name.label("member_name"), member.home_path,
            giver.c.display_name.label("giver_name"), ender.c.display_name.label("ender_name"),
        )
        .join(Role, Role.code == RoleGrant.role)
        .join(people.MEMBER, member.id == RoleGrant.member_id)
        .outerjoin(giver, giver.c.id == RoleGrant.granted_by)
        .outerjoin(ender, ender.c.id == RoleGrant.ended_by)
    )  # fmt: skip


def _within(actor: Actor) -> ColumnElement[bool]:
    paths = {held.area_path for held in actor.held if held.area_path and Perm.GRANT_READ in held.perms}
    prefixes = tuple(sorted(paths))
    return or_(under(_GRANT.scope_path, prefixes), _GRANT.team_id.in_(teams_under(prefixes)))


def _asked(text: str, role: str) -> list[ColumnElement[bool]]:
    text = " ".join(text.split())[:40]
    asked: list[ColumnElement[bool]] = [_GRANT.role == role] if role else []
    if text:
        name = people.MEMBER.c.display_name.contains(text, autoescape=True)
        asked.append(or_(name, _GRANT.place.contains(text, autoescape=True)))
    return asked


def _shown(show: str) -> ColumnElement[bool]:
    now = clock.now()
    open_now = and_(_GRANT.starts_at <= now, or_(_GRANT.until.is_(None), _GRANT.until > now))
    if show == "ending":
        return and_(open_now, _GRANT.until <= now + SOON)
    if show == "later":
        return _GRANT.starts_at > now
    return _GRANT.until <= now if show == "ended" else open_now


def _count(wanted: ColumnElement[bool]) -> int:
    joined = select(func.count(_GRANT.id)).join(people.MEMBER, people.MEMBER.c.id == _GRANT.member_id)
    return session().execute(joined.where(wanted)).scalar_one()
