"""What points hear from the rooms below, in the same transaction."""

from __future__ import annotations

from community.core import paths
from community.patrols.events import CheckInAccepted, CheckInFact, CheckInFlagged, CheckInReopened, CheckInSettled
from community.people.events import MemberErased, MemberMerged, MemberUnverified, MemberVerified
from community.places.events import AreaMoved
from community.points.models import Appeal, Award, PointsCase, RewardItem, RewardOrder, RuleSet
from community.points.services import (
    appealing,
    awarding,
    cases,
    deciding,
    families,
    forgetting,
    ordering,
    sealing,
    showing,
)
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
        not_before=event.not_before,
    )


def reopen_checkin(event: CheckInReopened) -> None:
    """Let what was decided and not yet carried out wait again."""
    deciding.undecide(_act(event).evidence_ref)


def release_verified(event: MemberVerified) -> None:
    """Post what waited until the member was verified, as soon as that can no longer be undone."""
    if event.not_before is None:
        awarding.release(event.member_id, "unverified", by_id=event.by_id)
    else:
        awarding.release_later(event.member_id, by_id=event.by_id, not_before=event.not_before)


def keep_unverified(event: MemberUnverified) -> None:
    """Let what would have been released wait for the next one who checks who she is."""
    deciding.undecide_member(event.member_id, event.since)


def area_moved(event: AreaMoved) -> None:
    """Let what is still to be decided or handed over be found where its area is now; all of it stays its town's."""
    columns = (
        Award.scope_path,
        PointsCase.scope_path,
        Appeal.scope_path,
        RuleSet.scope_path,
        RewardItem.scope_path,
        RewardOrder.scope_path,
    )
    paths.rewrite(columns, event.old_path, event.new_path)


def take_over_merged(event: MemberMerged) -> None:
    """Let what waited for the old registration be the verified member's."""
    cases.give_up([event.member_id], "merged")
    awarding.take_over(event.member_id, event.into_id, by_id=event.by_id)


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
        team_id=event.team_id,
    )


def give_up_waiting(event: MemberErased) -> None:
    """What waited for somebody who is erased is given up; what was posted stays, on a pseudonym, and loses its salt."""
    # Before anything of hers is locked: a pot comes before orders and accounts.
    families.leave_all(event.ids)
    for member_id in event.ids:
        awarding.give_up(member_id, "erased")
    ordering.give_up(event.ids)
    cases.give_up(event.ids, "erased")
    appealing.give_up(event.ids)
    showing.forget(event.ids)
    forgetting.forget_words(event.ids)
    sealing.forget_salts(event.ids)
