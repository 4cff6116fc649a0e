"""The printed poster: exactly one A4 page whose code decoders read, whatever the name."""

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp

from community.core.db import transaction
from community.places import pages, queries
from community.places.codes import print_url, resolve
from community.places.models import Post, PostPrint
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_village
from tests.harness.client import Visitor
from tests.harness.codes import opencv

pytestmark = pytest.mark.usefixtures("app")

A4 = {"width": 794, "height": 1123}  # CSS pixels
NAMES = [
    "晚潮苑南门岗",
    "晚潮苑充电棚与地下车库东入口",
    "字" * 40,
    "Northern entrance of the underground car",
    "🚒" * 40,
]

OpenPoster = Callable[[str], tuple[Any, str]]


@pytest.fixture
def open_poster(client_page: Visitor, browser: Any) -> Iterator[OpenPoster]:
    """Open the poster of a new post in Chromium, answered by the app itself: (page, address in the code)."""
    context = browser.new_context(viewport=A4, device_scale_factor=2)

    def answer(route: Any) -> None:
        with client_page.client.get(route.request.url.removeprefix("http://linli.test")) as got:
            route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.get_data())

    def open_(name: str) -> tuple[Any, str]:
        with transaction():
            village = make_village(name="一个名字很长很长的社区居民委员会")
            post = make_post(village, name=name, number="白塘-晚潮-0001")
            sign = make_print(post, 999)
            member = make_member(village)
            make_grant(member, "village_admin", village)
        client_page.sign_in(member.id)
        page = context.new_page()
        page.route("**/*", answer)
        page.goto(f"http://linli.test/desk/posts/{post.id}/poster")
        return page, print_url(post, sign)

    yield open_
    context.close()


def photo(page: Any) -> np.ndarray:
    """The sheet as paper shows it."""
    page.emulate_media(media="print")
    png = page.locator(".sheet").screenshot(animations="disabled")
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_the_poster_is_exactly_one_page_and_nothing_overlaps(open_poster: OpenPoster, name: str) -> None:
    page, _url = open_poster(name)
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert box
    assert (float(box[1]), float(box[2])) == pytest.approx((595.28, 841.89), abs=1)
    page.emulate_media(media="print")
    parts = page.evaluate(
        """() => [...document.querySelectorAll('.sheet > *')].map(part => {
            const box = part.getBoundingClientRect(); return [box.top, box.bottom, box.left, box.right] })"""
    )
    sheet = page.locator(".sheet").bounding_box()
    tops = [part[0] for part in parts]
    assert tops == sorted(tops)
    for above, below in itertools.pairwise(parts):
        assert above[1] <= below[0] + 1, (name, above, below)
    assert all(part[0] >= sheet["y"] - 1 and part[1] <= sheet["y"] + sheet["height"] + 1 for part in parts)
    assert all(part[2] >= sheet["x"] - 1 and part[3] <= sheet["x"] + sheet["width"] + 1 for part in parts)


@pytest.mark.browser
def test_three_decoders_read_the_printed_page(open_poster: OpenPoster, tmp_path: Path) -> None:
    page, url = open_poster(NAMES[0])
    image = photo(page)
    for share in (1.0, 0.5, 0.3):
        seen = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        assert [code.text for code in zxingcpp.read_barcodes(seen)] == [url], share
    assert opencv(image) == url
    assert zxingcpp.read_barcodes(cv2.GaussianBlur(image, (0, 0), 6))[0].text == url
    if shutil.which("zbarimg"):
        cv2.imwrite(str(tmp_path / "poster.png"), image)
        command = ["zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", str(tmp_path / "poster.png")]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == url
    assert resolve(url.rpartition("/")[2], ("linli.test",)).name == NAMES[0]


@pytest.mark.browser
def test_the_code_is_130_millimetres_wide_with_its_quiet_zone(open_poster: OpenPoster) -> None:
    page, _url = open_poster(NAMES[0])
    page.emulate_media(media="print")
    box = page.locator(".qr svg").bounding_box()
    assert box["width"] == pytest.approx(130 / 25.4 * 96, abs=1)
    assert box["height"] == pytest.approx(box["width"], abs=1)
    page.emulate_media(media="screen")
    dark = page.evaluate("() => getComputedStyle(document.querySelector('.qr path')).fill")
    assert dark == "rgb(0, 0, 0)"


@pytest.fixture
def signed() -> tuple[Post, PostPrint]:
    with transaction():
        grid = make_area("grid", "第一网格", make_village())
        post = make_post(grid, number="A-1")
        return post, make_print(post, 3)


def test_a_poster_says_place_number_and_edition_and_leads_to_its_code(signed: tuple[Post, PostPrint]) -> None:
    post, sign = signed
    made = pages.poster(post, sign, "https://linli.example.cn")
    assert made.place == "白塘街道 · 晚潮社区 · 编号 A-1"
    assert made.url == print_url(post, sign, base="https://linli.example.cn")
    assert (made.code, made.short_url) == (sign.typed_code, "linli.example.cn/p")
    assert re.fullmatch(r"第 3 版 · \d{4}-\d\d-\d\d", str(made.edition))


def test_choices_of_areas_name_what_lies_above(signed: tuple[Post, PostPrint]) -> None:
    post, _sign = signed
    areas = queries.ancestors(post.scope_path)
    assert [label for _id, label in pages.area_choices(areas[2:])] == ["晚潮社区", "晚潮社区 / 第一网格"]
    assert pages.area_choices(areas[3:])[0] == (post.area_id, "第一网格")


def test_a_sign_is_missing_when_none_counts_where_the_post_is(signed: tuple[Post, PostPrint]) -> None:
    post, sign = signed
    assert pages.needs_sign(post, [])
    assert not pages.needs_sign(post, [sign])
    sign.retired_at = sign.printed_at
    assert pages.needs_sign(post, [sign])
    post.state = "retired"
    assert not pages.needs_sign(post, [sign])
