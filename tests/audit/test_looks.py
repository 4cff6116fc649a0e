"""Every page of staff about a person leaves one entry, or is not shown."""

from collections.abc import Callable

import pytest
from flask import Flask, redirect
from sqlalchemy import select
from werkzeug.wrappers import Response

from community.audit import looks, services
from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.core.web.rights import signed_in
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Client


@pytest.fixture
def looked_at(make_app: Callable[..., Flask]) -> tuple[Flask, Client, int, int]:
    """An app with planted pages, a signed-in client, and the ids of the looker and of the member looked at."""
    app = make_app()

    @app.get("/planted/<id:member_id>")
    @signed_in
    @looks.audits_look("planted page")
    def planted(member_id: int) -> str:
        if member_id == 404:
            raise NotFound
        return "her page"

    @app.get("/moved/<id:member_id>")
    @signed_in
    @looks.audits_look("planted page")
    def moved(member_id: int) -> Response:
        return redirect(f"/planted/{member_id}")

    client = app.test_client()
    assert isinstance(client, Client)
    with app.app_context(), transaction():
        village = make_village()
        looker, seen = make_member(village), make_member(village)
    with client.session_transaction(base_url="http://linli.test") as cookie:
        cookie["_user_id"] = f"{looker.id}.1"
    return app, client, looker.id, seen.id


def entries(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        return list(session().scalars(select(AuditEntry)))


def test_a_page_shown_is_one_entry(looked_at: tuple[Flask, Client, int, int]) -> None:
    app, client, looker, seen = looked_at
    assert client.get(f"/planted/{seen}").text == "her page"
    (entry,) = entries(app)
    assert (entry.act, entry.actor_id, entry.object_id, entry.details) == (
        services.LOOK,
        looker,
        str(seen),
        {"why": "planted page"},
    )
    assert entry.scope_path.count("/") == 3  # where the person lives: her village's auditors may read it


def test_a_page_refused_or_moved_or_ones_own_is_no_look(looked_at: tuple[Flask, Client, int, int]) -> None:
    app, client, looker, seen = looked_at
    assert client.get("/planted/404").status_code == 404
    assert client.get(f"/moved/{seen}").status_code == 302
    assert client.get(f"/planted/{looker}").status_code == 200
    assert entries(app) == []


def test_without_its_entry_no_page_is_shown(
    looked_at: tuple[Flask, Client, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _app, client, _looker, seen = looked_at

    def broken(*_args: object, **_kwargs: object) -> int:
        raise OSError("the log is full")

    monkeypatch.setattr(services, "record_look", broken)
    with pytest.raises(OSError, match="full"):
        client.get(f"/planted/{seen}")


def test_a_table_taken_home_leaves_with_its_entry_or_not_at_all(
    looked_at: tuple[Flask, Client, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, client, looker, _seen = looked_at

    @signed_in
    @looks.audits_taking("places.export")
    def table() -> looks.Taken:
        return looks.Taken(Response("rows"), 7, "/x/", {"rows": 2})

    app.add_url_rule("/planted/table", view_func=table)
    assert client.get("/planted/table").text == "rows"
    (entry,) = entries(app)
    assert (entry.act, entry.actor_id, entry.object_id, entry.scope_path, entry.details) == (
        "places.export", looker, "7", "/x/", {"rows": 2},
    )  # fmt: skip
    monkeypatch.setattr(services, "record", None)
    with pytest.raises(TypeError):
        client.get("/planted/table")


def test_the_view_is_marked_for_the_list_of_routes() -> None:
    @looks.audits_look("x")
    def view(member_id: int) -> str:
        return str(member_id)

    assert view.__linli_audits_look__  # type: ignore[attr-defined]


def test_a_page_of_several_people_is_an_entry_for_each_of_them_but_the_looker(
    looked_at: tuple[Flask, Client, int, int],
) -> None:
    app, client, looker, seen = looked_at

    @app.get("/list")
    @signed_in
    @looks.audits_shown("planted page")
    def listed() -> looks.Shown:
        return looks.Shown("everybody", [seen, 404, looker, seen])

    @app.get("/empty")
    @signed_in
    @looks.audits_shown("planted page")
    def empty() -> str:
        return "nobody"

    assert client.get("/empty").text == "nobody"
    assert entries(app) == []
    assert client.get("/list").text == "everybody"
    assert sorted(one.object_id for one in entries(app)) == sorted(["404", str(seen)])
