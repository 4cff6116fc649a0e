"""What every answer carries, and who may post."""

import base64
import gzip
import hashlib
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask, make_response, request
from werkzeug.test import TestResponse

from community.core.db import transaction
from community.core.web import security, tokens
from community.core.web.command import new_command_key
from community.core.web.rights import public
from community.core.web.session import current_actor
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area
from tests.harness.client import Client

HTTPS = "https://linli.test"


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Flask:
    """An app over https with a planted form and planted pages."""
    app = make_app(public_url=HTTPS)
    # A view of its own: a mark is left on the function.
    app.add_url_rule("/planted/token", view_func=public("x")(lambda: f"{tokens.shown()}"), endpoint="t")
    app.add_url_rule("/planted/post", view_func=public("x")(lambda: "taken"), endpoint="p", methods=["POST"])
    app.add_url_rule("/planted/long", view_func=public("x")(lambda: "<p>" + "x" * 5000), endpoint="l")
    app.add_url_rule("/planted/short", view_func=public("x")(lambda: "<p>short"), endpoint="s")

    return app


@pytest.fixture
def browser(site: Flask) -> Client:
    client = site.test_client()
    assert isinstance(client, Client)
    return client


def token(browser: Client) -> str:
    return browser.get("/planted/token").text


def send(browser: Client, token: str, **headers: str) -> int:
    return browser.post("/planted/post", data={"csrf_token": token}, headers=headers).status_code


# --- who may post ---


def test_a_page_of_this_site_may_post_over_https_with_its_referer(browser: Client) -> None:
    assert send(browser, token(browser), Referer=f"{HTTPS}/planted/form") == 200


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/",
        "http://linli.test/",
        "https://linli.test.evil.example/",
        "https://linli.test:8443/",
        "not a url",
    ],
)
def test_over_https_another_site_or_no_word_of_the_sender_is_refused(browser: Client, referer: str) -> None:
    assert send(browser, token(browser), **({"Referer": referer} if referer else {})) == 400


@pytest.mark.parametrize("wrong", ["", "x", "IjEyMyI.abc.def"])
def test_a_missing_or_invented_token_is_refused(browser: Client, wrong: str) -> None:
    token(browser)
    assert send(browser, wrong, Referer=f"{HTTPS}/") == 400


def test_a_token_of_another_session_is_refused(site: Flask, browser: Client) -> None:
    other = site.test_client()
    assert isinstance(other, Client)
    foreign = token(other)
    token(browser)
    assert send(browser, foreign, Referer=f"{HTTPS}/") == 400


def test_the_answer_to_a_refused_post_is_a_page_with_a_way_on(browser: Client) -> None:
    answer = browser.post("/planted/post", data={})
    assert answer.status_code == 400
    assert "<h1>" in answer.text


def test_tokens_are_masked_so_that_no_two_pages_show_the_same(browser: Client) -> None:
    assert token(browser) != token(browser)


@pytest.mark.parametrize("where", ["/?q=a%00b", "/?a%00=1", "/a%00b"])
def test_a_nul_character_in_an_address_is_refused(browser: Client, where: str) -> None:
    assert browser.get(where).status_code == 400


def test_a_nul_character_in_a_form_is_refused(browser: Client) -> None:
    data = {"csrf_token": token(browser), "name": "a\0b"}
    assert browser.post("/planted/post", data=data, headers={"Referer": f"{HTTPS}/"}).status_code == 400


# --- headers ---


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/healthz", "/static/nothing-here.js"])
def test_every_answer_carries_the_policy_and_the_other_headers(browser: Client, path: str) -> None:
    headers = browser.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert policy.startswith("default-src 'none'")
    assert "script-src 'self';" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_file_may_do_nothing_and_carries_little(browser: Client) -> None:
    headers = browser.get("/static/img/favicon.svg", buffered=True).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert sum(len(name) + len(value) + 4 for name, value in headers) < 500


