"""Random histories of the whole ledger against the oracle, with power failures, repeats, clock moves, and I1-I15."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import func, select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict
from community.core.ids import new_uuid
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import NEVER, Account, Lot, RewardItem, Transfer, Txn
from community.points.queries import balance, lots
from community.points.queries.invariants import SEALED, broken
from community.points.services import adjusting, expiring, families, holding, pooling, reversing, sealing, spending
from community.points.services.posting import By
from tests.factories.access import actor_of
from tests.factories.families import sit_together
from tests.factories.ledger import end_order, make_item, make_order
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.points.faults import PowerFailure, attempt, everything, failing_before
from tests.points.oracle import MONTHS, Act, Books, Oracle

STARTS = ("2026-11-23T13:07:00Z", "2027-12-31T14:40:00Z", "2028-02-28T14:40:00Z", "2027-02-28T15:20:00Z")
YEARS = tuple(range(2026, 2036))
DAY, PRICE = 24 * 60, 10
people = st.integers(0, 2)
which = st.integers(0, 9)
amounts = st.sampled_from((1, 3, 5, 8, 12, 40))
STEPS = st.one_of(
    st.tuples(st.just("scan"), people, st.sampled_from((0, 0, 70, 26 * 60))),
    st.tuples(st.just("give"), people, amounts, st.sampled_from((0, 1, 2, 30, 400)), st.just("points")),
    st.tuples(st.just("give"), people, amounts, st.just(None), st.just("minutes")),
    st.tuples(st.just("hold"), people, amounts),
    st.tuples(st.just("share"), people, amounts),
    st.tuples(st.just("family"), people, st.sampled_from((1, 2))),
    st.tuples(st.just("post"), which),
    st.tuples(st.just("void"), which, st.sampled_from(("voided", "expired"))),
    st.tuples(st.just("forget"), people, amounts, st.sampled_from((1, 3, 40))),
    st.tuples(st.just("donate"), people, amounts),
    st.tuples(st.just("reverse"), which, st.sampled_from((1, 2, 5, 12))),
    st.tuples(st.just("again"), which),
    st.tuples(st.just("expire")),
    st.tuples(st.just("seal")),
    st.tuples(st.just("tick"), st.sampled_from((5, 45, -30, DAY, DAY, 3 * DAY, 15 * DAY, 31 * DAY, 366 * DAY))),
)
# Before which statement the first attempt ends; 0: it does not.
FAULTS = st.one_of(st.just(0), st.just(0), st.integers(1, 25))


@dataclass
class World:
    """A town with three people, a reward without end, and the oracles beside it."""

    village: Area
    members: list[Member]
    keeper: Member
    item_id: uuid.UUID
    clock: FrozenClock
    oracle: Oracle = field(default_factory=lambda: Oracle(dict.fromkeys(YEARS, 10_000)))
    books: Books = field(default_factory=Books)
    fault: int = 0
    given: dict[str, int] = field(default_factory=dict)
    orders: dict[str, uuid.UUID] = field(default_factory=dict)
    # What was done, to be done again: it must give the same and change nothing.
    done: list[tuple[Callable[[], object], object]] = field(default_factory=list)

    @property
    def town_id(self) -> int:
        return town_of(self.village).id

    @property
    def by(self) -> By:
        return By(self.keeper.id)

    def do(self, step: tuple[Any, ...], fault: int) -> None:
        self.fault = fault
        getattr(self, f"do_{step[0]}")(*step[1:])

    def _try(self, act: Callable[[], Any], *, repeat: bool = True) -> Any:
        """Do it; returns what it made, or the refusal. With `repeat` it may be told again later, and gives the same."""
        try:
            made = attempt(act, self.fault)
        except Conflict as refused:
            return refused
        if repeat:
            self.done.append((act, made))
        return made

    # --- what happens ---

    def do_tick(self, minutes: int) -> None:
        self.clock.tick(minutes=minutes)

    def do_scan(self, who: int, ago: int) -> None:
        event = accepted(self.members[who], self.village, used_at=clock.now() - dt.timedelta(minutes=ago))
        self._try(lambda: subscribers.award_checkin(event))
        act = Act(f"checkin:{event.checkin_id}", who, event.used_at, "B")
        self.oracle.scan(act, clock.now(), verified=True)
        if act.state == "posted":
            assert act.expires_on
            self.books.give(act.ref, who, 5, act.expires_on)
            self.given[act.ref] = self._posting(act.ref)

    def do_give(self, who: int, amount: int, days: int | None, asset: str) -> None:
        until = None if days is None else clock.today() + dt.timedelta(days=days)
        ref = f"book:{new_uuid()}"

        def act() -> int:
            return adjusting.adjust(
                self.town_id, self.members[who].id, asset, amount, expires_on=until, by=By(0), evidence_ref=ref,
                reason_code="opening", explain={},
            )  # fmt: skip

        # Not again: a day later it would be refused as dead.
        self.given[ref] = self._try(act, repeat=until is None)
        self.books.give(ref, who, amount, until or NEVER, asset, "adjust")

    def do_hold(self, who: int, amount: int) -> None:
        self._order({who: amount})

    def do_share(self, who: int, amount: int) -> None:
        """Two people pay for one order, half and half."""
        self._order({who: amount, (who + 1) % 3: amount})

    def do_family(self, who: int, pieces: int) -> None:
        """One orders, and the family pays what she has not."""
        today, name = clock.today(), str(new_uuid())
        shares = self.books.together(who, PRICE * pieces, [one for one in range(3) if one != who], today)
        made = self._try(
            lambda: pooling.reserve(actor_of(self.members[who]), self.item_id, quantity=pieces), repeat=False
        )
        if shares is None:
            assert made.code == "not_enough"
            return
        self.orders[name] = made
        for one, amount in shares.items():
            self.books.hold(name, one, amount, today)

    def _order(self, payers: dict[int, int]) -> None:
        today, name = clock.today(), str(new_uuid())
        missing = [a - self.books.available(who, today) for who, a in payers.items()]

        def act() -> uuid.UUID:
            item = session().get(RewardItem, self.item_id)
            assert item
            order_id = make_order(self.members[next(iter(payers))], item, sum(payers.values()))
            for who, amount in payers.items():
                holding.hold(
                    self.town_id, self.members[who].id, amount, order_id=order_id, expires_at=clock.now()
                )  # fmt: skip
            return order_id

        made = self._try(act, repeat=False)
        if max(missing) > 0:
            assert made.missing == next(one for one in missing if one > 0)
            return
        self.orders[name] = made
        for who, amount in payers.items():
            self.books.hold(name, who, amount, today)
            self.done.append((self._held_again(who, amount, made), None))

    def _held_again(self, who: int, amount: int, order_id: uuid.UUID) -> Callable[[], None]:
        def act() -> None:
            member_id = self.members[who].id
            holding.hold(self.town_id, member_id, amount, order_id=order_id, expires_at=clock.now())

        return act

    def do_post(self, index: int) -> None:
        def act(order_id: uuid.UUID, *, first: bool) -> int:
            ref = f"order:{order_id}"
            txn_id = holding.post(order_id, kind="redeem", by=self.by, evidence_ref=ref, explain={})
            if first:
                end_order(order_id, "collected", self.keeper, txn_id)
            return txn_id

        if name := self._end(index, act, "posted"):
            self.books.post(name)

    def do_void(self, index: int, outcome: str) -> None:
        def act(order_id: uuid.UUID, *, first: bool) -> None:
            holding.void(order_id, outcome)
            if first:
                end_order(order_id, "expired" if outcome == "expired" else "cancelled", self.keeper)

        if name := self._end(index, act, "voided"):
            self.books.void(name, clock.today())

    def _end(self, index: int, act: Callable[..., Any], outcome: str) -> str | None:
        """End an order, whichever it is; returns it when this ended it. Who comes second is told, or told the same."""
        if not self.orders:
            return None
        name = list(self.orders)[index % len(self.orders)]
        order_id, before = self.orders[name], self.books.ended.get(name)
        made = self._try(lambda: act(order_id, first=before is None), repeat=False)
        if before not in {None, outcome}:
            assert made.code == "hold_ended"
            return None
        assert not isinstance(made, Conflict)
        self.done.append((lambda: act(order_id, first=False), made))
        return name if before is None else None

    def do_forget(self, who: int, amount: int, days: int) -> None:
        """A reward that nobody picks up, paid with points whose last day is tomorrow."""
        self.do_give(who, amount, 1, "points")
        self.do_hold(who, amount)
        self.do_tick(days * DAY)
        self.do_void(len(self.orders) - 1, "expired")

    def do_donate(self, who: int, amount: int) -> None:
        today, ref = clock.today(), f"order:{new_uuid()}"
        missing = amount - self.books.available(who, today)

        def act() -> int:
            return spending.spend(
                self.town_id, self.members[who].id, amount, kind="donate", by=By(self.members[who].id),
                evidence_ref=ref, explain={},
            )  # fmt: skip

        made = self._try(act)
        if missing > 0:
            assert made.missing == missing
        else:
            assert not isinstance(made, Conflict)
            self.books.donate(who, amount, today)

    def do_reverse(self, index: int, amount: int) -> None:
        if not self.given:
            return
        ref = list(self.given)[index % len(self.given)]
        case, fits = f"case:{new_uuid()}", self.books.may_reverse(ref, amount)

        def act() -> reversing.Reversed:
            return reversing.reverse(
                self.given[ref], amount, by=By(0, self.keeper.id), evidence_ref=case, reason_code="wrong", explain={}
            )

        made = self._try(act, repeat=False)
        if not fits:
            assert made.code == "reversed_already"
            return
        taken = self.books.reverse(ref, amount, clock.today())
        assert (made.taken, made.written_off, made.txn_id is None) == (taken, amount - taken, taken == 0)
        if taken:
            self.done.append((act, made))

    def do_again(self, index: int) -> None:
        """A message that comes twice, or late: the same answer, and nothing new."""
        if self.done:
            act, made = self.done[index % len(self.done)]
            again = attempt(act, self.fault)
            assert made is None or again == made

    def do_expire(self) -> None:
        done = self._try(lambda: expiring.expire_town(self.town_id, clock.today()), repeat=False)
        assert done == self.books.expire(clock.today())

    def do_seal(self) -> None:
        self._try(lambda: sealing.seal_town(self.town_id), repeat=False)

    def _posting(self, ref: str) -> int:
        session().rollback()
        return session().scalars(select(Txn.id).where(Txn.evidence_ref == ref)).one()

    # --- what must be true ---

    def agrees(self) -> None:
        session().rollback()
        for who, member in enumerate(self.members):
            self._agrees_about(who, member.id)
        sums = {
            row.kind: row.amount
            for row in session().execute(
                select(Txn.kind, func.sum(Transfer.amount).label("amount"))
                .join(Transfer, Transfer.txn_id == Txn.id)
                .where(Txn.town_id == self.town_id, Txn.reason_code != "grace")
                .group_by(Txn.kind)
            )
        }
        assert sums == {kind: amount for kind, amount in self.books.sums.items() if amount}
        # Nobody seals while tests turn the clock.
        assert set(broken(self.town_id)) <= {SEALED}

    def _agrees_about(self, who: int, member_id: int) -> None:
        mine = [pile for pile in self.books.piles if pile.who == who]
        found = session().execute(
            select(Account.asset, Lot.granted, Lot.remaining, Lot.held, Lot.expires_on)
            .join(Account, Account.id == Lot.account_id)
            .where(Account.subject_id == member_id)
        )
        assert Counter(tuple(row) for row in found) == Counter(
            (pile.asset, pile.given, pile.left, pile.held, pile.until) for pile in mine
        )
        available = self.books.available(who, clock.today())
        assert balance(member_id).available == available
        for purse in balance(member_id).purses:
            planned = lots.plan(purse.account_id, 10**6, clock.today())
            assert sum(part.amount for part in planned) == available
            assert sum(day.amount for day in lots.expiring(purse.account_id, clock.today())) == available


def make_world(stopped: FrozenClock) -> World:
    """A new town at the stopped clock's time."""
    with transaction():
        village = make_village()
        open_books(town_of(village), make_rule(expires_months=MONTHS), years=YEARS)
        members = [make_member(village) for _who in range(3)]
        keeper = make_member(village)
        item = make_item(village, keeper, on_hand=1000, points=PRICE)
        sit_together(members, cap=families.CAP_MOST)
        return World(village, members, keeper, item.id, stopped)


