"""What points hear from the rooms below, in the same transaction."""

from __future__ import annotations

from community.core import paths
from community.patrols.events import CheckInAccepted, CheckInFact, CheckInFlagged, CheckInSettled
from community.people.events import MemberVerified
from community.places.events import AreaMoved
from community.points.models import Award
from community.points.services import awarding
from community.points.services.awarding import Act

# The event a rule about check-ins names; a flagged one that is settled earns by the same rule.
_TRIGGER = CheckInAccepted.__name__


def award_checkin(event: CheckInAccepted) -> None:
    """Award an accepted check-in."""
    awarding.award(_act(event), verified=event.verified)


def hold_flagged_checkin(event: CheckInFlagged) -> None:
    """Let the award of a flagged check-in wait."""
    awarding.award_later(_act(event))


def settle_checkin(event: CheckInSettled) -> None:
    """Post or refuse what waited for the settlement."""
    awarding.settle(
        _act(event).evidence_ref,
        accepted=event.accepted,
        verified=event.verified,
        by_id=event.by_id,
        words=event.reason,
    )


def release_verified(event: MemberVerified) -> None:
    """Post what waited until the member was verified."""
    awarding.release(event.member_id, "unverified", by_id=event.by_id)


def area_moved(event: AreaMoved) -> None:
    """Let waiting awards be found where their area is now; an award stays its town's."""
    paths.rewrite((Award.scope_path,), event.old_path, event.new_path)


def _act(event: CheckInFact) -> Act:
    return Act(
        trigger=_TRIGGER,
        evidence_ref=f"checkin:{event.checkin_id}",
        subject_id=event.member_id,
        town_id=event.town_id,
        scope_path=event.scope_path,
        earned_at=event.used_at,
        grade=event.grade,
        place=event.post_name,
    )
