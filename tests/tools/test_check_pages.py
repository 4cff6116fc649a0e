"""What counts as a breach of the goals, and what a busy machine may not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.measure import Reading, budget
from tests.harness.tour import Stop
from tools.check_pages import Row, judge_again, judge_lighthouse, judge_pace, table


def row(route: str = "/", path: str = "/") -> Row:
    return Row(Stop(route, path, ""), Reading(path, "", weight=9_000, requests=3))


def report(*, performance: float = 1.0, seo: float = 1.0, lcp: float = 700.0, calm: bool = True) -> dict[str, Any]:
    scores = {"performance": performance, "accessibility": 1.0, "best-practices": 1.0, "seo": seo}
    audits = {"largest-contentful-paint": lcp, "cumulative-layout-shift": 0.0, "total-blocking-time": 0.0}
    return {
        "environment": {"benchmarkIndex": 2000},
        "crowded": not calm,
        "categories": {
            name: {"score": score, "auditRefs": [{"id": f"{name}-rule", "weight": 1}]} for name, score in scores.items()
        },
        "audits": {name: {"numericValue": value} for name, value in audits.items()}
        | {f"{name}-rule": {"score": score} for name, score in scores.items()},
    }


def test_a_page_within_its_goals_has_no_breach() -> None:
    fine = row()
    judge_lighthouse(fine, [report()])
    assert fine.breaches == []
    assert not fine.busy
    assert "100/100/100/100" in list(table([fine]))[-1]


def test_a_low_score_names_the_rule_that_failed() -> None:
    poor = row()
    judge_lighthouse(poor, [report(seo=0.9)])
    assert poor.breaches == ["Lighthouse seo 90, at least 100 seo-rule"]


@pytest.mark.parametrize(
    ("route", "lcp", "breaches"), [("/", 900.0, 1), ("/help", 900.0, 0), ("/help", 1100.0, 1), ("/p/<token>", 840.0, 0)]
)
def test_doors_must_open_sooner_than_other_pages(route: str, lcp: float, breaches: int) -> None:
    seen = row(route, route)
    judge_lighthouse(seen, [report(lcp=lcp)])
    assert len(seen.breaches) == breaches


def test_a_busy_machine_judges_no_times() -> None:
    crowded = row()
    judge_lighthouse(crowded, [report(lcp=5000.0, performance=0.5, calm=False)])
    judge_pace(crowded, [9000.0], [9000.0], calm=False)
    assert crowded.breaches == []
    assert crowded.busy


@pytest.mark.parametrize(
    ("path", "shown", "tapped", "breaches"),
    [
        ("/", 1000.0, 150.0, 0),
        ("/", 1001.0, 151.0, 2),
        ("/help", 1400.0, 100.0, 0),
        ("/help", 1401.0, 100.0, 1),
        ("/desk", 3000.0, 200.0, 0),
        ("/desk", 3001.0, 201.0, 2),
    ],
)
def test_every_page_has_its_goal_on_a_hard_network_and_for_a_tap(
    path: str, shown: float, tapped: float, breaches: int
) -> None:
    seen = row(path, path)
    judge_pace(seen, [9000.0, shown, 1.0], [9000.0, tapped, 1.0], calm=True)
    assert len(seen.breaches) == breaches
    assert not seen.busy


@pytest.mark.parametrize(("weight", "requests", "breaches"), [(6144, 1, 0), (6145, 1, 1), (100, 2, 1)])
def test_a_second_visit_to_a_sign_has_a_goal_of_its_own(weight: int, requests: int, breaches: int) -> None:
    seen = row("/p/<token>", "/p/7k3m9qxw")
    judge_again(seen, weight, requests)
    assert len(seen.breaches) == breaches
    assert f"{weight} in {requests}" in list(table([seen]))[-1]


def test_a_page_that_lighthouse_cannot_open_is_a_breach() -> None:
    shut = row()
    judge_lighthouse(shut, [])
    assert shut.breaches


@pytest.mark.parametrize(
    ("path", "surface", "weight", "requests", "breaches"),
    [
        ("/help", "phone", 14_000, 3, 0),
        ("/help", "phone", 14_001, 4, 2),
        ("/p/7k3m9qxw?first=1", "phone", 10_241, 3, 1),
        ("/desk", "desk", 59_000, 8, 0),
        ("/desk", "desk", 61_000, 9, 2),
    ],
)
def test_each_kind_of_page_has_its_budget(path: str, surface: str, weight: int, requests: int, breaches: int) -> None:
    read = Reading(path, "", surface=surface, weight=weight, requests=requests)
    assert len(budget(read)) == breaches
