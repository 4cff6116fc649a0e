"""Who is signed in: a member of this moment, loaded anew and locked first inside a command."""

from collections.abc import Callable

import pytest
from flask import Flask, session as cookie
from itsdangerous import TimestampSigner
from sqlalchemy import event, update

from community.core.db import db, session as database, transaction
from community.core.errors import SignInNeeded
from community.core.ids import new_uuid
from community.core.web import session
from community.core.web.command import command
from community.core.web.rights import public
from community.core.web.security import refills
from community.people.models import Member
from tests.factories.people import make_member
from tests.harness.client import Client


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Flask:
    """An app with planted pages that say who is there, and that sign in and out."""
    app = make_app()

    def who() -> str:
        actor = session.current_actor()
        return f"{actor.name} {session.claimed_member()}" if actor else "nobody"

    @session.aside
    def beside() -> str:
        return who()

    def arrive(member: int) -> str:
        session.sign_in(member, 1)
        return who()

    def leave() -> str:
        session.sign_out()
        return who()

    def act() -> str:
        return who()

    def change() -> str:
        cookie["mark"] = "new"
        return who()

    app.add_url_rule("/change", view_func=public("x")(refills(change)), methods=["POST"])
    app.add_url_rule("/who", view_func=public("x")(who))
    app.add_url_rule("/aside", view_func=public("x")(beside))
    app.add_url_rule("/arrive/<id:member>", view_func=public("x")(arrive))
    app.add_url_rule("/leave", view_func=public("x")(leave))
    app.add_url_rule("/act", view_func=public("x")(refills(command()(act))), methods=["POST"])
    return app


@pytest.fixture
def member_id(site: Flask) -> int:
    with site.app_context(), transaction():
        return make_member(display_name="王芳").id


@pytest.fixture
def phone(site: Flask) -> Client:
    client = site.test_client()
    assert isinstance(client, Client)
    return client


def test_who_signs_in_is_there_at_once_and_on_the_next_pages(phone: Client, member_id: int) -> None:
    assert phone.get(f"/arrive/{member_id}").text == f"王芳 {member_id}"
    assert phone.get("/who").text == f"王芳 {member_id}"


def test_who_signs_out_is_gone_also_for_the_long_cookie(phone: Client, member_id: int) -> None:
    phone.get(f"/arrive/{member_id}")
    assert phone.get("/leave").text == "nobody"
    assert phone.get("/who").text == "nobody"


@pytest.mark.parametrize(
    ("host", "told"), [("https://linli.test", True), ("http://127.0.0.1", True), ("http://linli.test", False)]
)
def test_the_browsers_own_copies_go_with_whom_they_were_made_for(
    phone: Client, member_id: int, host: str, told: bool
) -> None:
    def emptied(path: str) -> bool:
        return phone.get(path, base_url=host).headers.get("Clear-Site-Data") == '"cache"'

    assert not emptied(f"/arrive/{member_id}"), "nobody was here before"
    assert not emptied(f"/arrive/{member_id}"), "the same person"
    assert emptied(f"/arrive/{member_id + 1}") == told
    assert emptied("/leave") == told


def test_what_is_asked_for_beside_the_pages_brings_no_session_of_the_time_before(phone: Client, member_id: int) -> None:
    phone.get(f"/arrive/{member_id}")
    assert phone.get("/who").headers.getlist("Set-Cookie"), "a page prolongs the session"
    assert not phone.get("/aside").headers.getlist("Set-Cookie")


def test_a_file_says_nothing_of_sessions_so_that_phones_keep_it(phone: Client, member_id: int) -> None:
    phone.get(f"/arrive/{member_id}")
    answer = phone.get("/static/js/core.js", buffered=True)
    assert not answer.headers.getlist("Set-Cookie")
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert not phone.get("/static/js/none.js").headers.getlist("Set-Cookie")


def test_only_who_signs_in_where_somebody_else_was_is_told_to_forget_her_words(phone: Client, member_id: int) -> None:
    def told(member: int) -> bool:
        return any(
            one.startswith("linli_another=1") for one in phone.get(f"/arrive/{member}").headers.getlist("Set-Cookie")
        )

    assert [told(member) for member in (member_id, member_id, member_id + 1)] == [False, False, True]


