"""Posting awards: caps, then budget, then the ledger; always in this order, so that postings never wait in a circle.

Nothing here refuses an act: an award that cannot be posted is left out with a reason ("hour", "day", "month", "cap")
or has to wait ("budget"). Only programming errors raise. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Insert, Update, bindparam, case, insert, select, text, update

from community.core import clock
from community.core.db import session
from community.core.errors import Busy, on_constraint
from community.core.ids import new_id
from community.points import policies
from community.points.models import BudgetSlot, Entry, Lot, RuleUsage, Transfer, Txn, Unsealed
from community.points.policies import Terms

# Two deliveries of the same act met: the other one posted it, and a second look will find it.
on_constraint("uq_txn_dedupe", Busy)


@dataclass(frozen=True, slots=True)
class Claim:
    """An act that meets a rule: whose, where, when it was earned, and on which row of which room it rests."""

    terms: Terms
    town_id: int
    scope_path: str
    subject_id: int
    evidence_ref: str
    earned_at: dt.datetime
    grade: str
    place: str
    # What happened while it waited, for the explanation: reason, since when.
    waited: dict[str, Any] = field(default_factory=dict)

    @property
    def dedupe_key(self) -> str:
        return policies.dedupe_key(self.terms.rule_id, self.evidence_ref, self.subject_id)

    def explanation(self) -> dict[str, Any]:
        """Return what the claim writes down about itself, posted or waiting."""
        return policies.explanation(
            self.terms, earned_at=self.earned_at, grade=self.grade, place=self.place, where=self.scope_path
        )


@dataclass(frozen=True, slots=True)
class By:
    """Who caused the posting (0: a rule or job) and which second person approved it, if one had to."""

    actor_id: int
    approver_id: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim: posted as `txn_id`, or not, for `reason`: "budget" or a word of `policies.why_full`."""

    claim: Claim
    txn_id: int | None = None
    reason: str = ""


def post_awards(claims: Sequence[Claim], by: By) -> list[Outcome]:
    """Post claims of one person in one town, earliest first; returns an outcome for each, in that order.

    The caller has looked the natural keys up; should the same act be posted by somebody else meanwhile, the unique key
    ends this transaction (Busy).
    """
    ordered = sorted(claims, key=lambda claim: (claim.earned_at, claim.evidence_ref))
    outcomes: dict[int, Outcome] = {}
    fits: list[tuple[Claim, dict[str, int]]] = []
    for claim in ordered:
        reason, used = _take_usage(claim)
        if reason:
            outcomes[id(claim)] = Outcome(claim, reason=reason)
        else:
            fits.append((claim, used))
    # Minutes cost nothing; accounts are locked in one order, minutes first.
    minutes = [fit for fit in fits if fit[0].terms.asset == "minutes"]
    points = [fit for fit in fits if fit[0].terms.asset == "points"]
    paid = _take_budget([claim for claim, _used in points])
    for claim, _used in points[paid:]:
        _give_usage_back(claim, tuple(period.key for period in policies.periods(claim.terms, claim.earned_at)))
        outcomes[id(claim)] = Outcome(claim, reason="budget")
    for claim, txn_id in (*_write(minutes, by), *_write(points[:paid], by)):
        outcomes[id(claim)] = Outcome(claim, txn_id=txn_id)
    return [outcomes[id(claim)] for claim in ordered]


# --- caps ---

_TAKE = (
    "INSERT INTO rule_usage (rule_id, subject_id, period_key, used, cap) VALUES {rows} "
    "ON CONFLICT (rule_id, subject_id, period_key) "
    "DO UPDATE SET used = rule_usage.used + excluded.used, cap = excluded.cap "
    "WHERE rule_usage.used + excluded.used <= excluded.cap RETURNING period_key, used"
)
# One statement for all periods of an award. As text, because SQLAlchemy compiles an insert of several rows every time.
_TAKE_OF = {
    count: text(
        _TAKE.format(rows=", ".join(f"(:rule, :subject, :key{i}, :amount, :cap{i})" for i in range(count)))
    )
    for count in (1, 2, 3)
}  # fmt: skip


def _take_usage(claim: Claim) -> tuple[str, dict[str, int]]:
    """Count the award in its periods; return why it does not fit ("" when it does) and what is used of them now."""
    wanted = policies.periods(claim.terms, claim.earned_at)
    if not wanted:
        return "", {}
    values: dict[str, Any] = {
        "rule": claim.terms.rule_id,
        "subject": claim.subject_id,
        "amount": claim.terms.amount,
    }
    for index, period in enumerate(wanted):
        values |= {f"key{index}": period.key, f"cap{index}": period.cap}
    taken = {row.period_key: row.used for row in session().execute(_TAKE_OF[len(wanted)], values)}
    refused = [period for period in wanted if period.key not in taken]
    if not refused:
        return "", taken
    if taken:
        _give_usage_back(claim, tuple(taken))
    return policies.why_full(claim.terms, refused), {}


