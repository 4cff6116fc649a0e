"""The history as it is written: check-ins that the patrols' tables accept, and a sound ledger."""

import pytest
from sqlalchemy import func, select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo.district import read_district
from community.demo.history import Told, load_history
from community.demo.loading import Loaded, load_district
from community.patrols.models import CheckIn, CheckInEvent
from community.places.models import Area
from community.points.models import Award, BudgetSlot, Txn
from tests.points.invariants import assert_sound

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def load(people: int = 60, days: int = 30) -> tuple[Loaded, Told, list[int]]:
    progress: list[int] = []
    actor = system_actor("demo")
    with transaction():
        loaded = load_district(actor, read_district(), people_wanted=people, days=days)
        return loaded, load_history(actor, loaded, progress=progress.append), progress


def test_the_usual_demo_has_a_sound_ledger_and_shows_held_awards() -> None:
    _loaded, told, _progress = load(300, 460)

    assert_sound()
    assert told.check_ins == session().scalar(select(func.count(CheckIn.id)))
    assert 9_000 < told.check_ins < 14_000
    assert told.awards.posted == session().scalar(select(func.count(Txn.id)))
    assert told.awards.posted > 4_000
    assert (told.awards.without_budget, told.awards.flagged > 1, told.awards.refused > 1) == (3, True, True)


def test_only_the_town_whose_budget_ran_out_has_awards_waiting_for_it() -> None:
    load(120, 60)
    held = session().execute(
        select(Area.name, func.count(Award.id))
        .join(Area, Area.id == Award.town_id)
        .where(Award.state == "held", Award.reason_code == "budget")
        .group_by(Area.name)
    )
    assert held.all() == [("桑埠镇", 3)]
    left = session().scalar(
        select(func.sum(BudgetSlot.amount - BudgetSlot.used))
        .join(Area, Area.id == BudgetSlot.town_id)
        .where(Area.name == "桑埠镇", BudgetSlot.year == 2026)
    )
    assert left is not None
    assert left < 5


def test_progress_counts_every_day_once() -> None:
    _loaded, _told, progress = load(60, 30)
    assert sum(progress) == 30


def test_some_check_ins_of_today_and_yesterday_wait_and_none_lies_in_the_future() -> None:
    load(300, 5)
    waiting = session().scalars(select(CheckIn.used_at).where(CheckIn.status == "flagged")).all()
    days = {clock.local(at).date() for at in waiting}

    assert clock.today() in days
    assert len(days) == 2
    newest = session().scalar(select(func.max(CheckIn.used_at)))
    decided = session().scalar(select(func.max(CheckInEvent.at)))
    assert newest is not None
    assert decided is not None
    assert max(newest, decided) <= clock.now()


def test_flagged_check_ins_hold_their_points_until_somebody_else_decides() -> None:
    load(120, 60)
    settled = session().scalars(select(Award).where(Award.reason_code == "flagged")).all()
    assert {award.state for award in settled} == {"held", "posted", "refused"}
    for award in settled:
        assert (award.decided_by is None) == (award.state == "held")
        assert award.decided_by != award.subject_id


def test_nobody_earned_more_than_the_day_s_cap_of_a_town() -> None:
    load(120, 60)
    most = (
        session()
        .scalars(
            select(func.count(Txn.id))
            .group_by(Txn.town_id, Txn.subject_id, Txn.effective_on)
            .order_by(func.count(Txn.id).desc())
        )
        .first()
    )
    assert most == 2  # of five points each


def test_a_history_that_ends_with_the_old_year_leaves_the_new_year_s_budget_to_wait() -> None:
    with clock.frozen("2027-01-01T02:00:00Z"):
        _loaded, told, _progress = load(60, 10)
    assert_sound()
    assert told.awards.posted > 0
