"""What a seal covers: a posting written down as one document, with all that hangs on it.

The order and spelling of its fields is part of the proof (docs/proofs.md); a new field needs a new `v`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, select

from community.core import chain
from community.core.db.session import one_of_many, session
from community.points.models import Entry, Lot, LotUse, Rule, RuleVersion, Transfer, Txn

VERSION = 1

_TXN, _TRANSFER, _ENTRY = Txn.__table__.c, Transfer.__table__.c, Entry.__table__.c
_LOT, _USE = Lot.__table__.c, LotUse.__table__.c
_spelled = chain.quoted
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
    # Rows are taken apart by place, not by name: over millions of them that is half of the time.
    for row in session().execute(_rows(which)).all():
        posting_of, move_of, line_of = row[:_POSTING], row[_POSTING:_MOVE], row[_MOVE:_LINE]
        posting = found.get(posting_of[0])
        if posting is None:
            posting = found[posting_of[0]] = _posting(posting_of, rules)
        if move_of[0] is None:
            continue
        move = moves.get(move_of[0])
        if move is None:
            move = moves[move_of[0]] = _move(move_of, row[_LINE:])
            posting.document["transfers"].append(move)
        account_id, seq, delta, after = line_of
        if account_id is not None:
            move["lines"].append({"account": str(account_id), "seq": seq, "delta": delta, "after": after})
    for transfer_id, lot_id, amount in _uses(list(moves)):
        moves[transfer_id]["uses"].append({"lot": str(lot_id), "amount": amount})
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


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a seal must say of a posting; `leaf` is None when its salt is gone."""

    subject_id: int | None
    leaf: bytes | None


def leaves(which: ColumnElement[bool], rules: dict[int, str]) -> dict[int, Leaf]:
    """Return the leaves of the postings for which the condition on `Txn` holds, by id (two statements).

    The same as `documents` and their leaves, in a fraction of the time, since books of millions are looked over every
    night: written out as text at once, key by key in the order of canonical JSON, with `explain` as it is stored. One
    stored in other words than it was sealed in gives another leaf, though its document is the same.
    """
    heads: dict[int, Sequence[Any]] = {}
    moves: dict[int, list[_Move]] = {}
    by_id: dict[int, _Move] = {}
    for row in session().execute(_rows(which, cast(_TXN.explain, Text))).all():
        txn_id, transfer_id, account_id = row[0], row[_POSTING], row[_MOVE]
        if txn_id not in heads:
            heads[txn_id], moves[txn_id] = row, []
        if transfer_id is None:
            continue
        move = by_id.get(transfer_id)
        if move is None:
            move = by_id[transfer_id] = _Move(row)
            moves[txn_id].append(move)
        if account_id is not None:
            move.lines.append(row)
    for transfer_id, lot_id, amount in _uses(list(by_id)):
        by_id[transfer_id].uses.append(f'{{"amount":{amount},"lot":"{lot_id}"}}')
    return {txn_id: _leaf(head, moves[txn_id], rules) for txn_id, head in heads.items()}


class _Move:
    """A transfer as its row has it, with the rows of its lines and what it took from lots."""

    __slots__ = ("lines", "row", "uses")

    def __init__(self, row: Sequence[Any]) -> None:
        self.row = row
        self.lines: list[Sequence[Any]] = []
        self.uses: list[str] = []


def _leaf(row: Sequence[Any], moves: Sequence[_Move], rules: dict[int, str]) -> Leaf:
    (
        txn_id, town_id, kind, key, effective_on, recorded_at, rule_version_id, evidence, subject_id, actor_id,
        approver_id, reverses_txn_id, reason, explain, salt,
    ) = row[:_POSTING]  # fmt: skip
    if not salt:
        return Leaf(subject_id, None)
    rule = rules.get(rule_version_id)
    text = (
        f'{{"actor":"{actor_id}","approver":{_quoted(approver_id)},"effective_on":"{effective_on}",'
        f'"evidence":{_spelled(evidence)},"explain":{explain},"key":{_spelled(key)},'
        f'"kind":{_spelled(kind)},"reason":{_spelled(reason)},'
        f'"recorded_at":"{recorded_at.isoformat(timespec="microseconds")}","reverses":{_quoted(reverses_txn_id)},'
        f'"rule":{_quoted(rule)},"subject":{_quoted(subject_id)},"town":"{town_id}",'
        f'"transfers":[{",".join(map(_moved, moves))}],"txn":"{txn_id}","v":{VERSION}}}'
    )
    return Leaf(subject_id, chain.digest(salt + text.encode()))


