"""An admin brings five hundred posts as her office keeps them: faults first, mended then; with JavaScript or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server
from tests.places.imports.sheets import as_csv, as_xlsx

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False, "has_touch": False}
NEW_PHONE = Callable[..., Phone]
GRID = "990100001001001"  # 晚潮第一网格
HEAD = ["编号*", "岗点名称", "区域编码", "纬度", "经度", "坐标来自", "谁可打卡", "挂在哪里", "备注"]
PLACES = ["南门保安亭", "北门快递柜", "河埠头石阶", "老年活动室", "菜场东口", "公交站牌", "幼儿园门口", "桥头凉亭"]


def table(code: str) -> list[list[str]]:
    """Five hundred posts of a community, in a grid of twenty by twenty-five, as somebody typed them."""
    rows = [
        [f"8{number // 100:02d}-{number % 100:02d}", f"{PLACES[number % 8]}{number // 8 + 1}号岗", code,
         f"{lat + number // 25 * 0.0004:.5f}", f"{lon + number % 25 * 0.0004:.5f}",
         "高德" if number % 3 else "天地图", "居民" if number % 5 == 0 else "志愿者", PLACES[number % 8], ""]
        for lat, lon in [(30.20310, 120.30410)]
        for number in range(500)
    ]  # fmt: skip
    return [HEAD, *rows]


def spoiled(rows: list[list[str]]) -> list[list[str]]:
    """The same with what goes wrong on the way through offices."""
    bad = [list(row) for row in rows]
    bad[4][0] = "7-Jan"
    bad[9][1] = ""
    bad[17][3], bad[17][4] = bad[17][4], bad[17][3]
    bad[30][2] = "990999"
    bad[44][0] = bad[43][0]
    bad[60][6] = "外地人"
    return bad


def bring(page: Page, file: Path) -> None:
    page.goto("/desk/imports?kind=posts")
    page.get_by_label("表格文件").set_input_files(file)
    page.get_by_role("button", name="检查表格").click()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_five_hundred_posts_are_refused_mended_doubted_confirmed_and_there(
    demo_server: Server, new_phone: NEW_PHONE, tmp_path: Path, script: bool
) -> None:
    page = new_phone(demo_server, java_script_enabled=script, **DESK).open("/sign-in")
    page.get_by_role("button", name="村社管理员").click()
    rows = table(GRID)
    first, second = tmp_path / "岗点（一稿）.csv", tmp_path / "岗点（二稿）.xlsx"
    first.write_bytes(as_csv(spoiled(rows), "gbk"))
    bring(page, first)
    main = page.get_by_role("main")
    expect(page.get_by_role("heading", level=1)).to_have_text("岗点（一稿）.csv")
    expect(main).to_contain_text("6 行要改")
    for said in (
        "编号被表格软件改成了日期",
        "这一格要填",
        "纬度和经度写反了",
        "没有这个编码的区域",
        "和第 44 行重复",
        "没有这个选项",
    ):
        expect(main).to_contain_text(said)
    expect(page.get_by_role("button", name="确认导入")).to_have_count(0)

    rows[100][3] = f"{float(rows[100][3]) + 1:.5f}"
    second.write_bytes(as_xlsx(rows))
    bring(page, second)
    expect(main).to_contain_text("1 行有疑问")
    expect(main).to_contain_text("公里")
    page.get_by_role("button", name="确认导入").click()  # the browser itself asks for the tick
    expect(page.get_by_label("有疑问的行我都核对过，没有错")).not_to_be_checked()
    expect(main).to_contain_text("1 行有疑问")
    page.get_by_label("有疑问的行我都核对过，没有错").check()
    page.get_by_role("button", name="确认导入").click()
    # The page moves on by itself until the job has done its work.
    expect(main).to_contain_text("导入完成", timeout=60_000)
    page.goto("/desk/posts?q=800-01")
    expect(page.get_by_role("main")).to_contain_text("800-01")
