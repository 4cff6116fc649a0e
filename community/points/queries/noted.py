"""What was decided that no posting says: as the rows say it, and as the program noted it when it was decided."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Select, and_, func, select

from community.core.db import BLANK, session
from community.points import vouching
from community.points.models import Appeal, Award, LedgerNote, RewardItem, RuleObjection, RuleSet, TownTerms

TERMS = "terms"
_NOTE, _AWARD = LedgerNote.__table__.c, Award.__table__.c
AWARD = (_AWARD.id, _AWARD.state, _AWARD.reason_code, _AWARD.decided_by, _AWARD.decision, _AWARD.not_before)
_SETTINGS = ("four_eyes_from", "appeal_days", "pick_up_days")
_REWARD = ("kind", "name_zh", "points", "fen", "per_month", "until_on", "pick_up", "state")
_BATCH = 2000

Fault = tuple[int, str, str]


def of_terms(row: Any) -> dict[str, Any]:
    """Return what a note says of a town's settings."""
    return {name: getattr(row, name) for name in _SETTINGS}


def of_reward(row: Any) -> dict[str, Any]:
    """Return what a note says of a reward; its stock moves with orders and has its own rows."""
    return {name: _plain(getattr(row, name)) for name in _REWARD}


def of_appeal(row: Any) -> dict[str, Any]:
    """Return what a note says of an objection; words are digests, they may have to be forgotten."""
    return {"state": row.state, "by": row.decided_by, "answer": _digest(row.answer)}


def of_objection(row: Any) -> dict[str, Any]:
    """Return what a note says of an objection to rules."""
    return {"by": row.answered_by, "answer": _digest(row.answer)}


def of_award(row: Any) -> dict[str, Any]:
    """Return what a note says of an award that waited; a posted one is told by its posting."""
    said = {"state": row.state, "reason": row.reason_code}
    if row.state == "refused" or row.decided_by or row.decision or row.not_before:
        said |= {"by": row.decided_by, "decision": _digest(row.decision or "")}
    if row.state == "held" and row.not_before:
        said |= {"due": True}
    return said


def document(town_id: int, ref: str, seq: int, said: Any, by_id: int, at: dt.datetime) -> dict[str, Any]:
    """Return what a note's mark covers."""
    moment = at.isoformat(timespec="microseconds")
    return {"town": str(town_id), "ref": ref, "seq": seq, "said": said, "by": str(by_id), "at": moment}


def wrong(town_id: int | None = None) -> Iterator[Fault]:
    """Yield (town, row, what is wrong): "forged", a note that the program did not write; "changed", a row that does not
    say what was noted last; "unnoted", one that nobody noted.
    """
    yield from _forged(town_id)
    for query, key, of, first in (
        (select(TownTerms.__table__), TERMS, of_terms, None),
        (select(RewardItem.__table__), "reward", of_reward, None),
        (select(Appeal.__table__), "appeal", of_appeal, {"state": "open", "by": None, "answer": ""}),
        (_objections(), "objection", of_objection, {"by": None, "answer": ""}),
    ):
        for row, said in _with_notes(query, key, town_id):
            expected = first if said is None else said
            if expected is None:
                yield row.town_id, _ref(key, row), "unnoted"
            elif not _same(of(row), expected):
                yield row.town_id, _ref(key, row), "changed"
    yield from _awards(town_id)
    yield from _gone(town_id)


def stand(award_ids: Collection[int]) -> frozenset[int]:
    """Return those of the awards that stand as the program noted them last: what is decided about others, somebody
    wrote there by hand.
    """
    rows = session().execute(select(_AWARD.town_id, *AWARD).where(_AWARD.id.in_(award_ids))).all()
    towns, refs = {row.town_id for row in rows}, [f"award:{row.id}" for row in rows]
    notes = select(*_NOTE).where(_NOTE.town_id.in_(towns), _NOTE.ref.in_(refs)).order_by(_NOTE.seq)
    last = {(note.town_id, note.ref): note for note in session().execute(notes)}
    found = ((row, last.get((row.town_id, f"award:{row.id}"))) for row in rows)
    return frozenset(row.id for row, note in found if note and note.said == of_award(row) and _written(note))


def _written(row: Any) -> bool:
    """Say whether the program wrote a note; the first ones nobody could mark."""
    said = document(row.town_id, row.ref, row.seq, row.said, row.by_id, row.at)
    return row.seq == 0 or vouching.genuine(row.kid, row.mac, said)


