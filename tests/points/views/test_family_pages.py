"""What a page of a family's pot asks to agree to is who stood on it, whoever comes in while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from community.core.db import db, session, transaction
from community.core.errors import Conflict
from community.people.models import Member
from community.points.models import FamilyPot
from community.points.queries import families as queries
from community.points.services import families
from community.points.views import family_pages as pages
from tests.factories.access import actor_of
from tests.factories.families import sit_together
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.faults]


@pytest.fixture
def app(race_database: str, make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """Real commits, so that a second connection sees what the first one wrote."""
    app = make_app(database_url=race_database)
    with app.app_context():
        yield app


def two_and_one() -> tuple[FamilyPot, Member, Member, Member]:
    """A pot with two in it, and somebody of the same town."""
    with transaction():
        village = make_village()
        one, two, third = (make_member(village, display_name=name) for name in ("何秀珍", "何敏", "小宇"))
        return sit_together([one, two], cap=20), one, two, third


@contextmanager
def meanwhile(app: Flask, act: Callable[[], object]) -> Iterator[list[str]]:
    """Let `act` happen over another connection as soon as the names of a pot were read."""
    done: list[str] = []

    def go(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "pot_seat" in statement and "display_name" in statement and not done:
            done.append(statement)
            with app.app_context(), transaction():
                act()

    event.listen(db.engine, "after_cursor_execute", go)
    try:
        yield done
    finally:
        event.remove(db.engine, "after_cursor_execute", go)


def reached_by(payer_id: int, pot_id: int) -> set[str]:
    """Who may use her points."""
    seats = queries.roster(pot_id).seated
    return {one.name for one in seats for payer in queries.reaching(one.seat) if payer.member_id == payer_id}


def test_agreeing_reaches_nobody_who_came_while_the_page_was_made(app: Flask) -> None:
    pot, one, two, third = two_and_one()
    with transaction():
        code = families.invite(actor_of(two)).code
    third_actor = actor_of(third)
    session().rollback()
    with meanwhile(app, lambda: families.join(third_actor, code, cap=5, roll=2)) as came:
        page = pages.pot(actor_of(one))
    assert came
    assert page
    assert [seat.name for seat in page.seats] == ["何秀珍", "何敏"]
    session().rollback()
    with transaction():
        families.agree(actor_of(one), roll=page.roll)
    assert reached_by(one.id, pot.id) == {"何敏"}
    page = pages.pot(actor_of(one))
    assert page
    assert page.waiting == ["小宇"]


def test_who_comes_in_herself_is_shown_everybody_first(app: Flask) -> None:
    pot, one, two, third = two_and_one()
    with transaction():
        fourth = make_member(make_village(), display_name="何强")
        fourth.town_id, fourth.home_path = third.town_id, third.home_path
    with transaction():
        codes = [families.invite(actor_of(two)).code]
    third_actor, asker = actor_of(third), actor_of(fourth)
    host = actor_of(one)

    def come() -> None:
        families.join(third_actor, codes[0], cap=5, roll=2)
        codes.append(families.invite(host).code)

    offer = families.invited(asker, codes[0])
    with meanwhile(app, come) as came:
        page = pages.invited(offer)
    assert came
    assert page.names == ["何秀珍", "何敏"]
    session().rollback()
    with transaction(), pytest.raises(Conflict, match="family_changed"):
        families.join(asker, codes[1], cap=5, roll=page.roll)
    assert len(queries.roster(pot.id).seated) == 3
