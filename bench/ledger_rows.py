"""The rows of a ledger with a long past, made up by arithmetic: every kind of posting, every lot, every seal.

Pure: no database and no program in it but hashes, so that several processes can make millions of rows. A person's
postings follow a cycle of twenty: thirteen awards of points, three of minutes, a correction, an expiry, a reward that
was fetched, a donation. People take turns, so that the lines of one of them lie scattered over the tables, as years of
real service would leave them. What is sealed here is what the program would seal; `flask points verify` checks it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from community.core.ids import EPOCH_MS

CYCLE = 20
BATCH = 4000  # postings
ITEM_POINTS, CAUSE_POINTS = 25, 15
STOCK = 1_000_000_000

COLUMNS = {
    "txn": "id, town_id, kind, dedupe_key, effective_on, recorded_at, rule_version_id, evidence_ref, subject_id, "
    "actor_id, approver_id, reverses_txn_id, reason_code, explain, salt",
    "transfer": "id, town_id, asset, txn_id, debit_account_id, credit_account_id, amount",
    "entry": "account_id, seq, transfer_id, delta, balance_after",
    "lot": "id, account_id, transfer_id, granted, remaining, held, expires_on",
    "lot_use": "lot_id, transfer_id, amount",
    "seal": "town_id, seq, txn_id, leaf_hash, prev_hash, hash, sealed_at",
    "reward_order": "id, town_id, scope_path, item_id, member_id, by_id, quantity, points, code, state, created_at, "
    "expires_at, done_at, done_by, words, txn_id",
    "hold": "id, town_id, account_id, order_id, amount, dedupe_key, expires_at",
    "hold_lot": "hold_id, lot_id, amount",
    "hold_resolution": "hold_id, outcome, transfer_id, at",
    "stock_move": "id, item_id, seq, delta, on_hand_after, reason, order_id, words, by_id, at",
    "account": "id, town_id, asset, kind, subject_id, posted, held, seq",
}
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A version of a rule; `digest` is what a seal says about it."""

    version_id: int
    rule_id: int
    code: str
    amount: int
    months: int
    digest: str


@dataclass(frozen=True, slots=True)
class Town:
    """A town with open books; `number` makes its ids its own, `accounts` are the system's, by asset and kind."""

    number: int
    id: int
    path: str
    accounts: dict[tuple[str, str], int]
    rules: dict[str, Rule]
    item_id: str
    cause_id: str
    keeper_id: int
    members: Sequence[int]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one engine takes values in bulk."""

    null: Any
    blob: Callable[[bytes], Any]
    uuid: Callable[[str], Any]
    at: Callable[[dt.datetime], Any]


# COPY takes text, in which a backslash is written twice.
POSTGRES = Spelling("\\N", lambda raw: "\\\\x" + raw.hex(), lambda text: text, lambda at: at.isoformat(" "))
SQLITE = Spelling(
    None, lambda raw: raw, lambda text: text.replace("-", ""), lambda at: f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond:06d}"
)


@dataclass(slots=True)
class Purse:
    """A person's two accounts while they fill."""

    member_id: int
    points_id: int
    minutes_id: int
    posted: int = 0
    seq: int = 0
    minutes: int = 0
    minutes_seq: int = 0
    # (lot, transfer) of what is not used yet, the oldest first.
    lots: deque[tuple[int, int, str]] = field(default_factory=deque)
    short: tuple[int, int, str] | None = None
    last_txn: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """The instant of one posting, as its rows spell it."""

    at: dt.datetime
    base: int
    iso: str
    day: str
    spelled: Any


