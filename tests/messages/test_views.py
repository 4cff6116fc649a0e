"""The inbox page."""

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.i18n import _
from community.core.ids import new_uuid
from community.messages import kinds
from community.messages.queries import unread_count
from community.messages.services import notify
from tests.factories.people import make_member
from tests.harness.client import Visitor


@pytest.fixture
def member_id(app: Flask, client_page: Visitor, monkeypatch: pytest.MonkeyPatch) -> int:
    assert app
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register("t.x", _("%(team)s 收下了您"), _("%(n)s 分"))
    with transaction():
        member = make_member()
    client_page.sign_in(member.id)
    return member.id


def tell(member_id: int, team: str = "夜巡队", link: str | None = "/inbox?x=1") -> None:
    with transaction():
        notify(member_id, "t.x", {"team": team, "n": 1280}, link)


@pytest.mark.usefixtures("frozen_clock")
def test_a_message_says_what_happened_when_and_leads_on(member_id: int, client_page: Visitor) -> None:
    tell(member_id)
    page = client_page.get("/inbox")
    row = page.one("button", class_="row")
    text = "".join(row.itertext())
    assert all(part in text for part in ("夜巡队 收下了您", "1,280 分", "11月23日 21:07", "未读"))
    form = page.form("/inbox/open")
    opened = client_page.post("/inbox/open", {**form.fields, "message": row.get("value")}, status=303)
    assert unread_count(member_id) == 0
    assert opened.one("a", class_="row").get("href") == "/inbox?x=1"


def test_one_tap_marks_everything_seen_as_read(member_id: int, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    tell(member_id)
    page = client_page.get("/inbox")
    frozen_clock.tick(minutes=1)
    tell(member_id, "后来的队")
    after = client_page.submit(page.form("/inbox/read"))
    assert unread_count(member_id) == 1
    assert "1 条未读" in after.text
    done = client_page.submit(after.form("/inbox/read"))
    assert "未读" not in done.text


def test_an_empty_inbox_says_what_will_come(member_id: int, client_page: Visitor) -> None:
    assert member_id
    assert "还没有消息" in client_page.get("/inbox").text


def test_a_foreign_or_senseless_mark_is_answered_kindly(member_id: int, client_page: Visitor) -> None:
    with transaction():
        other = make_member()
        foreign = notify(other.id, "t.x", {"team": "x", "n": 1})
    tell(member_id)
    form = client_page.get("/inbox").form("/inbox/read")
    for newest in (str(foreign), "abc", "9" * 30, ""):
        client_page.post("/inbox/read", {**form.fields, "newest": newest, "command_key": str(new_uuid())}, status=404)
    assert unread_count(other.id) == 1


def test_hostile_text_in_a_message_is_only_text(member_id: int, client_page: Visitor) -> None:
    tell(member_id, "<script>alert(1)</script>")
    assert "<script>alert(1)</script> 收下了您" in client_page.get("/inbox").text


def test_an_inbox_of_many_messages_has_pages(member_id: int, client_page: Visitor) -> None:
    for number in range(31):
        tell(member_id, f"队{number}")
    page = client_page.get("/inbox")
    assert "队0 " not in page.text
    older = client_page.get(page.one("a", rel="next").get("href") or "")
    assert "队0 " in older.text


def test_an_inbox_belongs_to_somebody_signed_in(client_page: Visitor) -> None:
    answer = client_page.client.get("/inbox")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/inbox"


def test_nobody_opens_the_message_of_another(member_id: int, client_page: Visitor) -> None:
    with transaction():
        other = make_member()
        foreign = notify(other.id, "t.x", {"team": "x", "n": 1})
    tell(member_id)
    form = client_page.get("/inbox").form("/inbox/open")
    for wanted in (str(foreign), "abc", "9" * 30, ""):
        client_page.post("/inbox/open", {**form.fields, "message": wanted}, status=404)
    assert unread_count(other.id) == 1
    assert unread_count(member_id) == 1
