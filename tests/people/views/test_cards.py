"""Cards on a person's page at the desk: issue, print, revoke."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
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


def test_todays_cards_printed_once_more_are_a_look_at_each_holder(admin: Visitor, member: Member) -> None:
    url = f"/desk/people/{member.id}"
    admin.get("/desk/cards")
    admin.submit(admin.get(url).form(f"{url}/card"), agreed="1")
    assert member.display_name in admin.get("/desk/cards").text
    wanted = select(AuditEntry.object_id, AuditEntry.details).where(AuditEntry.act == "audit.look")
    seen = [(one.object_id, one.details["why"]) for one in session().execute(wanted.order_by(AuditEntry.id))]
    # Her page, the card just issued, and the sheet of today.
    assert seen == [(str(member.id), why) for why in ("people.desk_person", "people.card", "people.card")]


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


def test_a_suspended_persons_page_says_why_there_is_no_card(admin: Visitor, member: Member) -> None:
    url = f"/desk/people/{member.id}"
    issue = admin.get(url).form(f"{url}/card")
    suspend = next(form for form in admin.get(url).forms if form.action.endswith("/suspend"))
    page = admin.submit(suspend, reason="手机被人拿走了")
    assert "账号暂停中，恢复以后才能发卡" in page.text
    assert "先核对本人" not in page.text
    refused = admin.submit(issue, status=409, agreed="1")
    assert "账号暂停中，不能发卡" in refused.text


def test_the_card_of_a_suspended_person_can_still_be_revoked_but_not_replaced(admin: Visitor, member: Member) -> None:
    url = f"/desk/people/{member.id}"
    admin.submit(admin.get(url).form(f"{url}/card"), agreed="1")
    admin.submit(next(form for form in admin.get(url).forms if form.action.endswith("/suspend")), reason="卡借给了别人")
    page = admin.get(url)
    assert "这张卡现在打不了卡" in page.text
    assert not [form for form in page.forms if form.action == f"{url}/card"]
    page = admin.submit(page.form(f"{url}/card/revoke"), reason="卡借给了别人")
    assert "恢复以后才能发卡" in page.text