def _moved(move: _Move) -> str:
    transfer_id, asset, debit, credit, amount = move.row[_POSTING:_MOVE]
    lot_id, account_id, granted, expires_on = move.row[_LINE:]
    lines = ",".join(
        f'{{"account":"{line[_MOVE]}","after":{line[_MOVE + 3]},"delta":{line[_MOVE + 2]},"seq":{line[_MOVE + 1]}}}'
        for line in move.lines
    )
    lots = (
        ""
        if lot_id is None
        else f'{{"account":"{account_id}","expires_on":"{expires_on}","granted":{granted},"id":"{lot_id}"}}'
    )
    return (
        f'{{"amount":{amount},"asset":{_spelled(asset)},"credit":"{credit}","debit":"{debit}","id":"{transfer_id}",'
        f'"lines":[{lines}],"lots":[{lots}],"uses":[{",".join(move.uses)}]}}'
    )


def _quoted(value: object) -> str:
    return "null" if value is None else f'"{value}"'


def _uses(transfer_ids: Sequence[int]) -> Iterator[Sequence[Any]]:
    # By their ids: joined with the postings, SQLite might read all uses there ever were for each batch.
    uses = select(_USE.transfer_id, _USE.lot_id, _USE.amount).where(one_of_many(_USE.transfer_id, transfer_ids))
    return iter(session().execute(uses.order_by(_USE.transfer_id, _USE.lot_id)).all())


# Where the columns of `_rows` end: those of the posting, of the transfer, of the line; the lot's are the rest.
_POSTING, _MOVE, _LINE = 15, 20, 24


def _rows(which: ColumnElement[bool], explain: ColumnElement[Any] = _TXN.explain) -> Any:
    return (
        select(
            _TXN.id, _TXN.town_id, _TXN.kind, _TXN.dedupe_key, _TXN.effective_on, _TXN.recorded_at,
            _TXN.rule_version_id, _TXN.evidence_ref, _TXN.subject_id, _TXN.actor_id, _TXN.approver_id,
            _TXN.reverses_txn_id, _TXN.reason_code, explain, _TXN.salt,
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


def _posting(row: Sequence[Any], rules: dict[int, str]) -> Sealable:
    (
        txn_id, town_id, kind, key, effective_on, recorded_at, rule_version_id, evidence, subject_id, actor_id,
        approver_id, reverses_txn_id, reason, explain, salt,
    ) = row  # fmt: skip
    document = {
        "v": VERSION,
        "town": str(town_id),
        "txn": str(txn_id),
        "kind": kind,
        "key": key,
        "effective_on": effective_on.isoformat(),
        "recorded_at": recorded_at.isoformat(timespec="microseconds"),
        "rule": rules.get(rule_version_id),
        "evidence": evidence,
        "subject": _text(subject_id),
        "actor": str(actor_id),
        "approver": _text(approver_id),
        "reverses": _text(reverses_txn_id),
        "reason": reason,
        "explain": explain,
        "transfers": [],
    }
    return Sealable(txn_id, subject_id, salt, document)


def _move(row: Sequence[Any], lot: Sequence[Any]) -> dict[str, Any]:
    transfer_id, asset, debit, credit, amount = row
    lot_id, account_id, granted, expires_on = lot
    opened = {"id": str(lot_id), "account": str(account_id), "granted": granted}
    return {
        "id": str(transfer_id),
        "asset": asset,
        "debit": str(debit),
        "credit": str(credit),
        "amount": amount,
        "lines": [],
        "lots": [opened | {"expires_on": expires_on.isoformat()}] if lot_id is not None else [],
        "uses": [],
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
