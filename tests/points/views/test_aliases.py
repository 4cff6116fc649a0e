"""The desk takes an alias off the board over HTTP, without a script."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import groups
from community.points.services import showing
from tests.factories.access import actor_of
from tests.factories.deciding import make_admin
from tests.factories.ledger import give
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.harness.client import Visitor


def test_an_alias_is_taken_down_with_a_reason_that_she_reads(
    client_page: Visitor, new_visitor, member: Member, village: Area
) -> None:
    with transaction():
        admin = make_admin(village)
        give(member, village, 5)
    with transaction():
        showing.choose(actor_of(member), village.town_id, "村口恶霸")
    client_page.sign_in(admin.id)
    here = f"/desk/months/{town_of(village).id}/aliases"
    assert here in client_page.get("/desk/months").links
    page = client_page.get(here)
    assert "村口恶霸" in page.text
    form = page.form(here)
    assert str(member.id) not in page.text, "who it is, the desk does not learn"
    page = client_page.submit(form, status=422, reason=" ")
    assert "请写明理由" in page.text
    page = client_page.submit(page.form(here), reason="骂人的话，请另取一个")
    assert "榜上没有化名" in page.text
    phone = new_visitor()
    phone.sign_in(member.id)
    assert "骂人的话" in phone.get("/inbox").text
    page = phone.submit(
        phone.get("/points/board").form(f"/points/board/{village.town_id}"), alias="村口恶霸", status=422
    )
    assert "这个化名不能用，请换一个" in page.text


def test_a_long_board_comes_by_pages_and_a_word_of_a_later_one_goes_too(
    client_page: Visitor, village: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "ALIASES", 2)
    with transaction():
        admin, neighbours = make_admin(village), [make_member(village) for _one in range(3)]
        for one in neighbours:
            give(one, village, 5)
    with transaction():
        for alias, one in zip(("一号桂花", "二号桂花", "三号桂花"), neighbours, strict=True):
            showing.choose(actor_of(one), village.town_id, alias)
    client_page.sign_in(admin.id)
    here = f"/desk/months/{town_of(village).id}/aliases"
    page = client_page.get(here)
    assert page.text.count("号桂花”…") == 2
    assert f"{here}?page=2" in page.links
    page = client_page.get(f"{here}?page=2")
    assert page.text.count("号桂花”…") == 1
    page = client_page.submit(page.form(here), status=422, reason=" ")
    assert page.text.count("号桂花”…") == 1
    client_page.submit(page.form(here), reason="骂人的话，请另取一个")
    assert f"{here}?page=2" not in client_page.get(here).links
    assert client_page.get(f"{here}?page=99").text.count("号桂花") == 0
