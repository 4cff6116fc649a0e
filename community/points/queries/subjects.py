"""What somebody may object to: a posting, a waiting or refused award, an order or a promise that came to nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session
from community.core.ids import parse_id, parse_uuid
from community.places import queries as places
from community.points.models import (
    Account,
    Award,
    AwardVote,
    Entry,
    PointsCase,
    RewardItem,
    RewardOrder,
    Transfer,
    Txn,
)
from community.points.queries import appeals, cases

# The kind and the id that a ref spells.
_Key = tuple[str, int | uuid.UUID]


@dataclass(frozen=True, slots=True)
class Subject:
    """One row about a member, as far as an objection to it needs to know.

    `state` is a posting's kind ("award", "expire", …), "held", "refused", "order", "case". `amount` is signed.
    `deciders` are the people who had a say in it: none of them answers an objection to it.
    """

    ref: str
    town_id: int
    scope_path: str
    owner_id: int
    state: str
    asset: str
    amount: int
    at: dt.datetime
    on_day: dt.date
    reason_code: str
    explain: Mapping[str, Any]
    deciders: frozenset[int]
    first_by: int | None = None
    evidence_ref: str = ""
    decision: str = ""
    txn_id: int | None = None
    reverses_txn_id: int | None = None
    words: str = ""


def find(ref: str, whose: Sequence[int] = ()) -> Subject | None:
    """Return what `ref` ("txn:<id>", "award:<id>", "order:<uuid>", "case:<uuid>") names; None for what is nobody's.

    An award that was posted is its posting, "appeal:<uuid>" what that objection was about. Of a posting that several
    paid for it is the line of `whose` (her ids), if she did.
    """
    return several([(ref, whose)])[0]


def several(asked: Sequence[tuple[str, Sequence[int]]]) -> list[Subject | None]:
    """Return what each (ref, whose) names, as `find` does of one, in as many statements for all as for one."""
    trails = appeals.behind({ref for ref, _whose in asked})
    keys = [_key(trails[ref][-1]) for ref, _whose in asked]
    awards = _awards(_ids(keys, "award"))
    posted: dict[_Key, _Key] = {
        ("award", found.id): ("txn", found.txn_id) for found in awards if found.txn_id is not None
    }
    keys = [posted.get(key, key) for key in keys]
    lines = _lines(_ids(keys, "txn"))
    others = {
        **_waiting([found for found in awards if found.txn_id is None]),
        **_orders(_ids(keys, "order")),
        **_cases(_ids(keys, "case")),
    }
    return [
        _of_whom(lines[key], whose) if key in lines else others.get(key)
        for key, (_ref, whose) in zip(keys, asked, strict=True)
    ]


def _key(ref: str) -> _Key:
    """Return the kind and the id that a ref spells; ("", 0) for nonsense."""
    kind, _colon, key = ref.partition(":")
    found = parse_id(key) if kind in {"txn", "award"} else parse_uuid(key) if kind in {"order", "case"} else None
    return (kind, found) if found else ("", 0)


def _ids(keys: Sequence[_Key], kind: str) -> set[Any]:
    return {key for of, key in keys if of == kind}


# --- postings ---


@dataclass(frozen=True, slots=True)
class _Posting:
    """A posting with what it moved of whom, and who had a say in the case or the review that it came from."""

    txn: Txn
    moved: Sequence[Any]
    explain: Mapping[str, Any]
    said: frozenset[int]


def _lines(txn_ids: Collection[int]) -> dict[_Key, _Posting]:
    if not txn_ids:
        return {}
    txns = session().scalars(select(Txn).where(Txn.id.in_(txn_ids))).all()
    moved: dict[int, list[Any]] = {}
    for row in session().execute(
        select(Transfer.txn_id, Account.asset, Account.subject_id, func.sum(Entry.delta).label("amount"))
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .where(Transfer.txn_id.in_(txn_ids), Account.subject_id.is_not(None))
        .group_by(Transfer.txn_id, Account.asset, Account.subject_id)
        .order_by(Account.asset, Account.subject_id)
    ):
        moved.setdefault(row.txn_id, []).append(row)
    reasons = cases.reasons({txn.evidence_ref for txn in txns})
    said = cases.had_a_say_in({txn.evidence_ref for txn in txns})
    voted: dict[int | None, set[int]] = {}
    for txn_id, who in session().execute(
        select(Award.txn_id, AwardVote.by_id)
        .join(AwardVote, AwardVote.award_id == Award.id)
        .where(Award.txn_id.in_(txn_ids))
    ):
        voted.setdefault(txn_id, set()).add(who)
    return {
        ("txn", txn.id): _Posting(
            txn,
            moved.get(txn.id, ()),
            {**txn.explain, **reasons.get(txn.evidence_ref, {})},
            frozenset(said.get(txn.evidence_ref, set()) | voted.get(txn.id, set())),
        )
        for txn in txns
    }


def _of_whom(posting: _Posting, whose: Sequence[int]) -> Subject | None:
    """Return the line of `whose` of a posting, else of whom it is about."""
    txn = posting.txn
    hers = [row for row in posting.moved if row.subject_id in whose]
    moved = next(iter([*hers, *(row for row in posting.moved if row.subject_id == txn.subject_id)]), None)
    if moved is None:
        return None
    # Who spends her own points decides about nothing; a rule and a job are nobody.
    first = [one for one in (txn.approver_id, txn.actor_id) if one and one != txn.subject_id]
    return Subject(
        ref=f"txn:{txn.id}",
        town_id=txn.town_id,
        scope_path=txn.explain.get("where") or _path_of(txn.town_id),
        owner_id=moved.subject_id,
        state=txn.kind,
        asset=moved.asset,
        amount=int(moved.amount),
        at=_earned_at(txn),
        on_day=txn.effective_on,
        reason_code=txn.reason_code,
        explain=posting.explain,
        deciders=frozenset({*first, *posting.said}),
        first_by=first[0] if first else None,
        evidence_ref=txn.evidence_ref,
        txn_id=txn.id,
        reverses_txn_id=txn.reverses_txn_id,
    )


def _earned_at(txn: Txn) -> dt.datetime:
    earned = txn.explain.get("earned_at")
    return dt.datetime.fromisoformat(earned) if earned else txn.recorded_at


def _path_of(area_id: int) -> str:
    found = places.area(area_id)
    return found.path if found else ""


# --- awards that wait or were refused ---


def _awards(award_ids: Collection[int]) -> Sequence[Award]:
    wanted = select(Award).where(Award.id.in_(award_ids)).execution_options(populate_existing=True)
    return session().scalars(wanted).all() if award_ids else ()


def _waiting(awards: Sequence[Award]) -> dict[_Key, Subject]:
    said: dict[int, set[int]] = {}
    if awards:
        wanted = select(AwardVote.award_id, AwardVote.by_id).where(AwardVote.award_id.in_([one.id for one in awards]))
        for award_id, who in session().execute(wanted):
            said.setdefault(award_id, set()).add(who)
    return {("award", award.id): _award(award, said.get(award.id, set())) for award in awards}


def _award(award: Award, said: set[int]) -> Subject:
    code, _colon, words = (award.decision or "").partition(":")
    return Subject(
        ref=f"award:{award.id}",
        town_id=award.town_id,
        scope_path=award.scope_path,
        owner_id=award.subject_id,
        state=award.state,
        asset=award.explain.get("asset", "points"),
        amount=award.amount,
        at=award.earned_at,
        on_day=clock.local(award.earned_at).date(),
        reason_code=award.reason_code,
        explain=award.explain,
        deciders=frozenset({*said, *([award.decided_by] if award.decided_by else ())}),
        first_by=award.decided_by,
        evidence_ref=award.evidence_ref,
        decision=code,
        words=words,
    )


# --- orders and promises that came to nothing ---


def _orders(order_ids: Collection[uuid.UUID]) -> dict[_Key, Subject]:
    if not order_ids:
        return {}
    rows = session().execute(
        select(RewardOrder, RewardItem.name_zh, RewardItem.name_en)
        .join(RewardItem, RewardItem.id == RewardOrder.item_id)
        .where(RewardOrder.id.in_(order_ids), RewardOrder.state.in_(("refused", "expired")))
    )
    return {("order", row.RewardOrder.id): _order(row) for row in rows}


def _order(row: Any) -> Subject:
    order: RewardOrder = row.RewardOrder
    return Subject(
        ref=f"order:{order.id}",
        town_id=order.town_id,
        scope_path=order.scope_path,
        owner_id=order.member_id,
        state="order",
        asset="points",
        amount=-order.points,
        at=order.created_at,
        on_day=clock.local(order.created_at).date(),
        reason_code=order.state,
        explain={"what": row.name_zh, "what_en": row.name_en or row.name_zh},
        deciders=frozenset([order.done_by] if order.done_by else ()),
        first_by=order.done_by,
        words=order.words,
    )


def _cases(case_ids: Collection[uuid.UUID]) -> dict[_Key, Subject]:
    """Return awards that were promised in answer to an objection and came to nothing; other cases are the staff's."""
    refused = [case for case in cases.promised_of(case_ids) if case.state == "refused"]
    said = cases.had_a_say_in([f"case:{case.id}" for case in refused])
    votes = cases.votes_of([case.id for case in refused])
    assets = cases.assets_of([case.id for case in refused])
    return {
        ("case", case.id): _case(case, assets[case.id], said[f"case:{case.id}"], cases.refusal(votes.get(case.id, ())))
        for case in refused
    }


def _case(case: PointsCase, asset: str, said: set[int], words: str) -> Subject:
    return Subject(
        ref=f"case:{case.id}",
        town_id=case.town_id,
        scope_path=case.scope_path,
        owner_id=case.subject_id,
        state="case",
        asset=asset,
        amount=case.amount,
        at=case.done_at or case.created_at,
        on_day=case.earned_on,
        reason_code=case.outcome,
        explain={},
        deciders=frozenset(said),
        first_by=case.proposed_by,
        words=words,
    )
