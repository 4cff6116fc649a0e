"""The last look over a town's books decides whether redeeming rests there."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.places.models import Area
from community.points.queries import checks
from community.points.services import checking

pytestmark = pytest.mark.engine


def test_a_red_look_freezes_its_town_until_a_green_one(village: Area, frozen_clock: FrozenClock) -> None:
    town = village.town_id
    assert not checks.frozen(town)
    assert checks.latest([town]) == {}
    with transaction():
        assert checking.look_over(town)
    frozen_clock.tick(hours=1)
    with transaction():
        assert not checking.keep(town, {"I4 the lots hold the balance": [(1,)]})
    assert checks.frozen(town)
    assert not checks.frozen(town + 1)
    green = checks.last_green(town)
    assert green
    assert green.at < frozen_clock.now()
    frozen_clock.tick(hours=1)
    with transaction():
        assert checking.look_over(town)
    assert not checks.frozen(town)
    assert checks.latest([town])[town].ok
