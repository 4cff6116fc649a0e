"""The desk's budgets: whose towns, how the gauge reads, how a budget is moved."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import budgets
from tests.factories.access import make_grant
from tests.factories.ledger import give
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.harness.client import Visitor

WANTED = {"direction": "more", "amount": "500", "year": "2026", "fen_per_point": "10", "resolution": "第8号决议"}


@pytest.fixture
def office(village: Area) -> Member:
    with transaction():
        office = make_member(village, display_name="章立群")
        make_grant(office, "district_office", town_of(village))
    return office


def test_the_office_moves_a_budget_and_everybody_at_the_desk_sees_how_it_came_about(
    village: Area, member: Member, office: Member, client_page: Visitor
) -> None:
    with transaction():
        give(member, town_of(village), 40)
    client_page.sign_in(office.id)
    address = f"/desk/budget/{village.town_id}"
    page = client_page.get(address)
    assert "还没有定一分合多少钱" in page.text
    page = client_page.submit(page.form(address), **WANTED)
    assert "改好了" in page.text
    assert "10,500" in page.text
    assert "第8号决议" in page.text
    assert "章立群" in page.text
    assert "¥4" in page.text, "forty points at a price of ten fen"
    assert "够兑付" in client_page.get("/desk/budget").text
    page = client_page.submit(client_page.get(address).form(address), **WANTED | {"direction": "less"})
    assert "−500" in page.text
    assert budgets.year_of(village.town_id or 0, 2026).amount == 10_000


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"direction": "less", "amount": "10001"}, "剩下的预算只有 10000 分"),
        ({"amount": "0"}, "请填 1 以上的整数"),
        ({"amount": "多一点"}, "请填 1 以上的整数"),
        ({"fen_per_point": ""}, "请填整数"),
        ({"resolution": ""}, "请写是哪个决议定的"),
        ({"year": "2025"}, "2026"),
    ],
)
def test_a_move_that_cannot_be_is_told_at_its_field_and_what_was_typed_stays(
    village: Area, office: Member, client_page: Visitor, changed: dict[str, str], said: str
) -> None:
    client_page.sign_in(office.id)
    address = f"/desk/budget/{village.town_id}"
    form = client_page.get(address).form(address)
    page = client_page.submit(form, 422, **WANTED | {"resolution": "第77号决议"} | changed)
    assert said in page.text
    assert len(budgets.moves(village.town_id or 0)) == 1
    if "resolution" not in changed:
        assert page.form(address).filled()["resolution"] == "第77号决议"


def test_a_red_gauge_says_how_much_is_missing_and_what_it_stops(
    village: Area, member: Member, office: Member, client_page: Visitor
) -> None:
    client_page.sign_in(office.id)
    address = f"/desk/budget/{village.town_id}"
    client_page.submit(client_page.get(address).form(address), **WANTED | {"amount": "100"})
    with transaction():
        give(member, town_of(village), 125, days=30)
    page = client_page.get(address)
    assert "还差 ¥2.50" in page.text
    assert "不能上架新的奖品" in page.text
    assert "今后一年有 125 分到期" in page.text


def test_the_towns_own_admin_reads_and_does_not_move_and_others_do_not_even_read(
    village: Area, member: Member, office: Member, client_page: Visitor
) -> None:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
        elsewhere = town_of(make_village())
        open_books(elsewhere)
    client_page.sign_in(office.id)
    token = client_page.get(f"/desk/budget/{village.town_id}").form(f"/desk/budget/{village.town_id}").filled()
    client_page.get(f"/desk/budget/{elsewhere.id}", 404)
    client_page.get(f"/desk/budget/{village.id}", 404)
    client_page.sign_in(admin.id)
    assert "改预算…" not in client_page.get(f"/desk/budget/{village.town_id}").text
    client_page.post(f"/desk/budget/{village.town_id}", {**token, **WANTED}, 403)
    client_page.sign_in(member.id)
    client_page.get(f"/desk/budget/{village.town_id}", 403)
