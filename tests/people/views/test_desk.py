"""The desk's pages about people: walked over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.people import services
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import add_area, make_member
from tests.factories.places import make_town, make_village
from tests.factories.teams import make_membership, make_team

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

PHONE = "199 0000 0001"
PASSWORD = "saopu-liangcha"


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return services.register(
            None, name="王桂芬", phone=PHONE, age_band="60+", home_area_id=village.id, password=PASSWORD
        )


@pytest.fixture
def admin(village):
    with transaction():
        admin = make_member(village, display_name="陈建国")
        make_grant(admin, "village_admin", village)
    return admin


# --- the desk ---


def test_the_desk_lists_the_people_of_its_own_area(client_page, admin, member):
    with transaction():
        make_member(make_village(make_town("平桥街道")), display_name="外乡人")
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/people")
    assert "王桂芬" in page.text
    assert "199****0001" in page.text
    assert "外乡人" not in page.text
    assert "19900000001" not in page.html


@pytest.mark.parametrize(
    ("query", "found"),
    [("王桂", True), ("0001", True), ("0002", False), ("%", False), ("_", False), ("<b>", False), ("陈", False)],
)
def test_people_are_found_by_name_or_by_the_last_four_digits(client_page, admin, member, query, found):
    client_page.sign_in(admin.id)
    page = client_page.submit(client_page.get("/desk/people").form("/desk/people"), q=query)
    assert ("王桂芬" in page.text) is found


def test_the_list_turns_its_pages_and_survives_senseless_ones(client_page, admin, village):
    with transaction():
        for number in range(65):
            make_member(village, display_name=f"居民{number:03d}")
    client_page.sign_in(admin.id)
    assert "第 1 页，共 3 页" in client_page.get("/desk/people").text
    assert "居民064" in client_page.get("/desk/people").text
    assert "居民000" in client_page.get("/desk/people?page=3").text
    for senseless in ("0", "-1", "999999", "x", "９９", "99999999999999999999"):
        client_page.get(f"/desk/people?page={senseless}&show=nonsense")


def test_looking_at_a_person_leaves_an_audit_row_each_time_and_at_oneself_none(client_page, admin, member):
    client_page.sign_in(admin.id)
    for _ in range(2):
        client_page.get(f"/desk/people/{member.id}")
    client_page.get(f"/desk/people/{admin.id}")
    looks = session().scalars(select(AuditEntry)).all()
    assert [(look.actor_id, look.object_id, look.act) for look in looks] == [
        (admin.id, str(member.id), "audit.look")
    ] * 2


def test_a_person_elsewhere_does_not_exist_and_leaves_no_row(client_page, admin):
    with transaction():
        stranger = make_member(make_village(make_town("平桥街道")))
    client_page.sign_in(admin.id)
    client_page.get(f"/desk/people/{stranger.id}", 404)
    client_page.get("/desk/people/1", 404)
    client_page.get("/desk/people/99999999999999999999", 404)
    assert session().scalars(select(AuditEntry)).all() == []


def test_a_plain_member_does_not_open_the_desk(client_page, member):
    client_page.sign_in(member.id)
    client_page.get("/desk/people", 403)
    client_page.get(f"/desk/people/{member.id}", 403)
    client_page.get("/desk", 403)


def test_verifying_at_the_desk(client_page, admin, member):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    page = client_page.submit(page.form("/verify"))
    assert "陈建国" in page.text
    assert session().get(Member, member.id).verified_by == admin.id


def test_a_slip_of_the_finger_is_undone_on_her_own_page_for_ten_seconds(client_page, admin, member, frozen_clock):
    client_page.sign_in(admin.id)
    url = f"/desk/people/{member.id}"
    page = client_page.submit(client_page.get(url).form(f"{url}/verify"))
    undo = page.form(f"{url}/verify/undo")
    page = client_page.submit(undo)
    assert "已撤销" in page.text
    assert session().get(Member, member.id).verified_at is None
    page = client_page.submit(page.form(f"{url}/verify"))
    undo = page.form(f"{url}/verify/undo")
    frozen_clock.tick(seconds=11)
    assert not [form for form in client_page.get(url).forms if form.action.endswith("/undo")]
    assert "已经过了十秒" in client_page.submit(undo, status=409).text
    assert session().get(Member, member.id).verified_at is not None


def test_who_was_given_a_place_since_stays_known(client_page, admin, member, village, frozen_clock):
    client_page.sign_in(admin.id)
    url = f"/desk/people/{member.id}"
    page = client_page.submit(client_page.get(url).form(f"{url}/verify"))
    with transaction():
        make_membership(session().get(Member, member.id), make_team(session().get(Area, village.id)))
    client_page.submit(page.form(f"{url}/verify/undo"), status=409)
    assert session().get(Member, member.id).verified_at is not None


def test_nobody_else_undoes_it(client_page, new_visitor, admin, member, village, frozen_clock):
    client_page.sign_in(admin.id)
    url = f"/desk/people/{member.id}"
    client_page.submit(client_page.get(url).form(f"{url}/verify"))
    with transaction():
        other = make_member(village, display_name="吴芳")
        make_grant(other, "village_admin", village)
    visitor = new_visitor()
    visitor.sign_in(other.id)
    assert not [form for form in visitor.get(url).forms if form.action.endswith("/undo")]


def test_the_page_of_oneself_offers_no_decision(client_page, admin):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{admin.id}")
    assert "请由另一位管理员" in page.text
    assert [form.action for form in page.forms if "/desk/people/" in form.action] == []


def test_a_number_that_another_verified_member_has_is_refused_with_what_to_do(client_page, admin, member, village):
    with transaction():
        services.register(None, name="李四", phone=PHONE, age_band="18-59", home_area_id=village.id)
        session().execute(update(Member).where(Member.display_name == "李四").values(verified_at=admin.verified_at))
    client_page.sign_in(admin.id)
    form = client_page.get(f"/desk/people/{member.id}").form("/verify")
    page = client_page.submit(form, 409)
    assert "已有一位核实过的居民" in page.text
    assert "李四" not in page.text


def test_a_minor_waits_for_her_guardian_and_then_is_verified(client_page, admin, village):
    with transaction():
        minor = services.register(
            None,
            name="小雨",
            phone="19900000003",
            age_band="14-17",
            guardian_name="妈妈",
            guardian_phone="19900000004",
            home_area_id=village.id,
        )
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{minor.id}")
    assert [form for form in page.forms if form.action.endswith("/verify")] == []
    assert "199****0004" in page.text
    page = client_page.submit(page.form("/guardian"), how="", status=422)
    assert "请写明监护人怎样" in page.text
    page = client_page.submit(page.form("/guardian"), how="<b>电话</b>里同意")
    client_page.submit(page.form("/verify"))
    assert session().get(Member, minor.id).verified_at is not None


def test_suspending_needs_a_reason_and_keeps_what_was_typed(client_page, admin, member):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    page = client_page.submit(page.form("/suspend"), reason="   ", status=422)
    assert "请写明" in page.text
    page = client_page.submit(page.form("/suspend"), reason="原" * 201, status=422)
    assert page.one("input", name="reason").get("value") == "原" * 201
    page = client_page.submit(page.form("/suspend"), reason="核实中")
    page = client_page.submit(page.form("/reinstate"), reason="核实过了")
    assert session().get(Member, member.id).status == "active"


def test_who_lives_in_another_town_is_shown_without_the_forms_that_stop_her(client_page, admin, village):
    with transaction():
        guest = make_member(make_village(make_town("平桥街道")), verified=False)
        add_area(guest, village)
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{guest.id}")
    assert [form.action.rpartition("/")[2] for form in page.forms if f"/{guest.id}/" in form.action] == ["verify"]
    assert "请她所在镇街的管理员处理" in page.text


def test_a_name_of_html_is_shown_as_text(client_page, admin, village):
    with transaction():
        odd = services.register(
            None, name="<b>王</b>'\"&", phone="19900000006", age_band="60+", home_area_id=village.id
        )
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{odd.id}")
    assert page.h1 == "<b>王</b>'\"&"