def test_the_policy_allows_the_one_stylesheet_that_pages_carry(browser: Client) -> None:
    answer = browser.get("/")
    (css,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_without_https_no_browser_is_told_to_insist_on_it(make_app: Callable[..., Flask]) -> None:
    assert "Strict-Transport-Security" not in make_app().test_client().get("/").headers


def test_cookies_are_for_this_site_over_https_and_not_for_scripts(browser: Client) -> None:
    cookies = browser.get("/planted/token").headers.getlist("Set-Cookie")
    assert cookies
    assert all({"Secure", "HttpOnly", "SameSite=Lax"} <= set(re.split(r"; ?", cookie)) for cookie in cookies)


# --- caches ---


def cache(answer: TestResponse) -> str:
    return answer.headers["Cache-Control"]


def test_a_file_is_kept_for_ever_under_the_version_it_has_and_no_other(site: Flask, browser: Client) -> None:
    address = site.jinja_env.globals["asset"]("js/core.js")  # type: ignore[operator]
    assert cache(browser.get(address, buffered=True)) == "public, max-age=31536000, immutable"
    assert cache(browser.get("/static/js/core.js?v=00000000", buffered=True)) == "no-cache"
    assert cache(browser.get("/static/js/core.js", buffered=True)) == "no-cache"
    missing = browser.get("/static/js/none.js?v=00000000")
    assert (missing.status_code, "immutable" in cache(missing)) == (404, False)


def test_pages_are_asked_for_again_and_pages_with_a_key_never_kept(site: Flask, browser: Client) -> None:
    site.add_url_rule("/planted/key", view_func=public("x")(lambda: new_command_key()), endpoint="k")  # noqa: PLW0108
    assert cache(browser.get("/planted/short")) == "private, no-cache"
    assert cache(browser.get("/planted/key")) == "no-store"


def test_a_page_with_a_form_of_a_session_is_never_kept(browser: Client) -> None:
    assert cache(browser.get("/planted/token")) == "no-store"
    assert cache(browser.get("/sign-in")) == "no-store"


def test_a_public_page_without_a_form_comes_back_by_its_name_in_few_bytes(browser: Client) -> None:
    whole = browser.get("/help", headers=GZIP)
    name = whole.headers["ETag"]
    assert cache(whole) == "private, no-cache"
    same = browser.get("/help", headers={**GZIP, "If-None-Match": name})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", name)
    assert "Accept-Encoding" in same.headers["Vary"]
    assert browser.get("/help", headers={"If-None-Match": 'W/"other"'}).status_code == 200
    in_english = {**GZIP, "If-None-Match": name, "Accept-Language": "en"}
    assert browser.get("/help", headers=in_english).status_code == 200


def test_a_page_comes_back_by_its_name_to_the_same_login_alone(site: Flask, browser: Client) -> None:
    with site.app_context(), transaction():
        member = make_member(make_area("village", "兴隆社区"))
        named = f"{member.id}.1"
    site.add_url_rule("/planted/who", view_func=public("x")(lambda: f"{current_actor() is not None}"), endpoint="w")
    name = browser.get("/planted/long").headers["ETag"]
    with browser.session_transaction(base_url=HTTPS) as kept:
        kept["_user_id"] = named
    hers = browser.get("/planted/who", headers={"If-None-Match": name})
    assert (hers.status_code, hers.text) == (200, "True")
    assert "X-Login" in hers.headers
    again = browser.get("/planted/who", headers={"If-None-Match": hers.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["X-Login"] == hers.headers["X-Login"]


def test_a_form_a_refusal_and_what_only_some_may_read_have_no_name(browser: Client, everybodys_admin: Client) -> None:
    assert "ETag" not in browser.get("/sign-in").headers
    assert "ETag" not in browser.get("/nothing-here").headers
    desk = everybodys_admin.get("/desk/areas")
    assert (desk.status_code, "ETag" in desk.headers) == (200, False)


def test_a_page_may_say_something_else_about_caches(site: Flask, browser: Client) -> None:
    def own() -> object:
        answer = make_response("x")
        answer.headers["Cache-Control"] = "private, max-age=600"
        return answer

    site.add_url_rule("/planted/own", view_func=public("x")(own), endpoint="o")
    assert cache(browser.get("/planted/own")) == "private, max-age=600"


# --- compression ---

GZIP = {"Accept-Encoding": "gzip, br"}


def test_the_size_of_a_compressed_page_tells_nothing_of_a_secret_in_it(browser: Client) -> None:
    answers = [browser.get("/planted/long", headers=GZIP) for _time in range(40)]
    assert len({len(answer.data) for answer in answers}) > 8
    for answer in answers:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        text = gzip.decompress(answer.data).decode()
        assert re.fullmatch(r"<p>x{5000}<!--[0-9a-f]{0,48}-->", text)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/planted/short", GZIP),
        ("/planted/long", {}),
        ("/static/img/favicon.svg", {**GZIP, "Range": "bytes=0-99"}),
    ],
)
def test_what_must_not_or_need_not_be_compressed_is_not(browser: Client, path: str, headers: dict[str, str]) -> None:
    assert "Content-Encoding" not in browser.get(path, headers=headers, buffered=True).headers


@pytest.fixture
def everybodys_admin(app: Flask, client: Client) -> Client:
    """Somebody who may open every page of the desk."""
    with transaction():
        district = make_area("district", "沥江区")
        admin = make_member(district)
        make_grant(admin, "system_admin", district)
    with client.session_transaction(base_url="http://linli.test") as session:
        session["_user_id"] = f"{admin.id}.1"
    return client


@pytest.mark.parametrize(
    ("path", "signed_in"),
    [
        ("/desk/people?q=zzzqqq", True),
        ("/desk/posts?q=zzzqqq", True),
        ("/desk/audit?act=zzzqqq", True),
        ("/desk/audit?7=&zzzqqq", True),
        ("/p?code=zzzqqq", True),
        ("/sign-in?next=/zzzqqq", False),
    ],
)
def test_a_page_with_a_secret_is_not_compressed_beside_text_from_its_address(
    everybodys_admin: Client, app: Flask, path: str, signed_in: bool
) -> None:
    browser = everybodys_admin if signed_in else app.test_client()
    answer = browser.get(path, headers=GZIP)
    assert answer.status_code in {200, 422}
    assert "Content-Encoding" not in answer.headers
    alone = browser.get(path.partition("?")[0], headers=GZIP)
    assert alone.headers["Content-Encoding"] == "gzip"


def test_a_number_in_the_address_or_a_page_without_a_token_is_compressed(browser: Client, client: Client) -> None:
    assert client.get("/sign-in?x=12", headers=GZIP).headers["Content-Encoding"] == "gzip"
    assert browser.get("/planted/long?q=zzzqqq", headers=GZIP).headers["Content-Encoding"] == "gzip"


def test_files_are_compressed_without_padding_and_with_an_etag_of_their_own(browser: Client) -> None:
    plain = browser.get("/static/js/core.js", buffered=True)
    packed = browser.get("/static/js/core.js", headers=GZIP, buffered=True)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.get_etag() != plain.get_etag()
    assert int(packed.headers["Content-Length"]) == len(packed.data)


# --- one answer's exceptions ---


def test_a_page_may_open_the_policy_for_itself_alone(site: Flask, browser: Client) -> None:
    def scanner() -> str:
        security.allow("worker-src", "blob:")
        security.allow("img-src", "https://tiles.example.org")
        return "<p>scanner"

    site.add_url_rule("/planted/scanner", view_func=public("x")(scanner), endpoint="scanner")
    told = browser.get("/planted/scanner").headers["Content-Security-Policy"].split("; ")
    assert "worker-src blob:" in told
    assert "img-src 'self' data: blob: https://tiles.example.org" in told
    other = browser.get("/planted/short").headers["Content-Security-Policy"]
    assert "worker-src" not in other
    assert "tiles" not in other


def test_only_a_view_that_takes_files_takes_a_long_request(site: Flask, browser: Client) -> None:
    def taking() -> str:
        return str(len(request.files["photo"].read()))

    taken = security.takes_files(350_000)(public("x")(security.refills(taking)))
    site.add_url_rule("/planted/taking", view_func=taken, endpoint="taking", methods=["POST"])

    def bring(path: str, size: int) -> TestResponse:
        return browser.post(path, data={"photo": (io.BytesIO(b"x" * size), "a.jpg")}, base_url=HTTPS)

    assert bring("/planted/taking", 300_000).text == "300000"
    assert bring("/planted/taking", 400_000).status_code == 413
    assert bring("/planted/post", 300_000).status_code == 413
