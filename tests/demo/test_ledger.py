"""The demo's books are sealed, closed month by month, and sound."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo import services
from community.points.models import LedgerCheck, PeriodClose, Unsealed
from community.points.queries import invariants

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_past_months_are_closed_and_the_books_are_sound() -> None:
    with transaction():
        services.load_demo(system_actor("demo"), people=80, days=100)
    assert session().scalar(select(func.count()).select_from(Unsealed)) == 0
    states = session().execute(select(PeriodClose.state, func.count()).group_by(PeriodClose.state))
    counted = {row[0]: row[1] for row in states}
    assert counted["published"] > counted["draft"] >= 1
    assert set(session().scalars(select(LedgerCheck.ok))) == {True}
    assert invariants.broken() == {}
    drafted = select(PeriodClose).where(PeriodClose.published_by == PeriodClose.drafted_by)
    assert session().scalars(drafted).all() == []
