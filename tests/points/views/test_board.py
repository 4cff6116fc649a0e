"""The board by pages: groups first, names only of those who chose it, and out again with the next page."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import exporting, subscribers
from community.points.models import BoardName
from community.points.queries import months
from community.points.services import closing
from tests.factories.people import make_member
from tests.factories.points import accepted, town_of
from tests.harness.client import Visitor

MONTH = dt.date(2026, 11, 1)


@pytest.fixture
def people(village: Area, frozen_clock: object) -> list[Member]:
    """Six neighbours who earned in November, which is published."""
    with transaction():
        made = [make_member(village, display_name=f"赵邻居{number}") for number in range(6)]
        for member in made:
            subscribers.award_checkin(accepted(member, village))
    system = system_actor("tests")
    for days in (9, closing.WINDOW + 1):
        frozen_clock.tick(days=days)  # type: ignore[attr-defined]
        with transaction():
            (closing.draft if days == 9 else closing.publish)(system, village.town_id, MONTH)
    return made


def join(visitor: Visitor, member: Member, alias: str = "") -> None:
    visitor.sign_in(member.id)
    page = visitor.get("/points/board")
    done = visitor.submit(page.form(f"/points/board/{member.town_id}"), alias=alias)
    assert "您在榜上" in done.text


def test_off_by_default_on_when_five_chose_it_and_gone_at_once(
    village: Area, people: list[Member], client_page: Visitor, new_visitor: object
) -> None:
    anybody: Visitor = new_visitor()  # type: ignore[operator]
    where = f"/ledger/{town_of(village).code}/board"
    assert "上榜的不到 5 个人" in anybody.get(where).text
    for number, member in enumerate(people[:5]):
        join(client_page, member, f"桂花{number}" if number else "")
    shown = anybody.get(where)
    assert all(f"桂花{number}" in shown.text for number in range(1, 5))
    assert "赵**" in shown.text
    assert not [member for member in people if member.display_name in shown.text]
    assert "您 +5" in client_page.get(where).text
    page = client_page.get("/points/board")
    client_page.submit(page.form(f"/points/board/{village.town_id}/leave"))
    assert "桂花" not in anybody.get(where).text
    assert "您不在榜上" in client_page.get("/points/board").text


def test_a_word_that_will_not_do_comes_back_with_the_reason(
    village: Area, people: list[Member], client_page: Visitor
) -> None:
    client_page.sign_in(people[0].id)
    form = client_page.get("/points/board").form(f"/points/board/{village.town_id}")
    page = client_page.submit(form, 422, alias="13800000000")
    assert "最多 4 个数字" in page.text
    assert page.one("input", name="alias").attrib["value"] == "13800000000"


def test_names_come_off_after_ninety_days_and_groups_stay(
    village: Area, people: list[Member], client_page: Visitor, frozen_clock: object
) -> None:
    for number, member in enumerate(people):
        join(client_page, member, f"桂花{number}")
    where = f"/ledger/{town_of(village).code}/board"
    assert "桂花3" in client_page.get(where).text
    frozen_clock.tick(days=91)  # type: ignore[attr-defined]
    assert "桂花" not in client_page.get(where).text


def test_no_file_and_no_page_of_the_desk_tells_who_chose_it(
    app: Flask, village: Area, people: list[Member], client_page: Visitor
) -> None:
    """No export of rankings for anybody's appraisal (points.md §4.11)."""
    with transaction():
        account = months.sheets(village.town_id, MONTH)[0].account_id
        session().add(
            BoardName(
                town_id=village.town_id, member_id=people[0].id, account_id=account, alias="独一无二的", alias_key="x",
                chosen_at=clock.now(),
            )
        )  # fmt: skip
    kept = session().scalars(select(BoardName.alias)).all()
    assert kept == ["独一无二的"]
    source = [name for name in vars(exporting) if "board" in name.lower() or "groups" in name.lower()]
    assert not source
    named = {rule.endpoint for rule in app.url_map.iter_rules() if "board" in rule.rule}
    assert named == {"points.board", "points.join_board", "points.leave_board", "points.town_board"}
