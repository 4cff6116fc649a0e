"""The area tree at the desk, as browsers see it."""

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.places import browsing
from community.places.models import Area, Unit
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_town, make_unit, make_village
from tests.harness.client import Visitor

pytestmark = [pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def tree() -> dict[str, Area]:
    with transaction():
        district = make_area("district", "沥江区", code="990100")
        town = make_town("白塘街道", district)
        village = make_village(town)
        grid = make_area("grid", "第一网格", village)
        return {
            "town": town, "village": village, "next": make_village(town, "安澜社区"), "grid": grid,
            "building": make_area("building", "晚潮苑1幢", grid), "foreign": make_village(name="石埭头村"),
        }  # fmt: skip


@pytest.fixture
def admin(tree: dict[str, Area], client_page: Visitor) -> Visitor:
    with transaction():
        member = make_member(None)
        make_grant(member, "town_admin", tree["town"])
    client_page.sign_in(member.id)
    return client_page


def url(area: Area, act: str) -> str:
    return f"/desk/areas/{area.id}/{act}"


def test_a_grid_is_set_up_renamed_moved_and_closed_by_forms(admin: Visitor, tree: dict[str, Area]) -> None:
    page = admin.get(f"/desk/areas?in={tree['village'].code}")
    assert url(tree["village"], "new") in page.links
    page = admin.submit(admin.get(url(tree["village"], "new")).form("new"), kind="grid", name="第二网格", code="0012")
    assert "“第二网格”已建好" in page.text
    grid = session().scalars(select(Area).where(Area.code == "0012")).one()
    page = admin.submit(admin.get(url(grid, "edit")).form("edit"), name="东片网格", phone="0571-8200 0001")
    assert page.h1 == "东片网格"
    page = admin.submit(admin.get(url(grid, "move")).form("move"), parent_id=str(tree["next"].id), reason="调整")
    assert "已移动" in page.text
    assert tree["next"].name in page.text
    page = admin.submit(page.form("close"), reason="撤并")
    assert "已停用" in page.text
    page = admin.submit(page.form("reopen"))
    assert "已恢复" in page.text


def test_closing_an_area_in_use_says_what_to_do_first(admin: Visitor, tree: dict[str, Area]) -> None:
    with transaction():
        make_post(tree["grid"])
    page = admin.submit(admin.get(f"/desk/areas?in={tree['grid'].code}").form("close"), status=422)
    assert "1 个在用的岗点" in page.text
    assert "请先把它们移到别处" in page.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "请填写名称"),
        ({"code": "0/1"}, "只能用数字、字母和短横线"),
        ({"population": "很多"}, "请只填数字"),
        ({"phone": "王芳"}, "不像一个电话号码"),
        ({"kind": "town"}, None),
    ],
)
def test_bad_input_comes_back_filled(
    admin: Visitor, tree: dict[str, Area], changed: dict[str, str], said: str | None
) -> None:
    form = admin.get(url(tree["village"], "new")).form("new")
    whole = {"kind": "grid", "name": "第二网格", "code": "0012", "population": "900"}
    page = admin.submit(form, status=422, **(whole | changed))
    assert said is None or said in page.text
    assert not session().scalars(select(Area).where(Area.name == "第二网格")).all()
    assert page.form("new").fields["name"] == (whole | changed)["name"]


def test_a_code_that_is_taken_is_told_at_its_field(admin: Visitor, tree: dict[str, Area]) -> None:
    form = admin.get(url(tree["village"], "new")).form("new")
    page = admin.submit(form, status=422, kind="grid", name="又一个", code=tree["foreign"].code)
    assert "这个编码已经有区域在用" in page.text


@pytest.mark.parametrize("act", ["new", "edit", "move"])
def test_foreign_areas_do_not_exist(admin: Visitor, tree: dict[str, Area], act: str) -> None:
    assert admin.get(url(tree["foreign"], act), status=404).status == 404
    assert admin.get(f"/desk/areas?in={tree['foreign'].code}", status=404).status == 404


def test_ones_own_area_is_shown_without_acts_on_itself(admin: Visitor, tree: dict[str, Area]) -> None:
    page = admin.get(f"/desk/areas?in={tree['town'].code}")
    assert url(tree["town"], "edit") not in page.links
    assert url(tree["town"], "new") in page.links


