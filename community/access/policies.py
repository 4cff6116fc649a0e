"""Who may give, change and end which role: the one place that every way to a grant passes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from community.access.models import Role, RoleGrant
from community.core import clock
from community.core.authz import Actor, Perm, Scoped, can_until, must
from community.core.errors import Conflict, DomainError, Forbidden
from community.core.i18n import _
from community.people.policies import MINOR
from community.people.queries import Person

SYSTEM_ADMIN: Final = "system_admin"
OF_THE_DISTRICT: Final = frozenset({SYSTEM_ADMIN, "district_office"})
LAST_ADMIN = _("这是最后一位系统管理员，请先任命另一位")
# An office is looked at again before it is given for longer, and begins within a season.
LONGEST: Final = dt.timedelta(days=5 * 366)
LATEST_START: Final = dt.timedelta(days=92)

_KNOWN = frozenset(str(perm) for perm in Perm)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role holds: an area by id and path, or one team; `name` is for people to read, in lists of offices.

    For a team `path` is the area it is run from: whose admins may give roles in it; `more_paths` are the other areas
    that it works in.
    """

    name: str
    path: str
    area_id: int | None = None
    team_id: int | None = None
    more_paths: tuple[str, ...] = ()

    @property
    def scope_path(self) -> str:
        return self.path

    @property
    def scope_team_id(self) -> int | None:
        return self.team_id


def perms_of(role: Role) -> frozenset[Perm]:
    """Return the rights of `role` that this program knows."""
    return frozenset(Perm(name) for name in role.perms if name in _KNOWN)


def gives(actor: Actor, role: Role, place: Scoped) -> bool:
    """Say whether the actor holds what it takes to give `role` at `place` to somebody."""
    return _in_rank(actor, role, place) and all(can_until(actor, perm, place, clock.now()) for perm in perms_of(role))


def may_give(
    actor: Actor, role: Role, place: Scoped, member_id: int, *, until: dt.datetime | None = None, for_ever: bool = False
) -> None:
    """Raise Forbidden when `actor` would give `role` to herself, or with it a right that she lacks at `place`.

    With `until`, or `for_ever` for no end, nor for longer than she holds every right of it herself.
    """
    if actor.system:
        return
    if actor.is_me(member_id):
        raise Forbidden(_("不能给自己授权，请由另一位管理员来办"), code="oneself")
    if not gives(actor, role, place):
        raise Forbidden(_("不能授予自己没有的权限"), code="more_than_held")
    asked = until is not None or for_ever
    if asked and not all(can_until(actor, perm, place, until) for perm in perms_of(role)):
        raise Forbidden(
            _("您自己的任期比这更早结束，不能给得更久"),
            next_step=_("请把结束日期改到您任期之内，或请上级来办。"),
            code="longer_than_held",
        )


def _in_rank(actor: Actor, role: Role, place: Scoped) -> bool:
    """A town's admin has nearly every right in her town, but the offices of the district are not hers to give."""
    return role.code not in OF_THE_DISTRICT or any(
        held.role == SYSTEM_ADMIN and held.area_path and place.scope_path.startswith(held.area_path)
        for held in actor.held
    )


def may_hold(actor: Actor, member: Person) -> None:
    """Raise unless the member can be given an office by `actor`: NotFound for whom she does not see, else Conflict.

    She is verified, an adult, and not suspended or gone.
    """
    if actor.system:
        return
    must(actor, Perm.MEMBER_READ, member)
    if member.status != "active" or member.verified_at is None:
        raise Conflict("not_verified", _("她还没有核实身份，或者账号不在正常状态"), next_step=_("请先在她的页面办理。"))
    if member.age_band == MINOR:
        raise Conflict("minor", _("未满 18 岁不能担任管理职务"))


def check_dates(starts_at: dt.datetime, until: dt.datetime | None) -> None:
    """Raise DomainError with the form's field for dates that make no sense: in the past, backwards, far away."""
    today = clock.at_local(clock.today(), dt.time.min)
    if starts_at < today:
        raise DomainError("start_past", _("开始日期不能早于今天"), field="starts_on")
    if starts_at > clock.now() + LATEST_START:
        raise DomainError("start_late", _("最多提前三个月登记"), field="starts_on")
    check_end(max(starts_at, clock.now()), until)


def check_end(after: dt.datetime, until: dt.datetime | None) -> None:
    """Raise DomainError (field "until_on") for an end that is not after `after`, or more than five years off."""
    if until is None:
        return
    if until <= after:
        raise DomainError("end_first", _("结束日期要在开始之后"), field="until_on")
    if until > clock.now() + LONGEST:
        raise DomainError("end_late", _("一次最多五年，到期前可以再延长"), field="until_on")


def must_be_open(held: RoleGrant) -> None:
    """Raise Conflict for a grant that has ended, or that comes with a role in a team and ends with it."""
    if held.until is not None and held.until <= clock.now():
        raise Conflict("grant_ended", _("这项授权已经结束"), next_step=_("还需要的话，请重新授权。"))
    if held.team_id is not None:
        raise Conflict(
            "follows_office",
            _("队长的权限跟着队里的职务走"),
            next_step=_("请在队伍页面改她的职务，权限随之结束。"),
        )
