"""A phone that loses the site, whose server really stops: what it shows, to whom, and that nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server
from tests.journeys.test_rewards import redeem
from tests.journeys.test_volunteer import become

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
CAPTAIN, VOLUNTEER = "钱桂英", "方小满"
KEPT = """async () => {
    const names = (await caches.keys()).filter(name => name.startsWith('linli-pages-'));
    const pages = await Promise.all(names.map(async name => (await caches.open(name)).keys()));
    return [names.length, pages.flat().map(one => new URL(one.url).pathname)];
}"""


def with_worker(new_phone: NEW_PHONE, server: Server) -> tuple[Phone, Page]:
    """A phone whose second page has brought the worker."""
    phone = new_phone(server, service_workers="allow")
    phone.expected += ["The service worker navigation preload"]
    page = phone.open("/")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    page.get_by_role("link", name="帮助", exact=True).click()
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    return phone, page


def kept(page: Page) -> list[str]:
    boxes, found = page.evaluate(KEPT)
    assert boxes <= 1
    return list(found)


def await_kept(page: Page, path: str) -> None:
    page.wait_for_function(f"path => ({KEPT})().then(([_, found]) => found.includes(path))", arg=path)


def begin_an_appeal(page: Page, words: str) -> str:
    """Write a sentence of an objection without sending it; returns the page's path."""
    page.goto("/points")
    page.locator("#lines a.row").first.click()
    page.locator("a[href*='/appeals/new/']").first.click()
    page.wait_for_url("**/appeals/new/**")  # with its scripts: what is typed before they came waits for the next letter
    page.locator("textarea").fill(words)
    return page.evaluate("location.pathname")  # type: ignore[no-any-return]


def test_what_was_opened_is_shown_without_the_site_and_never_to_the_next_login(
    demo_server: Server, new_phone: NEW_PHONE
) -> None:
    phone, page = with_worker(new_phone, demo_server)
    become(page, CAPTAIN)
    code = redeem(page)
    pick_up = page.url
    path = pick_up.removeprefix(demo_server.url)
    await_kept(page, path)
    page.goto("/points")
    await_kept(page, "/points")
    with page.expect_download() as loading:
        page.evaluate("location.href = '/ledger/verify_statement.py'")
    assert loading.value.path().stat().st_size > 1_000

    # Another login on this phone: nothing of hers is left, also not by its address. No form told of it.
    phone.context.clear_cookies()
    page.goto("/help")
    await_kept(page, "/help")
    assert kept(page) == ["/help"]
    become(page, VOLUNTEER)
    page.goto("/help")
    await_kept(page, "/help")

    demo_server.stop()
    for gone in (pick_up, "/points"):
        page.goto(gone)
        expect(page.get_by_role("heading", level=1)).to_have_text("现在没有网络")
        expect(page.locator("body")).not_to_contain_text(f"{code[:3]} {code[3:]}")
    page.goto("/help")
    expect(page.get_by_role("heading", level=1)).to_have_text("帮助")
    expect(page.locator("main > .say.warn:visible").first).to_contain_text(
        re.compile(r"网络不通.*月\d+日 \d\d:\d\d 打开时")
    )


def test_a_sign_read_without_a_signal_is_noted_and_a_form_stays_as_it_was_typed(
    demo_server: Server, new_phone: NEW_PHONE
) -> None:
    _phone, page = with_worker(new_phone, demo_server)
    become(page, CAPTAIN)
    page.goto("/me/details")
    await_kept(page, "/")
    appeal = begin_an_appeal(page, "那天我在岗")
    page.goto("/me/details")
    demo_server.stop()

    # The tap finds nobody: the page stands, the button is free again, and it says so.
    name = page.locator("main form input[type=text], main form input:not([type])").first
    name.fill("钱桂英阿姨")
    page.locator("main form button").last.click()
    expect(page.locator("#offline")).to_be_visible()
    expect(name).to_have_value("钱桂英阿姨")
    expect(page.locator("main form button").last).not_to_have_attribute("aria-disabled", "true")

    page.goto("/p/7k3m9qxw")
    expect(page.get_by_role("heading", level=1)).to_have_text("现在没有网络")
    noted = page.locator("[data-noted] li")
    expect(noted).to_have_count(1)
    expect(noted).to_contain_text("扫过的码")
    field = page.get_by_label("牌子上的 8 位码")
    field.fill("abc")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_role("alert")).to_contain_text("8 个字母和数字")
    field.fill("ABCD-EFGH")
    page.get_by_role("button", name="记下").click()
    expect(noted).to_have_count(2)
    expect(noted.first).to_contain_text("abcd efgh")
    expect(page.locator("[data-kept]")).to_contain_text("首页")
    expect(page.locator("[data-written] a")).to_have_attribute("href", appeal)

    # The signal is back: what was noted leads to its sign, and who leaves the phone leaves no note.
    demo_server.start()
    page.goto("/p")
    expect(page.locator("[data-noted] a").first).to_have_attribute("href", "/p/abcdefgh")
    page.goto(appeal)
    expect(page.locator("textarea")).to_have_value("那天我在岗")
    page.goto("/me")
    page.get_by_role("button", name="退出登录").click()
    assert "/points" not in kept(page)
    page.goto("/p")
    expect(page.locator("[data-noted]")).to_be_hidden()


