"""The demo's desk has something of every kind to decide, and what was decided shows on the cast's pages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo.services import load_demo
from community.points.models import Appeal, Award, PointsCase
from community.points.queries import anomalies
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_awards_by_hand_a_reversal_objections_and_reviews_in_the_states_they_can_have() -> None:
    with transaction():
        load_demo(system_actor("demo"), people=300, days=90)
    cases = session().scalars(select(PointsCase)).all()
    assert {(case.kind, case.state) for case in cases} == {
        ("award", "posted"), ("award", "open"), ("reversal", "posted"),
    }  # fmt: skip
    assert all(case.upload_id for case in cases if case.kind == "award")
    assert all(case.done_txn_id for case in cases if case.state == "posted")
    assert {appeal.state for appeal in session().scalars(select(Appeal))} == {"open", "upheld"}
    assert session().scalars(select(Award.id).where(Award.state == "held", Award.reason_code == "review")).all()
    (flag,) = [
        flag for town in {case.town_id for case in cases} for flag in anomalies.flags(town) if flag.kind == "only_typed"
    ]
    assert flag.numbers["minutes"] == 720, "somebody's hours were all typed in"
    assert_sound()
