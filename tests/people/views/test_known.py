"""What a phone knows of who signed in on it, and what no forged cookie tells."""

from __future__ import annotations

import pytest
from flask import Flask, Response
from itsdangerous import URLSafeSerializer

from community.core.ids import MAX_ID
from community.people.views import known


def remembering(app: Flask, cookie: str, *ids: int) -> str:
    """Return the cookie after these members signed in one after the other on a phone with `cookie`."""
    for member_id in ids:
        with app.test_request_context("/sign-in", headers={"Cookie": f"{known.COOKIE}={cookie}"}):
            answer = known.remember(Response(), member_id)
        cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    return cookie


def told(app: Flask, cookie: str) -> tuple[int, ...]:
    with app.test_request_context("/sign-in", headers={"Cookie": f"{known.COOKIE}={cookie}"}):
        return known.here()


def test_a_phone_knows_the_last_few_once_each_the_last_one_first(app: Flask) -> None:
    assert told(app, remembering(app, "", 1, 2, 1, 3)) == (3, 1, 2)
    assert told(app, remembering(app, "", *range(1, 9))) == (8, 7, 6, 5, 4)


@pytest.mark.parametrize("cookie", ["", "x", "WzFd", "WzFd.AAAA", "." * 40, "a" * 3000])
def test_a_forged_cookie_tells_nothing(app: Flask, cookie: str) -> None:
    assert told(app, cookie) == ()


def test_the_signed_text_of_another_purpose_tells_nothing(app: Flask) -> None:
    assert told(app, str(URLSafeSerializer(str(app.secret_key), salt="else").dumps([1]))) == ()


def test_only_ids_are_believed(app: Flask) -> None:
    with app.test_request_context():
        cookie = str(known._signer().dumps([7, "8", None, -1, MAX_ID + 1, 9]))
    assert told(app, cookie) == (7, 9)
