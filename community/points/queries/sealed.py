"""What a seal covers: a posting written down as one document, with all that hangs on it.

The order and spelling of its fields is part of the proof (docs/proofs.md); a new field needs a new `v`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from community.core import chain
from community.core.db import session
from community.points.models import Entry, Lot, LotUse, Rule, RuleVersion, Transfer, Txn

VERSION = 1

_TXN, _TRANSFER, _ENTRY = Txn.__table__.c, Transfer.__table__.c, Entry.__table__.c
_LOT, _USE = Lot.__table__.c, LotUse.__table__.c
# What a version of a rule says. The day it ends is not in it: that is set later.
_RULE_WORDS = (
    "version", "trigger", "min_grade", "amount", "once_per", "cap_day", "cap_month", "asset", "team_kind", "review",
    "expires_months", "text_zh", "text_en", "resolution", "published_on", "effective_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sealable:
    """A posting as a document. Without its salt (somebody was erased) its leaf cannot be made again."""

    txn_id: int
    subject_id: int | None
    salt: bytes | None
    document: dict[str, Any]

    @property
    def leaf(self) -> bytes | None:
        return chain.leaf(self.salt, self.document) if self.salt else None


def documents(which: ColumnElement[bool], rules: dict[int, str]) -> dict[int, Sealable]:
    """Return the postings for which the condition on `Txn` holds, by id (two statements); `rules` as `rule_hashes`."""
    found: dict[int, Sealable] = {}
    moves: dict[int, dict[str, Any]] = {}
    for row in session().execute(_rows(which)):
        posting = found.get(row.id)
        if posting is None:
            posting = found[row.id] = Sealable(row.id, row.subject_id, row.salt, _document(row, rules))
        if row.transfer_id is None:
            continue
        move = moves.get(row.transfer_id)
        if move is None:
            move = moves[row.transfer_id] = _move(row)
            posting.document["transfers"].append(move)
        if row.account_id is not None:
            line = {"account": str(row.account_id), "seq": row.seq, "delta": row.delta, "after": row.balance_after}
            move["lines"].append(line)
    uses = (
        select(_USE.transfer_id, _USE.lot_id, _USE.amount)
        .join(Transfer.__table__, _TRANSFER.id == _USE.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(which)
        .order_by(_USE.transfer_id, _USE.lot_id)
    )
    for use in session().execute(uses):
        moves[use.transfer_id]["uses"].append({"lot": str(use.lot_id), "amount": use.amount})
    return found


def rule_hashes() -> dict[int, str]:
    """Return the hash of every version of every rule, in hex."""
    version = RuleVersion.__table__.c
    words = [version[name] for name in _RULE_WORDS]
    rows = session().execute(
        select(version.id, Rule.__table__.c.code, Rule.__table__.c.town_id, *words).join(
            Rule.__table__, Rule.__table__.c.id == version.rule_id
        )
    )
    found = {}
    for row in rows:
        said = {name: _plain(getattr(row, name)) for name in _RULE_WORDS}
        said |= {"code": row.code, "town": str(row.town_id)}
        found[row.id] = chain.digest(chain.canonical(said)).hex()
    return found


def among(ids: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition for the postings with `ids`."""
    return _TXN.id.in_(list(ids))


def _rows(which: ColumnElement[bool]) -> Any:
    return (
        select(
            _TXN.id, _TXN.town_id, _TXN.kind, _TXN.dedupe_key, _TXN.effective_on, _TXN.recorded_at,
            _TXN.rule_version_id, _TXN.evidence_ref, _TXN.subject_id, _TXN.actor_id, _TXN.approver_id,
            _TXN.reverses_txn_id, _TXN.reason_code, _TXN.explain, _TXN.salt,
            _TRANSFER.id.label("transfer_id"), _TRANSFER.asset, _TRANSFER.debit_account_id,
            _TRANSFER.credit_account_id, _TRANSFER.amount,
            _ENTRY.account_id, _ENTRY.seq, _ENTRY.delta, _ENTRY.balance_after,
            _LOT.id.label("lot_id"), _LOT.account_id.label("lot_account_id"), _LOT.granted, _LOT.expires_on,
        )
        .outerjoin(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .outerjoin(Entry.__table__, _ENTRY.transfer_id == _TRANSFER.id)
        .outerjoin(Lot.__table__, _LOT.transfer_id == _TRANSFER.id)
        .where(which)
        .order_by(_TXN.id, _TRANSFER.id, _ENTRY.account_id)
    )  # fmt: skip


def _document(row: Any, rules: dict[int, str]) -> dict[str, Any]:
    return {
        "v": VERSION,
        "town": str(row.town_id),
        "txn": str(row.id),
        "kind": row.kind,
        "key": row.dedupe_key,
        "effective_on": row.effective_on.isoformat(),
        "recorded_at": row.recorded_at.isoformat(timespec="microseconds"),
        "rule": rules.get(row.rule_version_id),
        "evidence": row.evidence_ref,
        "subject": _text(row.subject_id),
        "actor": str(row.actor_id),
        "approver": _text(row.approver_id),
        "reverses": _text(row.reverses_txn_id),
        "reason": row.reason_code,
        "explain": row.explain,
        "transfers": [],
    }


def _move(row: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": str(row.transfer_id),
        "asset": row.asset,
        "debit": str(row.debit_account_id),
        "credit": str(row.credit_account_id),
        "amount": row.amount,
        "lines": [],
        "lots": [],
        "uses": [],
    }
    if row.lot_id is not None:
        lot = {"id": str(row.lot_id), "account": str(row.lot_account_id), "granted": row.granted}
        made["lots"].append(lot | {"expires_on": row.expires_on.isoformat()})
    return made


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