def _give_usage_back(claim: Claim, keys: tuple[str, ...]) -> None:
    session().execute(
        update(RuleUsage)
        .where(
            RuleUsage.rule_id == claim.terms.rule_id,
            RuleUsage.subject_id == claim.subject_id,
            RuleUsage.period_key.in_(keys),
        )
        .values(used=RuleUsage.used - claim.terms.amount)
        .execution_options(synchronize_session=False)
    )


# --- budget ---

_SLOT = BudgetSlot.__table__.c
_BUDGET = (_SLOT.town_id == bindparam("town")) & (_SLOT.year == bindparam("in_year"))
_ROOM = _SLOT.used + bindparam("taken") <= _SLOT.amount
# Nobody ever waits for a slot. Waiting would deadlock: PostgreSQL keeps the lock of a row that it waited for and that
# then did not fit, and the next slots would be locked in another order than somebody else locks them.
_FREE = BudgetSlot.__table__.alias("free").c
_TAKE_ONE = (
    update(BudgetSlot.__table__)  # type: ignore[arg-type]
    .where(
        _BUDGET,
        _ROOM,
        _SLOT.slot
        == select(_FREE.slot)
        .where(
            _FREE.town_id == bindparam("town"),
            _FREE.year == bindparam("in_year"),
            _FREE.used + bindparam("taken") <= _FREE.amount,
        )
        .order_by(case((_FREE.slot == bindparam("own"), 0), else_=1), _FREE.slot)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
        .scalar_subquery(),
    )
    .values(used=_SLOT.used + bindparam("taken"))
)
_TAKE_FROM = (
    update(BudgetSlot.__table__)  # type: ignore[arg-type]
    .where(_BUDGET, _ROOM, _SLOT.slot == bindparam("own"))
    .values(used=_SLOT.used + bindparam("taken"))
)
_LEFT = (
    select(_SLOT.slot, _SLOT.amount, _SLOT.used)
    .where(_BUDGET, _SLOT.used < _SLOT.amount)
    .with_for_update(key_share=True, skip_locked=True)
)


def _take_budget(claims: Sequence[Claim]) -> int:
    """Take what `claims` cost from the town's budget of the year of recording; return how many of them it pays.

    One statement while any slot has enough, the person's own first. At the very end the amount comes out of several, so
    that the last points are spent. What others are taking at this moment counts as gone: an unpaid award does not mean
    that the budget is empty (`budget.tell_if_empty` looks), and waits for the next run of `jobs.post_waiting` at most.
    """
    if not claims:
        return 0
    town = {"town": claims[0].town_id, "in_year": clock.today().year}
    own = policies.first_slot(claims[0].subject_id)
    amounts = [claim.terms.amount for claim in claims]
    if _done(_TAKE_ONE, town, own, sum(amounts)):
        return len(claims)
    left = {row.slot: row.amount - row.used for row in session().execute(_LEFT, town)}
    paid = policies.whole(amounts, sum(left.values()))
    for number, part in policies.draw(left, own, sum(amounts[:paid])).items():
        if not _done(_TAKE_FROM, town, number, part):
            raise RuntimeError(f"budget slot {number} of town {town['town']} changed under its lock")
    return paid


def _done(statement: Update, town: dict[str, int], slot: int, amount: int) -> bool:
    found = session().execute(statement, {**town, "own": slot, "taken": amount})
    return bool(found.rowcount)  # type: ignore[attr-defined]


# --- ledger ---

_TXN, _TRANSFER, _ENTRY = insert(Txn.__table__), insert(Transfer.__table__), insert(Entry.__table__)  # type: ignore[arg-type]
_LOT, _UNSEALED = insert(Lot.__table__), insert(Unsealed.__table__)  # type: ignore[arg-type]


def _write(fits: Sequence[tuple[Claim, dict[str, int]]], by: By) -> list[tuple[Claim, int]]:
    if not fits:
        return []
    first = fits[0][0]
    total = sum(claim.terms.amount for claim, _used in fits)
    account_id, balance, seq = _credit(first, total, len(fits))
    balance, seq = balance - total, seq - len(fits)
    rows: dict[str, list[dict[str, Any]]] = {"txn": [], "transfer": [], "entry": [], "lot": [], "unsealed": []}
    done = []
    for claim, used in fits:
        balance, seq = balance + claim.terms.amount, seq + 1
        made = posting_rows(
            claim, by, used, recorded_at=clock.now(), account_id=account_id, seq=seq, balance=balance,
        )  # fmt: skip
        for name, row in made.items():
            rows[name].append(row)
        done.append((claim, int(made["txn"]["id"])))
    _insert(rows, len(fits))
    return done


