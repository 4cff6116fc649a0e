"""Noting what was decided and no posting says, so that a change by hand is found (`queries.noted`).

Whoever changes such a row notes it in the same transaction, with the row locked. Need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select

from community.core import clock
from community.core.db import session
from community.core.errors import Busy, on_constraint
from community.core.ids import new_id
from community.points import vouching
from community.points.models import Appeal, Award, LedgerNote, RewardItem, RuleObjection, TownTerms
from community.points.queries import noted

_NOTE = LedgerNote.__table__.c

# Somebody else decided on the same row at the same moment.
on_constraint("uq_ledger_note_seq", Busy)


def terms(kept: TownTerms, by_id: int) -> None:
    """Note a town's settings."""
    _write([(kept.town_id, noted.TERMS, noted.of_terms(kept), by_id)])


def reward(item: RewardItem, by_id: int) -> None:
    """Note what a reward is, costs and whether it is in the shop."""
    _write([(item.town_id, f"reward:{item.id}", noted.of_reward(item), by_id)])


def appeals(found: Sequence[Appeal], by_id: int) -> None:
    """Note what became of objections."""
    _write([(one.town_id, f"appeal:{one.id}", noted.of_appeal(one), by_id) for one in found])


def answer(found: RuleObjection, town_id: int) -> None:
    """Note the answer to an objection to rules."""
    _write([(town_id, f"objection:{found.id}", noted.of_objection(found), found.answered_by or 0)])


def awards(award_ids: Sequence[int]) -> None:
    """Note how awards that wait, or no longer, stand now."""
    rows = session().execute(select(Award.town_id, *noted.AWARD).where(Award.id.in_(list(award_ids)))).all()
    _write([(row.town_id, f"award:{row.id}", noted.of_award(row), row.decided_by or 0) for row in rows])


def row(town_id: int, ref: str, said: dict[str, Any], *, by_id: int, at: dt.datetime, seq: int = 1) -> dict[str, Any]:
    """Return a note as a row to insert, marked."""
    made = {"id": new_id(), "town_id": town_id, "ref": ref, "seq": seq, "said": said, "by_id": by_id, "at": at}
    kid, mac = vouching.mark(noted.document(town_id, ref, seq, said, by_id, at))
    return made | {"kid": kid, "mac": mac}


def _write(said: Sequence[tuple[int, str, dict[str, Any], int]]) -> None:
    if not said:
        return
    last = select(_NOTE.ref, func.max(_NOTE.seq)).where(
        _NOTE.town_id.in_({town_id for town_id, *_rest in said}), _NOTE.ref.in_([ref for _town, ref, *_rest in said])
    )
    numbers = {found.ref: found[1] for found in session().execute(last.group_by(_NOTE.ref))}
    now = clock.now()
    rows = [
        row(town_id, ref, what, by_id=by_id, at=now, seq=numbers.get(ref, 0) + 1)
        for town_id, ref, what, by_id in said
    ]  # fmt: skip
    session().execute(insert(LedgerNote.__table__), rows)  # type: ignore[arg-type]
