"""A second opinion on points: the rules of points.md in plain Python, sharing no line with the program."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Asia/Shanghai")
AMOUNT, CAP, MONTHS, LEAST = 5, 10, 1, "C"


@dataclass
class Act:
    """One check-in and what became of it: state "", "posted", "held", "refused", with the reason."""

    ref: str
    who: int
    at: dt.datetime
    grade: str
    state: str = ""
    reason: str = ""
    decision: str = ""
    expires_on: dt.date | None = None

    @property
    def hour(self) -> str:
        return self.at.astimezone(HERE).strftime("%Y-%m-%d %H")

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(HERE).date()


@dataclass
class Oracle:
    """Keeps every act and the budget of each year; counts from scratch each time it is asked."""

    budget: dict[int, int]
    acts: list[Act] = field(default_factory=list)

    def scan(self, act: Act, now: dt.datetime, *, verified: bool) -> None:
        if act.grade > LEAST or self._full(act, {"posted"}):
            self.acts.append(act)
            return
        if not verified:
            self._promise(act, "unverified")
        elif not self._pay([act], now):
            self._promise(act, "budget")
        self.acts.append(act)

    def flag(self, act: Act) -> None:
        if act.grade <= LEAST and not self._full(act, {"posted"}):
            act.state, act.reason = "held", "flagged"
        self.acts.append(act)

    def settle(self, act: Act, now: dt.datetime, *, accepted: bool, verified: bool) -> None:
        if (act.state, act.reason) != ("held", "flagged"):
            return
        if not accepted:
            act.state, act.decision = "refused", "rejected"
        elif not verified:
            act.reason = "unverified"
        else:
            self._release([act], now)

    def release(self, who: int, reason: str, now: dt.datetime) -> None:
        held = [act for act in self.acts if (act.who, act.state, act.reason) == (who, "held", reason)]
        self._release(sorted(held, key=lambda act: (act.at, act.ref)), now)

    def balance(self, who: int, on: dt.date) -> int:
        posted = [act for act in self.acts if act.who == who and act.state == "posted"]
        return sum(AMOUNT for act in posted if act.expires_on and act.expires_on >= on)

    def posted(self, who: int) -> int:
        return AMOUNT * sum(1 for act in self.acts if act.who == who and act.state == "posted")

    # Caps first, for all; then the budget pays from the front.
    def _release(self, held: list[Act], now: dt.datetime) -> None:
        fits: list[Act] = []
        for act in held:
            if self._full(act, {"posted"}, fits):
                act.state, act.decision = "refused", self._full(act, {"posted"}, fits)
            else:
                fits.append(act)
        for act in fits:
            if not self._pay([act], now):
                act.reason = "budget"
            else:
                act.decision = "confirmed"

    def _pay(self, acts: list[Act], now: dt.datetime) -> bool:
        year = now.astimezone(HERE).year
        if self.budget.get(year, 0) < AMOUNT * len(acts):
            return False
        for act in acts:
            self.budget[year] -= AMOUNT
            act.state = "posted"
            act.expires_on = _expiry(act.day, now.astimezone(HERE).date())
        return True

    def _promise(self, act: Act, reason: str) -> None:
        certain = [a for a in self.acts if a.state == "held" and a.reason in {"unverified", "budget"}]
        if not self._full(act, {"posted"}, certain):
            act.state, act.reason = "held", reason

    def _full(self, act: Act, states: set[str], besides: list[Act] | None = None) -> str:
        others = [a for a in self.acts if a.state in states and a is not act] + [
            a for a in besides or [] if a is not act
        ]
        same = [a for a in others if a.who == act.who]
        if any(a.hour == act.hour for a in same):
            return "hour"
        return "cap" if AMOUNT * (1 + sum(a.day == act.day for a in same)) > CAP else ""


def _expiry(earned: dt.date, recorded: dt.date) -> dt.date:
    year, month = earned.year + (earned.month - 1 + MONTHS) // 12, (earned.month - 1 + MONTHS) % 12 + 1
    day = earned.day
    while True:
        try:
            by_rule = dt.date(year, month, day)
            break
        except ValueError:
            day -= 1
    return max(by_rule, recorded + dt.timedelta(days=30)) if recorded > earned else by_rule


@dataclass
class Pile:
    """Points (or minutes) that came together and expire together."""

    who: int
    asset: str
    ref: str
    given: int
    left: int
    until: dt.date
    held: int = 0

    @property
    def free(self) -> int:
        return self.left - self.held


@dataclass
class Books:
    """What everybody has and what became of it, in piles, counted by hand."""

    piles: list[Pile] = field(default_factory=list)
    # Order → who pays with which piles; what has ended is in `ended`.
    held: dict[str, dict[int, list[tuple[Pile, int]]]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    reversed: Counter[str] = field(default_factory=Counter)

    def give(self, ref: str, who: int, amount: int, until: dt.date, asset: str = "points", why: str = "award") -> None:
        self.piles.append(Pile(who, asset, ref, amount, amount, until))
        self.sums[why] += amount

    def available(self, who: int, today: dt.date) -> int:
        return sum(pile.free for pile in self._usable(who, today))

    def hold(self, order: str, who: int, amount: int, today: dt.date) -> None:
        parts = self._take(who, amount, today)
        for pile, part in parts:
            pile.held += part
        self.held.setdefault(order, {})[who] = parts

    def together(self, who: int, total: int, others: list[int], today: dt.date) -> dict[int, int] | None:
        """Who pays how much of `total`: her own first, then what expires first of the others'; None for too little."""
        shares = {who: min(total, self.available(who, today))}
        rest = total - shares[who]
        theirs = [pile for pile in self.piles if pile.who in others and pile.asset == "points" and pile.until >= today]
        for pile in sorted(theirs, key=lambda pile: pile.until):
            part = min(pile.free, rest)
            shares[pile.who] = shares.get(pile.who, 0) + part
            rest -= part
        return None if rest else {one: part for one, part in shares.items() if part}

    def post(self, order: str) -> None:
        for parts in self.held[order].values():
            for pile, part in parts:
                pile.held -= part
                pile.left -= part
                self.sums["redeem"] += part
        self.ended[order] = "posted"

    def void(self, order: str, today: dt.date) -> None:
        for who, parts in self.held[order].items():
            late = 0
            for pile, part in parts:
                pile.held -= part
                # Days of grace once: what is late again simply expires.
                if pile.until < today and pile.ref != "grace":
                    pile.left -= part
                    late += part
            if late:
                self.piles.append(Pile(who, "points", "grace", late, late, today + dt.timedelta(days=30)))
        self.ended[order] = "voided"

    def donate(self, who: int, amount: int, today: dt.date) -> None:
        for pile, part in self._take(who, amount, today):
            pile.left -= part
        self.sums["donate"] += amount

    def may_reverse(self, ref: str, amount: int) -> bool:
        pile = self._pile(ref)
        return amount <= pile.given - self.reversed[ref]

    def reverse(self, ref: str, amount: int, today: dt.date) -> int:
        pile = self._pile(ref)
        taken = min(amount, pile.free) if pile.until >= today else 0
        pile.left -= taken
        self.reversed[ref] += taken
        self.sums["reverse"] += taken
        return taken

    def expire(self, today: dt.date) -> int:
        dead = [pile for pile in self.piles if pile.until < today and pile.free > 0]
        for pile in dead:
            self.sums["expire"] += pile.free
            pile.left = pile.held
        return len(dead)

    def _pile(self, ref: str) -> Pile:
        return next(pile for pile in self.piles if pile.ref == ref)

    def _usable(self, who: int, today: dt.date) -> list[Pile]:
        mine = [pile for pile in self.piles if pile.who == who and pile.asset == "points" and pile.free > 0]
        return sorted((pile for pile in mine if pile.until >= today), key=lambda pile: pile.until)

    def _take(self, who: int, amount: int, today: dt.date) -> list[tuple[Pile, int]]:
        parts = []
        for pile in self._usable(who, today):
            part = min(pile.free, amount)
            if part:
                parts.append((pile, part))
                amount -= part
        return parts
