"""The token of a session never looks the same in two answers, and counts as what it hides."""

import re

from flask import Flask, session as cookie
from flask_wtf.csrf import generate_csrf
from hypothesis import given, strategies as st

from community.core.web import tokens
from tests.harness.client import Client


def test_a_masked_token_is_the_sessions_token(app: Flask) -> None:
    with app.test_request_context():
        assert tokens.bare(tokens.shown()) == generate_csrf()
        assert tokens.bare(generate_csrf()) == generate_csrf()


def test_the_forms_of_one_page_share_a_mask_and_two_pages_do_not(client: Client) -> None:
    pages = [client.get("/sign-in").text for _time in range(3)]
    found = [set(re.findall(r'name="csrf_token" value="([^"]+)"', page)) for page in pages]
    assert all(len(tokens) == 1 for tokens in found)
    assert len(set.union(*found)) == 3


def test_nothing_of_the_token_stands_in_the_page(app: Flask) -> None:
    with app.test_request_context():
        shown = tokens.shown()
        secret = str(cookie["csrf_token"])
        plain = generate_csrf()
    assert secret not in shown
    assert not any(plain[start : start + 6] in shown for start in range(len(plain) - 6))


@given(st.text(max_size=60))
def test_invented_tokens_raise_nothing(text: str) -> None:
    assert tokens.bare(text) == text or text.startswith("~")
    assert isinstance(tokens.bare(f"~{text}"), str)


def test_no_token_stays_no_token() -> None:
    assert tokens.bare(None) is None
    assert tokens.bare("") == ""
