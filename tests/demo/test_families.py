"""The demo's families: one may act for another, and a pot of three is used."""

from __future__ import annotations

from sqlalchemy import func, select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.demo import services
from community.people.models import Mandate, MandateAct
from community.points.models import PotSeat, PotShare
from tests.points.invariants import assert_sound


def test_a_mandate_and_a_pot_are_in_use(app: object, frozen_clock: FrozenClock) -> None:
    with transaction():
        services.load_demo(system_actor("tests"), people=200, days=80)
    mandate = session().scalars(select(Mandate)).one()
    assert (mandate.state, mandate.how) == ("in_force", "own")
    assert session().scalars(select(MandateAct.act)).all() == ["redeem"]
    assert session().scalar(select(func.count()).select_from(PotSeat)) == 3
    assert session().scalars(select(PotShare.amount)).all() == [8]
    assert_sound()