@pytest.mark.parametrize("script", [True, False], ids=["WeChat on an iPhone", "JavaScript off"])
def test_a_phone_without_a_worker_misses_nothing(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    phone = new_phone(
        demo_server, java_script_enabled=script, service_workers="allow", user_agent="MicroMessenger/8.0.49"
    )
    phone.context.add_init_script("delete Navigator.prototype.serviceWorker")
    page = phone.open("/")
    page.get_by_role("link", name="帮助", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("帮助")
    become(page, CAPTAIN)
    expect(page.locator(".act").first).to_be_visible()
    page.goto("/offline")
    expect(page.get_by_role("link", name="报警 110")).to_be_visible()
    assert not phone.context.service_workers


HOLD_POINTS = """() => registration.navigationPreload.disable().then(() => {
    const real = self.fetch;
    self.fetch = async (...asked) => {
        const answer = await real(...asked);
        if (/[/]points$/.test(asked[0].url)) await new Promise(go => { self.letGo = go; });
        return answer;
    };
})"""


def test_a_page_that_was_under_way_when_she_signed_out_is_not_kept(demo_server: Server, new_phone: NEW_PHONE) -> None:
    phone, page = with_worker(new_phone, demo_server)
    become(page, CAPTAIN)
    await_kept(page, "/")
    worker = phone.context.service_workers[0]
    worker.evaluate(HOLD_POINTS)
    slow = phone.open("/me")
    slow.evaluate("setTimeout(() => { location.href = '/points'; })")
    for _time in range(100):
        if worker.evaluate("() => !!self.letGo"):
            break
        page.wait_for_timeout(50)
    page.goto("/me")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/")
    worker.evaluate("() => self.letGo()")
    expect(slow).to_have_url(re.compile("/points$"))
    expect(slow.get_by_role("heading", level=1)).to_be_visible()
    for _time in range(10):
        assert "/points" not in kept(page)
        page.wait_for_timeout(50)


def test_what_she_began_to_write_is_shown_to_her_alone_and_goes_with_the_next_login(
    demo_server: Server, new_phone: NEW_PHONE
) -> None:
    phone, page = with_worker(new_phone, demo_server)
    become(page, CAPTAIN)
    page.goto("/")
    await_kept(page, "/")
    appeal = begin_an_appeal(page, "那天我在岗")
    page.goto("/offline")
    expect(page.locator("[data-written] a")).to_have_attribute("href", appeal)

    # Her session ran out, and nobody is signed in.
    phone.context.clear_cookies()
    page.goto("/help")
    await_kept(page, "/help")
    page.goto("/offline")
    page.wait_for_function("caches.keys().then(names => names.includes('linli-pages-nobody'))")
    expect(page.locator("[data-written]")).to_be_hidden()

    # The answer that signs somebody else in says so (tests/core/web/test_session.py): her words leave the phone.
    assert page.evaluate("localStorage.getItem('linli.mine')")
    phone.context.add_cookies([{"name": "linli_another", "value": "1", "url": demo_server.url}])
    page.goto("/help")
    page.wait_for_function("localStorage.getItem('linli.mine') === null")
    assert "linli_another" not in page.evaluate("document.cookie")


def test_an_announcement_that_was_begun_is_there_until_it_is_sent(demo_server: Server, new_phone: NEW_PHONE) -> None:
    page = new_phone(demo_server).open("/")
    become(page, "邵文静")
    page.goto("/desk/announcements/new")
    page.get_by_label("内容").fill("周六早上八点清扫楼道，请带手套。")
    page.goto("/desk")
    page.goto("/desk/announcements/new")
    expect(page.get_by_label("内容")).to_have_value("周六早上八点清扫楼道，请带手套。")
    expect(page.locator("#draft")).to_be_visible()

    # Once it is published it waits for nobody: the next announcement begins empty.
    page.get_by_label("标题").fill("清扫楼道")
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_role("main")).to_contain_text("清扫楼道")
    expect(page).not_to_have_url(re.compile("/new$"))
    page.goto("/desk/announcements/new")
    expect(page.get_by_label("内容")).to_have_value("")
    expect(page.locator("#draft")).to_be_hidden()
