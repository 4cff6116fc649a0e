"""Every route names its right; without one the app does not start."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from community.core import clock
from community.core.authz import Perm
from community.core.db import session, transaction
from community.core.web.command import command
from community.core.web.rights import Right, UnmarkedRoute, check_marks, enforce, public, requires, right_of, signed_in
from community.core.web.security import refills
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Client


def view() -> str:
    return "shown"


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        (requires(Perm.AUDIT_READ), "requires audit:entry:read"),
        (signed_in, "signed in"),
        (public("a reason"), "public: a reason"),
    ],
)
def test_a_mark_is_read_as_people_review_it(mark: Callable[[object], object], text: str) -> None:
    def marked() -> str:
        return ""

    assert str(right_of(mark(marked))) == text  # type: ignore[arg-type]


def test_a_route_without_a_mark_stops_the_start_and_is_named(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    app.add_url_rule("/bare", view_func=view)
    with pytest.raises(UnmarkedRoute, match="/bare"):
        check_marks(app)
    with pytest.raises(UnmarkedRoute):
        app.test_client().get("/bare")


def test_a_view_that_was_never_marked_is_never_run() -> None:
    with pytest.raises(UnmarkedRoute):
        enforce(view)


@pytest.fixture
def doors(make_app: Callable[..., Flask]) -> Flask:
    """An app with one door of each kind, and the same as commands."""
    app = make_app()
    marks = {"open": public("x"), "members": signed_in, "auditors": requires(Perm.AUDIT_READ)}
    for name, mark in marks.items():

        def page() -> str:
            return "shown"

        app.add_url_rule(f"/door/{name}", endpoint=name, view_func=mark(page))

        @command()
        def act() -> str:
            return "done"

        app.add_url_rule(f"/act/{name}", endpoint=f"act_{name}", view_func=mark(refills(act)), methods=["POST"])
    return app


def visitor(app: Flask, role: str | None, status: str = "active") -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    if role is not None:
        with app.app_context(), transaction():
            member = make_member(status=status)
            if role:
                make_grant(member, role, make_village())
            who = f"{member.id}.1"
        with client.session_transaction(base_url="http://linli.test") as cookie:
            cookie["_user_id"] = who
    return client


@pytest.mark.parametrize(
    ("role", "answers"),
    [
        (None, {"open": 200, "members": 401, "auditors": 401}),
        ("", {"open": 200, "members": 200, "auditors": 403}),
        ("village_admin", {"open": 200, "members": 200, "auditors": 403}),
        ("town_admin", {"open": 200, "members": 200, "auditors": 200}),
    ],
)
def test_each_door_opens_to_whom_it_says(doors: Flask, role: str | None, answers: dict[str, int]) -> None:
    client = visitor(doors, role)
    asks = {"Accept": "application/json"}
    seen = {name: client.get(f"/door/{name}", headers=asks).status_code for name in answers}
    assert seen == answers
    key = {"command_key": "01931f2a-0000-7000-8000-000000000001"}
    acted = {name: client.post(f"/act/{name}", data=key, headers=asks).status_code for name in answers}
    assert acted == answers


def test_a_right_that_ended_ends_with_the_next_request(doors: Flask) -> None:
    client = visitor(doors, "town_admin")
    asks = {"Accept": "application/json"}
    assert client.get("/door/auditors", headers=asks).status_code == 200
    with doors.app_context(), transaction():
        session().execute(text("UPDATE role_grant SET until = :now"), {"now": str(clock.now())})
    assert client.get("/door/auditors", headers=asks).status_code == 403
    with doors.app_context(), transaction():
        session().execute(text("UPDATE member SET session_epoch = 2"))
    assert client.get("/door/members", headers=asks).status_code == 401


def test_a_suspended_member_has_no_rights_of_staff(doors: Flask) -> None:
    client = visitor(doors, "town_admin", status="suspended")
    asks = {"Accept": "application/json"}
    assert client.get("/door/auditors", headers=asks).status_code == 403


def test_a_right_is_what_it_says() -> None:
    assert Right(perm=Perm.AUDIT_READ) != Right()
