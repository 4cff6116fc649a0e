"""Awards whose waiting was ended by a decision that may still be undone: decided now, carried out ten seconds later.

Until `award.not_before` the decision is only noted on the held award; a job posts or refuses it then, and undoing takes
the note away. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, func, select, update

from community.core import clock, todo
from community.core.db import session
from community.core.i18n import _
from community.people import queries as people
from community.points.models import Award
from community.points.queries import noted
from community.points.services import noting, waiting
from community.points.services.posting import By

CONFIRMED, REJECTED = "confirmed", "rejected"
_NOTHING = {"not_before": None, "decided_at": None, "decided_by": None, "decision": None}


def decide_later(
    rows: Sequence[Row[Any]], code: str, *, by_id: int | None, words: str, not_before: dt.datetime
) -> None:
    """Note on held awards what was decided: `code` CONFIRMED or REJECTED, by whom, in which words, due when."""
    _note(
        [row.award_id for row in rows],
        {
            "not_before": not_before,
            "decided_at": clock.now(),
            "decided_by": by_id,
            "decision": (f"{code}:{words}" if words else code)[:200],
        },
    )


def forget_decision(award_ids: Sequence[int]) -> None:
    """Let held awards wait as before for the word that was taken back."""
    _note(award_ids, _NOTHING)


def undecide(evidence_ref: str) -> None:
    """Let the awards that rest on `evidence_ref` wait as before. Raises Conflict when the decision is carried out."""
    done = select(func.count()).where(Award.evidence_ref == evidence_ref, Award.state != "held")
    if session().scalar(done):
        raise todo.too_late(_("积分已经按刚才的决定记了。弄错了，请联系镇街或联合会更正。"))
    _note([row.award_id for row in waiting.waiting_for(evidence_ref)], _NOTHING)


def undecide_member(member_id: int, since: dt.datetime) -> None:
    """Let what a verification (`since` when it held) would have released go on waiting for one.

    Raises Conflict when something was posted meanwhile.
    """
    posted = select(func.count()).where(
        Award.subject_id == member_id,
        Award.state == "posted",
        Award.reason_code == "unverified",
        Award.decided_at >= since,
    )
    if session().scalar(posted):
        raise todo.too_late(_("积分已经按刚才的决定记了。弄错了，请联系镇街或联合会更正。"))
    rows = [row for row in waiting.waiting_of(member_id, "unverified") if row.not_before is not None]
    _note([row.award_id for row in rows], _NOTHING)


def carry_out(member_id: int) -> int:
    """Do what was decided about a member's awards and may no longer be undone; return how many were posted."""
    now = clock.now()
    rows = [row for row in waiting.all_waiting_of(member_id) if row.not_before is not None and row.not_before <= now]
    # What nobody noted was written there by hand: it stays as it is, and the next look over the books finds it.
    genuine = noted.stand([row.award_id for row in rows]) if rows else frozenset()
    rows = [row for row in rows if row.award_id in genuine]
    posted = 0
    for (decision, by_id), group in groupby(rows, key=lambda row: (row.decision, row.decided_by)):
        posted += _carry_out(list(group), decision, by_id)
    return posted


def _carry_out(rows: Sequence[Row[Any]], decision: str, by_id: int | None) -> int:
    code, _colon, words = decision.partition(":")
    ids = [row.award_id for row in rows]
    _write(ids, _NOTHING)
    if code == REJECTED:
        waiting.refuse_waiting(rows, by_id, words)
        return 0
    if not people.is_verified(rows[0].subject_id):
        waiting.keep_waiting(ids, "unverified")
        return 0
    outcomes = waiting.go_on(rows, By(by_id or 0, by_id), words)
    return sum(1 for outcome in outcomes if outcome.txn_id)


def _note(award_ids: Sequence[int], values: dict[str, Any]) -> None:
    _write(award_ids, values)
    noting.awards(award_ids)


def _write(award_ids: Sequence[int], values: dict[str, Any]) -> None:
    if award_ids:
        session().execute(
            update(Award).where(Award.id.in_(award_ids)).values(**values).execution_options(synchronize_session=False)
        )
