"""The same key gets the same answer, whatever happens in between and however often it is sent."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, jsonify, redirect, request
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from community.core.clock import FrozenClock
from community.core.db import in_transaction, session, transaction
from community.core.errors import Busy, Conflict, NotFound
from community.core.idempotency import IdempotencyKey
from community.core.ids import new_uuid
from community.core.jobs import forget_old_keys
from community.core.web import device, security
from community.core.web.command import command, new_command_key, passing
from community.core.web.rights import public, signed_in
from tests.core.web.racers import effects, plant, take_effect
from tests.factories.people import make_member
from tests.harness.client import Client
from tests.harness.processes import together


@pytest.fixture
def planted(make_app: Callable[..., Flask]) -> Flask:
    return plant(make_app())


@pytest.fixture
def phone(planted: Flask) -> Client:
    return known_phone(planted)


def known_phone(app: Flask, number: str = "ab") -> Client:
    """A phone that has been here before: it carries the signed device cookie."""
    client = app.test_client()
    with app.test_request_context():
        client.set_cookie(device.COOKIE, device._signer().sign(number * 16).decode(), domain="linli.test")
    assert isinstance(client, Client)
    return client


def send(client: Client, path: str = "/planted/open_to_all", key: str = "", **fields: str) -> TestResponse:
    return client.post(path, data={"command_key": key or str(new_uuid()), **fields})


def add(app: Flask, view: Callable[[], Any], path: str = "/planted/more") -> None:
    marked = public("planted")(security.refills(command()(view)))
    app.add_url_rule(path, endpoint=path, view_func=marked, methods=["POST"])


def count(app: Flask) -> int:
    with app.app_context():
        return effects()


def kept(app: Flask) -> int:
    with app.app_context():
        return session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0


# --- the same again ---


def test_a_key_sent_again_gets_the_first_answer_and_no_second_effect(planted: Flask, phone: Client) -> None:
    key = str(new_uuid())
    first, second = send(phone, key=key, x="1"), send(phone, key=key, x="1")
    assert (first.status_code, first.headers["Location"]) == (303, "/done/1")
    assert (second.status_code, second.headers["Location"]) == (303, "/done/1")
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count(planted) == 1
    assert send(phone, x="1").headers["Location"] == "/done/2"


def test_the_token_and_fields_named_volatile_may_differ_the_second_time(phone: Client) -> None:
    key = str(new_uuid())
    send(phone, key=key, x="1", accuracy="5", csrf_token="a")
    again = send(phone, key=key, x="1", accuracy="90", csrf_token="b")
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("changed", [{"x": "2"}, {"x": "1", "y": "1"}, {}])
def test_an_altered_request_with_a_used_key_is_refused(planted: Flask, phone: Client, changed: dict[str, str]) -> None:
    key = str(new_uuid())
    send(phone, key=key, x="1")
    answer = send(phone, key=key, **changed)
    assert answer.status_code == 422
    assert "提交过别的内容" in answer.text
    assert count(planted) == 1
    assert send(phone, key=key, x="1").status_code == 303, "the first answer is still there"


def test_a_file_counts_by_what_is_in_it(planted: Flask, phone: Client) -> None:
    def once(key: str, content: bytes, name: str = "a.jpg") -> TestResponse:
        form = {"command_key": key, "photo": (io.BytesIO(content), name)}
        return phone.post("/planted/open_to_all", data=form, content_type="multipart/form-data")

    key = str(new_uuid())
    assert once(key, b"first").status_code == 303
    assert once(key, b"first", "renamed.jpg").headers["Idempotent-Replayed"] == "true"
    assert once(key, b"other").status_code == 422
    assert count(planted) == 1


def test_a_view_still_reads_the_file_whose_digest_was_taken(planted: Flask, phone: Client) -> None:
    add(planted, lambda: redirect(f"/{request.files['photo'].read().decode()}", 303))
    form = {"command_key": str(new_uuid()), "photo": (io.BytesIO(b"whole"), "a.jpg")}
    assert phone.post("/planted/more", data=form).headers["Location"].endswith("/whole")


def test_a_key_belongs_to_its_path_and_query(phone: Client) -> None:
    key = str(new_uuid())
    send(phone, key=key)
    assert send(phone, "/planted/only_once", key=key).status_code == 422
    assert send(phone, "/planted/open_to_all?x=1", key=key).status_code == 422


def test_the_header_that_programs_send_counts_as_well(phone: Client) -> None:
    key = str(new_uuid())
    one = phone.post("/planted/open_to_all", headers={"Idempotency-Key": f'"{key.upper()}"'})
    assert one.status_code == 303
    assert send(phone, key=key).headers["Idempotent-Replayed"] == "true"


def test_two_phones_with_the_same_key_are_two_people(planted: Flask, phone: Client) -> None:
    key = str(new_uuid())
    send(phone, key=key)
    assert "Idempotent-Replayed" not in send(known_phone(planted, "cd"), key=key).headers
    assert count(planted) == 2


def test_a_forged_device_cookie_is_another_phone(planted: Flask, phone: Client) -> None:
    key = str(new_uuid())
    send(phone, key=key)
    forger = planted.test_client()
    forger.set_cookie(device.COOKIE, f"{'ab' * 16}.forged", domain="linli.test")
    assert "Idempotent-Replayed" not in forger.post("/planted/open_to_all", data={"command_key": key}).headers


def test_after_a_month_a_key_is_new_again(planted: Flask, phone: Client, frozen_clock: FrozenClock) -> None:
    key = str(new_uuid())
    send(phone, key=key)
    frozen_clock.tick(days=29)
    with planted.app_context():
        forget_old_keys()
    assert kept(planted) == 1
    frozen_clock.tick(days=1, seconds=1)
    with planted.app_context():
        forget_old_keys()
    assert kept(planted) == 0


def test_json_answers_are_kept_whole(planted: Flask, phone: Client) -> None:
    def answer() -> Response:
        take_effect()
        return jsonify(number=effects(), text="好")

    add(planted, answer)
    key = str(new_uuid())
    first, second = send(phone, "/planted/more", key), send(phone, "/planted/more", key)
    assert first.json == second.json == {"number": 1, "text": "好"}
    assert second.headers["Idempotent-Replayed"] == "true"


# --- refusals ---


def test_a_refusal_is_an_answer_too(planted: Flask, phone: Client) -> None:
    send(phone, "/planted/only_once")
    key = str(new_uuid())
    refused = send(phone, "/planted/only_once", key)
    assert refused.status_code == 409
    assert "Idempotent-Replayed" not in refused.headers
    with planted.app_context(), transaction() as current:
        current.execute(text("DELETE FROM lease"))
    again = send(phone, "/planted/only_once", key)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (409, "true")
    assert send(phone, "/planted/only_once").status_code == 303


def test_a_refusal_tells_a_program_the_same_code_the_second_time(phone: Client) -> None:
    send(phone, "/planted/only_once")
    key, asks = str(new_uuid()), {"Accept": "application/json"}
    for _time in range(2):
        answer = phone.post("/planted/only_once", data={"command_key": key}, headers=asks)
        assert (answer.status_code, answer.json) == (409, {"code": "taken", "message": "x", "next_step": None})


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_what_passes_is_not_kept(planted: Flask, phone: Client, status: int) -> None:
    def fail() -> Response:
        take_effect()
        raise Conflict("passing", "x", status=status)

    add(planted, fail)
    assert send(phone, "/planted/more").status_code == status
    assert (kept(planted), count(planted)) == (0, 0)


def test_a_lock_that_was_not_had_in_time_is_tried_anew(planted: Flask, phone: Client) -> None:
    problems: list[Exception] = [Busy()]

    def sometimes() -> Response:
        if problems:
            raise problems.pop()
        take_effect()
        return redirect("/done", 303)  # type: ignore[return-value]

    add(planted, sometimes)
    key = str(new_uuid())
    busy = send(phone, "/planted/more", key)
    assert (busy.status_code, busy.headers["Retry-After"]) == (409, "2")
    assert send(phone, "/planted/more", key).status_code == 303


def test_a_form_shown_again_leaves_nothing_behind(planted: Flask, phone: Client) -> None:
    def invalid() -> tuple[str, int]:
        take_effect()
        return "the form again", 422

    add(planted, invalid)
    answer = send(phone, "/planted/more")
    assert (answer.status_code, answer.text) == (422, "the form again")
    assert (kept(planted), count(planted)) == (0, 0)


def test_sign_in_first_leaves_nothing_behind(planted: Flask, phone: Client) -> None:
    def later() -> Response:
        take_effect()
        return passing(redirect("/sign-in", 303))  # type: ignore[arg-type,return-value]

    add(planted, later)
    assert send(phone, "/planted/more").status_code == 303
    assert (kept(planted), count(planted)) == (0, 0)


def test_a_programming_error_is_not_kept_and_undoes_the_effect(planted: Flask, phone: Client) -> None:
    def broken() -> Response:
        take_effect()
        raise ZeroDivisionError

    add(planted, broken)
    with pytest.raises(ZeroDivisionError):
        send(phone, "/planted/more")
    assert (kept(planted), count(planted)) == (0, 0)


def test_an_object_that_is_gone_is_told_the_same_way_twice(planted: Flask, phone: Client) -> None:
    def gone() -> Response:
        raise NotFound

    add(planted, gone)
    key = str(new_uuid())
    assert [send(phone, "/planted/more", key).status_code for _time in range(2)] == [404, 404]
    assert kept(planted) == 1


# --- before any rule ---


@pytest.mark.parametrize("key", ["", "1", "x" * 36, "01931f2a-0000-7000-8000-00000000000g", "\u0661" * 36, "a" * 10000])
def test_a_form_without_a_proper_key_is_answered_kindly(planted: Flask, phone: Client, key: str) -> None:
    answer = phone.post("/planted/open_to_all", data={"command_key": key} if key else {})
    assert answer.status_code == 400
    assert "不完整" in answer.text
    assert count(planted) == 0


def test_nobody_signed_in_gets_no_effect_and_no_kept_answer(planted: Flask, phone: Client) -> None:
    answer = phone.post(
        "/planted/for_members", data={"command_key": str(new_uuid())}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert (kept(planted), count(planted)) == (0, 0)


def test_a_post_from_another_site_is_refused_and_not_kept(planted: Flask, phone: Client) -> None:
    def protected() -> Response:
        take_effect()
        return redirect("/done", 303)  # type: ignore[return-value]

    planted.add_url_rule("/planted/csrf", view_func=public("planted")(command()(protected)), methods=["POST"])
    assert send(phone, "/planted/csrf").status_code == 400
    assert (kept(planted), count(planted)) == (0, 0)


def test_a_page_with_a_form_gives_a_fresh_key_and_the_phone_its_cookie(planted: Flask) -> None:
    planted.add_url_rule("/planted/form", view_func=public("planted")(lambda: new_command_key()))  # noqa: PLW0108 - a mark of its own
    client = planted.test_client()
    first, second = client.get("/planted/form"), client.get("/planted/form")
    assert first.text != second.text
    assert "linli_device=" in first.headers["Set-Cookie"]
    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert "Set-Cookie" not in second.headers
    assert first.headers["Cache-Control"] == "no-store"


# --- several processes ---


@pytest.mark.engine
@pytest.mark.faults
@pytest.mark.parametrize(("path", "signed"), [("open_to_all", False), ("for_members", True), ("only_once", False)])
def test_one_key_sent_by_four_processes_at_once_takes_effect_once(
    race_database: str, make_app: Callable[..., Flask], path: str, signed: bool
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        member = f"{make_member().id}.1" if signed else ""
    answers = together(race_database, "tests.core.web.racers:post", processes=4, path=f"/planted/{path}", member=member)
    assert {(status, target) for status, target, _replayed in answers} == {
        (303, "/done" if path == "only_once" else "/done/1")
    }
    assert sorted(replayed for _status, _target, replayed in answers) == ["", "true", "true", "true"]
    assert count(app) == 1
    assert kept(app) == 1


# --- work before the transaction ---


def test_what_comes_first_runs_outside_the_transaction_with_the_right_and_the_key_asked(planted: Flask) -> None:
    seen: list[bool] = []

    def first() -> str:
        seen.append(in_transaction())
        return "read"

    def view(ready: str) -> Response:
        assert in_transaction()
        return jsonify(ready=ready)

    for path, mark in (("/planted/all", public("planted")), ("/planted/members", signed_in)):
        made = mark(security.refills(command(first=first)(view)))
        planted.add_url_rule(path, endpoint=path, view_func=made, methods=["POST"])
    phone = known_phone(planted)
    assert send(phone, "/planted/all").get_json() == {"ready": "read"}
    assert seen == [False]
    assert send(phone, "/planted/members").status_code in {302, 303, 401}
    assert phone.post("/planted/all").status_code == 400
    assert seen == [False]
