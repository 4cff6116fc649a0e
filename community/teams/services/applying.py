"""What people ask for themselves: join a team, agree to a new text, leave."""

from __future__ import annotations

from dataclasses import dataclass

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.i18n import _
from community.core.ids import new_id
from community.people import consents, queries as people, services as people_services
from community.people.queries import Person
from community.places import queries as places
from community.teams import policies, queries
from community.teams.models import Membership, Team
from community.teams.services import moving, offices


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody who is not signed in says of herself."""

    name: str
    phone: str
    age_band: str
    home_area_id: int | None = None
    guardian_name: str | None = None
    guardian_phone: str | None = None
    password: str | None = None


def apply(
    actor: Actor | None,
    *,
    team_id: int,
    newcomer: Newcomer | None = None,
    building_id: int | None = None,
    agrees: bool = False,
) -> Membership:
    """Apply for a place in a team and return the membership, applied or waiting for a guardian.

    `actor` is None for somebody new, who says who she is as `newcomer` and becomes a provisional member. `agrees` is
    her consent to the text in force, needed unless she gave it before; `building_id` is what a captain looks after.
    Raises NotFound, DomainError with the form's field, and Conflict: team_closed, team_full, already_applied.
    """
    if actor is not None:
        _must_be_active(must(actor, Perm.MEMBERSHIP_APPLY))
    team = moving.load_team(team_id)
    band = _known(actor).age_band if actor else newcomer.age_band if newcomer else ""
    policies.must_fit_age(band, night=team.night)
    _must_have_room(team)
    if actor is not None and queries.open_membership(actor.member_id, team.id):
        raise Conflict("already_applied", _("您已经报过这支队了"))
    building = _building(team, building_id)
    member = _known(actor) if actor else _register(newcomer, building[0] if building else None)
    _consent(member, agrees=agrees)
    membership = Membership(
        id=new_id(),
        team_id=team.id,
        member_id=member.id,
        role="member",
        building_id=building[0] if building else None,
        scope_path=policies.scope_of(team, home_path=member.home_path, building_path=building[1] if building else None),
        state=policies.first_state(member.age_band, guardian_agreed=member.guardian_at is not None),
        applied_at=clock.now(),
    )
    moving.begin(membership, team)
    _note(actor or Actor(member.id), "teams.apply", membership)
    return membership


def agree(actor: Actor, membership_id: int) -> Membership:
    """Give the consent in force for the actor's own membership; an approved one becomes active."""
    membership, member, team = _own(actor, membership_id)
    people_services.give_consent(member.id, consents.SERVICE)
    if moving.activate_if_ready(membership, team, member):
        _note(actor, "teams.activate", membership)
    return membership


def leave(actor: Actor, membership_id: int) -> Membership:
    """End the actor's own membership, or take her application back. Leaving twice changes nothing."""
    membership, member, team = _own(actor, membership_id)
    if membership.state == "left":
        return membership
    moving.move(membership, team, "left", by_id=actor.member_id)
    end_place(membership, member, team)
    _note(actor, "teams.leave", membership)
    return membership


def end_place(membership: Membership, member: Person, team: Team) -> None:
    """Take back what came with the place: areas of the team and the office of its leader."""
    moving.keep_areas(member)
    offices.end(membership, team)


def _own(actor: Actor, membership_id: int) -> tuple[Membership, Person, Team]:
    must(actor, Perm.MEMBERSHIP_APPLY)
    known = session().get(Membership, membership_id)
    if known is None or known.member_id != actor.member_id:
        raise NotFound
    # The order in which every command locks: team, member, membership.
    team, member = moving.load_team(known.team_id), people.known_member(actor.member_id, lock=True)
    return moving.locked(membership_id), member, team


def _must_be_active(actor: Actor) -> None:
    if actor.status != "active":
        raise Forbidden(
            _("您的账号暂停中，现在不能报名"),
            next_step=_("原因写在“我的”里。有疑问请联系社区，恢复后就能报名。"),
            code="suspended",
        )


def _known(actor: Actor) -> Person:
    return people.known_member(actor.member_id)


def _must_have_room(team: Team) -> None:
    if team.state != "open":
        raise Conflict("team_closed", _("这支队现在不招人"), next_step=_("请看看附近别的队伍。"))
    if queries.held_places(team.id) >= team.places:
        raise Conflict("team_full", _("这支队的名额满了"), next_step=_("请看看附近别的队伍，或过些天再来。"))


def _building(team: Team, building_id: int | None) -> tuple[int, str] | None:
    """Return id and path of the building that a captain may take on; None for other kinds of teams."""
    if team.kind != "captains":
        return None
    building = places.area(building_id) if building_id else None
    if building is None or building.kind != "building":
        raise DomainError("building_missing", _("请选择您要看的那幢楼"), field="building_id")
    if not any(building.path.startswith(path) for path in team.scope_paths):
        raise DomainError("building_elsewhere", _("这支队不管这幢楼，请重新选择"), field="building_id")
    if queries.taken([building.id]):
        raise DomainError(
            "captain_taken",
            _("这幢楼已经有楼长了，请换一幢"),
            next_step=_("现任楼长退出后可以再报；也欢迎参加别的队伍。"),
            field="building_id",
        )
    return building.id, building.path


def _register(newcomer: Newcomer | None, building_id: int | None) -> Person:
    if newcomer is None:
        raise DomainError("name_empty", _("请填写称呼"), field="name")
    home = newcomer.home_area_id or building_id
    if home is None:
        raise DomainError("home_area", _("请选择您住在哪个社区"), field="home_area_id")
    return people_services.register(
        None,
        name=newcomer.name,
        phone=newcomer.phone,
        age_band=newcomer.age_band,
        guardian_name=newcomer.guardian_name,
        guardian_phone=newcomer.guardian_phone,
        home_area_id=home,
        password=newcomer.password,
    )


def _consent(member: Person, *, agrees: bool) -> None:
    version = consents.current(consents.SERVICE).version
    if people.consented(member.id, consents.SERVICE, version):
        return
    if not agrees:
        raise DomainError("consent_missing", _("请先看一看说明，同意后打勾"), field="agrees")
    people_services.give_consent(member.id, consents.SERVICE)


def _note(actor: Actor, act: str, membership: Membership) -> None:
    audit.record(
        actor,
        act,
        "membership",
        membership.id,
        scope_path=membership.scope_path,
        details={"team": membership.team_id, "state": membership.state},
    )
