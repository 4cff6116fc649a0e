"""Reading a printed sign with the page's own scanner: by camera, by photo, by typing, in WeChat, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import qrcode
from playwright.sync_api import Browser, Page, expect

from tests.harness.browser import Phone
from tests.harness.cameras import film, looking_at
from tests.harness.codes import decode_all
from tests.harness.server import Server
from tests.journeys.test_paper import NEWCOMER, issue_card
from tests.journeys.test_volunteer import become, print_poster

pytestmark = pytest.mark.browser

POST = "晚潮苑南门岗"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 12; V2055A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/86.0.4240.99 "
    "XWEB/4317 MMWEBSDK/20220903 Mobile Safari/537.36 MMWEBID/2651 MicroMessenger/8.0.28.2240(0x28001C57)"
)
NEW_PHONE = Callable[..., Phone]
OPEN = Callable[..., Page]


@pytest.fixture
def sign(demo_server: Server, new_phone: NEW_PHONE) -> tuple[bytes, str, str]:
    """Our own poster, freshly printed: a picture of it, the address in its code, and the 8 characters under it."""
    desk = new_phone(demo_server, viewport={"width": 1280, "height": 900}, is_mobile=False)
    admin = desk.open("/")
    become(admin, "村社管理员")
    address, typed = print_poster(admin, POST)
    return admin.screenshot(full_page=True), address, typed


@pytest.fixture
def with_camera(browser: Browser, browser_path: str, demo_server: Server) -> Iterator[Callable[..., Any]]:
    """Open a page on a phone whose camera shows a film: `with_camera(film, "/scan", allowed=True)`."""
    open_ones: list[Any] = []

    def open_page(shown: Path | None, *, allowed: bool = True, person: str = "楼长", **context: Any) -> Page:
        running = looking_at(browser, browser_path, shown, allowed=allowed)
        phone = Phone(running.__enter__(), demo_server.url, **context)
        open_ones.append((phone, running))
        page = phone.open("/")
        become(page, person)
        page.goto("/scan")
        return page

    yield open_page
    for phone, running in open_ones:
        phone.close()
        running.__exit__(None, None, None)


def check_in(page: Page) -> None:
    """From the landing page to the receipt."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(POST)
    page.get_by_role("button", name=re.compile("打卡")).click()
    page.wait_for_url("**/checkins/**")
    expect(page.get_by_role("main")).to_contain_text(POST)


def camera_is_off(page: Page) -> bool:
    return bool(page.evaluate("document.querySelector('video').srcObject === null"))


def code_of(text: str, path: Path) -> Path:
    code = qrcode.QRCode(border=6, box_size=10)
    code.add_data(text)
    code.make_image().save(str(path))
    return path


def wall() -> bytes:
    """A picture with nothing on it."""
    return bytes(cv2.imencode(".png", np.full((300, 400, 3), 120, np.uint8))[1])


def test_a_printed_poster_before_the_camera_leads_to_the_receipt(
    sign: tuple[bytes, str, str], with_camera: OPEN, tmp_path: Path
) -> None:
    picture, address, _typed = sign
    page = with_camera(film(picture, tmp_path / "poster.y4m"))
    # Nothing looks before the tap, and the vendored reader is not there yet.
    assert camera_is_off(page)
    came = page.evaluate("performance.getEntriesByType('resource').map(one => one.name).join()")
    assert "core.js" in came
    assert "scan.js" not in came, "it comes with the tap"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="打开相机").click()
    page.wait_for_url(address)
    assert [url for url in asked if "qr-scanner" in url]
    check_in(page)