class Books:
    """The books of one town while they are written; `rows` of a batch are taken by `batches`."""

    def __init__(self, town: Town, spelling: Spelling, genesis: bytes) -> None:
        self.town, self.spelling = town, spelling
        self.head, self.seals, self.collected, self.issued = genesis, 0, 0, 0
        self.purses: list[Purse] = []
        self.rows: Rows = {name: [] for name in COLUMNS}

    def batches(
        self, members: Sequence[int], rounds: int, *, first_at: dt.datetime, step: dt.timedelta, lane: int = 0
    ) -> Iterator[tuple[int, Rows]]:
        """Yield (postings, rows) in batches: each of `members` gets `rounds` postings, one in each `step` of time.

        `lane` (0 or 1) keeps the ids of two calls for one town apart.
        """
        purses = [self._open(member, number, lane) for number, member in enumerate(members)]
        self.purses += purses
        acts = self._acts()
        made, pause = 0, step / max(1, len(purses))
        for turn_number in range(rounds):
            act = acts[turn_number % CYCLE]
            begun = first_at + step * turn_number
            for number, purse in enumerate(purses):
                act(purse, self._turn(begun + pause * number, lane))
                made += 1
                if made == BATCH:
                    yield made, self._taken()
                    made = 0
        yield made, self._taken()

    def rest(self) -> Rows:
        """Return what is written last: the lots that are still open, and the accounts as they stand."""
        lots, accounts = self.rows["lot"], self.rows["account"]
        for purse in self.purses:
            for lot_id, transfer_id, until in purse.lots:
                lots.append((lot_id, purse.points_id, transfer_id, 5, 5, 0, until))
            if purse.short:
                lots.append((purse.short[0], purse.points_id, purse.short[1], 5, 5, 0, purse.short[2]))
            for account, asset, posted, seq in (
                (purse.points_id, "points", purse.posted, purse.seq),
                (purse.minutes_id, "minutes", purse.minutes, purse.minutes_seq),
            ):
                accounts.append((account, self.town.id, asset, "resident", purse.member_id, posted, 0, seq))
        return self._taken()

    def _taken(self) -> Rows:
        taken, self.rows = self.rows, {name: [] for name in COLUMNS}
        return taken

    def _open(self, member: int, number: int, lane: int) -> Purse:
        base = (1 << 40) * (self.town.number * 2 + lane + 1) + number * 2
        return Purse(member, base, base + 1)

    def _turn(self, at: dt.datetime, lane: int) -> Turn:
        milliseconds = int(at.timestamp() * 1000) - EPOCH_MS
        base = (milliseconds << 22) | (self.town.number << 12) | (lane << 11)
        local = at + dt.timedelta(hours=8)
        return Turn(at, base, at.isoformat(timespec="microseconds"), f"{local:%Y-%m-%d}", self.spelling.at(at))

    def _acts(self) -> list[Callable[[Purse, Turn], None]]:
        award, minutes = self._award_long, self._award_minutes
        return [
            *(award, award, award, award, award, self._award_short, minutes, minutes, award, award),
            *(award, award, award, minutes, self._reverse, self._expire, self._redeem, award, self._donate, award),
        ]

    # --- what comes in ---

    def _award_long(self, purse: Purse, turn: Turn) -> None:
        lot = self._award(purse, turn, "long", "points")
        purse.lots.append(lot)

    def _award_short(self, purse: Purse, turn: Turn) -> None:
        purse.short = self._award(purse, turn, "short", "points")

    def _award_minutes(self, purse: Purse, turn: Turn) -> None:
        lot_id, transfer_id, until = self._award(purse, turn, "minutes", "minutes")
        amount = self.town.rules["minutes"].amount
        self.rows["lot"].append((lot_id, purse.minutes_id, transfer_id, amount, amount, 0, until))

    def _award(self, purse: Purse, turn: Turn, name: str, asset: str) -> tuple[int, int, str]:
        rule, town = self.town.rules[name], self.town
        txn, transfer, lot, amount = turn.base, turn.base + 1, turn.base + 2, rule.amount
        if asset == "points":
            purse.posted += amount
            purse.seq += 1
            account, balance, seq = purse.points_id, purse.posted, purse.seq
            until = _months_later(turn.day, rule.months)
            self.issued += amount
        else:
            purse.minutes += amount
            purse.minutes_seq += 1
            account, balance, seq, until = purse.minutes_id, purse.minutes, purse.minutes_seq, "9999-12-31"
        local = turn.at + dt.timedelta(hours=8)
        explain = (
            f'{{"amount":{amount},"asset":"{asset}","balance":{balance},"cap_day":null,"cap_month":null,'
            f'"day":"{turn.day}","earned_at":"{turn.iso}","expires_months":{rule.months},"expires_on":"{until}",'
            f'"grade":"B","hour":"{local:%Y-%m-%dT%H}","min_grade":"D","month":"{turn.day[:7]}","once_per":"",'
            f'"place":"晚潮苑南门岗","rule":"{rule.code}","used":{{}},"version":"1","where":"{town.path}"}}'
        )
        evidence = f"checkin:{_uuid(txn)}"
        purse.last_txn = txn
        self._post(
            turn, kind="award", key=f"award:{rule.rule_id}:{evidence}:{purse.member_id}", day=turn.day, rule=rule,
            evidence=evidence, subject=purse.member_id, explain=explain, asset=asset,
            debit=town.accounts[asset, "issuance"], credit=account, amount=amount, account=account, delta=amount,
            after=balance, seq=seq, transfer=transfer, uses=(),
            lots=f'{{"account":"{account}","expires_on":"{until}","granted":{amount},"id":"{lot}"}}',
        )  # fmt: skip
        return lot, transfer, until

    # --- what goes out ---

    def _reverse(self, purse: Purse, turn: Turn) -> None:
        lot = purse.lots.pop()
        reversed_txn = lot[1] - 1
        explain = (
            f'{{"amount":5,"asked":5,"balance":{purse.posted - 5},"lots":[{{"amount":5,"expires_on":"{lot[2]}"}}],'
            f'"place":"晚潮苑南门岗","reverses":"{reversed_txn}","where":"{self.town.path}","written_off":0}}'
        )
        case = f"case:{_uuid(turn.base)}"
        self._debit(
            purse, turn, [lot], "reverse", "reversed", f"reverse:{case}", case, explain, rule=self.town.rules["long"],
            reverses=reversed_txn, approver=self.town.keeper_id, reason="wrong",
        )  # fmt: skip

    def _expire(self, purse: Purse, turn: Turn) -> None:
        lot, purse.short = purse.short, None
        if lot is None:
            raise RuntimeError("a cycle without its short award")
        explain = f'{{"amount":5,"balance":{purse.posted - 5},"expires_on":"{lot[2]}"}}'
        day = (dt.date.fromisoformat(lot[2]) + dt.timedelta(days=1)).isoformat()
        self._debit(purse, turn, [lot], "expire", "expired", f"expire:{lot[0]}", f"lot:{lot[0]}", explain, day=day)

    def _redeem(self, purse: Purse, turn: Turn) -> None:
        lots = [purse.lots.popleft() for _one in range(ITEM_POINTS // 5)]
        order, hold = _uuid(turn.base), turn.base + 4
        explain = self._bought(purse, lots, ITEM_POINTS, self.town.item_id, "大米 5 斤", "Rice, 2.5 kg")
        self._debit(
            purse, turn, lots, "redeem", "redeemed", f"redeem:order:{order}", f"order:{order}", explain,
            actor=self.town.keeper_id,
        )  # fmt: skip
        self._order(purse, turn, order, self.town.item_id, ITEM_POINTS, "collected", self.town.keeper_id)
        expires = self.spelling.at(turn.at + dt.timedelta(days=14))
        spelled = self.spelling.uuid(order)
        key = f"hold:{order}:{purse.member_id}"
        self.rows["hold"].append((hold, self.town.id, purse.points_id, spelled, ITEM_POINTS, key, expires))
        self.rows["hold_lot"] += [(hold, lot[0], 5) for lot in lots]
        self.rows["hold_resolution"].append((hold, "posted", turn.base + 1, turn.spelled))
        self.collected += 1
        item, left = self.spelling.uuid(self.town.item_id), STOCK - self.collected
        self.rows["stock_move"].append(
            (turn.base + 5, item, self.collected, -1, left, "collected", spelled, "", self.town.keeper_id, turn.spelled)
        )

    def _donate(self, purse: Purse, turn: Turn) -> None:
        lots = [purse.lots.popleft() for _one in range(CAUSE_POINTS // 5)]
        order = _uuid(turn.base)
        explain = self._bought(purse, lots, CAUSE_POINTS, self.town.cause_id, "助老基金", "Fund for the old")
        self._debit(
            purse, turn, lots, "donate", "redeemed", f"donate:order:{order}", f"order:{order}", explain,
            actor=purse.member_id,
        )  # fmt: skip
        self._order(purse, turn, order, self.town.cause_id, CAUSE_POINTS, "donated", self.spelling.null)

    def _order(self, purse: Purse, turn: Turn, order: str, item: str, points: int, state: str, done_by: Any) -> None:
        code = f"{turn.base // 4096 % 1_000_000:06d}" if state == "collected" else ""
        spelled = self.spelling.uuid
        self.rows["reward_order"].append(
            (
                *(spelled(order), self.town.id, self.town.path, spelled(item), purse.member_id, purse.member_id, 1),
                *(points, code, state, turn.spelled, turn.spelled, turn.spelled, done_by, "", turn.base),
            )
        )

    def _bought(self, purse: Purse, lots: Sequence[tuple[int, int, str]], points: int, item: str, *what: str) -> str:
        days: dict[str, int] = {}
        for _lot, _transfer, until in lots:
            days[until] = days.get(until, 0) + 5
        used = ",".join(f'{{"amount":{amount},"expires_on":"{day}"}}' for day, amount in sorted(days.items()))
        return (
            f'{{"amount":{points},"balance":{purse.posted - points},"each":{points},"item":"{item}","lots":[{used}],'
            f'"quantity":1,"what":"{what[0]}","what_en":"{what[1]}","where":"{self.town.path}"}}'
        )

    def _debit(
        self, purse: Purse, turn: Turn, lots: Sequence[tuple[int, int, str]], kind: str, to: str, key: str,
        evidence: str, explain: str, *, day: str = "", rule: Rule | None = None, reverses: int | None = None,
        approver: int | None = None, reason: str = "", actor: int = 0,
    ) -> None:  # fmt: skip
        amount, transfer = 5 * len(lots), turn.base + 1
        purse.posted -= amount
        purse.seq += 1
        for lot_id, made_by, until in lots:
            self.rows["lot"].append((lot_id, purse.points_id, made_by, 5, 0, 0, until))
            self.rows["lot_use"].append((lot_id, transfer, 5))
        self._post(
            turn, kind=kind, key=key, day=day or turn.day, rule=rule, evidence=evidence, subject=purse.member_id,
            explain=explain, asset="points", debit=purse.points_id, credit=self.town.accounts["points", to],
            amount=amount, account=purse.points_id, delta=-amount, after=purse.posted, seq=purse.seq,
            transfer=transfer, lots="", reverses=reverses, approver=approver, reason=reason, actor=actor,
            uses=sorted(lot[0] for lot in lots),
        )  # fmt: skip

    # --- every posting ---

    def _post(
        self, turn: Turn, *, kind: str, key: str, day: str, rule: Rule | None, evidence: str, subject: int,
        explain: str, asset: str, debit: int, credit: int, amount: int, account: int, delta: int, after: int, seq: int,
        transfer: int, lots: str, uses: Sequence[int], reverses: int | None = None, approver: int | None = None,
        reason: str = "", actor: int = 0,
    ) -> None:  # fmt: skip
        """Add a posting's rows and its seal. The document is canonical JSON (docs/proofs.md): keys in their order."""
        town, null, txn = self.town.id, self.spelling.null, turn.base
        used = ",".join(f'{{"amount":5,"lot":"{lot}"}}' for lot in uses)
        document = (
            f'{{"actor":"{actor}","approver":{_quoted(approver)},"effective_on":"{day}","evidence":"{evidence}",'
            f'"explain":{explain},"key":"{key}","kind":"{kind}","reason":"{reason}","recorded_at":"{turn.iso}",'
            f'"reverses":{_quoted(reverses)},"rule":{_quoted(rule and rule.digest)},"subject":"{subject}",'
            f'"town":"{town}","transfers":[{{"amount":{amount},"asset":"{asset}","credit":"{credit}",'
            f'"debit":"{debit}","id":"{transfer}","lines":[{{"account":"{account}","after":{after},"delta":{delta},'
            f'"seq":{seq}}}],"lots":[{lots}],"uses":[{used}]}}],"txn":"{txn}","v":1}}'
        )
        salt = os.urandom(16)
        leaf = sha256(salt + document.encode()).digest()
        self.seals += 1
        link = sha256(self.head + self.seals.to_bytes(8, "big") + leaf).digest()
        rows, blob = self.rows, self.spelling.blob
        rows["txn"].append(
            (
                *(txn, town, kind, key, day, turn.spelled, rule.version_id if rule else null, evidence, subject, actor),
                *(null if approver is None else approver, null if reverses is None else reverses, reason, explain),
                blob(salt),
            )
        )
        rows["transfer"].append((transfer, town, asset, txn, debit, credit, amount))
        rows["entry"].append((account, seq, transfer, delta, after))
        rows["seal"].append((town, self.seals, txn, blob(leaf), blob(self.head), blob(link), turn.spelled))
        self.head = link


def _quoted(value: object) -> str:
    return "null" if value is None else f'"{value}"'


def _uuid(number: int) -> str:
    """Return a UUID that belongs to a posting alone."""
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-8{text[17:20]}-{text[20:]}"


_LATER: dict[tuple[str, int], str] = {}


def _months_later(day: str, months: int) -> str:
    found = _LATER.get((day, months))
    if found is None:
        from community.points.policies import add_months  # noqa: PLC0415 - processes that only write need no tables

        found = _LATER[day, months] = add_months(dt.date.fromisoformat(day), months).isoformat()
    return found
