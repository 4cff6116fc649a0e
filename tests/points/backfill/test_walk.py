"""What many acts of the past cost: rules, caps and decisions, in the order in which they would have happened."""

import datetime as dt

import pytest

from community.core.authz import Actor, system_actor
from community.core.db import transaction
from community.core.errors import Forbidden
from community.points.backfill.walk import PastAct, PastDecision, cost
from community.points.services.awarding import Act
from tests.factories.places import make_town
from tests.factories.points import make_rule, open_books

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
SEVEN = dt.datetime(2026, 9, 1, 11, 5, tzinfo=dt.UTC)  # five past seven in Shanghai
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def town_id() -> int:
    with transaction():
        town = make_town()
        open_books(town, make_rule(), budget=0, years=(2026,))
    return town.id


def act(town_id: int, after: dt.timedelta = dt.timedelta(), *, subject: int = 7, **changed: object) -> PastAct:
    fields = {
        "trigger": "CheckInAccepted",
        "evidence_ref": f"checkin:{subject}-{after.total_seconds():.0f}",
        "subject_id": subject,
        "town_id": town_id,
        "scope_path": "990100/",
        "earned_at": SEVEN + after,
        "grade": "B",
        "place": "晚潮苑南门岗",
    }
    flagged, decision = changed.pop("flagged", False), changed.pop("decision", None)
    return PastAct(Act(**(fields | changed)), bool(flagged), decision)  # type: ignore[arg-type]


def decided(after: dt.timedelta, *, accepted: bool = True) -> PastDecision:
    return PastDecision(accepted, 8, SEVEN + after, "同组队员证实")


def test_the_first_act_of_each_hour_counts_up_to_the_day_s_cap(town_id: int) -> None:
    minutes = (0, 10, 60, 70, 120, 180)
    acts = [act(town_id, dt.timedelta(minutes=each)) for each in minutes]

    assert cost(IMPORT, acts) == {(town_id, 2026): 10}


def test_caps_are_a_person_s_own_and_begin_anew_every_day(town_id: int) -> None:
    acts = [act(town_id), act(town_id, subject=8), act(town_id, 24 * HOUR)]

    assert cost(IMPORT, acts) == {(town_id, 2026): 15}


def test_acts_before_the_rule_or_of_another_kind_or_town_cost_nothing(town_id: int) -> None:
    long_ago = dt.datetime(2019, 5, 1, tzinfo=dt.UTC)

    assert cost(IMPORT, [act(town_id, earned_at=long_ago)]) == {}
    assert cost(IMPORT, [act(town_id, trigger="ReportVerified")]) == {}
    assert cost(IMPORT, [act(town_id + 1)]) == {}


def test_a_flagged_act_costs_nothing_until_somebody_accepted_it(town_id: int) -> None:
    assert cost(IMPORT, [act(town_id, flagged=True)]) == {}
    assert cost(IMPORT, [act(town_id, flagged=True, decision=decided(HOUR, accepted=False))]) == {}
    assert cost(IMPORT, [act(town_id, flagged=True, decision=decided(HOUR))]) == {(town_id, 2026): 5}


def test_a_decision_belongs_to_the_year_in_which_it_was_made(town_id: int) -> None:
    new_year = dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)  # an hour before midnight in Shanghai
    late = PastDecision(accepted=True, by_id=8, at=new_year + 2 * HOUR, words="同组队员证实")

    assert cost(IMPORT, [act(town_id, earned_at=new_year, flagged=True, decision=late)]) == {(town_id, 2027): 5}


def test_weak_evidence_earns_nothing_by_a_strict_rule() -> None:
    with transaction():
        town = make_town()
        open_books(town, make_rule(min_grade="B"), budget=0)

    assert cost(IMPORT, [act(town.id, grade="C")]) == {}
    assert cost(IMPORT, [act(town.id, grade="B")]) == {(town.id, 2026): 5}


def test_a_person_may_not_ask() -> None:
    with pytest.raises(Forbidden):
        cost(Actor(1), [])
