"""Tables of areas, buildings, units and posts: every bad row is named, nothing is written before, nothing twice."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.places import jobs, policies, units
from community.places.imports import cells, columns, exporting, problems, reading, runs, tables
from community.places.imports.cells import Cells, Draft
from community.places.imports.plans import Plan, Scope, Step, chunks
from community.places.models import Area, ImportRun, Post, Unit
from community.places.policies import UnitDetails
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_town, make_village
from tests.places.imports.sheets import as_csv, as_xlsx

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

POST_HEAD = ["编号", "名称", "区域编码", "纬度", "经度"]
AREA_HEAD = ["编码", "名称", "级别", "上级编码"]
UNIT_HEAD = ["楼幢编码", "房号", "建筑面积", "地址编码"]


@dataclass(frozen=True)
class Desk:
    """A town with two villages, a grid and a building; a foreign town; their admins."""

    town: Area
    village: Area
    grid: Area
    building: Area
    foreign: Area
    admin: Actor
    stranger: Actor


@pytest.fixture
def desk(engine_name: str) -> Desk:
    with transaction():
        district = make_area("district", "沥江区", code="990100")
        town, other = (
            make_town(
                "白塘街道",
                district,
            ),
            make_area("town", "桑埠镇", district, code="0990100002"),
        )
        village = make_area("village", "晚潮社区", town, code="01001")
        grid = make_area("grid", "第一网格", village, code="01001001")
        building = make_area("building", "晚潮苑1幢", grid, code="01001001001")
        foreign = make_village(other, "石埭头村")
        admin, stranger = make_member(town), make_member(other)
        make_grant(admin, "town_admin", town)
        make_grant(stranger, "town_admin", other)
    return Desk(town, village, grid, building, foreign, actor_of(admin), actor_of(stranger))


def check(desk: Desk, kind: str, data: bytes, actor: Actor | None = None, area: Area | None = None) -> ImportRun:
    who = actor or desk.admin
    checked = runs.check_file(who, kind=kind, area_id=(area or desk.town).id, data=data)
    with transaction():
        return runs.keep(who, checked, name="表.csv")


def found(desk: Desk, kind: str, rows: Sequence[Sequence[Any]]) -> list[tuple[int, str, str]]:
    """(line, column, what is wrong) of each fault in a table."""
    run = check(desk, kind, as_csv(rows))
    return [(one["line"], one["column"], one["code"]) for one in run.problems]


def take(desk: Desk, kind: str, data: bytes) -> ImportRun:
    """Check, confirm, and let the job do it."""
    run = check(desk, kind, data)
    assert not run.problems
    with transaction():
        runs.confirm(desk.admin, run.id)
    jobs.import_tables()
    return session().get_one(ImportRun, run.id, populate_existing=True)


def count(model: type) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


def post_rows(n: int, area: str = "01001001") -> list[list[str]]:
    return [[f"P-{i:04d}", f"岗{i}", area, f"30.{2000 + i}", f"120.{3000 + i}"] for i in range(n)]


# --- posts ---


def test_five_hundred_posts_with_bad_rows_are_named_and_written_only_when_mended(desk: Desk) -> None:
    rows = post_rows(500)
    rows[10][0] = ""
    rows[20][1] = "字" * 41
    rows[30][2] = "1001001"
    rows[40][2] = desk.foreign.code
    rows[50][3], rows[50][4] = rows[50][4], rows[50][3]
    rows[60][3] = "北纬三十度"
    rows[70][0] = rows[5][0]
    rows[80][1] = "东\u202e门"
    run = check(desk, "posts", as_csv([POST_HEAD, *rows], "gb18030"))
    assert (run.state, run.total, run.bad, run.encoding) == ("checked", 500, 8, "gb18030")
    assert [(one["line"], one["column"], one["code"]) for one in run.problems] == [
        (12, "number", "empty"),
        (22, "name", "long"),
        (32, "area", "lost_zeros"),
        (42, "area", "parent"),
        (52, "lat", "swapped"),
        (62, "lat", "position"),
        (72, "number", "twice"),
        (82, "name", "hidden"),
    ]
    assert run.problems[2]["more"] == {"found": "01001001"}
    assert "\u202e" not in run.problems[7]["value"]
    assert count(Post) == 0
    with pytest.raises(Conflict), transaction():
        runs.confirm(desk.admin, run.id)
    done = take(desk, "posts", as_csv([POST_HEAD, *post_rows(500)]))
    assert (done.state, done.done, count(Post)) == ("done", 500, 500)
    post = session().scalars(select(Post).where(Post.number == "P-0007")).one()
    assert (post.town_id, post.scope_path, post.state, len(post.code8)) == (desk.town.id, desk.grid.path, "active", 8)


def test_the_same_table_twice_does_nothing_twice(desk: Desk) -> None:
    data = as_csv([POST_HEAD, *post_rows(30)])
    take(desk, "posts", data)
    before = session().execute(select(Post.id, Post.code8, Post.moved_at).order_by(Post.id)).all()
    again = take(desk, "posts", data)
    assert again.counts == {"new": 0, "changed": 0, "same": 30}
    assert session().execute(select(Post.id, Post.code8, Post.moved_at).order_by(Post.id)).all() == before


def test_a_moved_post_needs_a_new_sign_and_an_empty_cell_changes_nothing(desk: Desk) -> None:
    with transaction():
        post = make_post(desk.grid, number="P-1", spot="南门", radius_m=200)
    run = take(
        desk,
        "posts",
        as_csv([[*POST_HEAD, "挂在哪里", "范围米"], ["p-1", "新名字", "01001001", "30.3", "120.4", "", ""]]),
    )
    changed = session().get_one(Post, post.id)
    assert run.counts == {"new": 0, "changed": 1, "same": 0}
    assert (changed.name, changed.spot, changed.radius_m, changed.lat) == ("新名字", "南门", 200, 30.3)
    assert changed.moved_at == clock.now()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({0: "A 1"}, ("number", "code")),
        ({0: "1.1E+11"}, ("number", "lost_digits")),
        ({2: ""}, ("area", "empty")),
        ({2: "990100"}, ("area", "parent")),
        ({3: ""}, ("lat", "empty")),
        ({3: "nan"}, ("lat", "position")),
        ({3: "1_0"}, ("lat", "position")),
        ({3: "9" * 40}, ("lat", "position")),
        ({5: "10"}, ("radius_m", "radius")),
        ({5: "一百"}, ("radius_m", "radius")),
        ({6: "监控"}, ("kind", "word")),
        ({7: "外地人"}, ("open_to", "word")),
        ({8: "bd09"}, ("crs", "word")),
        ({9: "字" * 81}, ("spot", "long")),
    ],
)
def test_each_fault_of_a_post_is_named_at_its_cell(desk: Desk, changed: dict[int, str], fault: tuple[str, str]) -> None:
    head = [*POST_HEAD, "范围米", "类型", "谁可打卡", "坐标系", "挂在哪里"]
    row = ["P-1", "南门岗", "01001001", "30.2", "120.3", "150", "巡逻", "志愿者", "WGS-84", "柱子"]
    for place, text in changed.items():
        row[place] = text
    assert found(desk, "posts", [head, row]) == [(2, *fault)]


def test_a_retired_post_and_one_out_of_reach_are_not_changed(desk: Desk) -> None:
    with transaction():
        make_post(desk.grid, number="P-1", state="retired")
        make_post(desk.village, number="P-2")
        worker = make_member(desk.grid)
        make_grant(worker, "village_admin", desk.grid)
    rows = [POST_HEAD, ["P-1", "岗", "01001001", "30.2", "120.3"], ["P-2", "岗", "01001001", "30.2", "120.3"]]
    run = check(desk, "posts", as_csv(rows), actor_of(worker), desk.grid)
    assert [one["code"] for one in run.problems] == ["retired", "outside"]


def test_numbers_that_a_spreadsheet_made_dates_of_are_named_with_what_they_were(desk: Desk) -> None:
    head, place = POST_HEAD, ["01001001", "30.2", "120.3"]
    numbers = ["001-07", "002-11", "7-Jan", "Jan-78", "1月8日", "2026/1/9", "1978-01-01", "DEC-01"]
    run = check(desk, "posts", as_csv([head, *([number, "岗", *place] for number in numbers)], "gbk"))
    assert [(one["line"], one["column"], one["code"], one["more"]) for one in run.problems] == [
        (4, "number", "date", {"found": "001-07"}),
        (5, "number", "date", {"found": "001-78"}),
        (6, "number", "date", {"found": "001-08"}),
        (7, "number", "date", {"found": "001-09"}),
        (8, "number", "date", {"found": "001-78"}),
    ]
    dated = [head, ["001-07", "岗", *place], [dt.date(2026, 3, 4), "岗", *place]]
    run = check(desk, "posts", as_xlsx(dated))
    assert [(one["line"], one["more"]["found"]) for one in run.problems] == [(3, "003-04")]


def test_lost_zeros_of_post_numbers_are_asked_about_and_wait_for_a_word(desk: Desk) -> None:
    with transaction():
        make_post(desk.village, number="001-07")
    place = ["01001001", "30.2", "120.3"]
    rows = [["1-78", "甲", *place], ["P-1", "乙", *place], ["001-9", "丙", *place]]
    run = check(desk, "posts", as_csv([POST_HEAD, *rows]))
    assert (run.bad, run.counts["doubts"]) == (0, 2)
    assert [(one["line"], one["code"], one["more"], one["doubt"]) for one in run.problems] == [
        (2, "zeros", {"found": "001-78"}, True),
        (4, "zeros", {"found": "001-09"}, True),
    ]
    with pytest.raises(DomainError) as refused, transaction():
        runs.confirm(desk.admin, run.id)
    assert refused.value.field == "sure"
    jobs.import_tables()
    assert count(Post) == 1
    with transaction():
        runs.confirm(desk.admin, run.id, sure=True)
    jobs.import_tables()
    assert sorted(session().scalars(select(Post.number))) == ["001-07", "001-9", "1-78", "P-1"]
    again = check(desk, "posts", as_csv([POST_HEAD, ["1-78", "甲", *place]]))
    assert "doubts" not in again.counts


def test_a_number_cell_that_lacks_the_zeros_of_the_others_is_named_with_them(desk: Desk) -> None:
    place = ["01001001", "30.2", "120.3"]
    run = check(desk, "posts", as_xlsx([POST_HEAD, ["001", "甲", *place], [2, "乙", *place]]))
    assert [(one["line"], one["code"], one["more"]) for one in run.problems] == [(3, "lost_zeros", {"found": "002"})]


@pytest.mark.parametrize(
    ("lat", "lon", "km"),
    [("30.2", "121.3", "96"), ("31.2", "120.3", "111"), ("30.23", "120.3", "3"), ("3.02", "120.3", "3023")],
)
def test_a_post_far_from_the_others_is_asked_about(desk: Desk, lat: str, lon: str, km: str) -> None:
    rows = [[f"P-{i}", f"岗{i}", "01001001", f"30.20{i}", f"120.30{i}"] for i in range(6)]
    run = check(desk, "posts", as_csv([POST_HEAD, *rows, ["P-9", "远岗", "01001001", lat, lon]]))
    assert [(one["line"], one["column"], one["code"], one["more"]) for one in run.problems] == [
        (8, "lat", "far", {"km": km})
    ]
    assert (run.bad, run.counts) == (0, {"new": 7, "changed": 0, "same": 0, "doubts": 1})


def test_a_table_that_lies_wholly_elsewhere_is_asked_about_where_posts_are_known(desk: Desk) -> None:
    with transaction():
        for i in range(4):
            make_post(desk.village, number=f"S-{i}", lat=30.2 + i / 1000)
    rows = [[f"P-{i}", "岗", "01001001", f"31.20{i}", "120.3"] for i in range(8)]
    run = check(desk, "posts", as_csv([POST_HEAD, *rows]))
    assert [one["code"] for one in run.problems] == ["far"] * 8
    # What is there already and does not move is asked about by nobody.
    rows = [[f"S-{i}", "改名", desk.village.code, str(30.2 + i / 1000), "120.3"] for i in range(4)]
    assert check(desk, "posts", as_csv([POST_HEAD, *rows])).problems == []


def test_two_columns_in_the_wrong_order_are_named_even_where_both_could_be_a_latitude(desk: Desk) -> None:
    rows = [POST_HEAD, ["P-1", "岗", "01001001", "87.6", "43.8"], ["P-2", "岗", "01001001", "3.1", "12.3"]]
    assert found(desk, "posts", rows) == [(2, "lat", "swapped"), (3, "lat", "abroad")]


# --- areas and buildings ---


def test_areas_are_taken_in_whatever_their_order_and_keep_their_zeros(desk: Desk) -> None:
    rows = [["01002001", "二网格", "网格", "01002"], ["01002", "安澜社区", "社区", desk.town.code]]
    assert take(desk, "areas", as_csv([AREA_HEAD, *rows], "utf-16")).counts["new"] == 2
    grid = session().scalars(select(Area).where(Area.code == "01002001")).one()
    village = session().get_one(Area, grid.parent_id)
    assert (grid.path, grid.town_id, village.name) == (f"{desk.town.path}01002/01002001/", desk.town.id, "安澜社区")


def test_each_fault_of_an_area_is_named(desk: Desk) -> None:
    rows = [
        AREA_HEAD,
        ["", "无码", "网格", "01001"],
        ["01 3", "空格", "网格", "01001"],
        ["013", "", "网格", "01001"],
        ["014", "大厦", "小区", "01001"],
        ["015", "越级", "村社", "01001"],
        ["016", "无上级", "网格", "77777"],
        ["017", "外地", "网格", desk.foreign.code],
        [desk.foreign.code, "抢来的", "网格", "01001"],
        ["01001001", "第一网格", "楼幢", "01001"],
        ["1001001", "丢了零", "网格", "01001"],
        ["018", "甲", "网格", "01001"],
        ["018", "乙", "网格", "01001"],
        ["9.9E+11", "科学", "网格", "01001"],
    ]
    assert found(desk, "areas", rows) == [
        (2, "code", "empty"), (3, "code", "code"), (4, "name", "empty"), (5, "kind", "word"),
        (6, "parent", "nesting"), (7, "parent", "parent"), (8, "parent", "parent"), (9, "code", "outside"),
        (10, "code", "level"), (11, "code", "lost_zeros"), (13, "code", "twice"), (14, "code", "lost_digits"),
    ]  # fmt: skip


def test_an_import_changes_an_area_and_never_moves_it(desk: Desk) -> None:
    head = [*AREA_HEAD, "人口", "电话"]
    take(desk, "areas", as_csv([head, ["01001", "晚潮新社区", "村社", desk.town.code, "2,610", "0571-8200 0001"]]))
    village = session().get_one(Area, desk.village.id, populate_existing=True)
    assert (village.name, village.population, village.phone) == ("晚潮新社区", 2610, "0571-8200 0001")
    with transaction():
        make_area("village", "安澜社区", desk.town, code="01002")
    rows = [head, ["01001001", "网格", "网格", "01002", "", ""], ["019", "网格", "网格", "01001", "-5", "问王芳"]]
    assert found(desk, "areas", rows) == [(2, "parent", "parent_other"), (3, "population", "population"),
                                          (3, "phone", "phone")]  # fmt: skip


def test_nobody_imports_over_the_area_she_holds(desk: Desk) -> None:
    with transaction():
        holder = make_member(desk.village)
        make_grant(holder, "village_admin", desk.village)
    rows = [AREA_HEAD, ["01001", "改了", "村社", desk.town.code]]
    run = check(desk, "areas", as_csv(rows), actor_of(holder), desk.village)
    assert [one["code"] for one in run.problems] == ["parent"]


def test_numbers_of_a_workbook_are_asked_about_where_a_zero_may_be_lost(desk: Desk) -> None:
    rows = [
        AREA_HEAD,
        [1001002, "丢了", "网格", 1001],
        [330109000100020003, "长", "网格", "01001"],
        ["0107", "好", "网格", "01001"],
    ]
    run = check(desk, "areas", as_xlsx(rows))
    assert [(one["line"], one["column"], one["code"]) for one in run.problems] == [
        (2, "parent", "lost_zeros"), (3, "code", "lost_digits"),
    ]  # fmt: skip
    assert [
        one["code"] for one in check(desk, "areas", as_xlsx([AREA_HEAD, [5002, "甲", "网格", "01001"]])).problems
    ] == ["code_number"]


def test_buildings_need_no_level(desk: Desk) -> None:
    done = take(desk, "buildings", as_csv([["code", "name", "parent code"], ["01001001002", "2幢", "01001001"]]))
    assert done.counts["new"] == 1
    assert session().scalars(select(Area.kind).where(Area.code == "01001001002")).one() == "building"


# --- units ---


def test_units_are_added_changed_and_left_alone(desk: Desk) -> None:
    rows = [UNIT_HEAD, ["01001001001", "101", "89.5", "0330109001"], ["01001001001", "102", "", ""]]
    assert take(desk, "units", as_csv(rows)).counts == {"new": 2, "changed": 0, "same": 0}
    rows[2][2] = "60"
    assert take(desk, "units", as_csv(rows)).counts == {"new": 0, "changed": 1, "same": 1}
    unit = session().scalars(select(Unit).where(Unit.label == "101")).one()
    assert (unit.address_code, unit.building_id, unit.scope_path) == (
        "0330109001",
        desk.building.id,
        desk.building.path,
    )


def test_each_fault_of_a_unit_is_named(desk: Desk) -> None:
    with transaction():
        for label, code, closed in (("201", "A1", None), ("202", None, clock.now())):
            session().add(Unit(building_id=desk.building.id, town_id=desk.town.id, scope_path=desk.building.path,
                               label=label, address_code=code, closed_at=closed))  # fmt: skip
    building = "01001001001"
    rows = [
        UNIT_HEAD,
        ["01001001", "1", "", ""],
        [building, "", "", ""],
        [building, "2", "0", ""],
        [building, "3", "89平", ""],
        [building, "4", "", "A1"],
        [building, "202", "", ""],
        [building, "5", "", "B1"],
        [building, "5", "", ""],
        [building, "6", "", "B1"],
        ["99", "7", "", ""],
        [building, "8", "", "1,1E+17"],
    ]
    assert found(desk, "units", rows) == [
        (2, "building", "building"), (3, "label", "empty"), (4, "area_m2", "area_m2"), (5, "area_m2", "area_m2"),
        (6, "address_code", "code_elsewhere"), (7, "label", "closed"), (9, "label", "twice"),
        (10, "address_code", "twice"), (11, "building", "parent"), (12, "address_code", "lost_digits"),
    ]  # fmt: skip


# --- files as a whole ---


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        ("编号,名称\n".encode(), "file_header"),
        ("编号,名称,区域编码,纬度,经度,编号\n".encode(), "file_header"),
        ("编号,名称,区域编码,纬度,经度\n".encode(), "file_empty"),
        (b"\xff\xfe\x00", "file_encoding"),
    ],
)
def test_a_file_that_is_no_table_of_this_kind_is_refused_whole(desk: Desk, data: bytes, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check(desk, "posts", data)
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert count(ImportRun) == 0


def test_headers_are_known_by_what_offices_write(desk: Desk) -> None:
    head = ["岗点编号（必填）", " 名称* ", "网格编码", "Latitude", "经度", "备注"]
    run = check(desk, "posts", as_csv([head, ["P-1", "岗", "01001001", "30.2", "120.3", "不用的列"]]))
    assert (run.bad, run.counts["new"]) == (0, 1)


def test_a_row_with_more_cells_than_the_first_is_named(desk: Desk) -> None:
    assert found(desk, "posts", [POST_HEAD, ["P-1", "南门,北门", "01001001", "30.2", "120.3", "多了"]]) == [
        (2, "", "wide")
    ]


# --- runs ---


def test_a_foreign_admin_sees_confirms_and_stops_nothing(desk: Desk) -> None:
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(2)]))
    for act in (runs.run_for, runs.confirm, runs.stop):
        with pytest.raises(NotFound), transaction():
            act(desk.stranger, run.id)  # type: ignore[operator]
    assert runs.runs(desk.stranger) == []
    assert [one.id for one in runs.runs(desk.admin)] == [run.id]
    with pytest.raises(DomainError) as refused:
        check(desk, "posts", as_csv([POST_HEAD, *post_rows(2)]), desk.stranger)
    assert refused.value.field == "area_id"
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(2)]), desk.stranger, desk.foreign)
    assert {one["code"] for one in run.problems} == {"parent"}


def test_the_association_brings_posts_and_no_areas(desk: Desk) -> None:
    with transaction():
        member, plain = make_member(desk.town), make_member(desk.town)
        make_grant(member, "association_admin", desk.town)
    actor = actor_of(member)
    assert runs.kinds(actor) == ["posts"]
    assert check(desk, "posts", as_csv([POST_HEAD, *post_rows(1)]), actor).bad == 0
    for who, kind in ((actor, "areas"), (actor_of(plain), "posts")):
        with pytest.raises(Forbidden):
            check(desk, kind, as_csv([AREA_HEAD]), who)


def test_what_changed_after_the_check_fails_the_run_and_writes_nothing(desk: Desk) -> None:
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(3)]))
    with transaction():
        make_post(desk.grid, number="P-0001", state="retired")
        runs.confirm(desk.admin, run.id)
    jobs.import_tables()
    failed = session().get_one(ImportRun, run.id, populate_existing=True)
    assert (failed.state, failed.done, failed.bad, failed.rows) == ("failed", 0, 1, None)
    assert count(Post) == 1


def test_a_large_table_goes_in_parts_that_go_on_where_they_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(runs, "BATCH", 10)
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(25)]))
    with transaction():
        runs.confirm(desk.admin, run.id)
    with transaction():
        assert runs.take_part(run.id)
    assert count(Post) == 10
    jobs.import_tables()
    done = session().get_one(ImportRun, run.id, populate_existing=True)
    assert (done.state, done.done, count(Post)) == ("done", 25, 25)


def test_a_large_table_that_fails_on_its_way_names_every_row_that_is_wrong_by_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(runs, "BATCH", 8)
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(30)]))
    with transaction():
        for number in ("P-0003", "P-0020", "P-0029"):
            make_post(desk.grid, number=number, state="retired")
        runs.confirm(desk.admin, run.id)
    jobs.import_tables()
    failed = session().get_one(ImportRun, run.id, populate_existing=True)
    assert (failed.state, failed.done, failed.bad) == ("failed", 0, 3)
    assert [one["line"] for one in runs.faults(failed)] == [5, 22, 31]


def test_a_stopped_run_keeps_what_was_taken_in_and_takes_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ALL_AT_ONCE", 10)
    monkeypatch.setattr(runs, "BATCH", 10)
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(25)]))
    with transaction():
        runs.confirm(desk.admin, run.id)
    with transaction():
        runs.take_part(run.id)
        runs.stop(desk.admin, run.id)
    jobs.import_tables()
    assert (session().get_one(ImportRun, run.id).state, count(Post)) == ("dropped", 10)
    with pytest.raises(Conflict), transaction():
        runs.stop(desk.admin, run.id)


def test_a_run_that_raises_fails_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (check(desk, "posts", as_csv([POST_HEAD, *post_rows(n)])) for n in (1, 2))
    with transaction():
        for run in (first, second):
            runs.confirm(desk.admin, run.id)
    real = tables.check

    def fail(kind: str, drafts: Sequence[Draft], scope: Scope) -> Plan:
        if len(drafts) == 1:
            raise RuntimeError("planted")
        return real(kind, drafts, scope)

    monkeypatch.setattr(tables, "check", fail)
    jobs.import_tables()
    assert [session().get_one(ImportRun, one.id, populate_existing=True).state for one in (first, second)] == [
        "failed", "done",
    ]  # fmt: skip


def test_a_check_that_nobody_confirms_is_dropped_after_a_week(desk: Desk, frozen_clock: clock.FrozenClock) -> None:
    run = check(desk, "posts", as_csv([POST_HEAD, *post_rows(1)]))
    frozen_clock.tick(days=6)
    jobs.import_tables()
    assert session().get_one(ImportRun, run.id, populate_existing=True).state == "checked"
    frozen_clock.tick(days=2)
    jobs.import_tables()
    assert session().get_one(ImportRun, run.id, populate_existing=True).state == "dropped"


def test_who_let_what_in_is_in_the_log(desk: Desk) -> None:
    run = take(desk, "posts", as_csv([POST_HEAD, *post_rows(2)]))
    entries = session().execute(
        select(AuditEntry.act, AuditEntry.actor_id).where(AuditEntry.object_id == str(run.id)).order_by(AuditEntry.id)
    )
    assert [tuple(row) for row in entries] == [
        ("places.import_confirm", desk.admin.member_id), ("places.import_done", 0),
    ]  # fmt: skip


# --- out and in again ---


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_exported_and_imported_changes_nothing(desk: Desk, language: str) -> None:
    with transaction():
        village = make_area(
            "village", "=HYPERLINK(1)", desk.town, code="01002", title="社区", population=0, phone="+86 571 8200"
        )
        make_post(
            desk.grid, number="001", name="+加号岗", spot="'引号", lat=30.1234567, lon=120.7654321, state="paused"
        )
        make_post(desk.grid, number="P-9", state="retired")
        make_area("grid", "停用的", village, closed_at=clock.now())
        units.create_unit(desk.admin, building_id=desk.building.id, details=UnitDetails("-1-101", "89.50", "00330109"))
    for kind, rows in (("areas", 3), ("buildings", 1), ("units", 1), ("posts", 1)):
        text = "".join(exporting.export(desk.admin, kind, desk.town.path, language))
        assert text.startswith("\ufeff")
        assert not any(cell.startswith(("=", "+", "-", "@")) for line in text.splitlines() for cell in line.split(","))
        run = check(desk, kind, text.encode())
        assert (run.counts, run.bad) == ({"new": 0, "changed": 0, "same": rows}, 0), (kind, run.problems)


def test_an_export_that_no_page_can_carry_says_where_to_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        make_post(desk.grid)
        make_post(desk.grid)
    monkeypatch.setattr(exporting, "MOST_ROWS", 1)
    with pytest.raises(Conflict):
        list(exporting.export(desk.admin, "posts", desk.town.path, "zh"))


def test_an_export_holds_only_what_one_may_read(desk: Desk) -> None:
    with transaction():
        make_post(desk.grid)
    assert len(list(exporting.export(desk.stranger, "posts", desk.town.path, "zh"))) == 1
    assert len(list(exporting.export(desk.admin, "posts", desk.town.path, "zh", bom=False))) == 2


@pytest.mark.parametrize("kind", ["areas", "buildings", "units", "posts"])
def test_a_template_is_read_back_as_a_table_without_rows(desk: Desk, kind: str) -> None:
    for data in (exporting.template(kind, "zh"), exporting.template_csv(kind, "en").encode()):
        with pytest.raises(DomainError) as refused:
            check(desk, kind, data)
        assert refused.value.code == "file_empty"


def test_the_list_of_bad_rows_opens_safely(desk: Desk) -> None:
    run = check(desk, "posts", as_csv([POST_HEAD, ["=1+1", "岗", "01001001", "30.2", "120.3"]]))
    [_head, line] = exporting.bad_rows("posts", run.problems, ("行", "列", "值", "错", "改"), "zh")
    assert line.startswith("2,编号,'=1+1,")


# --- the parts ---


def test_every_kind_of_column_reads_back_its_own_example() -> None:
    for kind in ("areas", "buildings", "units", "posts"):
        for column in columns.columns(kind):
            assert columns.by_header(kind, column.zh) == columns.by_header(kind, column.en) == column
            if column.words:
                assert columns.meaning(column.words, column.example), column.key


def test_every_fault_that_a_check_can_name_has_words_of_its_own() -> None:
    fallback = [str(text) for text in problems.words("nothing", {})]
    for code in problems._WORDS:
        assert [str(text) for text in problems.words(code, {})] != fallback


def test_what_is_shown_of_a_cell_is_short_and_visible() -> None:
    assert problems.shown("a\u202eb\x00c" + "x" * 300) == "a b c" + "x" * 54 + "…"


def test_steps_are_counted_and_lists_are_cut() -> None:
    plan = Plan(steps=[Step(2, "new", {}), Step(3, "same", {}, 1)])
    assert plan.counts() == {"new": 1, "changed": 0, "same": 1}
    assert [len(part) for part in chunks(range(1200))] == [500, 500, 200]


TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=45)


@given(st.dictionaries(st.sampled_from([one.key for one in columns.columns("areas")]), TEXT), st.booleans())
def test_whatever_a_row_holds_it_is_a_problem_or_lawful(values: dict[str, str], number: bool) -> None:
    """What the cells let through, the rules of the desk's own forms let through as well."""
    row = Cells("areas", Draft(2, values, frozenset(values) if number else frozenset()))
    code, name = row.code("code", policies.CODE_LONGEST), row.line("name", policies.AREA_NAME_LONGEST, needed=True)
    title = row.line("title", policies.TITLE_LONGEST)
    people = row.whole("population", "population", 0, policies.MOST_PEOPLE)
    if not row.problems:
        policies.check_area(policies.AreaDetails(name, code, title, people))


@given(st.lists(st.lists(TEXT, max_size=5), max_size=5))
def test_no_table_whatever_breaks_the_columns(rows: list[list[str]]) -> None:
    made = [reading.Row(line, cells_) for line, cells_ in enumerate(rows, start=1)]
    try:
        drafts = list(cells.drafts("posts", reading.Table("utf-8", made)))
    except reading.BadFile:
        return
    assert all(set(draft.values) <= {one.key for one in columns.columns("posts")} for draft in drafts)


def test_zeros_are_looked_for_only_before_digits() -> None:
    assert list(cells.with_zeros("7")) == ["07", "007", "0007"]
    assert list(cells.with_zeros("A7")) == []
    assert io.StringIO("".join(exporting.template_csv("units", "zh"))).read().count(",") == 3