def test_the_long_cookie_signs_in_after_the_short_one_is_lost(phone: Client, member_id: int) -> None:
    phone.get(f"/arrive/{member_id}")
    phone.delete_cookie("linli", domain="linli.test")
    assert phone.get("/who").text.startswith("王芳")


@pytest.mark.parametrize("change", [{"session_epoch": 2}, {"status": "left"}])
def test_an_ended_session_and_a_member_who_left_are_nobody(
    site: Flask, phone: Client, member_id: int, change: dict[str, object]
) -> None:
    phone.get(f"/arrive/{member_id}")
    with site.app_context(), transaction() as current:
        current.execute(update(Member).values(**change))
    assert phone.get("/who").text == "nobody"


@pytest.mark.parametrize("text", ["", "x", "1", "1.x", "x.1", "\u00b2.1", "9999999999999999999999.1", "-1.1", "1.1.1"])
def test_a_cookie_that_names_no_member_is_nobody(phone: Client, text: str) -> None:
    with phone.session_transaction(base_url="http://linli.test") as cookie:
        cookie["_user_id"] = text
    assert phone.get("/who").text == "nobody"


def test_signing_in_keeps_nothing_of_the_session_before(phone: Client, member_id: int) -> None:
    with phone.session_transaction(base_url="http://linli.test") as cookie:
        cookie["csrf_token"] = "fixed by somebody else"
        cookie["other"] = "x"
    phone.get(f"/arrive/{member_id}")
    with phone.session_transaction(base_url="http://linli.test") as cookie:
        assert "other" not in cookie
        assert cookie.get("csrf_token") != "fixed by somebody else"


def test_nobody_is_asked_to_sign_in_where_somebody_is_needed(site: Flask) -> None:
    with site.test_request_context(), pytest.raises(SignInNeeded):
        session.must_be_signed_in()


def test_the_first_statement_of_a_command_locks_the_member(site: Flask, phone: Client, member_id: int) -> None:
    seen: list[str] = []
    phone.get(f"/arrive/{member_id}")

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    with site.app_context():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        phone.post("/act", data={"command_key": "01931f2a-0000-7000-8000-000000000001"})
        event.remove(engine, "before_cursor_execute", note)
        database().rollback()
    assert seen[0] == "BEGIN IMMEDIATE"
    assert "FROM member" in seen[1]


# --- how long it lasts ---


def renews(phone: Client, method: str, path: str) -> bool:
    answer = phone.open(path, method=method, data={"command_key": str(new_uuid())} if method == "POST" else None)
    assert answer.status_code == 200
    return any(line.startswith("linli=") for line in answer.headers.getlist("Set-Cookie"))


def test_a_page_renews_the_session_and_a_command_leaves_that_to_the_page_it_leads_to(
    phone: Client, member_id: int
) -> None:
    phone.get(f"/arrive/{member_id}")
    assert renews(phone, "GET", "/who")
    assert not renews(phone, "POST", "/act")
    assert renews(phone, "POST", "/change")


def test_a_session_lasts_half_a_year_after_the_last_page(
    phone: Client, member_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.get(f"/arrive/{member_id}")
    phone.delete_cookie("linli_stay", domain="linli.test")
    began = TimestampSigner.get_timestamp

    def on_day(days: int) -> str:
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer: began(signer) + days * 86400)
        return phone.get("/who").text

    assert [on_day(day).startswith("王芳") for day in (170, 340, 519)] == [True, True, True]
    assert on_day(519 + 181) == "nobody"


def test_who_signed_out_is_remembered_until_somebody_signs_in(site: Flask, member_id: int) -> None:
    with site.test_request_context():
        assert session.last_member() is None
        session.sign_out()
        assert session.last_member() is None
        session.sign_in(member_id, 1)
        session.sign_out()
        session.sign_out()
        assert (session.claimed_member(), session.last_member()) == (None, str(member_id))
        session.sign_in(member_id + 1, 1)
        assert session.last_member() == str(member_id + 1)
