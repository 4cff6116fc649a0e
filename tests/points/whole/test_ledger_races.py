"""The ledger under many processes with real commits: one winner, nothing twice, no circle of waiting, no half act."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core import clock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import HoldResolution, Lot, RewardItem, Seal, Transfer, Txn
from community.points.queries.invariants import broken
from community.points.services import ordering, sealing
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.harness.processes import together
from tests.points.racers import fact_of, points_of
from tests.points.services.test_posting import EVENING, YEARS, count, deadlocks

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]
RACERS = "tests.points.ledger_racers"


@pytest.fixture
def place(race_database: str, make_app: Callable[..., Flask]) -> Iterator[tuple[Area, Member]]:
    """A community with open books and somebody who hands rewards over, committed; the context stays pushed."""
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            town = town_of(village)
            open_books(town, make_rule(once_per="", cap_day=None), years=YEARS)
            keeper = make_member(village)
            make_grant(keeper, "shop_keeper", town)
        yield village, keeper


def total(said: list[dict[str, int]]) -> Counter[str]:
    """What all processes were told, added up."""
    return sum((Counter(one) for one in said), Counter())


def some(village: Area, number: int, points: int) -> list[Member]:
    """So many new members with so many points."""
    with transaction():
        members = [make_member(village) for _one in range(number)]
        for member in members:
            give(member, village, points)
    return members


def test_of_500_requests_for_the_last_piece_one_wins_and_no_purse_lot_order_or_award_is_used_twice(
    place: tuple[Area, Member], race_database: str
) -> None:
    village, keeper = place
    crowd, (purse,) = some(village, 100, 50), some(village, 1, 40)
    with clock.frozen(clock.now() - dt.timedelta(days=10)), transaction():
        for member in crowd[:20]:
            give(member, village, 3, days=1)
    with transaction():
        last, rice = make_item(village, keeper, on_hand=1), make_item(village, keeper)
        subscribers.award_checkin(accepted(crowd[0], village))
        order_id = ordering.reserve(actor_of(purse), rice.id)
    wrong = session().scalars(select(Txn.id).where(Txn.kind == "award")).one()
    said = total(
        together(
            race_database, f"{RACERS}:rush", processes=5, town=town_of(village).id, item=str(last.id), turns=100,
            crowd=[member.id for member in crowd], purse=purse.id, order=str(order_id), keeper=keeper.id, wrong=wrong,
        )
    )  # fmt: skip
    assert said.pop("piece done") == 1
    assert said.pop("piece sold_out") == 499
    # 40 points, 10 of them held by the order that ends one way or the other.
    assert said.pop("purse done") in {6, 7, 8}
    assert (said.pop("award done"), said.pop("award reversed_already")) == (1, 4)
    assert said.pop("order done") == 1
    assert {word.partition(" ")[0] for word in said} == {"purse", "order"}, "nobody was told busy or anything else"
    assert count(HoldResolution) == 1
    assert deadlocks() == 0
    assert count(Txn, Txn.kind == "expire") == 20
    assert points_of(crowd[1].id) in {50, 40}
    assert session().get_one(RewardItem, last.id).reserved == 1
    with transaction():
        sealing.seal_all()
    assert broken() == {}


def test_everything_that_moves_points_of_the_same_people_at_once_ends_and_adds_up(
    place: tuple[Area, Member], race_database: str
) -> None:
    village, keeper = place
    members = some(village, 3, 60)
    with transaction():
        item = make_item(village, keeper, on_hand=10_000)
    said = total(
        together(
            race_database, f"{RACERS}:quarrel", processes=4, town=town_of(village).id, item=str(item.id),
            members=[member.id for member in members], keeper=keeper.id, turns=8,
            fact=fact_of(accepted(members[0], village, used_at=EVENING)),
        )
    )  # fmt: skip
    assert set(said) <= {"done", "not_enough"}
    assert sum(said.values()) == 4 * 8 * 5
    assert deadlocks() == 0
    jobs.seal_due()
    session().rollback()
    assert count(Seal) == count(Txn)
    assert broken() == {}
    sums = select(Txn.kind, func.sum(Transfer.amount)).join(Transfer, Transfer.txn_id == Txn.id).group_by(Txn.kind)
    moved = {row[0]: row[1] for row in session().execute(sums)}
    left = session().scalar(select(func.sum(Lot.remaining)))
    assert left == moved["adjust"] + moved["award"] - moved.get("redeem", 0) - moved.get("donate", 0)


def test_a_process_killed_before_any_statement_or_the_commit_leaves_nothing_half_done(
    place: tuple[Area, Member], race_database: str
) -> None:
    village, keeper = place
    (member,) = some(village, 1, 100)
    with clock.frozen(clock.now() - dt.timedelta(days=10)), transaction():
        give(member, village, 3, days=1)
    with transaction():
        item = make_item(village, keeper)
    killed = together(
        race_database, f"{RACERS}:killed", processes=1, town=town_of(village).id, item=str(item.id),
        member=member.id, keeper=keeper.id,
    )[0]  # fmt: skip
    assert set(killed) == {"donate", "reserve", "hand over", "expire", "seal"}
    assert min(killed.values()) >= 5, "each act was killed at each of its steps, and then done"
    session().rollback()
    assert points_of(member.id) == 100 - 7 - 10
    assert broken() == {}
