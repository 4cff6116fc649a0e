"""Which pages a phone may show again without a signal, and how it is told whose they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from community.core.db import transaction
from community.core.web.command import new_command_key
from community.core.web.offline import kept_offline
from community.core.web.rights import public
from community.people.models import Member
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def two() -> tuple[Member, Member]:
    with transaction():
        village = make_village()
        return make_member(village), make_member(village, display_name="陈新")


def heard(visitor: Visitor) -> TestResponse:
    assert visitor.last
    return visitor.last


def test_a_marked_page_may_be_kept_for_its_own_login(client_page: Visitor, two: tuple[Member, Member]) -> None:
    marks = set()
    for member in two:
        client_page.sign_in(member.id)
        client_page.get("/")
        assert heard(client_page).headers["X-Keep"] == "1"
        marks.add(heard(client_page).headers["X-Login"])
        assert str(member.id) not in heard(client_page).headers["X-Login"]
        client_page.get("/me")
        assert "X-Keep" not in heard(client_page).headers
        assert heard(client_page).headers["X-Login"] in marks
    assert len(marks) == 2
    client_page.sign_out()
    client_page.get("/")
    assert "X-Login" not in heard(client_page).headers


def test_a_login_that_ended_elsewhere_has_another_mark(client_page: Visitor, two: tuple[Member, Member]) -> None:
    member = two[0]
    client_page.sign_in(member.id)
    client_page.get("/")
    before = heard(client_page).headers["X-Login"]
    with transaction() as session:
        session.get_one(Member, member.id).session_epoch += 1
    client_page.get("/")
    assert "X-Login" not in heard(client_page).headers
    client_page.sign_in(member.id, epoch=2)
    client_page.get("/")
    assert heard(client_page).headers["X-Login"] != before


def test_a_page_with_the_key_of_a_form_is_never_kept(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    for name, body in (("keyed", lambda: f"<p>{new_command_key()}"), ("plain", lambda: "<p>x")):
        app.add_url_rule(f"/planted/{name}", view_func=kept_offline(public("x")(body)), endpoint=name)
    client = app.test_client()
    assert "X-Keep" in client.get("/planted/plain").headers
    assert "X-Keep" not in client.get("/planted/keyed").headers


def test_no_copy_is_announced_of_an_answer_that_is_no_page(client_page: Visitor) -> None:
    # A visitor has no points: she is led to the sign-in.
    assert "X-Keep" not in client_page.client.get("/points").headers


@pytest.mark.parametrize(
    ("referrer", "offered"),
    [
        ("", False),
        ("http://linli.test/p", True),
        ("http://evil.example/linli.test", False),
        ("http://linli.test.evil.example/", False),
        ("not a url", False),
    ],
)
def test_the_worker_is_offered_from_the_second_page_on(client_page: Visitor, referrer: str, offered: bool) -> None:
    page = client_page.get("/help", headers={"Referer": referrer} if referrer else {})
    assert bool(page.all("link", rel="manifest")) == offered
    policy = heard(client_page).headers["Content-Security-Policy"]
    assert ("worker-src 'self'" in policy) == offered
    assert policy.count("worker-src") == offered
