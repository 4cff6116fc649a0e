"""The printed card: one page, the size of a bank card, and a code that readers read from the print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zxingcpp

from community.core.db import transaction
from community.people import badges, cards
from community.people.models import Member
from tests.factories.access import make_grant
from tests.factories.people import make_card, make_member
from tests.factories.places import make_village
from tests.harness import paper
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app")
Open = Callable[[str], Any]


@pytest.fixture
def admin() -> Member:
    with transaction():
        village = make_village(name="一个名字很长很长的社区居民委员会")
        made = make_member(village)
        make_grant(made, "village_admin", village)
        return made


@pytest.fixture
def opened(client_page: Visitor, browser: Any, admin: Member) -> Iterator[Open]:
    """Open a page of the admin's in Chromium, answered by the app itself."""
    context = browser.new_context()
    client_page.sign_in(admin.id)

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


def printed(page: Any) -> list[paper.Sheet]:
    return paper.sheets(page.pdf(prefer_css_page_size=True, print_background=False), dots=12)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["王桂芬", "字" * 40, "Maria Fernanda Gonzalez de la Cruz Smith"])
def test_one_card_is_one_page_of_a_card_s_size_and_is_read(opened: Open, admin: Member, name: str) -> None:
    with transaction():
        member = make_member(display_name=name, home_path=admin.home_path)
        card = make_card(member, admin)
    page = opened(f"/desk/people/{member.id}/card")
    (sheet,) = printed(page)
    (code,) = zxingcpp.read_barcodes(sheet.picture)
    assert code.text == cards.url_of(card)
    side = (code.position.top_right.x - code.position.top_left.x) / sheet.dots
    assert side == pytest.approx(badges.CODE_MM, abs=0.6)
    page.emulate_media(media="print")
    box = page.locator(".badge").bounding_box()
    assert (box["width"] / 96 * 25.4, box["height"] / 96 * 25.4) == pytest.approx((85.6, 54), abs=0.2)
    over = page.evaluate(
        """() => { const card = document.querySelector('.badge').getBoundingClientRect()
            const box = name => document.querySelector('.badge ' + name).getBoundingClientRect()
            return [box('.who').bottom > box('.use').top, box('.who').right > box('.qr').left + 6,
                    box('.qr').bottom > card.bottom, box('.qr').top < box('.roof').bottom - 6] }"""
    )
    assert over == [False] * 4


@pytest.mark.browser
def test_eight_cards_are_one_page(opened: Open, admin: Member) -> None:
    with transaction():
        made = [make_card(make_member(home_path=admin.home_path), admin) for _n in range(8)]
    (sheet,) = printed(opened("/desk/cards"))
    assert {code.text for code in zxingcpp.read_barcodes(sheet.picture)} == {cards.url_of(card) for card in made}


def test_a_card_says_who_she_is_as_openly_as_she_likes(admin: Member) -> None:
    with transaction():
        card = make_card(make_member(display_name="欧阳桂芬"), admin)
    whole = badges.badge(card, "https://linli.example.cn", masked=False)
    masked = badges.badge(card, "https://linli.example.cn", masked=True)
    assert (whole.name, masked.name, whole.number) == ("欧阳桂芬", "欧阳**", card.number)
