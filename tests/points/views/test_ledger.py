"""What anyone sees of the ledger, signed in or not: green or red, the chain's head, published months, masked names."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places import queries as places
from community.places.models import Area
from community.points.queries import chain
from community.points.services import checking
from tests.factories.points import town_of
from tests.harness.client import Visitor
from tests.points.months import close_november

pytestmark = pytest.mark.usefixtures("frozen_clock")


def test_a_town_shows_every_check_green_or_red_with_its_date(village: Area, client_page: Visitor) -> None:
    town = town_of(village)
    assert "等今晚" in client_page.get("/ledger").text
    with transaction():
        checking.look_over(town.id)
    assert "完好" in client_page.get("/ledger").text
    page = client_page.get(f"/ledger/{town.code}")
    assert "账本完好" in page.text
    assert all(f"I{number}" in page.text for number in range(1, 16))
    with transaction():
        checking.keep(town.id, {"I4 the lots hold the balance": [(1,), (2,)]})
    page = client_page.get(f"/ledger/{town.code}")
    assert "兑换先停" in page.text
    assert "2 处不对" in page.text
    assert "上一次完好" in page.text


def test_a_published_month_shows_sums_root_and_masked_names(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    month = close_november(village, member, frozen_clock)
    page = client_page.get(f"/ledger/{town_of(village).code}/2026-11")
    assert f"{member.display_name[0]}**" in page.text
    assert member.display_name not in page.text
    assert "P01 ×2" in page.text
    assert month.root.hex()[:4] in page.text
    assert chain.head(village.town_id).hash.hex()[:4] in client_page.get(f"/ledger/{town_of(village).code}").text


def test_names_leave_the_board_after_ninety_days_and_sums_stay(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    close_november(village, member, frozen_clock)
    frozen_clock.tick(days=91)
    page = client_page.get(f"/ledger/{town_of(village).code}/2026-11")
    assert f"{member.display_name[0]}**" not in page.text
    assert "已经撤下" in page.text
    assert "总指纹" in page.text


@pytest.mark.parametrize("path", ["/nowhere", "/{village}", "/{town}/2026-10", "/{town}/2026-13", "/{town}/x"])
def test_an_address_that_means_nothing_does_not_exist(village: Area, client_page: Visitor, path: str) -> None:
    named = path.format(village=village.code, town=town_of(village).code)
    assert places.area_by_code(village.code)
    client_page.get(f"/ledger{named}", 404)
