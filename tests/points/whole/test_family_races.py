"""One family's phones at the same moment: nobody's cap is passed, no lot is used twice, nobody waits in a circle."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from community.core.db import session, transaction
from community.people import standing
from community.people.models import Mandate, MandateAct, Member
from community.points.models import Lot, PotShare, RewardItem, RewardOrder, Transfer, Txn
from community.points.queries.invariants import broken
from community.points.services import appealing
from tests.factories.access import actor_of, make_grant
from tests.factories.families import sit_together
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.harness.processes import Process, together
from tests.points.services.test_posting import deadlocks

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]
MOST = 30


@pytest.fixture
def family(race_database: str, make_app: Callable[..., Flask]) -> Iterator[tuple[list[Member], RewardItem, Member]]:
    """Four of a family with 50 points each who agree to each other, a reward, and its keeper, committed."""
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            open_books(town_of(village))
            members, keeper = [make_member(village) for _one in range(4)], make_member(village)
            make_grant(keeper, "shop_keeper", town_of(village))
            item = make_item(village, keeper, on_hand=1000, points=15)
            for member in members:
                give(member, village, 50)
            sit_together(members, cap=MOST)
        yield members, item, keeper


def test_a_familys_phones_never_pass_a_cap_nor_use_a_lot_twice_nor_act_by_what_has_ended(
    family: tuple[list[Member], RewardItem, Member], race_database: str
) -> None:
    members, item, keeper = family
    ids = [member.id for member in members]
    with transaction():
        mandate = make_mandate(members[0], members[1])
    said = together(
        race_database, "tests.points.family_racers:quarrel", processes=3, item=str(item.id), members=ids,
        keeper=keeper.id, mandate=mandate.mandate_id, turns=3,
    )  # fmt: skip
    told = sum((Counter(one) for one in said), Counter())
    assert told["done"] > 25
    assert set(told) <= {"done", "not_enough", "no_family", "not_found", "order_cancelled", "already_collected"}
    assert deadlocks() == 0
    session().rollback()
    assert broken() == {}
    acted = session().scalars(select(MandateAct.at)).all()
    ended = session().get_one(Mandate, mandate.mandate_id, populate_existing=True).ended_at
    assert ended
    assert all(at <= ended for at in acted), "who ends it and who acts under it follow each other"
    in_place = select(func.count()).where(RewardOrder.by_id != RewardOrder.member_id)
    assert session().scalar(in_place) == len(acted)
    used = select(PotShare.payer_id, func.sum(PotShare.amount)).join(RewardOrder, RewardOrder.id == PotShare.order_id)
    kept = used.where(RewardOrder.state.in_(("reserved", "collected"))).group_by(PotShare.payer_id)
    assert all(amount <= MOST for _payer, amount in session().execute(kept))
    spent = session().scalar(
        select(func.sum(Transfer.amount)).join(Txn, Txn.id == Transfer.txn_id).where(Txn.kind == "redeem")
    )
    assert session().scalar(select(func.sum(Lot.remaining))) == 200 - (spent or 0)


@pytest.fixture
def appealed(race_database: str, make_app: Callable[..., Flask]) -> Iterator[tuple[Member, Member, Mandate, str]]:
    """An old woman, who helps her, the mandate, and an appeal that the helper wrote for her, committed."""
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            open_books(town_of(village))
            elder, helper = make_member(village), make_member(village)
            give(elder, village, 50)
            mandate = make_mandate(elder, helper)
        txn_id = session().scalars(select(Txn.id).where(Txn.subject_id == elder.id)).first()
        with transaction():
            acting = standing.in_place_of(actor_of(helper), elder.id, lock=True)
            appeal = appealing.appeal(acting, f"txn:{txn_id}", "少记了一次")
        yield elder, helper, mandate, str(appeal)


def until_somebody_waits() -> None:
    """Return when a process of this database waits for a lock; at once on SQLite, whose writers queue outside it."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _turn in range(600 if session().get_bind().dialect.name == "postgresql" else 0):
        session().rollback()
        if session().scalar(waiting):
            return
        time.sleep(0.05)


def test_who_ends_a_mandate_never_waits_in_a_circle_with_who_acts_under_it(
    appealed: tuple[Member, Member, Mandate, str], race_database: str
) -> None:
    elder, helper, mandate, appeal = appealed
    racers = "tests.points.family_racers"
    stop = Process(race_database, f"{racers}:stop_helping", principal=elder.id, mandate=mandate.mandate_id)
    act = Process(race_database, f"{racers}:withdraw_for", helper=helper.id, principal=elder.id, appeal=appeal)
    try:
        for one in (stop, act):
            one.wait_for("ready")
        act.go()
        act.wait_for("read")
        stop.go()
        stop.wait_for("locked")
        act.go()
        until_somebody_waits()
        stop.go()
        assert (stop.result(), act.result(), deadlocks()) == ("ended", 404, 0)
    finally:
        stop.kill()
        act.kill()


def test_two_who_act_for_each_other_take_their_rows_in_one_order(
    appealed: tuple[Member, Member, Mandate, str], race_database: str
) -> None:
    elder, helper, _mandate, appeal = appealed
    assert elder.id < helper.id
    racers = "tests.points.family_racers"
    busy = Process(race_database, f"{racers}:be_busy", member=elder.id)
    act = Process(race_database, f"{racers}:withdraw_for", helper=helper.id, principal=elder.id, appeal=appeal)
    try:
        for one in (busy, act):
            one.wait_for("ready")
        act.go()
        act.wait_for("read")
        busy.go()
        busy.wait_for("locked")
        act.go()
        until_somebody_waits()
        if session().get_bind().dialect.name == "postgresql":
            free = select(Member.id).where(Member.id == helper.id).with_for_update(nowait=True, key_share=True)
            assert session().scalar(free) == helper.id, "her own row is not taken before the smaller one"
            session().rollback()
        busy.go()
        assert (busy.result(), act.result()) == ("done", 303)
    finally:
        busy.kill()
        act.kill()
