"""What offices hear: an area that moved, a member who is erased."""

import pytest
from sqlalchemy import select

from community.access.models import RoleGrant
from community.core import clock
from community.core.db import session, transaction
from community.core.events import emit
from community.people.events import MemberErased
from community.places.events import AreaMoved
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_an_office_follows_its_area() -> None:
    with transaction():
        village = make_village()
        make_grant(make_member(village), "village_admin", village)
    with transaction():
        emit(AreaMoved(village.id, village.path, "elsewhere/"))
    assert session().scalars(select(RoleGrant.scope_path)).one() == "elsewhere/"


def test_the_offices_of_somebody_erased_end_and_those_of_others_do_not() -> None:
    with transaction():
        village = make_village()
        gone, stays = make_member(village), make_member(village)
        make_grant(gone, "village_admin", village)
        make_grant(stays, "village_admin", village)
    with transaction():
        emit(MemberErased(gone.id, (gone.id,)))
    ends = {grant.member_id: grant.until for grant in session().scalars(select(RoleGrant))}
    assert ends[stays.id] is None
    assert ends[gone.id] is not None
    assert (ends[gone.id] - clock.now()).total_seconds() < 1
