"""What the desk hears of somebody who is erased."""

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.db import session, transaction
from community.core.events import emit
from community.home.models import DeskRun
from community.people.events import MemberErased
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_the_runs_of_somebody_erased_go_and_those_of_others_stay() -> None:
    with transaction():
        village = make_village()
        gone, stays = make_member(village), make_member(village)
        for one in (gone, stays):
            session().add(DeskRun(member_id=one.id, act="approve", at=clock.now(), lines=[]))
    with transaction():
        emit(MemberErased(gone.id, (gone.id,)))
    assert session().scalars(select(DeskRun.member_id)).all() == [stays.id]
