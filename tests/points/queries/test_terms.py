"""A town's settings, and the product's where it has none."""

from __future__ import annotations

from community.core.db import session, transaction
from community.places.models import Area
from community.points.models import TownTerms
from community.points.queries import terms


def test_much_needs_two_people_by_the_towns_own_measure_and_minutes_by_one_of_their_own(village: Area) -> None:
    usual = terms.of_town(village.town_id)
    assert [usual.people_needed("points", amount) for amount in (49, 50)] == [1, 2]
    assert [usual.people_needed("minutes", amount) for amount in (239, 240)] == [1, 2]
    with transaction():
        session().add(TownTerms(town_id=village.town_id, four_eyes_from=10, appeal_days=3))
    own = terms.of_town(village.town_id)
    assert (own.people_needed("points", 10), own.appeal_days) == (2, 3)
