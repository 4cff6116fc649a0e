"""The session's cookie: renewed by pages, left alone by what only leads to one."""

from __future__ import annotations

import pytest
from flask import Flask, redirect, session
from werkzeug.wrappers import Response

from community.core.web.rights import public
from tests.harness.client import Client


@pytest.fixture
def browser(make_app: object) -> Client:
    """A browser with a lasting session, on an app with planted views."""
    app: Flask = make_app()  # type: ignore[operator]

    def begin() -> str:
        session["_user_id"], session.permanent = "1.1", True
        return "<p>begun"

    def change() -> Response:
        session["mark"] = "new"
        return redirect("/planted/page", 303)

    views = {"begin": begin, "page": lambda: "<p>page", "leave": lambda: redirect("/planted/page", 303), "change": change}
    for name, view in views.items():
        app.add_url_rule(f"/planted/{name}", view_func=public("x")(view), endpoint=name, methods=["GET", "POST"])
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert isinstance(client, Client)
    client.get("/planted/begin")
    return client


def renews(answer: object) -> bool:
    return any(line.startswith("linli=") for line in answer.headers.getlist("Set-Cookie"))  # type: ignore[attr-defined]


def test_every_page_renews_a_lasting_session(browser: Client) -> None:
    assert renews(browser.get("/planted/page"))


def test_a_command_that_leads_to_a_page_leaves_it_to_the_page(browser: Client) -> None:
    assert not renews(browser.post("/planted/leave"))


def test_a_command_that_changes_the_session_keeps_the_change(browser: Client) -> None:
    assert renews(browser.post("/planted/change"))
    with browser.session_transaction(base_url=browser.application.extensions["linli_settings"].public_url) as kept:
        assert kept["mark"] == "new"
