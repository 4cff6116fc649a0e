"""Who may do what: the vocabulary of rights, the frozen Actor and the three questions `must`, `can`, `visible`.

No domain word beyond the names of the rights; `access` builds Actors, rooms ask here (DESIGN §4 "Permissions").
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, false, or_, true

from community.core.errors import Forbidden, NotFound, SignInNeeded
from community.core.i18n import _


class Perm(StrEnum):
    """Every right, `room:thing:action`. Roles are sets of these, kept as data by `access`."""

    AUDIT_READ = "audit:entry:read"
    AUDIT_EXPORT = "audit:entry:export"
    AREA_READ = "places:area:read"
    AREA_MANAGE = "places:area:manage"
    POST_READ = "places:post:read"
    POST_MANAGE = "places:post:manage"
    POST_PRINT = "places:post:print"
    POST_INSTALL = "places:post:install"
    MEMBER_READ = "people:member:read"
    MEMBER_VERIFY = "people:member:verify"
    MEMBER_MERGE = "people:member:merge"
    PHONE_REVEAL = "people:phone:reveal"
    CODE_MAKE = "people:code:make"
    CARD_ISSUE = "people:card:issue"
    SELF_MANAGE = "people:self:manage"
    GRANT_READ = "access:grant:read"
    GRANT_MANAGE = "access:grant:manage"
    ANNOUNCEMENT_MANAGE = "messages:announcement:manage"
    INBOX_READ = "messages:inbox:read"
    TEAM_READ = "teams:team:read"
    MEMBERSHIP_APPLY = "teams:membership:apply"
    MEMBERSHIP_READ = "teams:membership:read"
    MEMBERSHIP_DECIDE = "teams:membership:decide"
    CHECKIN_MAKE = "patrols:checkin:make"
    CHECKIN_READ = "patrols:checkin:read"
    CHECKIN_SETTLE = "patrols:checkin:settle"
    CARD_USE = "patrols:card:use"
    POINTS_READ = "points:account:read"
    BUDGET_READ = "points:budget:read"
    AWARD_READ = "points:award:read"
    AWARD_DECIDE = "points:award:decide"
    AWARD_PROPOSE = "points:award:propose"
    APPEAL_MAKE = "points:appeal:make"
    APPEAL_DECIDE = "points:appeal:decide"
    REWARD_REDEEM = "points:reward:redeem"
    REWARD_HAND = "points:reward:hand"
    REWARD_MANAGE = "points:reward:manage"
    RULE_DRAFT = "points:rule:draft"
    RULE_PUBLISH = "points:rule:publish"
    BUDGET_MANAGE = "points:budget:manage"
    MONTH_READ = "points:month:read"
    MONTH_CLOSE = "points:month:close"
    ANOMALY_READ = "points:anomaly:read"
    DESK_OPEN = "home:desk:open"


# What any member may do for herself: these rights reach only objects whose owner she is.
OWN = frozenset(
    {
        Perm.SELF_MANAGE,
        Perm.INBOX_READ,
        Perm.MEMBERSHIP_APPLY,
        Perm.MEMBERSHIP_READ,
        Perm.CHECKIN_MAKE,
        Perm.CHECKIN_READ,
        Perm.POINTS_READ,
        Perm.AWARD_READ,
        Perm.APPEAL_MAKE,
        Perm.REWARD_REDEEM,
    }
)


class Scoped(Protocol):
    """A thing that lies somewhere: `scope_path` is its area's path, "990100/990100001/" (ends with a slash).

    A thing that lies in several places has `scope_paths` instead; one that belongs to a team also `scope_team_id`, one
    that belongs to a member `owner_id`.
    """

    @property
    def scope_path(self) -> str: ...


class ScopedModel(Protocol):
    """A model whose rows can be limited to areas and teams."""

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]: ...


@dataclass(frozen=True, slots=True)
class Held:
    """One grant in force: a role's rights, at an area (and all below it) or for one team, possibly until an instant."""

    role: str
    perms: frozenset[Perm]
    area_path: str | None = None
    team_id: int | None = None
    place: str = ""
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Instead:
    """Who acts in somebody's place by her mandate, and the only rights of hers that it covers."""

    by_id: int
    by_name: str
    mandate_id: int
    perms: frozenset[Perm]
    until_on: dt.date


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in this request or job. Built anew each time, never stored.

    `merged` are provisional registrations that turned out to be hers: what they did is hers too (`ids`, `is_me`).
    `status` is the member's (active or suspended), `verified` whether a person has checked who she is, `home_path` her
    area's path and `town_id` her town's id. `minor` is she from 14 to 17; `guarded` is False until a guardian has
    agreed.
    `instead` says that somebody else acts in her place: then nothing but what the mandate covers is open.
    `system` names a job instead of a person; it may do everything and its name goes into the audit log.
    """

    member_id: int
    name: str = ""
    status: str = "active"
    home_path: str = ""
    town_id: int | None = None
    verified: bool = False
    minor: bool = False
    guarded: bool = True
    held: tuple[Held, ...] = field(default=())
    system: str = ""
    merged: tuple[int, ...] = ()
    instead: Instead | None = None

    @property
    def doer_id(self) -> int:
        """Who really acts: the member herself, or who stands in for her."""
        return self.instead.by_id if self.instead else self.member_id

    @property
    def ids(self) -> tuple[int, ...]:
        """Her own id first, then those of the registrations merged into hers."""
        return (self.member_id, *self.merged)

    def is_me(self, member_id: int | None) -> bool:
        """Say whether a row of `member_id` is hers: nobody decides about what she did under another registration."""
        return member_id in self.ids

    @property
    def perms(self) -> frozenset[Perm]:
        return frozenset().union(*(grant.perms for grant in self.held)) if self.held else frozenset()


def system_actor(name: str) -> Actor:
    """Return the actor of the job or command called `name`."""
    return Actor(member_id=0, name=name, system=name)


def can(actor: Actor | None, perm: Perm, thing: object | None = None) -> bool:
    """Say whether `actor` holds `perm`, for `thing` when given, anywhere otherwise."""
    if actor is None:
        return False
    if actor.system:
        return True
    if _beyond(actor, perm):
        return False
    if thing is None:
        return perm in OWN or perm in actor.perms
    if perm in OWN and getattr(thing, "owner_id", None) in actor.ids:
        return True
    return any(perm in grant.perms and _covers(grant, thing) for grant in actor.held)


def can_until(actor: Actor, perm: Perm, thing: object, until: dt.datetime | None) -> bool:
    """Say whether a grant of `actor` gives `perm` for `thing` as long as `until` (None: without an end)."""
    return bool(actor.system) or any(
        perm in grant.perms
        and _covers(grant, thing)
        and (grant.until is None or (until is not None and until <= grant.until))
        for grant in actor.held
    )


def must(actor: Actor | None, perm: Perm, thing: object | None = None) -> Actor:
    """Return `actor` if it holds `perm` (for `thing`); else raise.

    SignInNeeded without an actor, Forbidden when the right is held nowhere or a mandate does not cover it, NotFound
    when `thing` lies outside every place where it is held: from outside, another area's things do not exist.
    """
    if actor is None:
        raise SignInNeeded
    if _beyond(actor, perm):
        raise Forbidden(_("这份授权不包括这件事"), next_step=_("请本人来办，或请她重新授权。"), code="beyond_mandate")
    if can(actor, perm, thing):
        return actor
    if perm not in OWN and perm not in actor.perms:
        raise Forbidden
    raise NotFound


def must_be_system(actor: Actor) -> Actor:
    """Return `actor` if it is a job or command; raises Forbidden for a person, whatever she holds."""
    if not actor.system:
        raise Forbidden
    return actor


def visible(actor: Actor, perm: Perm, model: type[ScopedModel]) -> ColumnElement[bool]:
    """Return the SQL condition that keeps the rows of `model` for which `actor` holds `perm` by a grant."""
    if actor.system:
        return true()
    grants = [grant for grant in actor.held if perm in grant.perms]
    if not grants:
        return false()
    prefixes = tuple(sorted({grant.area_path for grant in grants if grant.area_path}))
    teams = tuple(sorted({grant.team_id for grant in grants if grant.team_id}))
    return model.in_scope(prefixes, teams)


def under(column: Any, prefixes: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition that the area path in `column` lies at or below one of `prefixes`."""
    return or_(false(), *(column.startswith(prefix, autoescape=True) for prefix in prefixes))


def _beyond(actor: Actor, perm: Perm) -> bool:
    """Say whether somebody acts in her place, without a mandate for this."""
    return actor.instead is not None and perm not in actor.instead.perms


def _covers(grant: Held, thing: object) -> bool:
    if grant.team_id is not None:
        return grant.team_id == getattr(thing, "scope_team_id", None)
    paths = getattr(thing, "scope_paths", None) or (getattr(thing, "scope_path", ""),)
    return bool(grant.area_path) and any(path.startswith(str(grant.area_path)) for path in paths)
