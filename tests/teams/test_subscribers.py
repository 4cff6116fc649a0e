"""What follows in the teams from what happened to a member."""

import pytest

from community.core.db import session, transaction
from community.people import services as people_services
from community.teams.models import Membership
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_a_guardians_consent_noted_on_the_persons_page_lets_her_applications_go_on() -> None:
    with transaction():
        village = make_village()
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        minor = make_member(village, verified=False, age_band="14-17")
        waiting = make_membership(minor, make_team(village), "waiting_guardian")
        ended = make_membership(minor, make_team(village), "left")
        people_services.confirm_guardian(actor_of(admin), member_id=minor.id, how="电话核实")
    assert session().get_one(Membership, waiting.id).state == "applied"
    assert session().get_one(Membership, ended.id).state == "left"
