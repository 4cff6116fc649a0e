"""What admins decide: approve, refuse, note a guardian's consent, end a membership, give an office in a team."""

from __future__ import annotations

from community.audit import services as audit
from community.core import clock, todo
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.messages import services as messages
from community.messages.services import notify
from community.people import queries as people, services as people_services
from community.people.queries import Person
from community.teams import policies, queries
from community.teams.models import ROLES, Membership, Team
from community.teams.services import moving, offices
from community.teams.services.applying import end_place

REASON_LONGEST = 200


def approve(actor: Actor, membership_id: int) -> Membership:
    """Approve an application; with consent (and a minor's guardian) in place it is active at once.

    Approving says that the admin knows who the applicant is: a provisional member is verified by it. Never one's own.
    Raises NotFound outside the actor's area, Conflict for a step that is not legal, a team without places, a building
    with a captain, a suspended member, or a number that another verified member has (phone_taken).
    """
    membership, member, team = _decide(actor, membership_id, lock_team=True)
    if member.status != "active":
        raise Conflict("member_suspended", _("这位居民的账号暂停中，恢复后才能通过"))
    if queries.held_places(team.id) >= team.places:
        raise Conflict("team_full", _("这支队的名额满了"), next_step=_("有人退出后再通过，或写明理由不通过。"))
    if membership.building_id and queries.taken([membership.building_id]):
        raise moving.building_has_captain()
    moving.move(membership, team, "approved", by_id=actor.member_id)
    # Her place makes her one of ours before she is verified: she may live in an area that the admin does not see.
    moving.keep_areas(member)
    if member.verified_at is None:
        member = people_services.verify(actor, member_id=member.id, undoable=True)
    told_at = clock.now() + todo.UNDO_WITHIN
    if not moving.activate_if_ready(membership, team, member, not_before=told_at):
        notify(member.id, "teams.approved", {"team": team.name}, link=_page(membership), not_before=told_at)
    _note(actor, "teams.approve", membership)
    return membership


def refuse(actor: Actor, membership_id: int, reason: str) -> Membership:
    """Refuse an application with a `reason` that the applicant reads. Never one's own."""
    told = _reason(reason)
    membership, member, team = _decide(actor, membership_id)
    moving.move(membership, team, "refused", by_id=actor.member_id, reason=told)
    told_at, params = clock.now() + todo.UNDO_WITHIN, {"team": team.name, "reason": told}
    notify(member.id, "teams.refused", params, link=_page(membership), not_before=told_at)
    _note(actor, "teams.refuse", membership, reason=told)
    return membership


def undo(actor: Actor, membership_id: int) -> Membership:
    """Take back the actor's own approval or refusal of less than ten seconds ago: the application waits as before.

    What came with it goes: the verification that it brought, areas, office, the message nobody has seen. Never about
    one's own application. Raises Forbidden (undo_other), Conflict (not_decided, undo_late, applied_again).
    """
    membership, member, team = _decide(actor, membership_id)
    decision = queries.decision(membership_id)
    if decision is None or membership.state not in {"approved", "active", "refused"}:
        raise Conflict("not_decided", _("这份申请没有可以撤销的决定"), next_step=_("请刷新后再看。"))
    todo.must_be_undoable(actor, by_id=decision.by_id, at=decision.at, instead=_INSTEAD[decision.to_state])
    if membership.state == "refused" and queries.open_membership(member.id, team.id):
        raise Conflict("applied_again", _("这个人已经重新报名了"), next_step=_("请直接处理新的那一份。"))
    moving.move(membership, team, decision.from_state, by_id=actor.member_id)
    _take_back_what_came(actor, membership, member, team, decision)
    _note(actor, "teams.undo", membership)
    return membership


_INSTEAD = {
    "approved": _("她已经在队里了。要改，请在队伍的页面办退队，写明原因。"),
    "refused": _("对方会收到不通过的原因。要改，请她重新报名，您再通过。"),
}


