"""Her offices as she reads them."""

import pytest
from sqlalchemy import update

from community.access import holdings
from community.access.models import RoleGrant
from community.core.db import session, transaction
from community.core.holdings import copy
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_each_office_is_told_by_name_place_and_reason_also_when_it_has_ended() -> None:
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village)
        grant = make_grant(member, "grid_worker", village)
        make_grant(other, "village_admin", village)
        session().execute(update(RoleGrant).where(RoleGrant.id == grant.id).values(reason="熟悉片区"))
    (offices,) = holdings.HELD.kept
    (row,) = copy(offices, [member.id])
    assert (row["role"], row["place"], row["reason"], row["until"]) == ("网格员", "晚潮社区", "熟悉片区", None)
