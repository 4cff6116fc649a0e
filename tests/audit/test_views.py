"""The auditors' page."""

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
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
    assert "通过了入队申请" in page.text
    assert "认识" in page.text
    assert "teams.approve" not in page.text, "nobody reads codes"
    assert "其他操作" not in page.text, "what lies elsewhere is not there"


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


def test_a_row_opens_to_what_it_is_about_where_the_reader_may_go(auditor: Visitor, village: Area) -> None:
    with transaction():
        seen = make_member(village, display_name="王桂芬")
        record(Actor(member_id=1), "people.verify", "member", seen.id, scope_path=village.path)
    page = auditor.get("/desk/audit?actor=1")
    assert page.one("a", href=f"/desk/people/{seen.id}") is not None
    office = auditor.get("/desk/audit").text
    assert "王桂芬" in office


def test_who_reads_no_people_sees_a_masked_name_and_no_link(client_page: Visitor, village: Area) -> None:
    with transaction():
        member = make_member(village, display_name="章立群")
        make_grant(member, "district_office", session().get_one(Area, village.parent_id))
        seen = make_member(village, display_name="王桂芬")
        record(Actor(member_id=1), "people.verify", "member", seen.id, scope_path=village.path)
    client_page.sign_in(member.id)
    page = client_page.get("/desk/audit")
    assert "王**" in page.text
    assert f"/desk/people/{seen.id}" not in page.html


def test_filters_are_kept_and_a_strange_area_asks_nothing(auditor: Visitor, village: Area) -> None:
    with transaction():
        record(Actor(member_id=1), "people.verify", "member", 5, scope_path=village.path)
    page = auditor.get("/desk/audit", query_string={"area": "77/", "since": "2099-13-45", "act": "people.verify"})
    assert "核实了身份" in page.text
    assert "没有记录" in auditor.get("/desk/audit?since=2099-01-01").text


def test_the_file_comes_with_its_number_and_leaves_its_entry(auditor: Visitor, village: Area) -> None:
    with transaction():
        record(Actor(member_id=1), "people.verify", "member", 5, scope_path=village.path)
    form = auditor.get("/desk/audit?act=people.verify").form("/desk/audit/export")
    answer = auditor.client.post(form.action, data=form.filled(form="csv"))
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "核实了身份" in answer.data.decode("utf-8-sig")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "audit.export")).one()
    assert entry.details["number"] in answer.data.decode("utf-8-sig")
    assert "导出了审计记录" in auditor.get("/desk/audit").text


def test_a_file_needs_the_token_and_the_right(auditor: Visitor, client_page: Visitor, village: Area) -> None:
    assert auditor.client.post("/desk/audit/export", data={"form": "csv"}).status_code == 400
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    token = client_page.token()
    assert client_page.client.post("/desk/audit/export", data={"csrf_token": token}).status_code == 403


def test_each_word_is_offered_once_and_finds_all_that_it_names(auditor: Visitor, village: Area) -> None:
    page = auditor.get("/desk/audit")
    for name in ("act", "object_type"):
        offered = ["".join(option.itertext()) for option in page.one("select", name=name).iter("option")]
        assert len(offered) == len(set(offered)), name
    with transaction():
        for number, code in enumerate(("places.revoke", "places.withdraw", "teams.approve")):
            record(Actor(member_id=1), code, "post_print", number, scope_path=village.path)
    found = auditor.get("/desk/audit?act=places.revoke,places.withdraw")
    assert len(found.all("tr")) == 3, "its head and two lines"