def _forged(town_id: int | None) -> Iterator[Fault]:
    notes = select(*_NOTE).where(_NOTE.seq > 0)
    # How rows were found when notes began: nobody finds one so later.
    began = select(_NOTE.town_id, func.min(_NOTE.id).label("id")).where(_NOTE.seq > 0).group_by(_NOTE.town_id)
    first = began.subquery()
    late = select(_NOTE.town_id, _NOTE.ref).join(
        first, and_(first.c.town_id == _NOTE.town_id, first.c.id < _NOTE.id, _NOTE.seq == 0)
    )
    if town_id is not None:
        notes, late = notes.where(_NOTE.town_id == town_id), late.where(_NOTE.town_id == town_id)
    for row in session().execute(late):
        yield row.town_id, row.ref, "forged"
    for row in session().execute(notes.order_by(_NOTE.id).execution_options(yield_per=_BATCH)):
        if not _written(row):
            yield row.town_id, row.ref, "forged"


def _last() -> Any:
    newest = select(_NOTE.town_id, _NOTE.ref, func.max(_NOTE.seq).label("seq")).group_by(_NOTE.town_id, _NOTE.ref)
    found = newest.subquery()
    return (
        select(_NOTE.town_id, _NOTE.ref, _NOTE.said)
        .join(found, and_(found.c.town_id == _NOTE.town_id, found.c.ref == _NOTE.ref, found.c.seq == _NOTE.seq))
    )  # fmt: skip


def _said(key: str, town_id: int | None) -> dict[tuple[int, str], Any]:
    """Return what was noted last of each row of a kind, by town and row."""
    notes = _last().where(_NOTE.ref == key if key == TERMS else _NOTE.ref.startswith(f"{key}:"))
    if town_id is not None:
        notes = notes.where(_NOTE.town_id == town_id)
    return {(row.town_id, row.ref): row.said for row in session().execute(notes)}


def _with_notes(query: Select[Any], key: str, town_id: int | None) -> Iterator[tuple[Any, Any]]:
    said = _said(key, town_id)
    town = query.selected_columns["town_id"]
    rows = query if town_id is None else query.where(town == town_id)
    for row in session().execute(rows):
        yield row, said.get((row.town_id, _ref(key, row)))


def _objections() -> Select[Any]:
    found, of = RuleObjection.__table__.c, RuleSet.__table__.c
    return select(found.id, found.answer, found.answered_by, of.town_id).join(
        RuleSet.__table__, of.id == found.rule_set_id
    )


def _awards(town_id: int | None) -> Iterator[Fault]:
    """Awards that wait, or no longer, stand as they were noted, or wait for what they began to wait for."""
    said = _said("award", town_id)
    rows = select(_AWARD.town_id, *AWARD, _AWARD.explain["waits"].as_string().label("waits"))
    if town_id is not None:
        rows = rows.where(_AWARD.town_id == town_id)
    for row in session().execute(rows.execution_options(yield_per=_BATCH)):
        noted = said.get((row.town_id, f"award:{row.id}"))
        if noted is None and row.waits is None:
            # Older than notes: nothing is known but that nobody decided on it since.
            if row.state == "held" and "by" in of_award(row):
                yield row.town_id, f"award:{row.id}", "unnoted"
            continue
        expected = noted or {"state": "held", "reason": row.waits}
        right = row.reason_code == expected["reason"] if row.state == "posted" else of_award(row) == expected
        if not right:
            yield row.town_id, f"award:{row.id}", "changed"


def _gone(town_id: int | None) -> Iterator[Fault]:
    """A town's settings that were taken away: nothing is left to compare."""
    kept = set(session().scalars(select(TownTerms.town_id)))
    for town, ref in _said(TERMS, town_id):
        if town not in kept:
            yield town, ref, "changed"


def _same(now: dict[str, Any], before: dict[str, Any]) -> bool:
    # The answer to somebody who was erased may be gone.
    forgotten = now.get("answer") == _digest(BLANK)
    return now == before or (forgotten and now | {"answer": ""} == before | {"answer": ""})


def _ref(key: str, row: Any) -> str:
    return key if key == TERMS else f"{key}:{row.id}"


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest() if words else ""


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
