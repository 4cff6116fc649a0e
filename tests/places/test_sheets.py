"""Paper: one page a sheet whatever the name, real millimetres, and codes that every decoder reads from the print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import pytest
import zxingcpp

from community.core.db import transaction
from community.places import printing, queries, sheets
from community.places.codes import print_url, resolve
from community.places.models import Area, Post, PostPrint
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_village
from tests.harness import paper
from tests.harness.client import Visitor
from tests.harness.codes import decode_all, opencv

pytestmark = pytest.mark.usefixtures("app")

NAMES = [
    "晚潮苑南门岗",
    "晚潮苑充电棚与地下车库东入口",
    "字" * 40,
    "Northern entrance of the underground car",
    "🚒" * 40,
]
PHONE = "0571-5550 1234"
Open = Callable[[str], Any]


@pytest.fixture
def village() -> Area:
    with transaction():
        made = make_village(name="一个名字很长很长的社区居民委员会")
        made.phone = PHONE
        return made


@pytest.fixture
def opened(client_page: Visitor, browser: Any, village: Area) -> Iterator[Open]:
    """Open a page of the admin's in Chromium, answered by the app itself."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)

    def answer(route: Any) -> None:
        with client_page.client.get(route.request.url.removeprefix("http://linli.test")) as got:
            route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.get_data())

    def open_(path: str) -> Any:
        page = context.new_page()
        page.route("**/*", answer)
        page.goto(f"http://linli.test{path}")
        return page

    yield open_
    context.close()


def signed_post(village: Area, name: str = NAMES[0], **fields: Any) -> tuple[Post, PostPrint]:
    with transaction():
        post = make_post(village, name=name, **fields)
        return post, make_print(post, 999)


def printed(page: Any) -> list[paper.Sheet]:
    """What comes out of the printer, whatever "background graphics" is set to."""
    return paper.sheets(page.pdf(prefer_css_page_size=True, print_background=False))


def too_wide_or_low(page: Any) -> list[str]:
    """The parts of signs that leave their sign, or lie over the next part, on paper."""
    page.emulate_media(media="print")
    return page.evaluate(
        """() => [...document.querySelectorAll('.trim, .quarter')].flatMap(sign => {
            const frame = sign.getBoundingClientRect()
            const parts = [...sign.children].filter(part => !part.matches('.sample, .cut'))
            const found = []
            parts.forEach((part, n) => {
                const box = part.getBoundingClientRect()
                const leaves = box.top < frame.top - 1 || box.bottom > frame.bottom + 1
                    || box.left < frame.left - 1 || box.right > frame.right + 1
                    || part.scrollWidth > part.clientWidth + 1
                const next = parts[n + 1] && parts[n + 1].getBoundingClientRect()
                const side = next && next.left > box.right - 1
                if (leaves) found.push(part.className + ' leaves its sign')
                if (next && !side && next.top < box.bottom - 1 && !parts[n + 1].matches('.edition'))
                    found.push(part.className + ' lies over ' + parts[n + 1].className)
            })
            return found
        })"""
    )


