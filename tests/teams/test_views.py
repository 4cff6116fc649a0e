"""The pages: finding a team, the form, where an application stands, the desk's queue and teams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select, update

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.teams.models import Membership, Team
from tests.factories.access import make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.client import Visitor
from tests.harness.pages import Page

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@dataclass
class House:
    town: Area
    village: Area
    building: Area
    foreign: Area
    night: Team
    day: Team
    captains: Team
    admin: Member


@pytest.fixture
def house(app: object) -> House:
    with transaction():
        district = make_area("district", "沥江区")
        town = make_town(district=district)
        village, _second = make_village(town), make_village(town, "安澜社区")
        building = make_area("building", "晚潮苑2幢", village)
        foreign = make_village(make_town("桑埠镇", district), "石埭头村")
        admin = make_member(village, display_name="邵文静")
        make_grant(admin, "village_admin", village)
        return House(
            town,
            village,
            building,
            foreign,
            make_team(town, name="晚潮夜巡队", night=True, hours="每晚 19:00–21:00"),
            make_team(town, name="护学家长队", kind="school_gate"),
            make_team(town, name="橹声红马甲", kind="captains"),
            admin,
        )


def filled(house: House, **changed: str) -> dict[str, str]:
    fields = {
        "name": "邱建平",
        "phone": "199 0000 0001",
        "age_band": "18-59",
        "home_area_id": str(house.village.id),
        "agrees": "y",
    }
    return fields | changed


def apply(visitor: Visitor, house: House, team: Team | None = None, status: int = 303, **changed: str) -> Page:
    page = visitor.get(f"/join/{(team or house.night).id}?area={house.village.id}")
    return visitor.submit(form(page), status=status, **filled(house, **changed))


def form(page: Page) -> Any:
    return next(form for form in page.forms if "/join/" in form.action)


def memberships() -> int:
    return session().scalar(select(func.count()).select_from(Membership)) or 0


# --- finding a team ---


def test_only_kinds_with_open_teams_are_offered(client_page: Visitor, house: House) -> None:
    page = client_page.get("/join")
    assert {"/join/patrol", "/join/captains", "/join/school_gate"} <= set(page.links)
    assert "/join/riders" not in page.links
    assert "没有报酬" in page.text


def test_towns_lead_to_communities_and_those_to_teams_with_places_left(client_page: Visitor, house: House) -> None:
    towns = client_page.get("/join/patrol")
    assert f"/join/patrol?area={house.town.id}" in towns.links
    villages = client_page.get(f"/join/patrol?area={house.town.id}")
    assert f"/join/patrol?area={house.village.id}" in villages.links
    teams = client_page.get(f"/join/patrol?area={house.village.id}")
    assert teams.links[f"/join/{house.night.id}?area={house.village.id}"].startswith("晚潮夜巡队")
    assert "还要 50 人" in teams.text


def test_a_place_without_such_a_team_shows_others(client_page: Visitor, house: House) -> None:
    page = client_page.get(f"/join/patrol?area={house.foreign.id}")
    assert "这里还没有巡防队员的队伍" in page.text
    assert f"/join/{house.night.id}" in page.links


def test_a_member_starts_at_home(client_page: Visitor, house: House) -> None:
    client_page.sign_in(house.admin.id)
    assert client_page.get("/join/patrol").h1 == "晚潮社区的队伍"


@pytest.mark.parametrize(
    "url", ["/join/kings", "/join/1", "/join/patrol?area=1", "/join/patrol?area=99999999999999999999"]
)
def test_nonsense_is_not_found_or_starts_anew(client_page: Visitor, house: House, url: str) -> None:
    client_page.get(url, status=200 if "9999" in url else 404)


def test_a_building_is_no_place_to_look_for_teams(client_page: Visitor, house: House) -> None:
    client_page.get(f"/join/patrol?area={house.building.id}", status=404)


# --- applying ---


def test_apply_approve_active(new_visitor: Callable[[], Visitor], house: House) -> None:
    neighbour, admin = new_visitor(), new_visitor()
    page = apply(neighbour, house)
    assert page.h1 == "申请已收到"
    assert "最晚 11月25日 21:07 前答复" in page.text
    admin.sign_in(house.admin.id)
    queue = admin.get("/desk/applications")
    assert "邱建平" in queue.text
    assert "199****0001" in queue.text
    done = admin.submit(next(form for form in queue.forms if form.action.endswith("/approve")))
    assert "已通过" in done.text
    assert "没有等您处理的申请" in done.text
    assert neighbour.get(page.url).h1 == "您已在队"


def test_a_refused_applicant_reads_the_reason_and_applies_again(
    new_visitor: Callable[[], Visitor], house: House
) -> None:
    neighbour, admin = new_visitor(), new_visitor()
    page = apply(neighbour, house)
    admin.sign_in(house.admin.id)
    refusing = next(form for form in admin.get("/desk/applications").forms if form.action.endswith("/refuse"))
    field = next(name for name in refusing.fields if name.endswith("reason"))
    again = admin.submit(refusing, status=422, **{field: "   "})
    assert "请写明原因" in again.text
    refusing = next(form for form in again.forms if form.action.endswith("/refuse"))
    admin.submit(refusing, **{field: "本期培训已满"})
    refused = neighbour.get(page.url)
    assert refused.h1 == "这次没有通过"
    assert "本期培训已满" in refused.text
    fresh = neighbour.get(f"/join/{house.night.id}")
    assert "phone" not in form(fresh).fields
    assert neighbour.submit(form(fresh)).h1 == "申请已收到"


def test_who_applies_is_signed_in_on_this_phone_only(new_visitor: Callable[[], Visitor], house: House) -> None:
    neighbour, stranger = new_visitor(), new_visitor()
    page = apply(neighbour, house)
    assert stranger.client.get(page.url).status_code == 303
    with transaction():
        other = make_member(house.village)
    stranger.sign_in(other.id)
    stranger.get(page.url, status=404)


def test_a_double_tap_makes_one_application_and_one_member(new_visitor: Callable[[], Visitor], house: House) -> None:
    neighbour = new_visitor()
    page = neighbour.get(f"/join/{house.night.id}?area={house.village.id}")
    data = form(page).filled(**filled(house))
    before = session().scalar(select(func.count()).select_from(Member)) or 0
    first = neighbour.post(form(page).action, data)
    second = neighbour.post(form(page).action, data)
    assert (first.h1, second.h1) == ("申请已收到", "申请已收到")
    assert (memberships(), session().scalar(select(func.count()).select_from(Member))) == (1, before + 1)


def test_when_only_the_second_answer_arrives_the_newcomer_is_signed_in_by_it(
    new_visitor: Callable[[], Visitor], house: House
) -> None:
    neighbour = new_visitor()
    page = neighbour.get(f"/join/{house.night.id}?area={house.village.id}")
    data = form(page).filled(**filled(house))
    kept = dict(neighbour.client._cookies)
    neighbour.post(form(page).action, data)
    neighbour.client._cookies.clear()
    neighbour.client._cookies.update(kept)
    assert neighbour.post(form(page).action, data).h1 == "申请已收到"
    assert memberships() == 1


def test_the_form_sent_again_after_signing_out_signs_nobody_in(client_page: Visitor, house: House) -> None:
    """A tablet that neighbours share: she applied and signed out, the next person goes back and sends it once more."""
    page = client_page.get(f"/join/{house.night.id}?area={house.village.id}")
    data = form(page).filled(**filled(house))
    client_page.post(form(page).action, data)
    client_page.submit(client_page.get("/me").form("/sign-out"))
    own = form(client_page.get(f"/join/{house.night.id}?area={house.village.id}"))
    answer = client_page.client.post(
        form(page).action, data={**data, "password": "another-one-9", "csrf_token": own.fields["csrf_token"]}
    )
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert client_page.client.get("/me").status_code == 303


def test_the_form_sent_again_after_the_session_was_ended_signs_nobody_in(client_page: Visitor, house: House) -> None:
    page = client_page.get(f"/join/{house.night.id}?area={house.village.id}")
    data = form(page).filled(**filled(house))
    client_page.post(form(page).action, data)
    token = form(client_page.get(f"/join/{house.day.id}?area={house.village.id}")).fields["csrf_token"]
    with transaction():
        session().execute(update(Member).values(session_epoch=2))
    client_page.client.post(form(page).action, data=data | {"csrf_token": token})
    assert client_page.client.get("/me").status_code == 303


def test_who_applied_here_is_known_here_when_she_signs_in(client_page: Visitor, house: House) -> None:
    apply(client_page, house, password="saopu-liangcha")
    assert client_page.client.get_cookie("linli_known", domain="linli.test")


def test_a_number_that_was_typed_too_often_today_comes_back_with_what_to_do(
    new_visitor: Callable[[], Visitor], house: House
) -> None:
    for name in ("甲", "乙", "丙"):
        apply(new_visitor(), house, name=f"邻居{name}")
    page = apply(new_visitor(), house, status=422)
    assert "这个手机号今天" in page.text
    assert form(page).fields["name"] == "邱建平"
    assert memberships() == 3


def test_another_phone_with_the_same_form_is_not_signed_in_by_it(
    new_visitor: Callable[[], Visitor], house: House
) -> None:
    neighbour, thief = new_visitor(), new_visitor()
    page = neighbour.get(f"/join/{house.night.id}?area={house.village.id}")
    data = form(page).filled(**filled(house))
    first = neighbour.post(form(page).action, data)
    own = form(thief.get(f"/join/{house.night.id}?area={house.village.id}"))
    stolen = {**data, "csrf_token": own.fields["csrf_token"]}
    assert thief.post(own.action, stolen).url != first.url
    assert memberships() == 2


def test_a_second_tab_leads_to_the_first_ones_application(new_visitor: Callable[[], Visitor], house: House) -> None:
    neighbour = new_visitor()
    first, second = (neighbour.get(f"/join/{house.night.id}?area={house.village.id}") for _tab in range(2))
    neighbour.submit(form(first), **filled(house))
    again = neighbour.submit(form(second), **filled(house))
    assert "您已经报过这支队了" in again.text
    assert memberships() == 1


def test_a_lost_session_gives_the_form_back_filled(new_visitor: Callable[[], Visitor], house: House) -> None:
    neighbour = new_visitor()
    page = neighbour.get(f"/join/{house.night.id}?area={house.village.id}")
    neighbour.sign_out()
    again = neighbour.submit(form(page), status=422, **filled(house))
    assert "填的内容都还在" in again.text
    assert form(again).fields["name"] == "邱建平"
    assert form(again).fields["home_area_id"] == str(house.village.id)
    assert neighbour.submit(form(again), **filled(house)).h1 == "申请已收到"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "请填写称呼"),
        ({"name": "王芳😀"}, "表情符号"),
        ({"name": "王" * 100}, "最多 40 个字"),
        ({"name": "\u202e芳王"}, "看不见的字符"),
        ({"phone": "12345"}, "这不像一个手机号"),
        ({"phone": "9" * 500}, "这不像一个手机号"),
        ({"agrees": ""}, "同意后打勾"),
        ({"password": "12345678"}, "太容易被猜到"),
        ({"home_area_id": ""}, "请选择您住在哪个社区"),
    ],
)
def test_bad_input_comes_back_with_what_to_do(
    client_page: Visitor, house: House, changed: dict[str, str], message: str
) -> None:
    page = apply(client_page, house, status=422, **changed)
    assert message in page.text
    assert "还有几处要改" in page.text
    assert memberships() == 0


def test_a_made_up_area_or_age_is_refused(client_page: Visitor, house: House) -> None:
    for changed in ({"home_area_id": "7"}, {"age_band": "200"}, {"home_area_id": "-1' OR 1"}):
        apply(client_page, house, status=422, **changed)
    assert memberships() == 0


def test_html_in_a_name_is_text(new_visitor: Callable[[], Visitor], house: House) -> None:
    apply(new_visitor(), house, name="<b>王</b>芳")
    admin = new_visitor()
    admin.sign_in(house.admin.id)
    assert "<b>王</b>芳" in admin.get("/desk/applications").text


def test_a_child_is_refused_kindly_and_nothing_is_kept(client_page: Visitor, house: House) -> None:
    page = apply(client_page, house, house.day, status=422, age_band="under14")
    assert "现在就能做" in page.text
    assert "还有几处要改" not in page.text
    assert memberships() == 0


def test_all_that_is_wrong_with_an_application_is_told_at_once(client_page: Visitor, house: House) -> None:
    wrong = {"name": "😀", "phone": "12345", "password": "12345678", "home_area_id": ""}
    told = apply(client_page, house, house.day, status=422, **wrong)
    for said in ("表情符号", "这不像一个手机号", "太容易被猜到", "请选择您住在哪个社区"):
        assert told.text.count(said) == 2, said  # above the form and at the field


def test_a_minor_is_asked_for_her_guardian_and_waits(client_page: Visitor, house: House) -> None:
    asked = apply(client_page, house, house.day, status=422, age_band="14-17")
    assert "还差一步" in asked.text
    assert {"guardian_name", "guardian_phone"} <= set(form(asked).fields)
    still = client_page.submit(form(asked), status=422, **filled(house, age_band="14-17"))
    assert "监护人：请填写称呼" in still.text
    assert "监护人：请填写手机号" in still.text
    assert "监护人手机号选填" not in still.text.replace(" ", "")
    page = client_page.submit(
        form(asked), **filled(house, age_band="14-17", guardian_name="俞国良", guardian_phone="19900000002")
    )
    assert page.h1 == "等监护人同意"


def test_a_minor_who_meant_the_night_is_shown_teams_by_day(client_page: Visitor, house: House) -> None:
    page = apply(client_page, house, status=422, age_band="14-17")
    assert "只收成年人" in page.text
    assert "还有几处要改" not in page.text
    assert f"/join/{house.day.id}?area={house.village.id}" in page.links
    assert memberships() == 0


def test_a_guardians_consent_is_noted_at_the_desk(new_visitor: Callable[[], Visitor], house: House) -> None:
    minor, admin = new_visitor(), new_visitor()
    asked = apply(minor, house, house.day, status=422, age_band="14-17")
    page = minor.submit(
        form(asked), **filled(house, age_band="14-17", guardian_name="俞国良", guardian_phone="19900000002")
    )
    admin.sign_in(house.admin.id)
    queue = admin.get("/desk/applications")
    assert not [form for form in queue.forms if form.action.endswith("/approve")]
    noting = next(form for form in queue.forms if form.action.endswith("/guardian"))
    field = next(name for name in noting.fields if name.endswith("how"))
    after = admin.submit(noting, **{field: "电话核实"})
    admin.submit(next(form for form in after.forms if form.action.endswith("/approve")))
    assert minor.get(page.url).h1 == "您已在队"


def test_a_captain_chooses_among_buildings_without_one(client_page: Visitor, house: House) -> None:
    with transaction():
        held = make_area("building", "晚潮苑1幢", house.village)
        make_membership(make_member(house.village), house.captains, building_id=held.id)
    page = client_page.get(f"/join/{house.captains.id}?area={house.village.id}")
    options = {option.get("value") for option in page.all("option")}
    assert str(house.building.id) in options
    assert str(held.id) not in options
    data = {key: value for key, value in filled(house).items() if key != "home_area_id"}
    refused = client_page.submit(form(page), status=422, building_id=str(held.id), **data)
    assert memberships() == 1
    done = client_page.submit(form(refused), building_id=str(house.building.id), **data)
    assert "晚潮苑2幢" in done.text


def test_a_captain_first_says_where_she_lives(client: Any, house: House) -> None:
    answer = client.get(f"/join/{house.captains.id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/join/captains")


def test_a_full_team_shows_others_instead_of_a_form(client_page: Visitor, house: House) -> None:
    with transaction():
        full = make_team(house.town, name="满员队", places=0)
    page = client_page.get(f"/join/{full.id}")
    assert "现在不招人" in page.text
    assert not [form for form in page.forms if "/join/" in form.action]


# --- one's own ---


def test_a_member_is_not_asked_again_who_she_is(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
        give_consent(member, "service", "1")
    client_page.sign_in(member.id)
    page = client_page.get(f"/join/{house.night.id}")
    assert set(form(page).fields) == {"csrf_token", "command_key"}
    assert client_page.submit(form(page)).h1 == "申请已收到"
    assert "晚潮夜巡队" in client_page.get("/memberships").text


def test_a_member_leaves_and_may_come_back(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
        give_consent(member, "service", "1")
        membership = make_membership(member, house.night)
    client_page.sign_in(member.id)
    page = client_page.get(f"/memberships/{membership.id}")
    left = client_page.submit(page.form("/leave"))
    assert left.h1 == "您已退出"
    assert f"/join/{house.night.id}" in left.links


def test_an_approved_member_agrees_to_the_text_on_her_page(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
        membership = make_membership(member, house.night, "approved")
    client_page.sign_in(member.id)
    page = client_page.get(f"/memberships/{membership.id}")
    assert "参加是自愿的" in page.text
    assert client_page.submit(page.form("/agree")).h1 == "您已在队"


def test_a_late_answer_is_admitted(client_page: Visitor, house: House, frozen_clock: FrozenClock) -> None:
    page = apply(client_page, house)
    frozen_clock.tick(days=3)
    assert "比说好的 11月25日 晚了" in client_page.get(page.url).text


def test_a_member_without_a_team_is_shown_the_way(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
    client_page.sign_in(member.id)
    assert "/join" in client_page.get("/memberships").links


# --- the desk ---


def test_the_queue_warns_of_a_number_that_a_verified_member_has(
    new_visitor: Callable[[], Visitor], house: House
) -> None:
    first = apply(new_visitor(), house)
    apply(new_visitor(), house, name="邱建萍")
    admin = new_visitor()
    admin.sign_in(house.admin.id)
    assert "同号另有 1 份登记" in admin.get("/desk/applications").text
    admin.submit(next(form for form in admin.get("/desk/applications").forms if form.action.endswith("/approve")))
    assert "号码已有人用" in admin.get("/desk/applications").text
    todo = admin.get("/desk")
    assert "号码已有人用" in todo.text
    assert "去办" in todo.text, "approving can only be refused until the two are merged"
    assert not [form for form in todo.forms if form.action == "/desk/decide"]
    second = next(form for form in admin.get("/desk/applications").forms if form.action.endswith("/approve"))
    refused = admin.submit(second, status=409)
    assert "已有一位核实过的居民在用这个手机号" in refused.text
    assert first.url


def test_an_admin_cannot_approve_herself(client_page: Visitor, house: House) -> None:
    client_page.sign_in(house.admin.id)
    page = client_page.get(f"/join/{house.night.id}")
    client_page.submit(form(page), agrees="y")
    queue = client_page.get("/desk/applications")
    assert "这是您自己的申请" in queue.text
    own = session().scalars(select(Membership.id)).one()
    data = {"csrf_token": client_page.token(), "command_key": "0192e0e0-0000-7000-8000-000000000001"}
    refused = client_page.post(f"/desk/applications/{own}/approve", data, status=403)
    assert "不能审批自己的申请" in refused.text


def test_another_towns_admin_gets_404_and_an_empty_queue(new_visitor: Callable[[], Visitor], house: House) -> None:
    apply(new_visitor(), house)
    with transaction():
        stranger = make_member(house.foreign)
        make_grant(stranger, "village_admin", house.foreign)
    visitor = new_visitor()
    visitor.sign_in(stranger.id)
    queue = visitor.get("/desk/applications")
    assert "邱建平" not in queue.text
    visitor.get(f"/desk/teams/{house.night.id}", status=404)
    waiting = session().scalars(select(Membership.id)).one()
    token = visitor.token()
    for act in ("applications/{}/approve", "applications/{}/refuse", "memberships/{}/remove", "memberships/{}/role"):
        data = {
            "csrf_token": token,
            f"{waiting}-csrf_token": token,
            f"{waiting}-reason": "不合适",
            f"{waiting}-role": "leader",
            "command_key": "0192e0e0-0000-7000-8000-00000000000" + str(len(act) % 10),
        }
        visitor.post(f"/desk/{act.format(waiting)}", data, status=404)


def test_a_resident_has_no_desk(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
    client_page.sign_in(member.id)
    for url in ("/desk/applications", "/desk/teams", f"/desk/teams/{house.night.id}"):
        client_page.get(url, status=403)


def test_the_desk_lists_teams_that_serve_the_area_with_its_own_people(client_page: Visitor, house: House) -> None:
    with transaction():
        make_membership(make_member(house.village, display_name="钱桂英"), house.night, scope_path=house.village.path)
        make_membership(make_member(house.town, display_name="外村人"), house.night, scope_path=house.town.path)
    client_page.sign_in(house.admin.id)
    assert "晚潮夜巡队" in client_page.get("/desk/teams").text
    page = client_page.get(f"/desk/teams/{house.night.id}")
    assert "钱桂英" in page.text
    assert "外村人" not in page.text


def test_the_desk_offers_the_office_of_leader_to_whom_may_give_it(client_page: Visitor, house: House) -> None:
    with transaction():
        make_membership(make_member(house.village), house.night, scope_path=house.village.path)
        leader = make_membership(make_member(house.village), house.day, role="leader", scope_path=house.village.path)
    client_page.sign_in(house.admin.id)
    page = client_page.get(f"/desk/teams/{house.night.id}")
    assert [option.get("value") for option in page.all("option")] == ["member", "deputy"]
    roling = next(form for form in page.forms if form.action.endswith("/role"))
    refused = client_page.submit(
        roling, status=403, **{next(name for name in roling.fields if name.endswith("role")): "leader"}
    )
    assert "镇街" in refused.text
    page = client_page.get(f"/desk/teams/{house.day.id}")
    assert not [form for form in page.forms if form.action.endswith(f"/{leader.id}/role")]


def test_an_admin_makes_a_leader_and_ends_a_place(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village, display_name="钱桂英")
        make_membership(member, house.night, scope_path=house.village.path)
        make_grant(house.admin, "town_admin", house.town)
    client_page.sign_in(house.admin.id)
    page = client_page.get(f"/desk/teams/{house.night.id}")
    roling = next(form for form in page.forms if form.action.endswith("/role"))
    page = client_page.submit(roling, **{next(name for name in roling.fields if name.endswith("role")): "leader"})
    assert "队长" in page.text
    removing = next(form for form in page.forms if form.action.endswith("/remove"))
    reason = next(name for name in removing.fields if name.endswith("reason"))
    again = client_page.submit(removing, status=422, **{reason: ""})
    removing = next(form for form in again.forms if form.action.endswith("/remove"))
    assert "钱桂英" not in client_page.submit(removing, **{reason: "搬离本区"}).text


def test_a_leader_sees_her_team_and_decides_nothing(client_page: Visitor, house: House) -> None:
    with transaction():
        leader = make_member(house.village, display_name="李守田")
        make_membership(leader, house.night, role="leader")
        make_grant(leader, "team_leader", team_id=house.night.id)
        make_membership(make_member(house.village, display_name="钱桂英"), house.night, "applied")
    client_page.sign_in(leader.id)
    page = client_page.get(f"/desk/teams/{house.night.id}")
    assert "钱桂英" in page.text
    assert not [form for form in page.forms if "/desk/" in form.action]
    client_page.get(f"/desk/teams/{house.day.id}", status=404)
    client_page.get("/desk/applications", status=403)


def test_a_persons_page_on_the_desk_shows_her_memberships(client_page: Visitor, house: House) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.night, scope_path=house.village.path)
    client_page.sign_in(house.admin.id)
    assert "晚潮夜巡队" in client_page.get(f"/desk/people/{member.id}").text
