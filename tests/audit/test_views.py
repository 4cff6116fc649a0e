"""The auditors' page."""

import pytest

from community.audit.services import record
from community.core.authz import Actor
from community.core.db import session, transaction
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village
from tests.harness.client import Visitor


@pytest.fixture
def village(client_page: Visitor) -> Area:
    with transaction():
        return make_village(make_town())


@pytest.fixture
def auditor(village: Area, client_page: Visitor) -> Visitor:
    town = session().get_one(Area, village.parent_id)
    with transaction():
        member = make_member(town, display_name="赵审计")
        make_grant(member, "town_admin", town)
    client_page.sign_in(member.id)
    return client_page


def test_the_page_names_the_person_and_what_she_did(auditor: Visitor, village: Area) -> None:
    with transaction():
        doer = make_member(village, display_name="李做事")
        record(Actor(member_id=doer.id), "teams.approve", "membership", 5, scope_path=village.path, reason="认识")
        record(Actor(member_id=doer.id), "far.away", "membership", 6, scope_path="77/")
    page = auditor.get("/desk/audit")
    assert "李做事" in page.text
    assert "teams.approve" in page.text
    assert "认识" in page.text
    assert "far.away" not in page.text


def test_an_auditor_turns_pages_and_keeps_her_filter(auditor: Visitor, village: Area) -> None:
    with transaction():
        for number in range(60):
            record(Actor(member_id=1), "a.b" if number % 2 else "c.d", "thing", number, scope_path=village.path)
        for number in range(60):
            record(Actor(member_id=1), "a.b", "thing", number, scope_path=village.path)
    page = auditor.get("/desk/audit?act=a.b")
    older = page.one("a", rel="next").get("href") or ""
    assert "act=a.b" in older
    second = auditor.get(older)
    assert "c.d" not in second.text
    assert second.one("a", rel="prev").get("href") == "/desk/audit?act=a.b"


def test_an_empty_answer_says_what_to_do(auditor: Visitor) -> None:
    assert "少填一项" in auditor.get("/desk/audit?act=nothing").text


@pytest.mark.parametrize("before", ["abc", "-1", "99999999999999999999", "0", ""])
def test_a_hostile_page_number_means_the_first_page(auditor: Visitor, before: str) -> None:
    auditor.get("/desk/audit", query_string={"before": before, "act": "x" * 5000, "actor": "<script>"})


def test_a_member_without_the_right_gets_a_refusal(client_page: Visitor, village: Area) -> None:
    with transaction():
        member = make_member(village)
    client_page.sign_in(member.id)
    client_page.get("/desk/audit", status=403)