def test_a_unit_is_moved_to_the_right_building_by_a_form_that_offers_the_near_ones_first(
    admin: Visitor, tree: dict[str, Area]
) -> None:
    with transaction():
        near = make_area("building", "晚潮苑2幢", tree["grid"])
        far = make_area("building", "安澜里1幢", tree["next"])
        make_area("building", "石埭1幢", tree["foreign"])
        unit = make_unit(tree["building"], "2-301")
        make_unit(far, "2-301")
    page = admin.get(f"/desk/areas?in={tree['building'].code}")
    assert f"/desk/units/{unit.id}/move" in page.links
    page = admin.get(f"/desk/units/{unit.id}/move")
    offered = [(option.get("value"), option.text) for option in page.one("select").iter("option")]
    assert offered[1:] == [
        (str(near.id), f"{tree['village'].name} / {near.name}"),
        (str(far.id), f"{tree['next'].name} / {far.name}"),
    ]
    page = admin.submit(page.form("move"), building_id=str(far.id), reason="写错了", status=422)
    assert "这幢楼里已经有这个房号" in page.text
    page = admin.submit(page.form("move"), building_id=str(near.id), status=422, reason="")
    assert "请写明原因" in page.text
    page = admin.submit(page.form("move"), building_id=str(near.id), reason="写错了")
    assert page.h1 == near.name
    assert "“2-301”已移到这里" in page.text


def test_units_are_added_edited_closed_and_found_by_their_code(admin: Visitor, tree: dict[str, Area]) -> None:
    building = tree["building"]
    page = admin.submit(
        admin.get(url(building, "units/new")).form("new"), label="2-301", area_m2="89.5", address_code="0330109"
    )
    assert all(word in page.text for word in ("2-301", "89.50 m²", "0330109"))
    unit = session().scalars(select(Unit)).one()
    page = admin.submit(admin.get(f"/desk/units/{unit.id}/edit").form("edit"), area_m2="0", status=422)
    assert "大于 0" in page.text
    page = admin.submit(page.form("edit"), area_m2="90")
    assert "90.00 m²" in page.text
    page = admin.submit(admin.get(f"/desk/units/{unit.id}/edit").form("close"))
    assert "已注销" in page.text
    admin.submit(admin.get(f"/desk/units/{unit.id}/edit").form("reopen"))
    assert admin.get("/desk/areas?code=0330109", status=302).h1 == building.name
    assert "没有找到" in admin.get("/desk/areas?code=77", status=302).text
    again = admin.get(url(building, "units/new")).form("new")
    page = admin.submit(again, status=422, label="2-301")
    assert "已经有这个房号" in page.text


def test_long_lists_are_cut_into_pages_that_lead_on(
    admin: Visitor, tree: dict[str, Area], monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 2)
    building = tree["building"]
    with transaction():
        for number in range(5):
            session().add(
                Unit(building_id=building.id, town_id=tree["town"].id, scope_path=building.path, label=f"10{number}")
            )
            make_area("building", f"楼{number}", tree["grid"], code=f"B{number}")
    seen, address = [], f"/desk/areas?in={building.code}"
    while address:
        page = admin.get(address)
        seen += [text for text in page.text.split() if text.startswith("10") and len(text) == 3]
        address = next((href for href, text in page.links.items() if text == "下一页"), "")
    assert list(dict.fromkeys(seen)) == ["100", "101", "102", "103", "104"]
    assert not [one for one in statements if "OFFSET" in one and "OFFSET ?" not in one]
    page = admin.get(f"/desk/areas?in={tree['grid'].code}")
    assert "after=B1" in next(href for href, text in page.links.items() if text == "下一页")
    assert "楼2" in admin.get(f"/desk/areas?in={tree['grid'].code}&after=B1").text


def test_the_units_of_a_building_cost_the_same_with_many_and_with_few(
    tree: dict[str, Area], statements: list[str]
) -> None:
    with transaction():
        member = make_member(None)
        make_grant(member, "town_admin", tree["town"])
    actor = actor_of(member)
    statements.clear()
    browsing.units(actor, tree["building"], after="2-301")
    [asked] = statements
    plan = session().connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {asked}", (tree["building"].id, "2-301", browsing.PAGE + 1, 0)[: asked.count("?")]
    )  # fmt: skip
    assert "(building_id=? AND label>?)" in " ".join(str(row) for row in plan)
