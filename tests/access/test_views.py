"""The desk of offices: found, given, changed, ended, and refused beyond one's own (through the pages themselves)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from community.access.models import RoleGrant
from community.access.queries import load_actor
from community.audit.models import AuditEntry
from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.client import Visitor
from tests.harness.pages import Form, Page
from tests.harness.processes import together

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def town(client_page: Visitor) -> Area:
    with transaction():
        return make_town()


@pytest.fixture
def village(town: Area) -> Area:
    with transaction():
        return make_village(town)


def admin_of(area: Area, role: str, name: str = "高培源") -> Member:
    with transaction():
        member = make_member(area, display_name=name)
        make_grant(member, role, area)
    return member


def resident(area: Area, **fields: object) -> Member:
    with transaction():
        return make_member(area, **{"display_name": "周雅琴", **fields})


def asks(page: Page) -> Form:
    """The page's own POST form (the layout's are about looks)."""
    (form,) = [one for one in page.forms if one.method == "post" and "/desk/" in one.action]
    return form


def grants_of(member: Member) -> list[RoleGrant]:
    return list(session().scalars(select(RoleGrant).where(RoleGrant.member_id == member.id).order_by(RoleGrant.id)))


def test_an_office_is_given_from_finding_the_person_to_her_message(
    client_page: Visitor, town: Area, village: Area
) -> None:
    person = resident(village)
    client_page.sign_in(admin_of(town, "town_admin").id)
    found = client_page.submit(client_page.get("/desk/grants/new").form("/desk/grants/new"), q="周雅琴")
    assert found.one("a", href=f"/desk/grants/new/{person.id}") is not None
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    shown = client_page.submit(
        form, role="grid_worker", area_id=str(village.id), until_on="2027-11-23", reason="接任网格员"
    )
    assert "网格员" in shown.text
    assert "2027年11月23日" in shown.text
    (held,) = grants_of(person)
    assert (held.role, held.place, held.reason) == ("grid_worker", village.name, "接任网格员")
    kinds = session().scalars(select(Message.kind).where(Message.member_id == person.id)).all()
    assert kinds == ["access.given"]
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "access.grant")).one()
    assert entry.reason == "接任网格员"


def test_an_office_that_she_holds_with_other_dates_is_said_at_the_form(
    client_page: Visitor, town: Area, village: Area
) -> None:
    person = resident(village)
    with transaction():
        make_grant(person, "grid_worker", village)
    client_page.sign_in(admin_of(town, "town_admin").id)
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    page = client_page.submit(
        form, 422, role="grid_worker", area_id=str(village.id), until_on="2027-11-23", reason="接任网格员"
    )
    assert "她在这里已经有这个职务，起止日期不同" in page.text
    assert "改那里的日期" in page.text
    assert [held.until for held in grants_of(person)] == [None]


def test_its_last_day_is_changed_and_it_is_ended_with_reasons(
    client_page: Visitor, town: Area, village: Area, frozen_clock: FrozenClock
) -> None:
    person = resident(village)
    with transaction():
        held = make_grant(person, "grid_worker", village)
    admin = admin_of(town, "town_admin")
    frozen_clock.tick(days=1)
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/grants/{held.id}")
    shown = client_page.submit(page.form(f"/desk/grants/{held.id}/until"), until_on="2026-12-01", reason="到月底")
    assert "快到期" in shown.text
    shown = client_page.submit(shown.form(f"/desk/grants/{held.id}/end"), why="调离")
    assert "已结束" in shown.text
    session().expire_all()
    assert (held.ended_by, held.end_reason) == (admin.id, "调离")
    kinds = session().scalars(select(Message.kind).where(Message.member_id == person.id).order_by(Message.id)).all()
    assert kinds == ["access.changed", "access.ended"]
    client_page.sign_in(person.id)
    client_page.get("/desk", status=403)


def test_the_list_shows_who_holds_what_and_what_ends_soon(client_page: Visitor, town: Area, village: Area) -> None:
    person = resident(village)
    with transaction():
        make_grant(person, "grid_worker", village)
        elsewhere = make_village(make_town("桑埠镇"))
        make_grant(make_member(elsewhere, display_name="外人"), "grid_worker", elsewhere)
        team = make_team(village)
        make_grant(make_member(village, display_name="李守田"), "team_leader", team_id=team.id)
    client_page.sign_in(admin_of(town, "town_admin").id)
    text = client_page.get("/desk/grants").text
    for name in ("周雅琴", "李守田"):
        assert name in text
    assert "外人" not in text
    assert "没有找到授权" in client_page.get("/desk/grants?show=ending").text
    assert "李守田" not in client_page.get("/desk/grants", query_string={"role": "grid_worker"}).text


# --- (g) refused beyond one's own ---


def test_the_form_offers_only_what_she_could_give(client_page: Visitor, village: Area) -> None:
    person = resident(village)
    client_page.sign_in(admin_of(village, "village_admin").id)
    options = client_page.get(f"/desk/grants/new/{person.id}").one("select", name="role")
    values = [option.get("value") for option in options.iter() if str(option.tag).endswith("option")]
    assert values == ["", "village_admin", "association_admin", "grid_worker", "shop_keeper"]


@pytest.mark.parametrize("role", ["town_admin", "system_admin", "district_office", "team_leader", "emperor"])
def test_a_forged_form_gives_nothing_beyond_ones_own(client_page: Visitor, village: Area, role: str) -> None:
    person = resident(village)
    client_page.sign_in(admin_of(village, "village_admin").id)
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    answer = client_page.client.post(
        form.action, data=form.filled(reason="x") | {"role": role, "area_id": str(village.id)}
    )
    assert answer.status_code == 422
    assert grants_of(person) == []


def test_no_form_reaches_an_area_above_or_beside(client_page: Visitor, town: Area, village: Area) -> None:
    person = resident(village)
    with transaction():
        beside = make_village(town, name="安澜社区")
    client_page.sign_in(admin_of(village, "village_admin").id)
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    for area in (town, beside):
        data = form.filled(reason="x") | {"role": "grid_worker", "area_id": str(area.id)}
        assert client_page.client.post(form.action, data=data).status_code in {404, 422}
    assert grants_of(person) == []


def test_nobody_gives_herself_an_office_or_extends_her_own(client_page: Visitor, village: Area) -> None:
    admin = admin_of(village, "village_admin")
    client_page.sign_in(admin.id)
    assert "不能给自己授权" in client_page.get(f"/desk/grants/new/{admin.id}").text
    other = resident(village)
    form = asks(client_page.get(f"/desk/grants/new/{other.id}"))
    own = f"/desk/grants/new/{admin.id}"
    data = form.filled(role="grid_worker", area_id=str(village.id), reason="x")
    assert client_page.client.post(own, data=data).status_code == 422
    (held,) = grants_of(admin)
    page = client_page.get(f"/desk/grants/{held.id}")
    assert "不能自己延长" in page.text
    token = asks(page).filled()
    answer = client_page.client.post(
        f"/desk/grants/{held.id}/until", data=token | {"until_on": "2030-01-01", "reason": "x"}
    )
    assert answer.status_code == 422
    session().expire_all()
    assert (held.until, len(grants_of(admin))) == (None, 1)


def test_nobody_gives_for_longer_than_she_holds_it(client_page: Visitor, village: Area) -> None:
    admin, person = admin_of(village, "village_admin"), resident(village)
    with transaction():
        session().get_one(RoleGrant, grants_of(admin)[0].id).until = grants_of(admin)[0].starts_at.replace(year=2027)
    client_page.sign_in(admin.id)
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    for until in ("", "2028-01-01"):
        page = client_page.submit(form, 422, role="grid_worker", area_id=str(village.id), until_on=until, reason="x")
        assert "任期" in page.text
    client_page.submit(asks(page), role="grid_worker", area_id=str(village.id), until_on="2027-06-01", reason="x")
    assert len(grants_of(person)) == 1


def test_whom_she_does_not_see_or_nobody_verified_gets_nothing(client_page: Visitor, village: Area) -> None:
    with transaction():
        stranger = make_member(make_village(make_town("桑埠镇")))
    client_page.sign_in(admin_of(village, "village_admin").id)
    client_page.get(f"/desk/grants/new/{stranger.id}", status=404)
    for person in (
        resident(village, verified=False),
        resident(village, age_band="14-17", guardian_at=None, verified=False),
    ):
        form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
        client_page.submit(form, 422, role="grid_worker", area_id=str(village.id), reason="x")
        assert grants_of(person) == []


def test_a_leaders_office_is_ended_in_her_team_not_here(client_page: Visitor, town: Area, village: Area) -> None:
    with transaction():
        team = make_team(village)
        leader = make_member(village)
        make_membership(leader, team, role="leader")
        held = make_grant(leader, "team_leader", team_id=team.id)
    client_page.sign_in(admin_of(town, "town_admin").id)
    page = client_page.get(f"/desk/grants/{held.id}")
    assert "在队伍页面改职务" in page.text
    token = client_page.token()
    key = asks(client_page.get(f"/desk/grants/new/{leader.id}")).filled()["command_key"]
    answer = client_page.client.post(
        f"/desk/grants/{held.id}/end", data={"csrf_token": token, "command_key": key, "why": "x"}
    )
    assert answer.status_code == 422
    session().expire_all()
    assert held.until is None


def test_the_last_administrator_cannot_resign(client_page: Visitor) -> None:
    with transaction():
        district = make_area("district", "沥江区")
    admin = admin_of(district, "system_admin")
    client_page.sign_in(admin.id)
    (held,) = grants_of(admin)
    page = client_page.submit(asks(client_page.get(f"/desk/grants/{held.id}")), 422, why="累了")
    assert "最后一位系统管理员" in page.text
    session().expire_all()
    assert held.until is None


@pytest.mark.engine
def test_two_admins_who_end_each_other_leave_one(
    race_database: str, make_app: Callable[..., Flask], frozen_clock: FrozenClock
) -> None:
    app = make_app(database_url=race_database)
    # The processes' clock is the machine's: what begins now may lie in their future.
    with app.app_context(), clock.frozen("2020-01-01T00:00:00Z"), transaction():
        district = make_area("district", "沥江区")
        admins = [make_member(district), make_member(district)]
        grants = [make_grant(admin, "system_admin", district) for admin in admins]
        ids, given = [admin.id for admin in admins], [held.id for held in grants]
    said = together(race_database, "tests.access.racers:end_the_other", admins=ids, grants=given)
    assert sorted(said)[0] == "ended"
    assert sorted(said)[1] != "ended", said
    with app.app_context():
        frozen_clock.move_to(clock.SystemClock().now())
        left = [one for one in ids if (actor := load_actor(one, 1, lock=False)) and actor.held]
        assert len(left) == 1
        db.engine.dispose()


def test_a_towns_admin_gives_no_office_of_the_district(client_page: Visitor, town: Area, village: Area) -> None:
    """She has nearly every right in her town; a system administrator of it is still not hers to make."""
    person = resident(village)
    client_page.sign_in(admin_of(town, "town_admin").id)
    form = asks(client_page.get(f"/desk/grants/new/{person.id}"))
    for role in ("system_admin", "district_office"):
        data = form.filled(reason="x") | {"role": role, "area_id": str(town.id)}
        assert client_page.client.post(form.action, data=data).status_code == 422
    assert grants_of(person) == []
