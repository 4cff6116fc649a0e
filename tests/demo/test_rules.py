"""The demo district has a rule set in each state, made by the cast through the room's own services."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo.services import load_demo
from community.points.models import RuleObjection, RuleSet, RuleVersion

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_one_set_in_each_state_with_its_trial_and_its_objections() -> None:
    with transaction():
        load_demo(system_actor("demo"), people=120, days=120)
    sets = {row.state: row for row in session().scalars(select(RuleSet))}
    assert set(sets) == {"draft", "published", "in_force", "withdrawn"}
    assert all(row.simulation and row.simulation["points"][1] for row in sets.values())
    assert sets["withdrawn"].end_reason
    published = sets["published"]
    assert published.published_on
    assert published.published_on < clock.today() < (published.effective_on or clock.today())
    words = session().execute(select(RuleObjection.rule_set_id, RuleObjection.answered_at)).all()
    open_ones = [row.rule_set_id for row in words if row.answered_at is None]
    assert open_ones == [published.id], "one waits for an answer, of the set that is still open"
    versions = session().scalars(select(RuleVersion).where(RuleVersion.rule_set_id == sets["in_force"].id)).all()
    assert {(row.trigger, row.asset) for row in versions} == {("Manual", "points"), ("Manual", "minutes")}
    assert all(row.effective_on <= clock.today() for row in versions)
