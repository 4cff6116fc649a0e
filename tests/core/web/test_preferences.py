"""Size, theme and language belong to the phone; a hostile cookie means the defaults."""

import pytest
from flask import Flask, Response

from community.core.web import preferences
from community.core.web.preferences import Preferences


def chosen(app: Flask, cookie: str | None = None, language: str = "") -> Preferences:
    headers = {"Accept-Language": language}
    if cookie is not None:
        headers["Cookie"] = f"{preferences.COOKIE}={cookie}"
    with app.test_request_context(headers=headers):
        return preferences.current()


def test_what_was_chosen_is_read_from_the_cookie(app: Flask) -> None:
    assert chosen(app, "xlarge.dark.en") == Preferences("xlarge", "dark", "en")


@pytest.mark.parametrize(
    "cookie", ["", "x", "....", "std.auto", "std.auto.zh.more", "huge.pink.fr", "<script>.auto.zh", "a" * 4000]
)
def test_an_unknown_or_hostile_cookie_means_the_defaults(app: Flask, cookie: str) -> None:
    assert chosen(app, cookie) == Preferences()


def test_known_parts_of_a_cookie_count_beside_unknown_ones(app: Flask) -> None:
    assert chosen(app, "large.pink.en") == Preferences("large", "auto", "en")


@pytest.mark.parametrize(
    ("language", "lang"),
    [
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9", "en"),
        ("en;q=0.5,zh-TW;q=0.9", "zh"),
        ("fr-FR,fr", "zh"),
        ("fr,en;q=0.5", "en"),
        ("*", "zh"),
        ("x" * 5000, "zh"),
    ],
)
def test_only_a_phone_that_asks_for_english_before_chinese_gets_it_at_once(
    app: Flask, language: str, lang: str
) -> None:
    assert chosen(app, language=language).lang == lang


def test_a_change_keeps_the_rest_and_ignores_what_is_unknown(app: Flask) -> None:
    with app.test_request_context(headers={"Cookie": f"{preferences.COOKIE}=large.dark.zh"}):
        assert preferences.change("xlarge", None, None) == Preferences("xlarge", "dark", "zh")
        assert preferences.change("huge", "pink", "fr") == Preferences("large", "dark", "zh")
        assert preferences.change(None, "contrast", "en") == Preferences("large", "contrast", "en")


def test_the_cookie_that_is_sent_is_the_one_that_is_read(app: Flask) -> None:
    with app.test_request_context():
        answer = Response()
        preferences.send(answer, Preferences("large", "contrast", "en"))
    cookie = answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    assert chosen(app, cookie) == Preferences("large", "contrast", "en")
    assert "Max-Age=31536000" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(("language", "locale"), [("en", "en"), ("", "zh")])
def test_the_locale_follows_the_language(app: Flask, language: str, locale: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert preferences.locale() == locale
