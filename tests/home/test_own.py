"""What somebody sees of herself."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.home import own
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_a_profile_holds_offices_and_teams():
    with transaction():
        village = make_village()
        member = make_member(village)
        make_grant(member, "village_admin", village)
        make_membership(member, make_team(village), "active")
    page = own.profile(actor_of(member))
    assert [(office.role, office.place) for office in page.offices] == [("village_admin", village.name)]
    assert [(mine.team, str(look.word)) for mine, look in page.memberships] == [("晚潮夜巡队", "在队")]
    assert (page.phone, page.area) == ("", "白塘街道 · 晚潮社区")
