"""Moving a town's budget, and who hears that it is empty: its own admins, once a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.core.authz import Actor, system_actor
from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people.events import MemberVerified
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Txn
from community.points.queries import budgets
from community.points.services import budget
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, settled, town_of
from tests.points.invariants import assert_sound, waiting

YEAR = 2026


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
                budget.fund(system_actor("tests"), town_of(village).id, YEAR, 0, resolution="收回预算")
        jobs.post_waiting()
        assert told(admin) == int(they_take_all), "empty after all: the job tells it, and only then"
        assert session().scalar(select(func.count(Txn.id))) == int(not they_take_all)
        assert_sound()


# --- moves ---


def sums(town: Area, year: int = YEAR) -> tuple[int, int, int]:
    """Slots in all, used, and what the moves of the year add up to."""
    found = budgets.year_of(town.id, year)
    moved = sum(one.amount for one in budgets.moves(town.id) if one.year == year)
    return found.amount, found.used, moved


@pytest.fixture
def office(village: Area) -> Actor:
    """The district's office, which moves budgets."""
    with transaction():
        somebody = make_member(village, display_name="章立群")
        make_grant(somebody, "district_office", town_of(village))
    return actor_of(somebody)


@pytest.mark.engine
def test_a_budget_is_raised_and_lowered_by_named_resolutions_at_their_prices(village: Area, office: Actor) -> None:
    town = town_of(village)
    with transaction():
        budget.move(office, town.id, YEAR, 500, resolution="第8号决议", fen_per_point=10)
    with transaction():
        budget.move(office, town.id, YEAR, -100, resolution=" 第9号决议 ", fen_per_point=12)
    assert sums(town) == (10_400, 0, 10_400)
    assert [(one.amount, one.fen_per_point, one.resolution, one.by_id) for one in budgets.moves(town.id)][:2] == [
        (-100, 12, "第9号决议", office.member_id),
        (500, 10, "第8号决议", office.member_id),
    ]
    assert budgets.price(town.id) == 12
    assert budgets.funded(town.id) == 500 * 10 - 100 * 12, "the first budget had no price"
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.budget_move")).all()[-1]
    assert (entry.reason, entry.details) == ("第9号决议", {"year": YEAR, "delta": -100, "fen": 12})
    assert_sound()


@pytest.mark.engine
def test_what_was_spent_is_never_taken_back_and_all_the_rest_may_be(village: Area, office: Actor) -> None:
    town = town_of(village)
    with transaction():
        for _person in range(3):
            subscribers.award_checkin(accepted(make_member(village), village))
    with pytest.raises(Conflict) as refused, transaction():
        budget.move(office, town.id, YEAR, -9_986, resolution="第9号决议", fen_per_point=10)
    assert (refused.value.code, refused.value.field) == ("budget_spent", "amount")
    assert "9985" in str(refused.value.message)
    with transaction():
        budget.move(office, town.id, YEAR, -9_985, resolution="第9号决议", fen_per_point=10)
    assert sums(town) == (15, 15, 15)
    assert_sound()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"year": YEAR - 1}, "year"),
        ({"fen_per_point": 0}, "fen_per_point"),
        ({"resolution": "  "}, "resolution"),
    ],
)
def test_a_move_without_what_it_needs_is_refused_at_its_field(
    village: Area, office: Actor, changed: dict[str, int | str], field: str
) -> None:
    wanted: dict[str, Any] = {"year": YEAR, "amount": 5, "resolution": "第8号决议", "fen_per_point": 10} | changed
    with pytest.raises(DomainError) as refused, transaction():
        budget.move(office, village.town_id or 0, wanted.pop("year"), wanted.pop("amount"), **wanted)
    assert refused.value.field == field
    assert len(budgets.moves(town_of(village).id)) == 1


def test_only_who_manages_budgets_moves_one_and_only_of_her_towns(village: Area, office: Actor) -> None:
    with transaction():
        admin = admin_of(town_of(village))
        elsewhere = town_of(make_village())
        open_books(elsewhere)
    for who, town_id, error in (
        (actor_of(admin), village.town_id, Forbidden),
        (office, elsewhere.id, NotFound),
        (office, village.id, NotFound),
    ):
        with pytest.raises(error), transaction():
            budget.move(who, town_id or 0, YEAR, 5, resolution="第8号决议", fen_per_point=10)


def test_the_database_keeps_moves_as_they_are(village: Area) -> None:
    for statement in ("UPDATE budget_move SET amount = 1", "DELETE FROM budget_move"):
        with pytest.raises(DBAPIError), transaction():
            session().execute(text(statement))


@pytest.mark.engine
def test_what_waited_is_paid_after_a_raise(village: Area, office: Actor) -> None:
    with transaction():
        poor = make_village()
        open_books(town_of(poor), budget=0)
        make_grant(session().get(Member, office.member_id) or Member(), "district_office", town_of(poor))
        member = make_member(poor)
        subscribers.award_checkin(accepted(member, poor))
    assert waiting(member) == [("held", "budget", None)]
    with transaction():
        raised = actor_of(session().get(Member, office.member_id) or Member())
        budget.move(raised, poor.town_id or 0, YEAR, 5, resolution="第8号决议", fen_per_point=10)
    jobs.post_waiting()
    assert sums(town_of(poor)) == (5, 5, 5)
