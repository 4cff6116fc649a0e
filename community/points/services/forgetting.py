"""Forgetting the words about somebody who is erased; numbers, dates and states stay. Needs `transaction()`."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from community.core.db import BLANK, locking, session
from community.points.models import Appeal, Award, AwardVote, CaseVote, PointsCase, RewardOrder, RuleObjection
from community.points.services import noting


def forget_words(member_ids: Collection[int]) -> None:
    """Take away what members wrote, and what was written to or about them: names, homes and numbers may stand in it."""
    hers, objections, orders = Appeal.member_id, RuleObjection.member_id, RewardOrder.member_id
    for statement in (
        update(Appeal).where(hers.in_(member_ids), Appeal.words != "").values(words=""),
        update(Appeal).where(hers.in_(member_ids), Appeal.answer != "").values(answer=BLANK),
        update(RuleObjection).where(objections.in_(member_ids)).values(words=""),
        update(RuleObjection).where(objections.in_(member_ids), RuleObjection.answer != "").values(answer=BLANK),
        update(PointsCase).where(PointsCase.subject_id.in_(member_ids)).values(reason=BLANK),
        update(CaseVote).where(CaseVote.subject_id.in_(member_ids), CaseVote.words != "").values(words=BLANK),
        update(AwardVote).where(AwardVote.subject_id.in_(member_ids), AwardVote.words != "").values(words=BLANK),
        update(RewardOrder).where(orders.in_(member_ids), RewardOrder.words != "").values(words=BLANK),
    ):
        session().execute(statement.execution_options(synchronize_session=False))
    _cut_decisions(member_ids)


def _cut_decisions(member_ids: Collection[int]) -> None:
    """Leave of a decision about an award its code alone: the words of who decided stand behind a colon."""
    said = select(Award.id, Award.decision).where(Award.subject_id.in_(member_ids), Award.decision.contains(":"))
    cut = {row.id: row.decision.partition(":")[0] for row in session().execute(locking(said))}
    for award_id, code in cut.items():
        shorter = update(Award).where(Award.id == award_id).values(decision=code)
        session().execute(shorter.execution_options(synchronize_session=False))
    # The last notes hold digests of the whole.
    noting.awards(list(cut))
