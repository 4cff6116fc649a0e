"""Acting for an elder and using points together, on two phones without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server
from tests.journeys.test_volunteer import become

pytestmark = pytest.mark.browser

ELDER, HELPER, SECOND = "钱桂英", "李守田", "卢海生"
REWARD = "毛巾一条"


def code_on(page: Page) -> str:
    found = re.search(r"\b([0-9a-z]{4} [0-9a-z]{4})\b", page.get_by_role("main").inner_text())
    assert found
    return found[1]


def test_a_helper_redeems_for_an_elder_who_reads_it_and_ends_it(
    demo_server: Server, new_phone: Callable[..., Phone]
) -> None:
    helper = new_phone(demo_server, java_script_enabled=False).open("/")
    become(helper, HELPER)
    helper.goto("/me")
    helper.get_by_role("link", name=re.compile("^代办")).click()
    helper.get_by_role("link", name=re.compile(ELDER)).click()
    expect(helper.get_by_role("heading", level=1)).to_have_text(f"{ELDER}的积分")
    helper.get_by_role("link", name="积分商城").click()
    helper.get_by_role("main").get_by_role("link", name=re.compile(f"^{REWARD}")).last.click()
    expect(helper.get_by_role("main")).to_contain_text(f"正在替{ELDER}代办")
    helper.get_by_role("button", name="确认兑换").click()
    helper.wait_for_url(re.compile("/helped/.*/pick-up$"))
    expect(helper.get_by_role("main")).to_contain_text(f"由{HELPER}代办")
    elder = new_phone(demo_server, java_script_enabled=False).open("/")
    become(elder, ELDER)
    elder.goto("/inbox")
    expect(elder.get_by_role("main")).to_contain_text(f"{HELPER}替您兑换了{REWARD}")
    elder.goto("/me/mandates")
    elder.get_by_role("link", name=re.compile(HELPER)).first.click()
    elder.get_by_text("停掉代办…").click()
    elder.get_by_role("button", name="停掉").click()
    expect(elder.get_by_role("main")).to_contain_text("已停掉")
    assert helper.reload().status == 404  # type: ignore[union-attr]


def test_a_family_takes_somebody_in_by_her_own_word(demo_server: Server, new_phone: Callable[..., Phone]) -> None:
    elder = new_phone(demo_server, java_script_enabled=False).open("/")
    become(elder, ELDER)
    elder.goto("/shop")
    elder.get_by_role("link", name=re.compile("^家庭共用")).click()
    elder.get_by_role("button", name="生成家庭码").click()
    code = code_on(elder)
    second = new_phone(demo_server, java_script_enabled=False).open("/")
    become(second, SECOND)
    second.goto("/family")
    second.get_by_label("8 位家庭码").fill(code)
    second.get_by_role("button", name="看是谁家").click()
    expect(second.get_by_role("main")).to_contain_text(ELDER)
    second.get_by_text("我看过名单").click()
    second.get_by_role("button", name="同意，加入").click()
    expect(second.get_by_role("main")).to_contain_text("对方还没让您用")
    elder.goto("/family")
    expect(elder.get_by_role("main")).to_contain_text(f"{SECOND}想用您的积分")
    elder.get_by_role("button", name="同意").click()
    expect(elder.get_by_role("main")).not_to_contain_text("想用您的积分")