# Every kind of act, after what it needs: (what comes before, the act).
ACTS: dict[str, tuple[list[tuple[Any, ...]], tuple[Any, ...]]] = {
    "award": ([], ("scan", 0, 0)),
    "adjust": ([], ("give", 0, 8, 30, "points")),
    "hold": ([("give", 0, 3, 30, "points"), ("give", 0, 8, 40, "points")], ("hold", 0, 5)),
    "two pay": ([("give", 0, 8, 30, "points"), ("give", 1, 8, 30, "points")], ("share", 0, 5)),
    "family": ([("give", 1, 8, 40, "points"), ("give", 2, 8, 30, "points")], ("family", 0, 1)),
    "post": ([("give", 0, 3, 30, "points"), ("give", 0, 8, 40, "points"), ("hold", 0, 5)], ("post", 0)),
    "void": ([("give", 0, 8, 30, "points"), ("hold", 0, 5)], ("void", 0, "voided")),
    "void late": ([("give", 0, 8, 1, "points"), ("hold", 0, 5), ("tick", 3 * DAY)], ("void", 0, "expired")),
    "donate": ([("give", 0, 3, 30, "points"), ("give", 0, 8, 40, "points")], ("donate", 0, 5)),
    "reverse": ([("scan", 0, 0), ("donate", 0, 3)], ("reverse", 0, 5)),
    "expire": ([("give", 0, 3, 0, "points"), ("give", 1, 8, 1, "points"), ("tick", 3 * DAY)], ("expire",)),
    "seal": ([("scan", 0, 0), ("give", 1, 8, 30, "points")], ("seal",)),
}


