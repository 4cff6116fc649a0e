"""The rows that many past awards leave in the ledger, written in batches."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id
from community.points.backfill.walk import PastAct, PastDecision, Sums, Walk, versions
from community.points.models import Account, Award, BudgetSlot, LedgerNote, RuleUsage
from community.points.queries.noted import of_award
from community.points.services import noting
from community.points.services.posting import POSTING, By, Claim, posting_rows

_BATCH = 4000


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the acts: awards posted, waiting for a person, waiting for the budget, refused."""

    posted: int
    flagged: int
    without_budget: int
    refused: int


@dataclass(slots=True)
class _Books:
    """A person's account while it fills."""

    id: int
    posted: int = 0
    seq: int = 0


class PastAwards(Walk):
    """Takes acts in the order of their instants and writes their awards; `finish()` writes the sums.

    Needs `transaction()`, and towns whose residents have no account yet, because balances begin at zero here; raises
    RuntimeError for others.
    """

    def __init__(self, actor: Actor) -> None:
        must_be_system(actor)
        if session().execute(select(Account.id).where(Account.kind == "resident").limit(1)).first():
            raise RuntimeError("past awards begin at zero, and there is a resident's account already")
        super().__init__(versions(), Sums(left=_slots()))
        self._accounts: dict[tuple[int, str, int], _Books] = {}
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._tally: Counter[str] = Counter()

    def take(self, acts: Iterable[PastAct]) -> None:
        """Award acts, oldest first; writes a batch when enough rows have come together."""
        super().take(acts)
        if len(self._rows["txn"]) >= _BATCH:
            self._flush()

    def finish(self) -> Tally:
        """Write the rest with the sums of accounts, caps and budgets, and say what became of the acts."""
        self.decide_the_rest()
        self._flush()
        self._write_accounts()
        self._write_usage()
        self._write_budgets()
        tally = self._tally
        return Tally(tally["posted"], tally["flagged"], tally["budget"], tally["refused"])

    def posted(self, claim: Claim, by: By, recorded_at: dt.datetime) -> int:
        """Keep the rows of a posting for the next batch; returns its id."""
        books = self._books(claim)
        books.posted += claim.terms.amount
        books.seq += 1
        made = posting_rows(
            claim,
            by,
            self.sums.used(claim),
            recorded_at=recorded_at,
            account_id=books.id,
            seq=books.seq,
            balance=books.posted,
        )
        for name, row in made.items():
            self._rows[name].append(row)
        self._tally["posted"] += 1
        return int(made["txn"]["id"])

    def waits(self, claim: Claim, reason: str, decided_by: int | None = None) -> None:
        """Keep the row of an award that waits."""
        self._tally[reason] += 1
        row = _award(claim, "flagged" if decided_by else reason, state="held", reason_code=reason)
        self._keep_award(row | {"decided_by": decided_by}, claim.earned_at, noted=decided_by is not None)

    def closed(self, claim: Claim, decision: PastDecision, code: str, txn_id: int | None) -> None:
        """Keep the row of an award on which a person decided."""
        self._tally["refused"] += txn_id is None
        row = _award(claim, "flagged", state="posted" if txn_id else "refused", reason_code="flagged")
        words = f"{code}:{decision.words}"[:200]
        said = {"decided_at": decision.at, "decided_by": decision.by_id, "decision": words, "txn_id": txn_id}
        self._keep_award(row | said, decision.at, noted=txn_id is None)

    def _keep_award(self, row: dict[str, Any], at: dt.datetime, *, noted: bool) -> None:
        """Keep the row of an award, and the note of what became of it."""
        self._rows["award"].append(row)
        if noted:
            said, by_id = of_award(SimpleNamespace(**row)), row["decided_by"] or 0
            self._rows["note"].append(noting.row(row["town_id"], f"award:{row['id']}", said, by_id=by_id, at=at))

    def _books(self, claim: Claim) -> _Books:
        key = claim.town_id, claim.terms.asset, claim.subject_id
        books = self._accounts.get(key)
        if books is None:
            books = self._accounts[key] = _Books(new_id())
            town_id, asset, subject_id = key
            self._rows["account"].append(
                {"id": books.id, "town_id": town_id, "asset": asset, "kind": "resident", "subject_id": subject_id}
            )
        return books

    def _flush(self) -> None:
        if accounts := self._rows.pop("account", None):
            session().execute(insert(Account), accounts)
        for name, statement in POSTING:
            if rows := self._rows.pop(name, None):
                session().execute(statement, rows)
        if awards := self._rows.pop("award", None):
            session().execute(insert(Award), awards)
        if notes := self._rows.pop("note", None):
            session().execute(insert(LedgerNote), notes)

    def _write_accounts(self) -> None:
        account = Account.__table__.c
        sums = [{"of": books.id, "sum": books.posted, "lines": books.seq} for books in self._accounts.values()]
        if sums:
            session().connection().execute(
                update(Account)
                .where(account.id == bindparam("of"))
                .values(posted=bindparam("sum"), seq=bindparam("lines")),
                sums,
            )

    def _write_usage(self) -> None:
        rows = [
            {"rule_id": rule, "subject_id": subject, "period_key": period, "used": used, "cap": cap}
            for (rule, subject, period), cap in self.sums.caps.items()
            if (used := self.sums.usage[rule, subject, period])
        ]
        if rows:
            session().execute(insert(RuleUsage), rows)

    def _write_budgets(self) -> None:
        slot = BudgetSlot.__table__.c
        spent = [
            {"of_town": town, "in_year": year, "in_slot": number, "more": part}
            for (town, year, number), part in self.sums.spent.items()
        ]
        if spent:
            session().connection().execute(
                update(BudgetSlot)
                .where(
                    slot.town_id == bindparam("of_town"),
                    slot.year == bindparam("in_year"),
                    slot.slot == bindparam("in_slot"),
                )
                .values(used=slot.used + bindparam("more")),
                spent,
            )


def _award(claim: Claim, waits: str, *, state: str, reason_code: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "town_id": claim.town_id,
        "scope_path": claim.scope_path,
        "rule_version_id": claim.terms.version_id,
        "dedupe_key": claim.dedupe_key,
        "subject_id": claim.subject_id,
        "evidence_ref": claim.evidence_ref,
        "amount": claim.terms.amount,
        "earned_at": claim.earned_at,
        "explain": claim.explanation() | {"waits": waits},
        "state": state,
        "reason_code": reason_code,
        "created_at": claim.earned_at,
        "decided_at": None,
        "decided_by": None,
        "decision": None,
        "txn_id": None,
        "not_before": None,
    }


def _slots() -> dict[tuple[int, int], dict[int, int]]:
    slot = BudgetSlot.__table__.c
    found: dict[tuple[int, int], dict[int, int]] = {}
    for row in session().execute(select(slot.town_id, slot.year, slot.slot, slot.amount, slot.used)):
        found.setdefault((row.town_id, row.year), {})[row.slot] = row.amount - row.used
    return found