def _take_back_what_came(
    actor: Actor, membership: Membership, member: Person, team: Team, decision: queries.Decision
) -> None:
    messages.take_back(member.id, _page(membership))
    if decision.to_state == "refused":
        return
    if membership.role != "member":
        membership.role = "member"
        session().flush()
    # First the office: a verification that one rests on is not taken back.
    end_place(membership, member, team)
    brought = member.verified_by == actor.member_id and (member.verified_at or decision.at) >= decision.at
    # Another team's approval says as well that somebody knows her.
    if brought and member.verified_at and not queries.holds_place(member.id):
        people_services.undo_verify(actor, member_id=member.id)


def confirm_guardian(actor: Actor, membership_id: int, how: str) -> Membership:
    """Note `how` the guardian of a minor agreed; every application of hers that waited for it then goes on."""
    membership, member, _team = _decide(actor, membership_id)
    if membership.state != "waiting_guardian":
        raise Conflict("not_waiting", _("这份申请已经不在等监护人了"), next_step=_("请刷新后再看。"))
    people_services.confirm_guardian(actor, member_id=member.id, how=how)
    return membership


def go_on(member_id: int, *, by_id: int) -> None:
    """Let every application that waited for the member's guardian wait for approval; `by_id` noted the consent."""
    for waiting_id in queries.waiting_for_guardian(member_id):
        membership = moving.locked(waiting_id)
        team = moving.load_team(membership.team_id)
        moving.move(membership, team, "applied", by_id=by_id)
        notify(member_id, "teams.guardian", {"team": team.name}, link=_page(membership))


def remove(actor: Actor, membership_id: int, reason: str) -> Membership:
    """End the place of a member, with a `reason` that she reads. Never one's own: that is leaving."""
    told = _reason(reason)
    membership, member, team = _decide(actor, membership_id)
    if membership.state not in {"approved", "active"}:
        raise Conflict("not_in_team", _("这个人已经不在队里"), next_step=_("请刷新后再看。"))
    moving.move(membership, team, "left", by_id=actor.member_id, reason=told)
    end_place(membership, member, team)
    notify(member.id, "teams.removed", {"team": team.name, "reason": told}, link=_page(membership))
    _note(actor, "teams.remove", membership, reason=told)
    return membership


def set_role(actor: Actor, membership_id: int, role: str) -> Membership:
    """Make an active member leader, deputy or plain member; a leader holds the office of her team. Never oneself.

    The office reaches wherever the team works: Forbidden (wider_team) for who decides in a part of that only.
    """
    if role not in ROLES:
        raise DomainError("role", _("请选择职务"), field="role")
    membership, member, team = _decide(actor, membership_id)
    if membership.state != "active":
        raise Conflict("not_in_team", _("只有在队的人能担任职务"))
    if membership.role == role:
        return membership
    if "leader" in {membership.role, role}:
        policies.must_reach_whole(actor, team)
    before, membership.role = membership.role, role
    session().flush()
    if role == "leader":
        offices.give(actor, membership, team)
    else:
        offices.end(membership, team)
    notify(member.id, "teams.role", {"team": team.name}, link=_page(membership))
    _note(actor, "teams.role", membership, before=before)
    return membership


def _decide(actor: Actor, membership_id: int, *, lock_team: bool = False) -> tuple[Membership, Person, Team]:
    known = session().get(Membership, membership_id)
    if known is None:
        raise NotFound
    must(actor, Perm.MEMBERSHIP_DECIDE, known)
    if actor.is_me(known.member_id):
        raise moving.own_application()
    # The order in which every command locks: team, member, membership.
    team = moving.load_team(known.team_id, lock=lock_team)
    member = people.known_member(known.member_id, lock=True)
    return moving.locked(membership_id), member, team


def _reason(text: str) -> str:
    told = " ".join(text.split())
    if not told:
        raise DomainError("reason_missing", _("请写明原因，申请人会看到"), field="reason")
    if len(told) > REASON_LONGEST:
        raise DomainError("reason_long", _("原因最多 200 个字"), field="reason")
    return told


def _page(membership: Membership) -> str:
    return f"/memberships/{membership.id}"


def _note(
    actor: Actor, act: str, membership: Membership, *, reason: str | None = None, before: str | None = None
) -> None:
    audit.record(
        actor,
        act,
        "membership",
        membership.id,
        scope_path=membership.scope_path,
        reason=reason,
        details={
            "team": membership.team_id,
            "state": membership.state,
            "role": membership.role,
            **({"before": before} if before else {}),
        },
    )
