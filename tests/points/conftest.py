"""A community with open books and people in it, at 21:07 on 2026-11-23."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of


@pytest.fixture
def village(app: object, frozen_clock: FrozenClock) -> Area:
    """A community in a town with rule P01 and 10,000 points this year."""
    with transaction():
        village = make_village()
        open_books(town_of(village))
    return village


@pytest.fixture
def member(village: Area) -> Member:
    """A verified volunteer."""
    with transaction():
        return make_member(village)


@pytest.fixture
def leader(village: Area) -> Member:
    """Somebody else, who settles."""
    with transaction():
        return make_member(village, display_name="孙卫东")
