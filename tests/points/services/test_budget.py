"""Who hears that a town's budget is empty: its own admins, once a day, whichever award met it first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.messages.models import Message
from community.people.events import MemberVerified
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Txn
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, settled, town_of
from tests.points.invariants import assert_sound, waiting


def told(member: Member) -> int:
    """How many messages about an empty budget are in the member's inbox."""
    session().rollback()
    mine = (Message.member_id == member.id) & (Message.kind == "points.budget_empty")
    return session().scalar(select(func.count(Message.id)).where(mine)) or 0


def admin_of(town: Area) -> Member:
    """Somebody who holds the office of the town."""
    admin = make_member(town, display_name="周敏")
    make_grant(admin, "town_admin", town)
    return admin


def by_check_in(village: Area) -> None:
    subscribers.award_checkin(accepted(make_member(village), village))


def by_settlement(village: Area) -> None:
    doubtful = flagged(make_member(village), village)
    subscribers.hold_flagged_checkin(doubtful)
    subscribers.settle_checkin(settled(doubtful, accepted=True, by=make_member(village)))


def by_verification(village: Area) -> None:
    newcomer = make_member(village, verified=False)
    subscribers.award_checkin(accepted(newcomer, village))
    subscribers.release_verified(MemberVerified(newcomer.id, make_member(village).id))


PATHS = (by_check_in, by_settlement, by_verification)


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("first", PATHS)
def test_whichever_award_meets_an_empty_budget_first_tells_the_admin_and_once_a_day(
    frozen_clock: FrozenClock, first: Callable[[Area], None]
) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=0)
        admin = admin_of(town_of(village))
    with transaction():
        first(village)
    assert told(admin) == 1
    for again in PATHS:
        with transaction():
            again(village)
    assert told(admin) == 1
    frozen_clock.tick(days=1)
    with transaction():
        first(village)
    assert told(admin) == 2


@pytest.mark.engine
@pytest.mark.usefixtures("app", "frozen_clock")
def test_who_was_told_of_one_town_is_still_told_of_another() -> None:
    with transaction():
        here, there = make_village(), make_village()
        admin = admin_of(town_of(here))
        town_of(there).name = "另一街道"
        make_grant(admin, "town_admin", town_of(there))
        for village in (here, there):
            open_books(town_of(village), budget=0)
            by_check_in(village)
    assert told(admin) == 2


@pytest.mark.engine
@pytest.mark.usefixtures("app", "frozen_clock")
def test_an_award_that_has_room_tells_nobody() -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=5)
        admin = admin_of(town_of(village))
        by_check_in(village)
    assert told(admin) == 0


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
@pytest.mark.parametrize("they_take_all", [False, True])
def test_a_budget_that_others_are_taking_from_is_not_called_empty(
    race_database: str, make_app: Callable[..., Flask], they_take_all: bool
) -> None:
    with make_app(database_url=race_database).app_context():
        with transaction():
            village = make_village()
            open_books(town_of(village))
            member, admin = make_member(village), admin_of(town_of(village))
        with db.engine.connect() as others:
            others.execute(text("SELECT slot FROM budget_slot FOR NO KEY UPDATE"))
            with transaction():
                subscribers.award_checkin(accepted(member, village))
            others.rollback()
        assert waiting(member) == [("held", "budget", None)]
        assert told(admin) == 0
        if they_take_all:
            with transaction():
                session().execute(text("UPDATE budget_slot SET amount = 0"))
        jobs.post_waiting()
        assert told(admin) == int(they_take_all), "empty after all: the job tells it, and only then"
        assert session().scalar(select(func.count(Txn.id))) == int(not they_take_all)
        assert_sound()