@pytest.mark.engine
@pytest.mark.faults
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_ends_between_any_two_statements_leaves_nothing_and_then_succeeds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, step = ACTS[name]
    failed = 0

    def at_every_statement(act: Callable[[], Any], _fault: int) -> Any:
        nonlocal failed
        untouched = everything()
        for number in range(1, 200):
            try:
                with failing_before(number), transaction():
                    return act()
            except PowerFailure:
                failed += 1
                assert everything() == untouched
        raise AssertionError("it never ended")

    with clock.frozen(STARTS[0]) as stopped:
        world = make_world(stopped)
        for one in before:
            world.do(one, 0)
        monkeypatch.setattr("tests.points.whole.test_ledger.attempt", at_every_statement)
        world.do(step, 1)
        world.agrees()
    assert failed >= 4, "too few statements to be the act"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.usefixtures("app")
@given(st.sampled_from(STARTS), st.lists(st.tuples(STEPS, FAULTS), min_size=5, max_size=40))
def test_any_history_gives_what_the_oracle_says_whenever_the_power_fails(
    start: str, steps: list[tuple[tuple[Any, ...], int]]
) -> None:
    with clock.frozen(start) as stopped:
        world = make_world(stopped)
        for number, (step, fault) in enumerate(steps):
            world.do(step, fault)
            if number % 10 == 9:
                world.agrees()
        world.agrees()
