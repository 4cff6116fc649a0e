"""The one way a membership moves: a legal step, its event, its consequences."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ScalarSelect, func, insert, select
from sqlalchemy.orm import selectinload

from community.core import clock, events
from community.core.db import locking, session
from community.core.errors import Conflict, Forbidden, NotFound, on_constraint
from community.core.i18n import _
from community.core.ids import new_id
from community.messages import kinds as message_kinds
from community.messages.services import notify
from community.people import areas, consents, policies as people_policies, queries as people
from community.people.queries import Person
from community.teams import policies
from community.teams.events import MembershipChanged
from community.teams.models import Membership, MembershipEvent, Team, TeamArea

ENDED = ("refused", "left")
WAITING = ("waiting_guardian", "applied")


def building_has_captain() -> Conflict:
    """Return the refusal of a second captain for one building, told to the admin who would approve her."""
    return Conflict("captain_taken", _("这幢楼已有楼长"), next_step=_("请写明原因不通过，或等现任退出后再通过。"))


def own_application() -> Forbidden:
    """Return the refusal of somebody who decides about her own application."""
    return Forbidden(_("不能审批自己的申请，请由另一位管理员来办"), code="own_application")


on_constraint(
    "uq_membership_open",
    lambda: Conflict(
        "already_applied", _("您已经报过这支队了"), next_step=_("不用再报一次，在“我的”里可以看到办到哪一步。")
    ),
)
# Applications take no place: only an approval meets this.
on_constraint("uq_membership_captain", building_has_captain)
on_constraint("ck_membership_event_decided_by_another", own_application)
on_constraint("ck_membership_event_guardian_by_another", own_application)
on_constraint("ck_membership_event_undone_by_another", own_application)

message_kinds.register("teams.active", _("您已加入%(team)s"), _("从现在起可以扫码打卡了。打开看看队里的安排。"))
message_kinds.register(
    "teams.approved", _("%(team)s通过了您的申请"), _("还差一步：请打开看新的说明，同意后就可以打卡。")
)
message_kinds.register("teams.refused", _("%(team)s没有通过您的申请"), _("原因：%(reason)s"))
message_kinds.register("teams.guardian", _("监护人的同意已经登记"), _("接下来由社区或联合会审核您加入%(team)s的申请。"))
message_kinds.register("teams.removed", _("您已不在%(team)s"), _("原因：%(reason)s"))
message_kinds.register("teams.role", _("您在%(team)s的职务变了"), _("打开看看现在的职务。"))


def load_team(team_id: int, *, lock: bool = False) -> Team:
    """Return the team with its areas; `lock` keeps its number of places from changing. Raises NotFound."""
    statement = select(Team).where(Team.id == team_id).options(selectinload(Team.areas))
    if lock:
        statement = locking(statement, Team).execution_options(populate_existing=True)
    found = session().scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def locked(membership_id: int) -> Membership:
    """Return the membership as it stands now, locked until the commit. Raises NotFound."""
    statement = locking(select(Membership).where(Membership.id == membership_id))
    found = session().scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def begin(membership: Membership, team: Team) -> None:
    """Write a new membership with its first event. A second open one of the member in this team is refused."""
    session().add(membership)
    session().flush()
    _record(membership, "new", membership.state, by_id=membership.member_id, reason=None)
    _tell(membership, team, "new", by_id=membership.member_id)


def move(membership: Membership, team: Team, to_state: str, *, by_id: int | None, reason: str | None = None) -> None:
    """Move `membership`, write the event and tell the rooms above.

    `by_id` is None for a move that follows by rule. Raises Conflict for a step that is not a row of `membership_move`,
    and (from the database) when the building has a captain already.
    """
    before = membership.state
    policies.must_be_legal(before, to_state)
    # The event first: without it the database refuses the move.
    _record(membership, before, to_state, by_id=by_id, reason=reason)
    membership.state = to_state
    if to_state == "active":
        membership.active_at = clock.now()
    if to_state in ENDED:
        membership.ended_at, membership.reason = clock.now(), reason
    if to_state in WAITING:
        membership.active_at = membership.ended_at = membership.reason = None
    session().flush()
    _tell(membership, team, before, by_id=by_id)


def activate_if_ready(
    membership: Membership, team: Team, member: Person, *, not_before: dt.datetime | None = None
) -> bool:
    """Make an approved membership active when its member agreed to the text in force and, a minor, her guardian too.

    She is told so, not before `not_before`.
    """
    if membership.state != "approved" or people_policies.needs_guardian(member):
        return False
    if not people.consented(member.id, consents.SERVICE, consents.current(consents.SERVICE).version):
        return False
    move(membership, team, "active", by_id=None)
    link = f"/memberships/{membership.id}"
    notify(member.id, "teams.active", {"team": team.name}, link=link, not_before=not_before)
    return True


def keep_areas(member: Person) -> None:
    """Let the member belong to the areas of the teams that hold a place for her, and to her building as a captain."""
    held = Membership.member_id == member.id, Membership.state.in_(policies.PLACE_TAKEN_BY)
    rows = session().execute(
        select(TeamArea.area_id, TeamArea.scope_path)
        .join(Membership, Membership.team_id == TeamArea.team_id)
        .where(*held)
    )
    wanted = {row.area_id: row.scope_path for row in rows}
    buildings = session().execute(
        select(Membership.building_id, Membership.scope_path).where(*held, Membership.building_id.is_not(None))
    )
    areas.keep(member, wanted | {row.building_id: row.scope_path for row in buildings})


def _record(membership: Membership, before: str, to_state: str, *, by_id: int | None, reason: str | None) -> None:
    session().execute(
        insert(MembershipEvent).values(
            id=new_id(),
            membership_id=membership.id,
            seq=_next_number(membership.id),
            member_id=membership.member_id,
            from_state=before,
            to_state=to_state,
            by_id=by_id,
            reason=reason,
            at=clock.now(),
        )
    )


def _next_number(membership_id: int) -> ScalarSelect[int]:
    event = MembershipEvent.__table__.c
    latest = select(func.coalesce(func.max(event.seq) + 1, 0)).where(event.membership_id == membership_id)
    return latest.scalar_subquery()


def _tell(membership: Membership, team: Team, before: str, *, by_id: int | None) -> None:
    events.emit(
        MembershipChanged(
            membership.id,
            membership.member_id,
            team.id,
            team.town_id,
            membership.scope_path,
            before,
            membership.state,
            by_id,
            clock.now(),
        )
    )
