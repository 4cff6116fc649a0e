"""What the desk keeps of somebody's work, as she reads it."""

import pytest

from community.core import clock
from community.core.db import session, transaction
from community.core.holdings import copy
from community.home import holdings
from community.home.models import DeskRun
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_her_runs_are_told_without_whom_they_were_about() -> None:
    with transaction():
        village = make_village()
        her, other = make_member(village), make_member(village)
        for one in (her, other):
            session().add(DeskRun(member_id=one.id, act="approve", at=clock.now(), lines=[{"ref": "application:7"}]))
    (kept,) = holdings.HELD.kept
    (row,) = copy(kept, [her.id])
    assert row["act"] == "approve"
    assert "application" not in str(row)
