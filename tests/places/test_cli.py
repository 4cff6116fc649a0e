"""`flask places import`: whole tables, and units by the million that are taken up again where they stopped."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.places.imports import cells, streaming, tables
from community.places.imports.plans import Scope
from community.places.imports.reading import read
from community.places.models import Area, ImportRun, Post, Unit
from tests.factories.places import make_area, make_unit, make_village
from tests.places.imports.sheets import as_csv

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("frozen_clock")]

HEAD = ["楼幢编码", "房号", "建筑面积", "地址编码"]


@pytest.fixture
def building(app: Flask) -> Area:
    with transaction():
        return make_area("building", "晚潮苑1幢", make_village(), code="0100")


def rows(n: int) -> list[list[str]]:
    return [["0100", f"1-{i:03d}", f"{60 + i}.5", f"03301{i:06d}"] for i in range(n)]


def run(app: Flask, file: Path, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["places", "import", str(file), *words])


def write(folder: Path, table: list[list[str]], name: str = "units.csv") -> Path:
    file = folder / name
    file.write_bytes(as_csv(table, "gb18030"))
    return file


def units() -> int:
    return session().scalar(select(func.count()).select_from(Unit)) or 0


def test_units_stream_in_and_the_same_file_again_changes_nothing(
    app: Flask, building: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BATCH", 7)
    file = write(tmp_path, [HEAD, *rows(30)])
    first = run(app, file, "--kind", "units")
    assert (first.exit_code, "新建 30，更新 0，没有变化 0" in first.output) == (0, True), first.output
    unit = session().scalars(select(Unit).where(Unit.label == "1-007")).one()
    assert (unit.building_id, unit.town_id, unit.scope_path) == (building.id, building.town_id, building.path)
    assert (str(unit.area_m2), unit.address_code) == ("67.50", "03301000007")
    again = run(app, file, "--kind", "units")
    assert "新建 0，更新 0，没有变化 30" in again.output
    assert units() == 30
    assert not (tmp_path / "units.csv.bad.csv").exists()


def test_bad_rows_go_to_a_file_and_the_others_in(app: Flask, building: Area, tmp_path: Path) -> None:
    table = rows(6)
    table[1][0], table[2][1], table[3][2], table[4][3] = "100", "", "89平", "3.3E+11"
    done = run(app, write(tmp_path, [HEAD, *table, table[0], ["0100", "室 5（北）", "", ""]]), "--kind", "units")
    assert done.exit_code == 1
    listed = (tmp_path / "units.csv.bad.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in listed[1:]] == [
        ["3", "楼幢编码"], ["4", "房号"], ["5", "建筑面积"], ["6", "地址编码"], ["8", "房号"],
    ]  # fmt: skip
    assert "应该是 0100" in listed[1]
    assert "和第 2 行重复" in listed[-1]
    assert sorted(session().scalars(select(Unit.label))) == ["1-000", "1-005", "室 5（北）"]


def test_what_is_there_already_is_changed_row_by_row(app: Flask, building: Area, tmp_path: Path) -> None:
    with transaction():
        make_unit(building, "1-001")
        make_unit(building, "9-901", address_code="03301000002")
    done = run(app, write(tmp_path, [HEAD, *rows(4)]), "--kind", "units")
    assert done.exit_code == 1
    assert "新建 2，更新 1，没有变化 0" in done.output
    assert str(session().scalars(select(Unit.area_m2).where(Unit.label == "1-001")).one()) == "61.50"
    assert "已经是 9-901 的" in (tmp_path / "units.csv.bad.csv").read_text("utf-8-sig")


def test_a_unit_that_comes_again_in_a_later_batch_is_told(
    app: Flask, building: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BATCH", 4)
    table = rows(7)
    done = run(app, write(tmp_path, [HEAD, *table, table[0], ["0100", "9-901", "", table[1][3]]]), "--kind", "units")
    assert (done.exit_code, units()) == (1, 7)
    listed = (tmp_path / "units.csv.bad.csv").read_text("utf-8-sig")
    assert "9,房号,1-000,前面已经有同一户" in listed
    assert f"10,地址编码,{table[1][3]},这个地址编码已经是 1-001 的" in listed


def test_of_a_batch_that_meets_what_is_there_the_same_are_left_and_the_others_looked_at(
    app: Flask, building: Area, tmp_path: Path
) -> None:
    table = rows(9)
    assert run(app, write(tmp_path, [HEAD, *table[:6]]), "--kind", "units").exit_code == 0
    with transaction():
        session().scalars(select(Unit).where(Unit.label == "1-005")).one().closed_at = clock.now()
    kept = session().execute(select(Unit.id, Unit.label).order_by(Unit.id)).all()
    table[0][2], table[1][3], table[2][2:] = "", "", ["99.9", ""]
    done = run(app, write(tmp_path, [HEAD, *table, table[3]]), "--kind", "units")
    assert "新建 3，更新 1，没有变化 4。" in done.output
    listed = (tmp_path / "units.csv.bad.csv").read_text("utf-8-sig").splitlines()[1:]
    assert [(line.split(",")[0], line.split(",")[3]) for line in listed] == [
        ("7", "它已经停用"),
        ("11", "和第 5 行重复"),
    ]
    assert session().execute(select(Unit.id, Unit.label).order_by(Unit.id)).all()[:6] == kept
    found = {unit.label: (str(unit.area_m2), unit.address_code) for unit in session().scalars(select(Unit))}
    assert (found["1-000"], found["1-001"]) == (("60.50", "03301000000"), ("61.50", "03301000001"))
    assert found["1-002"] == ("99.90", "03301000002")


@pytest.mark.parametrize("label", ["2单元301室", "甲楼", "室 5（北）", "1-101\t", "O'Hara"])
def test_a_label_is_kept_the_same_whichever_way_it_goes_in(
    app: Flask, building: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    data = as_csv([HEAD, ["0100", label, "", ""]])
    plan = tables.check("units", list(cells.drafts("units", read(data))), Scope(building.path))
    (tmp_path / "one.csv").write_bytes(data)
    assert run(app, tmp_path / "one.csv", "--kind", "units").exit_code == 0
    assert session().scalars(select(Unit.label)).one() == plan.steps[0].values["label"]


def test_a_run_that_was_cut_off_goes_on_behind_its_last_batch(
    app: Flask, building: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BATCH", 10)
    file, real, taken = write(tmp_path, [HEAD, *rows(35)]), streaming.take, []

    def cut_off(run_id: int, first_id: int, batch: streaming.Batch, known: streaming.Buildings) -> streaming.Told:
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(len(batch.rows))
        return real(run_id, first_id, batch, known)

    monkeypatch.setattr(streaming, "take", cut_off)
    assert run(app, file, "--kind", "units").exit_code == 1
    assert units() == 20
    monkeypatch.setattr(streaming, "take", real)
    done = run(app, file, "--kind", "units")
    assert "新建 35" in done.output, done.output
    [kept] = session().scalars(select(ImportRun))
    assert (kept.state, kept.done, units()) == ("done", 35, 35)


def test_a_run_that_the_desk_stopped_takes_no_more(app: Flask, building: Area, tmp_path: Path) -> None:
    source = streaming.Source.open(write(tmp_path, [HEAD, *rows(3)]))
    with transaction():
        district = session().scalars(select(Area).where(Area.kind == "district")).one()
        kept = streaming.begin(system_actor("test"), source, district)
        kept.state = "dropped"
    [(batch, _position)] = source.batches(0, 10)
    with pytest.raises(Exception, match="import_stopped"), transaction():
        streaming.take(kept.id, kept.id, batch, streaming.Buildings(Scope(district.path)))
    assert units() == 0


def test_buildings_come_whole_or_not_at_all(app: Flask, building: Area, tmp_path: Path) -> None:
    village = session().get_one(Area, building.parent_id)
    head = ["编码", "名称", "上级编码"]
    bad = write(tmp_path, [head, ["0101", "1幢", village.code], ["0102", "", village.code]], "b.csv")
    done = run(app, bad, "--kind", "buildings")
    assert (done.exit_code, "什么都没有写入" in done.output) == (1, True)
    good = write(tmp_path, [head, ["0101", "1幢", village.code]], "g.csv")
    assert "检查通过" in run(app, good, "--kind", "buildings", "--check").output
    assert not session().scalars(select(Area).where(Area.code == "0101")).all()
    assert "新建 1" in run(app, good, "--kind", "buildings").output
    assert session().scalars(select(Area.path).where(Area.code == "0101")).one() == f"{village.path}0101/"


def test_posts_in_doubt_wait_for_a_word(app: Flask, building: Area, tmp_path: Path) -> None:
    village = session().get_one(Area, building.parent_id)
    table = [[f"P-{i:02d}", "岗", village.code, f"30.20{i}", "120.3"] for i in range(5)]
    table.append(["P-9", "远岗", village.code, "31.2", "120.3"])
    file = write(tmp_path, [["编号", "名称", "区域编码", "纬度", "经度"], *table], "posts.csv")
    doubted = run(app, file, "--kind", "posts")
    assert (doubted.exit_code, "--sure" in doubted.output) == (1, True)
    assert "离别的岗点约 111 公里" in (tmp_path / "posts.csv.bad.csv").read_text("utf-8-sig")
    assert not session().scalars(select(Post.id)).all()
    sure = run(app, file, "--kind", "posts", "--sure")
    assert (sure.exit_code, "新建 6" in sure.output) == (0, True)


def test_an_unknown_area_and_a_file_that_is_no_table_end_in_one_line(
    app: Flask, building: Area, tmp_path: Path
) -> None:
    file = write(tmp_path, [["a", "b"]])
    assert "没有这个编码的区域" in run(app, file, "--kind", "units", "--area", "77").output
    assert "第一行要有这些列" in run(app, file, "--kind", "units").output


def test_rows_of_another_area_than_the_named_one_are_refused(app: Flask, building: Area, tmp_path: Path) -> None:
    with transaction():
        other = make_village(name="石埭头村")
    done = run(app, write(tmp_path, [HEAD, *rows(2)]), "--kind", "units", "--area", other.code)
    assert done.exit_code == 1
    assert units() == 0