@pytest.mark.browser
@pytest.mark.parametrize("form", sheets.FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_a_sign_is_exactly_one_page_and_nothing_overlaps(opened: Open, village: Area, name: str, form: str) -> None:
    post, _sign = signed_post(village, name, number="白塘-晚潮-0001")
    page = opened(f"/desk/posts/{post.id}/poster?form={form}")
    assert too_wide_or_low(page) == []
    (sheet,) = printed(page)
    assert (sheet.width_mm, sheet.height_mm) == pytest.approx((210, 297), abs=0.5)


@pytest.mark.browser
@pytest.mark.parametrize(("form", "each"), [("a4", 1), ("a6", 4)])
def test_the_printed_code_has_its_size_and_decoders_read_it(opened: Open, village: Area, form: str, each: int) -> None:
    post, sign = signed_post(village)
    (sheet,) = printed(opened(f"/desk/posts/{post.id}/poster?form={form}"))
    found = zxingcpp.read_barcodes(sheet.picture)
    assert [code.text for code in found] == [print_url(post, sign)] * each
    for code in found:
        at = code.position
        side = (at.top_right.x - at.top_left.x) / sheet.dots
        assert side == pytest.approx(sheets.CODE_MM[form], abs=1)
        # Four modules of white on every side.
        quiet = round(side / 37 * 3.9 * sheet.dots)
        left, right, top, bottom = at.top_left.x, at.top_right.x, at.top_left.y, at.bottom_left.y
        around = sheet.picture[top - quiet : bottom + quiet, left - quiet : right + quiet].copy()
        around[quiet - 2 : -quiet + 2, quiet - 2 : -quiet + 2] = 255
        assert around.min() == 255


@pytest.mark.browser
def test_every_decoder_reads_the_poster_small_and_blurred(opened: Open, village: Area) -> None:
    post, sign = signed_post(village)
    url = print_url(post, sign)
    page = opened(f"/desk/posts/{post.id}/poster")
    (sheet,) = printed(page)
    for share in (1.0, 0.5, 0.2):
        seen = cv2.resize(sheet.picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        assert [code.text for code in zxingcpp.read_barcodes(seen)] == [url], share
    assert zxingcpp.read_barcodes(cv2.GaussianBlur(sheet.picture, (0, 0), 6))[0].text == url
    assert opencv(sheet.picture) == url
    page.emulate_media(media="print")
    assert decode_all(page.locator(".sheet").screenshot(animations="disabled")) == url
    assert resolve(url.rpartition("/")[2], ("linli.test",)).name == NAMES[0]


@pytest.mark.browser
@pytest.mark.parametrize(("form", "pages"), [("a4", 6), ("a6", 2)])
def test_a_run_prints_a_page_a_sheet_and_no_empty_one(opened: Open, village: Area, form: str, pages: int) -> None:
    urls = [print_url(*signed_post(village, f"岗点{n}", number=f"A-{n}")) for n in range(6)]
    made = printed(opened(f"/desk/posters/{village.code}/run?form={form}"))
    assert len(made) == pages
    assert [code.text for sheet in made for code in zxingcpp.read_barcodes(sheet.picture)] == urls


@pytest.mark.browser
@pytest.mark.parametrize("form", sheets.FORMS)
def test_a_sample_says_so_and_no_decoder_reads_it(opened: Open, village: Area, form: str) -> None:
    with transaction():
        post = make_post(village, name=NAMES[0])
    page = opened(f"/desk/posts/{post.id}/poster/sample?form={form}")
    (sheet,) = printed(page)
    assert not zxingcpp.read_barcodes(sheet.picture)
    assert not opencv(sheet.picture)
    page.emulate_media(media="print")
    assert page.locator(".sample", has_text="样张").first.is_visible()
    assert page.locator(".sample", has_text="PREVIEW").first.is_visible()
    assert queries.signs(post.id) == []


def test_a_sign_says_place_number_edition_and_phone_and_leads_to_its_code(village: Area) -> None:
    with transaction():
        grid = make_area("grid", "第一网格", village)
    post, sign = signed_post(grid, number="A-1")
    made = sheets.sign(post, sign, "https://linli.example.cn", "a4", **sheets.around(post))
    assert made.place == "白塘街道 · 一个名字很长很长的社区居民委员会 · 编号 A-1"
    assert made.url == print_url(post, sign, base="https://linli.example.cn")
    assert (made.code, made.short_url, made.phone) == (sign.typed_code, "linli.example.cn/p", PHONE)
    assert re.fullmatch(r"第 999 版 · \d{4}-\d\d-\d\d", str(made.edition))


def test_a_sign_whose_key_is_gone_is_named_and_left_out(village: Area) -> None:
    post, _sign = signed_post(village)
    with transaction():
        lost = make_post(village, name="旧钥匙岗")
        make_print(lost, kid="z")
    made = sheets.paper(printing.printed(village, None, 0, 9), "https://linli.example.cn", "a6")
    assert [[one.title for one in sheet] for sheet in made.sheets] == [[post.name]]
    assert made.broken == ["旧钥匙岗"]
