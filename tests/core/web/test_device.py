"""The device cookie says "the same phone as before" and cannot be made by anybody else."""

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.web import device
from community.core.web.rights import public
from tests.harness.client import Client


@pytest.fixture
def phone(make_app: Callable[..., Flask]) -> Client:
    app = make_app(public_url="https://linli.test")
    app.add_url_rule("/planted", endpoint="planted", view_func=public("x")(lambda: f"{device.current()}"))
    client = app.test_client()
    assert isinstance(client, Client)
    return client


def test_a_phone_keeps_its_number_from_visit_to_visit(phone: Client) -> None:
    first, second = phone.get("/planted"), phone.get("/planted")
    assert first.text == second.text
    assert len(first.text) == 32
    cookie = first.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=34560000"))
    assert "Set-Cookie" not in second.headers


@pytest.mark.parametrize(
    "cookie", ["", "x", "ab" * 16, f"{'ab' * 16}.AAAA", "." * 50, "\u4f60", f"{'AB' * 16}.x", "a" * 3000]
)
def test_a_forged_or_broken_cookie_makes_a_new_phone(phone: Client, cookie: str) -> None:
    phone.set_cookie(device.COOKIE, cookie, domain="linli.test")
    answer = phone.get("/planted")
    assert answer.text not in cookie or not cookie
    assert "linli_device=" in answer.headers["Set-Cookie"]


def test_a_signed_text_that_is_no_number_is_refused_too(phone: Client) -> None:
    with phone.application.test_request_context():
        signed = device._signer().sign("../../etc").decode()
    phone.set_cookie(device.COOKIE, signed, domain="linli.test")
    assert len(phone.get("/planted").text) == 32
