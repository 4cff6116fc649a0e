"""Forms that survive a lost session: what travels, what never does."""

from __future__ import annotations

import random

import pytest
from flask import g, request

from community.core.db import db, transaction
from community.core.web import rights, session
from community.people.models import Member
from community.people.views import arrival, kept
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

TYPED = {"reason": "电话打不通", "team_id": "7"}
FIELDS = TYPED | {"csrf_token": "t", "command_key": "k", "password": "s", "new_password": "s"}


@pytest.fixture
def posted(app):
    """Make a request that posts `fields` to `path`, from a phone of its own."""

    def post(path="/desk/people/5/suspend", fields=FIELDS, cookie=""):
        headers = {"Cookie": cookie} if cookie else {}
        return app.test_request_context(path, method="POST", data=fields, headers=headers)

    return post


def test_fields_travel_without_secrets(posted):
    with posted() as context:
        token = kept.seal(context.request)
        form = kept.unseal(token)
    assert form.path == "/desk/people/5/suspend"
    assert dict(form.fields) == TYPED
    assert [(str(word), value) for word, value in form.shown] == [("原因", "电话打不通")]


def test_a_name_is_called_so_whether_of_a_person_or_a_post(posted):
    typed = {"name": "中心花园岗", "number": "7", "spot": "东门", "radius_m": "150", "kind": "patrol", "seen": "1"}
    with posted("/desk/posts/new", typed) as context:
        form = kept.unseal(kept.seal(context.request))
    assert [str(word) for word, _value in form.shown] == ["名字", "编号", "牌子挂在哪里", "范围（米）"]


def test_a_form_of_nothing_but_passwords_is_not_kept(posted):
    with posted(fields={"password": "a", "password_again": "a", "csrf_token": "t"}) as context:
        assert kept.seal(context.request) is None


def test_no_position_travels(posted):
    position = {"lat": "30.2", "lon": "120.3", "acc": "5", "age_ms": "0", "crs": "wgs84", "pos_denied": "1"}
    with posted(fields=TYPED | position | {"first_far": "signed"}) as context:
        form = kept.unseal(kept.seal(context.request))
    assert dict(form.fields) == TYPED
    with posted(fields=position) as context:
        assert kept.seal(context.request) is None


@pytest.mark.parametrize(
    ("owner", "reader", "opens"), [("5.1", "5.2", True), ("5.1", "6.1", False), ("", "6.1", True), ("5.1", "", False)]
)
def test_a_form_comes_back_to_whom_it_was_taken_from(posted, owner, reader, opens):
    with posted() as context:
        context.session["_user_id"] = owner or None
        token = kept.seal(context.request)
        context.session["_user_id"] = reader or None
        assert (kept.unseal(token) is not None) is opens


def test_who_signed_out_is_still_the_one_who_filled_her_form_in(posted):
    with posted() as context:
        context.session["_user_id"] = "5.1"
        session.sign_out()
        token = kept.seal(context.request)
        context.session["_user_id"] = "6.1"
        assert kept.unseal(token) is None
        context.session["_user_id"] = "5.1"
        assert kept.unseal(token)


def test_long_forms_are_not_kept(posted):
    # Text that does not compress.
    text = "".join(random.Random(5).choices("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", k=20_000))
    with posted(fields={"text": text}) as context:
        assert kept.seal(context.request) is None
    with posted(fields={"text": text[:9000]}) as context:
        assert kept.seal(context.request) is not None


def test_another_phone_an_altered_text_and_an_old_one_open_nothing(posted, monkeypatch):
    with posted() as context:
        token = kept.seal(context.request)
        assert kept.unseal(token)
        assert kept.unseal(token[:-2] + "AA") is None
        assert kept.unseal("") is None
        assert kept.finish_page("nonsense") is None
        monkeypatch.setattr(kept, "HOURS", -1)
        assert kept.unseal(token) is None
        monkeypatch.undo()
    g.pop("device_id")  # the test's own context outlives its requests
    with posted():
        assert kept.unseal(token) is None