# In the order of their foreign keys.
POSTING = (("txn", _TXN), ("transfer", _TRANSFER), ("entry", _ENTRY), ("lot", _LOT), ("unsealed", _UNSEALED))


def _at_once() -> Insert:
    """All rows of one posting as one statement: four round trips less. References are looked up when it ends."""
    *first, last = (
        statement.values({column: bindparam(f"{name}_{column.name}") for column in statement.table.columns})
        for name, statement in POSTING
    )
    return last.add_cte(*(statement.cte(f"new_{statement.table.name}") for statement in first))


_AT_ONCE = _at_once()


def _insert(rows: dict[str, list[dict[str, Any]]], count: int) -> None:
    """Insert what `count` postings consist of, by table."""
    if count == 1 and session().get_bind().dialect.name == "postgresql":
        # SQLite knows no writing statement inside another.
        values = {f"{name}_{column}": value for name, (row,) in rows.items() for column, value in row.items()}
        session().execute(_AT_ONCE, values)
        return
    for name, statement in POSTING:
        # A list of one would take the slower way of many.
        session().execute(statement, rows[name] if count > 1 else rows[name][0])


def posting_rows(
    claim: Claim,
    by: By,
    used: dict[str, int],
    *,
    recorded_at: dt.datetime,
    account_id: int,
    seq: int,
    balance: int,
) -> dict[str, dict[str, Any]]:
    """Return the rows of one award by table: the posting, its transfer, the resident's entry, the lot, the seal's task.

    `used` is what its periods hold with it, `seq` and `balance` what the account holds after it.
    """
    terms, txn_id, transfer_id = claim.terms, new_id(), new_id()
    effective_on, recorded_on = clock.local(claim.earned_at).date(), clock.local(recorded_at).date()
    expires_on = policies.expires_on(effective_on, recorded_on, terms.expires_months, terms.asset)
    explain = claim.explanation()
    explain |= {"used": used, "expires_on": expires_on.isoformat(), "balance": balance}
    if claim.waited:
        explain["waited"] = claim.waited
    return {
        "txn": {
            "id": txn_id,
            "town_id": claim.town_id,
            "kind": "award",
            "dedupe_key": claim.dedupe_key,
            "effective_on": effective_on,
            "recorded_at": recorded_at,
            "rule_version_id": terms.version_id,
            "evidence_ref": claim.evidence_ref,
            "subject_id": claim.subject_id,
            "actor_id": by.actor_id,
            "approver_id": by.approver_id,
            "reverses_txn_id": None,
            "reason_code": claim.waited.get("reason", ""),
            "explain": explain,
            "salt": secrets.token_bytes(16),
        },
        "transfer": {
            "id": transfer_id,
            "town_id": claim.town_id,
            "asset": terms.asset,
            "txn_id": txn_id,
            "debit_account_id": terms.issuance_id,
            "credit_account_id": account_id,
            "amount": terms.amount,
        },
        "entry": {
            "account_id": account_id,
            "seq": seq,
            "transfer_id": transfer_id,
            "delta": terms.amount,
            "balance_after": balance,
        },
        "lot": {
            "id": new_id(),
            "account_id": account_id,
            "transfer_id": transfer_id,
            "granted": terms.amount,
            "remaining": terms.amount,
            "held": 0,
            "expires_on": expires_on,
        },
        "unsealed": {"txn_id": txn_id, "town_id": claim.town_id},
    }


# As text for the same reason as above, and because both engines spell it alike.
_OPEN_OR_ADD = text(
    "INSERT INTO account (id, town_id, asset, kind, subject_id, posted, held, seq) "
    "VALUES (:id, :town, :asset, 'resident', :subject, :amount, 0, :lines) "
    "ON CONFLICT (town_id, asset, subject_id) WHERE kind = 'resident' "
    "DO UPDATE SET posted = account.posted + excluded.posted, seq = account.seq + excluded.seq "
    "RETURNING id, posted, seq"
)


def _credit(first: Claim, amount: int, lines: int) -> tuple[int, int, int]:
    """Add to the account of the claim's person, which her first award opens; return (id, posted, seq) after it."""
    added = {
        "id": new_id(), "town": first.town_id, "asset": first.terms.asset, "subject": first.subject_id,
        "amount": amount, "lines": lines,
    }  # fmt: skip
    row = session().execute(_OPEN_OR_ADD, added).one()
    return row.id, row.posted, row.seq
