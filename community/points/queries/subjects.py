"""What somebody may object to: a posting, an award that waits or was refused, an order that was refused."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
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
    CaseVote,
    Entry,
    PointsCase,
    RewardItem,
    RewardOrder,
    Transfer,
    Txn,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """One row about a member, as far as an objection to it needs to know.

    `state` is a posting's kind ("award", "expire", …), "held", "refused", "order". `amount` is signed. `deciders` are
    the people who had a say in it: none of them answers an objection to it.
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


def find(ref: str) -> Subject | None:
    """Return what `ref` ("txn:<id>", "award:<id>", "order:<uuid>") names; None for nothing, and for what is nobody's.

    An award that was posted is its posting.
    """
    kind, _colon, key = ref.partition(":")
    if kind == "order":
        order_id = parse_uuid(key)
        return _order(order_id) if order_id else None
    number = parse_id(key)
    if number is None or kind not in {"txn", "award"}:
        return None
    return _txn(number, ref) if kind == "txn" else _award(number)


def _txn(txn_id: int, ref: str) -> Subject | None:
    txn = session().get(Txn, txn_id)
    moved = session().execute(
        select(Account.asset, func.sum(Entry.delta).label("amount"))
        .join(Entry, Entry.account_id == Account.id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(Transfer.txn_id == txn_id, Account.subject_id == (txn.subject_id if txn else None))
        .group_by(Account.asset)
    ).first()  # fmt: skip
    if txn is None or moved is None:
        return None
    # Who spends her own points decides about nothing; a rule and a job are nobody.
    first = [one for one in (txn.approver_id, txn.actor_id) if one and one != txn.subject_id]
    return Subject(
        ref=ref,
        town_id=txn.town_id,
        scope_path=txn.explain.get("where") or _path_of(txn.town_id),
        owner_id=txn.subject_id or 0,
        state=txn.kind,
        asset=moved.asset,
        amount=int(moved.amount),
        at=_earned_at(txn),
        on_day=txn.effective_on,
        reason_code=txn.reason_code,
        explain=txn.explain,
        deciders=frozenset({*first, *_voters(txn.evidence_ref), *_award_voters(txn.id)}),
        first_by=first[0] if first else None,
        evidence_ref=txn.evidence_ref,
        txn_id=txn.id,
        reverses_txn_id=txn.reverses_txn_id,
    )


def _earned_at(txn: Txn) -> dt.datetime:
    earned = txn.explain.get("earned_at")
    return dt.datetime.fromisoformat(earned) if earned else txn.recorded_at


def _award(award_id: int) -> Subject | None:
    award = session().get(Award, award_id, populate_existing=True)
    if award is None:
        return None
    if award.txn_id is not None:
        return _txn(award.txn_id, f"award:{award_id}")
    code, _colon, words = (award.decision or "").partition(":")
    said = session().scalars(select(AwardVote.by_id).where(AwardVote.award_id == award_id)).all()
    return Subject(
        ref=f"award:{award_id}",
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


def _order(order_id: uuid.UUID) -> Subject | None:
    row = session().execute(
        select(RewardOrder, RewardItem.name_zh)
        .join(RewardItem, RewardItem.id == RewardOrder.item_id)
        .where(RewardOrder.id == order_id, RewardOrder.state == "refused")
    ).first()  # fmt: skip
    if row is None:
        return None
    order: RewardOrder = row.RewardOrder
    return Subject(
        ref=f"order:{order_id}",
        town_id=order.town_id,
        scope_path=order.scope_path,
        owner_id=order.member_id,
        state="order",
        asset="points",
        amount=-order.points,
        at=order.created_at,
        on_day=clock.local(order.created_at).date(),
        reason_code="refused",
        explain={"what": row.name_zh},
        deciders=frozenset([order.done_by] if order.done_by else ()),
        first_by=order.done_by,
        words=order.words,
    )


def _voters(evidence_ref: str) -> Iterable[int]:
    """Who proposed the case that a posting rests on, and who decided it."""
    kind, _colon, key = evidence_ref.partition(":")
    case_id = parse_uuid(key) if kind == "case" else None
    if case_id is None:
        return ()
    proposed = select(PointsCase.proposed_by).where(PointsCase.id == case_id)
    voted = select(CaseVote.by_id).where(CaseVote.case_id == case_id)
    return session().scalars(proposed.union(voted)).all()


def _award_voters(txn_id: int) -> Iterable[int]:
    """Who reviewed the waiting award that became a posting."""
    voted = select(AwardVote.by_id).join(Award, Award.id == AwardVote.award_id)
    return session().scalars(voted.where(Award.txn_id == txn_id)).all()


def _path_of(area_id: int) -> str:
    found = places.area(area_id)
    return found.path if found else ""
