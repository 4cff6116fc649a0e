"""A month closed by two people at the desk; a captain's statement proved in her browser, and without any of us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
CAPTAIN, DISTRICT = "钱桂英", "章立群"


def become(page: Page, person: str) -> Page:
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()
    return page


def test_a_month_is_published_and_a_statement_is_proved_by_the_stand_alone_script(
    demo_server: Server, new_phone: NEW_PHONE, tmp_path: Path
) -> None:
    desk = become(new_phone(demo_server, java_script_enabled=False).open("/"), DISTRICT)
    desk.goto("/desk/months")
    desk.get_by_role("row").filter(has_text="核对中").first.get_by_role("link").click()
    desk.get_by_text("公示…").click()
    desk.get_by_role("button", name="确认公示").click()
    expect(desk.get_by_text("已公示，以后不再变。")).to_be_visible()
    desk.get_by_role("link", name="看公示").click()
    expect(desk.get_by_role("main")).to_contain_text("总指纹")

    page = become(new_phone(demo_server).open("/"), CAPTAIN)
    page.goto("/points")
    page.get_by_role("link", name="我的月结单").click()
    page.get_by_role("main").get_by_role("link").filter(has_text="已公示").first.click()
    page.get_by_role("button", name="在这里算一遍").click()
    expect(page.get_by_text("每一笔都对得上这个总指纹")).to_be_visible()
    expect(page.get_by_text("在这里算只是方便")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载核对", exact=True).click()
    waiting.value.save_as(tmp_path / "mine.json")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载核对程序").click()
    waiting.value.save_as(tmp_path / "verify.py")

    stranger = new_phone(demo_server).open("/ledger")
    stranger.get_by_role("link", name="白塘街道").click()
    expect(stranger.get_by_text("账本完好")).to_be_visible()
    stranger.get_by_role("main").get_by_role("link").filter(has_text="份月结单").first.click()
    root = stranger.locator(".code").first.inner_text().replace(" ", "").replace("\n", "")
    command = [sys.executable, "-I", "verify.py", "mine.json", "--root", root]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