def test_a_refused_camera_leaves_the_photo_and_the_typed_code(
    sign: tuple[bytes, str, str], with_camera: OPEN, tmp_path: Path
) -> None:
    picture, address, typed = sign
    page = with_camera(film(picture, tmp_path / "poster.y4m"), allowed=False)
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("相机没有打开")
    assert camera_is_off(page)

    # A photo that shows no code says so; the poster's own leads to its post.
    nothing = tmp_path / "nothing.png"
    page.screenshot(path=str(nothing), clip={"x": 0, "y": 0, "width": 200, "height": 40})
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(str(nothing))
    expect(page.get_by_role("status").first).to_contain_text("照片里没认出码")
    (tmp_path / "poster.png").write_bytes(picture)
    chooser.set_input_files(str(tmp_path / "poster.png"))
    page.wait_for_url(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text(POST)

    page.goto("/scan")
    page.get_by_label("输入牌子上的 8 位码").fill(f"{typed[:4]} {typed[4:]}".upper())
    page.get_by_role("button", name="下一步").click()
    check_in(page)


@pytest.mark.parametrize("script", [True, False], ids=["her own scanner", "the system's, without JavaScript"])
def test_a_leader_who_stands_there_scans_a_card_and_confirms_its_holder(
    demo_server: Server, new_phone: NEW_PHONE, with_camera: OPEN, tmp_path: Path, script: bool
) -> None:
    admin = new_phone(demo_server, viewport={"width": 1280, "height": 900}, is_mobile=False).open("/")
    become(admin, "村社管理员")
    admin.goto("/desk/applications")
    admin.get_by_role("row").filter(has_text=NEWCOMER).get_by_role("button", name="通过").first.click()
    expect(admin.get_by_role("row").filter(has_text=NEWCOMER)).to_have_count(0)
    card = issue_card(admin, NEWCOMER)
    shown = film(admin.locator(".badge").first.screenshot(), tmp_path / "card.y4m")
    sign, _typed = print_poster(admin, POST)

    page = with_camera(shown, person="巡防队长", java_script_enabled=script)
    page.goto(sign)
    check_in(page)
    if script:
        page.goto("/scan")
        page.get_by_role("button", name="打开相机").click()
        page.wait_for_url("**/m/**")
        assert page.url == card
    else:
        page.goto(card)
    expect(page.get_by_role("heading", level=1)).to_have_text(NEWCOMER)
    expect(page.get_by_label("她在哪个岗点").locator("option:checked")).to_contain_text(f"{POST}（您在这里）")
    page.get_by_role("button", name="代她打卡").click()
    page.wait_for_url("**/checkins/**")
    for words in (NEWCOMER, "由队长代签（李守田）", "A 级", "队长在场确认", "+5"):
        expect(page.get_by_role("main")).to_contain_text(words)
    page.goto(card)
    page.get_by_role("button", name="代她打卡").click()
    expect(page.get_by_role("main")).to_contain_text("没有重复记")


def test_a_foreign_code_is_never_followed(with_camera: OPEN, tmp_path: Path, demo_server: Server) -> None:
    evil = code_of("https://evil.example/p/7k3m9qxw.1a.h4t6n2v8c3r5j7kd", tmp_path / "evil.png")
    page = with_camera(film(evil.read_bytes(), tmp_path / "evil.y4m"))
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("这不是本平台的牌子")
    expect(page.get_by_role("status").first).to_contain_text("evil.example")
    assert camera_is_off(page)
    for number, foreign in enumerate(
        (
            f"{demo_server.url}/sign-out",
            f"{demo_server.url}@evil.example/p/abc",
            f"{demo_server.url}/p/../me",
            "javascript:alert(1)",
            "https://xn--evil.example/m/abc",
            "7k3m9qxw",
        )
    ):
        page.locator("input[type=file]").set_input_files(str(code_of(foreign, tmp_path / f"{number}.png")))
        expect(page.get_by_role("status").first).to_contain_text("这不是本平台的牌子")
        expect(page.get_by_role("status").first).to_contain_text(foreign[:30])
        assert page.url.endswith("/scan")


def test_the_camera_goes_off_when_it_is_closed_and_when_the_page_is_left(
    with_camera: OPEN, tmp_path: Path, demo_server: Server
) -> None:
    page = with_camera(film(wall(), tmp_path / "wall.y4m"))
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("对准方形码")
    live = "window.track = document.querySelector('video').srcObject.getVideoTracks()[0]; track.readyState"
    assert page.evaluate(live) == "live"
    page.get_by_role("button", name="关相机").click()
    expect(page.get_by_role("status").first).to_contain_text("相机已经关了")
    assert page.evaluate("track.readyState") == "ended"

    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("对准方形码")
    assert page.evaluate(live) == "live"
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("track.readyState") == "ended"


def test_a_phone_with_a_reader_of_its_own_loads_no_other(
    sign: tuple[bytes, str, str], demo_server: Server, with_camera: OPEN, tmp_path: Path
) -> None:
    _picture, address, _typed = sign
    page = with_camera(film(wall(), tmp_path / "wall.y4m"))
    page.add_init_script(
        "window.BarcodeDetector = class { static getSupportedFormats() { return Promise.resolve(['qr_code']); } "
        f"detect() {{ return Promise.resolve([{{rawValue: {address!r}}}]); }} }};"
    )
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="打开相机").click()
    page.wait_for_url(address)
    assert not [url for url in asked if "qr-scanner" in url]