def test_only_a_post_to_a_known_address_is_kept(app):
    with app.test_request_context("/me", method="GET") as context:
        assert kept.panel(context.request) is None
    with app.test_request_context("/nowhere", method="POST", data={"name": "x"}) as context:
        assert kept.panel(context.request) is None


def test_a_visitor_of_a_public_form_gets_it_back_at_once(client_page):
    page = client_page.get("/sign-in")
    client_page.sign_out()
    answer = client_page.client.post("/fake-signs", data={"code": "x"}, headers={"Origin": client_page.public_url})
    assert answer.status_code == 400
    assert "接着提交" in answer.text
    assert page.h1 == "登录"


# --- the form itself, after signing in ---


@pytest.fixture
def desk(make_app):
    """An app of its own with a planted door that proves its own token first, as the demo's does; a suspend form."""
    app = make_app()

    def enter():
        return arrival.arrive(int(request.form["who"]), 1, kept=request.form["kept"])

    app.add_url_rule("/enter", view_func=rights.public("x")(enter), methods=["POST"])
    with app.app_context(), transaction():
        village = make_village()
        admin, member = make_member(village, display_name="陈建国"), make_member(village)
        make_grant(admin, "village_admin", village)
    visitor = Visitor(app.test_client(), app.extensions["linli_settings"].public_url)
    visitor.sign_in(admin.id)
    return app, visitor, admin, member


def test_a_token_that_the_door_proved_does_not_send_the_kept_form(desk):
    app, visitor, admin, member = desk
    form = visitor.get(f"/desk/people/{member.id}").form("/suspend")
    with visitor.client.session_transaction(base_url=visitor.public_url) as cookie:
        cookie.pop("_user_id")
    page = visitor.post(form.action, form.filled(reason="电话打不通"), 401, headers={"Origin": visitor.public_url})
    token = page.one("input", name="kept").get("value")
    csrf = page.form("/sign-in").filled()["csrf_token"]
    page = visitor.post("/enter", {"who": str(admin.id), "kept": token, "csrf_token": csrf}, 200)
    assert page.one("input", name="reason").get("value") == "电话打不通"
    with app.app_context():
        assert db.session.get(Member, member.id).status == "active"
    visitor.submit(page.form("/suspend"))
    with app.app_context():
        assert db.session.get(Member, member.id).status == "suspended"


def test_lists_and_choices_come_back_as_they_were_chosen(desk):
    _app, visitor, admin, _member = desk
    form = visitor.get("/desk/posts/new").form("/desk/posts/new")
    with visitor.client.session_transaction(base_url=visitor.public_url) as cookie:
        cookie.pop("_user_id")
    typed = form.filled() | {"name": "新岗", "kind": "event", "open_to": "anyone"}
    page = visitor.post(form.action, typed, 401, headers={"Origin": visitor.public_url})
    sent = page.form("/sign-in").filled()
    page = visitor.post("/enter", {"who": str(admin.id), "kept": sent["kept"], "csrf_token": sent["csrf_token"]}, 200)
    again = page.form("/desk/posts/new").filled()
    assert {name: again[name] for name in ("name", "kind", "open_to")} == {
        "name": "新岗",
        "kind": "event",
        "open_to": "anyone",
    }


def test_a_row_of_buttons_without_a_form_of_its_own_is_one_tap(desk):
    _app, visitor, admin, member = desk
    path = f"/desk/people/{member.id}/verify"
    form = visitor.get(f"/desk/people/{member.id}").form(f"/desk/people/{member.id}/card")
    with visitor.client.session_transaction(base_url=visitor.public_url) as cookie:
        cookie.pop("_user_id")
    data = form.filled() | {"note": "核对过"}
    page = visitor.post(path, data, 401, headers={"Origin": visitor.public_url})
    sent = page.form("/sign-in").filled()
    page = visitor.post("/enter", {"who": str(admin.id), "kept": sent["kept"], "csrf_token": sent["csrf_token"]}, 200)
    assert page.h1 == "接着提交"
    assert page.form(path)
