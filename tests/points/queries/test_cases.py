"""Which rules an award by hand may name."""

from __future__ import annotations

import datetime as dt

from community.core import clock
from community.core.db import session, transaction
from community.places.models import Area
from community.points.models import RuleVersion
from community.points.queries import cases
from tests.factories.deciding import manual_rule


def test_versions_in_force_lately_may_be_named_those_for_people_first(village: Area) -> None:
    with transaction():
        by_hand, gone = manual_rule(village), manual_rule(village, code="M09")
        session().get_one(RuleVersion, gone).ends_on = clock.today() - dt.timedelta(days=91)
    found = cases.rules_to_name([village.town_id])
    assert [row.code for row in found] == ["M01", "P01"]
    assert found[0].id == by_hand