def test_a_reader_that_a_phone_promises_and_does_not_have_is_replaced(
    sign: tuple[bytes, str, str], with_camera: OPEN, tmp_path: Path
) -> None:
    picture, address, _typed = sign
    page = with_camera(film(picture, tmp_path / "poster.y4m"))
    page.add_init_script(
        "window.BarcodeDetector = class { static getSupportedFormats() { return Promise.resolve(['qr_code']); } "
        "detect() { return Promise.reject(new DOMException('Barcode detection service unavailable')); } };"
    )
    page.reload()
    page.get_by_role("button", name="打开相机").click()
    page.wait_for_url(address)
    page.go_back()
    (tmp_path / "poster.png").write_bytes(picture)
    page.locator("input[type=file]").set_input_files(str(tmp_path / "poster.png"))
    page.wait_for_url(address)


def test_in_wechat_without_a_camera_the_page_names_the_way_that_works(
    sign: tuple[bytes, str, str], demo_server: Server, new_phone: NEW_PHONE, tmp_path: Path
) -> None:
    picture, address, typed = sign
    phone = new_phone(demo_server, user_agent=WECHAT)
    page = phone.open("/")
    become(page, "楼长")
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    page.goto("/p")
    page.get_by_role("link", name="在网页里扫码").click()
    expect(page.get_by_role("main")).to_contain_text("微信首页")
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("微信不让网页直接用相机")
    (tmp_path / "poster.png").write_bytes(picture)
    page.locator("input[type=file]").set_input_files(str(tmp_path / "poster.png"))
    page.wait_for_url(address)
    page.goto("/scan")
    page.get_by_label("输入牌子上的 8 位码").fill(typed)
    page.get_by_role("button", name="下一步").click()
    check_in(page)


def test_where_the_address_is_not_secure_the_page_says_so(demo_server: Server, new_phone: NEW_PHONE) -> None:
    phone = new_phone(demo_server)
    page = phone.open("/")
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.goto("/scan")
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("https")


def test_a_phone_without_a_camera_is_told_so(with_camera: OPEN) -> None:
    page = with_camera(None)
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_role("status").first).to_contain_text("没有找到相机")


def test_without_javascript_the_typed_code_is_all_that_is_needed(
    sign: tuple[bytes, str, str], demo_server: Server, new_phone: NEW_PHONE
) -> None:
    phone = new_phone(demo_server, java_script_enabled=False)
    page = phone.open("/")
    become(page, "楼长")
    page.goto("/scan")
    expect(page.get_by_role("button", name="打开相机")).to_be_hidden()
    page.get_by_label("输入牌子上的 8 位码").fill(sign[2])
    page.get_by_role("button", name="下一步").click()
    check_in(page)


def test_our_own_poster_is_what_the_film_shows(sign: tuple[bytes, str, str]) -> None:
    assert decode_all(sign[0]) == sign[1]
