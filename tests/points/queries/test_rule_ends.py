"""The last day of a rule's version is the day before the next one's first, or before a set ended it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update

from community.core.db import session, transaction
from community.points.models import RuleVersion
from community.points.queries import rule_ends
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of


def test_an_end_that_nobody_decided_is_found(app: object) -> None:
    assert app
    with transaction():
        town = town_of(make_village())
        open_books(town)
    assert list(rule_ends.wrong(town.id)) == []
    with transaction():
        session().execute(update(RuleVersion).values(ends_on=dt.date(2030, 1, 1)))
    assert [row[2] for row in rule_ends.wrong(town.id)] == [dt.date(2030, 1, 1)]
    assert list(rule_ends.wrong(town.id + 1)) == []
