"""Cards on a person's page at the desk: issue, print, revoke."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.people.models import Member, MemberCard
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def member() -> Member:
    with transaction():
        village = make_village()
        return make_member(village)


@pytest.fixture
def admin(client_page: Visitor, member: Member) -> Visitor:
    with transaction():
        staff = make_member(display_name="周敏")
        make_grant(staff, "village_admin", session().get(Area, member.home_area_id))
    client_page.sign_in(staff.id)
    return client_page


def test_a_card_is_issued_printed_and_revoked(admin: Visitor, member: Member) -> None:
    url = f"/desk/people/{member.id}"
    page = admin.get(url)
    assert "念给她听过" in page.text
    printed = admin.submit(page.form(f"{url}/card"), agreed="1")
    assert printed.h1 == "队员卡"
    card = session().scalars(select(MemberCard)).one()
    assert f"{card.number[:4]} {card.number[4:]}" in printed.text
    assert member.display_name in printed.text
    masked = admin.get(f"{url}/card?name=masked")
    assert "王**" in masked.text
    page = admin.get(url)
    assert "周敏" in page.text
    page = admin.submit(page.form(f"{url}/card/revoke"), reason="卡丢了")
    assert "卡丢了" in page.text
    admin.get(f"{url}/card", 404)


def test_without_the_tick_or_a_reason_nothing_happens(admin: Visitor, member: Member) -> None:
    url = f"/desk/people/{member.id}"
    said = admin.submit(admin.get(url).form(f"{url}/card"), status=422)
    assert "同意打卡须知" in said.text
    assert not session().scalars(select(MemberCard)).all()
    admin.submit(admin.get(url).form(f"{url}/card"), agreed="1")
    admin.submit(admin.get(url).form(f"{url}/card/revoke"), status=422)
    assert session().scalars(select(MemberCard.revoked_at)).one() is None


def test_a_day_without_cards_says_how_to_issue_one(admin: Visitor) -> None:
    assert "今天还没有发过卡" in admin.get("/desk/cards").text
