"""One person, two registrations: a provisional member is merged into the verified one she turned out to be.

No row of the old registration moves or changes but her own state: check-ins and consents stay where they were written
and are read through `merged_into` (`Actor.ids`, `queries.identity_ids`). Rooms above take over what still waits.
There is no way back: what waited is paid out to the verified member at once, and a posting never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from community.audit import services as audit
from community.core import events
from community.core.authz import Actor, Perm, can, must, visible
from community.core.db import session
from community.core.errors import Conflict, Forbidden, NotFound
from community.core.i18n import _
from community.core.slots import Provider
from community.people import mandates, phones, policies, queries
from community.people.events import MemberMerged
from community.people.models import Member

# Whether one of these (ids) has decided on another's check-in or membership; rooms above answer.
decided: Provider[bool] = Provider("people.decided", lambda _ids: False)

# A longer list would be no likeness any more.
MOST = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """A verified member who may be the same person, and what says so."""

    member: Member
    same_phone: bool
    same_name: bool


def likely(actor: Actor, member: Member) -> list[Likeness]:
    """Return verified members in the actor's areas with the number of a provisional one, or her name in her town.

    Nobody for a verified or merged one, and for who may not merge.
    """
    if not _may_go(member) or not can(actor, Perm.MEMBER_MERGE, member):
        return []
    same_name = (Member.display_name == member.display_name) & (Member.town_id == member.town_id)
    hashes = _hashes(member)
    same_phone = Member.phone_hash.in_(hashes)
    found = session().scalars(
        select(Member)
        .where(
            visible(actor, Perm.MEMBER_MERGE, Member),
            Member.id.not_in((member.id, actor.member_id)),
            Member.verified_at.is_not(None),
            Member.status == "active",
            or_(same_phone, same_name) if hashes else same_name,
        )
        .options(selectinload(Member.areas))
        .order_by(Member.id)
        .limit(MOST)
    )
    return [one for one in (_likeness(member, other) for other in found) if one]


def pair(actor: Actor, *, member_id: int, into_id: int, lock: bool = False) -> tuple[Member, Likeness]:
    """Return the provisional member and the one she may be merged into, after every rule of merging.

    Raises NotFound when either lies outside the actor's areas, Forbidden (oneself) when either is the actor, and
    Conflict: not_provisional, not_target, unlike.
    """
    # Always in this order, so that two merges of the same people wait for each other instead of in a circle.
    known = {one: queries.known_member(one, lock=lock) for one in sorted({member_id, into_id})}
    member, into = known[member_id], known[into_id]
    for one in (member, into):
        must(actor, Perm.MEMBER_MERGE, one)
        policies.must_not_be_herself(actor.member_id, one)
    if member.status in {"merged", "left"}:
        raise NotFound
    if not _may_go(member):
        raise Conflict("not_provisional", _("这份登记已经核实，或者暂停中，不能并入别人"))
    if into.id == member.id or into.verified_at is None or into.status != "active":
        raise Conflict("not_target", _("只能并入一位已经核实、状态正常的居民"))
    alike = _likeness(member, into)
    if alike is None:
        raise Conflict(
            "unlike",
            _("两份登记的手机号和称呼都不一样"),
            next_step=_("确实是同一个人，请她先更正称呼或手机号，再来合并。"),
        )
    return member, alike


def merge(actor: Actor, *, member_id: int, into_id: int, reason: str) -> Member:
    """Merge the provisional member into the verified one and return the latter; `pair` tells what is refused.

    Also refused: Forbidden (holds_office), Conflict (decided_herself) when one of the two has decided on the other.
    Her sessions end and none begins: who had the phone proved a number at most, never that she is the verified member.
    """
    told = policies.reason(reason, missing=_("请写明怎样核对是同一个人"))
    member, alike = pair(actor, member_id=member_id, into_id=into_id, lock=True)
    if policies.offices(member.id):
        raise Forbidden(_("这份登记有职务，先结束职务再合并"), code="holds_office")
    _must_not_have_decided(member, alike.member)
    mandates.end_all(actor, [member.id])
    member.status, member.merged_into = "merged", alike.member.id
    member.session_epoch += 1
    session().flush()
    audit.record(
        actor,
        "people.merge",
        "member",
        member.id,
        scope_path=member.home_path,
        reason=told,
        details={"into": str(alike.member.id)},
    )
    events.emit(MemberMerged(member.id, alike.member.id, actor.member_id))
    return alike.member


def merged_from(member_id: int) -> Sequence[Member]:
    """Return the registrations that were merged into the member, oldest first."""
    return session().scalars(select(Member).where(Member.merged_into == member_id).order_by(Member.id)).all()


def _may_go(member: Member) -> bool:
    # A suspended one stays: a merge must not be the way out of a suspension. Nor may one go whom others came to:
    # whoever reads through a merge looks one step far.
    return member.verified_at is None and member.status == "active" and not merged_from(member.id)


def _must_not_have_decided(member: Member, into: Member) -> None:
    # Merged, she would earn on what she approved herself: the database sees two people, and so do the lists.
    ids = (member.id, *queries.identity_ids(into.id))
    by = {member.verified_by, member.guardian_by, into.verified_by, into.guardian_by}
    if by & set(ids) or decided(ids):
        raise Conflict("decided_herself", _("她审批过这份登记的事，不能算同一个人"))


def _likeness(member: Member, other: Member) -> Likeness | None:
    same_phone = not set(_hashes(member)).isdisjoint(_hashes(other))
    same_name = member.display_name == other.display_name and member.town_id == other.town_id
    return Likeness(other, same_phone, same_name) if same_phone or same_name else None


def _hashes(member: Member) -> tuple[str, ...]:
    return phones.held_hashes(member.phone_cipher, member.phone_hash)


def merged_where(member_ids: Iterable[int]) -> dict[int, int]:
    """Return registration → whose it turned out to be, for those among `member_ids` that were merged."""
    found = select(Member.id, Member.merged_into).where(Member.id.in_(set(member_ids)), Member.merged_into.is_not(None))
    return {row.id: row.merged_into for row in session().execute(found)}
