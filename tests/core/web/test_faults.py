"""Every error has a page that says what happened and what to do; programs get the same as JSON."""

from collections.abc import Callable

import pytest
from flask import Flask, abort

from community.core.errors import Busy, Conflict, DomainError, Gone, NotFound
from community.core.web import faults
from community.core.web.limits import limiter
from community.core.web.rights import public, signed_in
from tests.harness.client import Client, Visitor
from tests.harness.pages import parse


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Flask:
    """An app with a planted page for every kind of error."""
    app = make_app()
    app.testing = False  # a server does not hand its errors to the visitor
    problems = {
        "refused": DomainError("too_late", "太晚了", next_step="明天再来"),
        "missing": NotFound(),
        "taken": Conflict("taken", "已被占用"),
        "gone": Gone("gone", "牌子已作废"),
        "busy": Busy(),
        "broken": ZeroDivisionError("a secret detail"),
    }
    for name, problem in problems.items():

        def fail(problem: Exception = problem) -> str:
            raise problem

        app.add_url_rule(f"/planted/{name}", endpoint=name, view_func=public("x")(fail))
    app.add_url_rule("/planted/teapot", endpoint="teapot", view_func=public("x")(lambda: abort(418)))
    app.add_url_rule("/planted/member", endpoint="member", view_func=signed_in(lambda: "x"))
    app.add_url_rule("/planted/post", endpoint="post", view_func=public("x")(lambda: "x"), methods=["POST"])
    limited = limiter.limit("2 per minute")(lambda: "x")
    app.add_url_rule("/planted/limited", endpoint="limited", view_func=public("x")(limited))
    return app


@pytest.fixture
def client(site: Flask) -> Client:
    client = site.test_client()
    assert isinstance(client, Client)
    return client


STATUSES = {"refused": 422, "missing": 404, "taken": 409, "gone": 410, "busy": 409, "broken": 500, "teapot": 418}


@pytest.mark.parametrize("name", STATUSES)
def test_an_error_is_a_proper_page_with_a_way_on(client: Client, name: str) -> None:
    page = Visitor(client, "http://linli.test").get(f"/planted/{name}", status=STATUSES[name])
    assert "/" in {link.get("href") for link in page.all("a", class_="row")}


def test_each_kind_of_trouble_has_a_drawing_of_its_own(client: Client) -> None:
    visitor = Visitor(client, "http://linli.test")
    kinds = ("refused", "missing", "taken", "gone", "broken")
    drawings = set()
    for name in kinds:
        page = visitor.get(f"/planted/{name}", status=STATUSES[name])
        scene = page.all("div", class_="oops")[0]
        drawings.add("".join(part.get("d", "") for part in scene.iter()))
    assert len(drawings) == len(kinds)


@pytest.mark.parametrize("name", STATUSES)
def test_a_program_gets_code_and_message_instead_of_a_page(client: Client, name: str) -> None:
    answer = client.get(f"/planted/{name}", headers={"Accept": "application/json"})
    assert answer.status_code == STATUSES[name]
    assert answer.json
    assert set(answer.json) == {"code", "message", "next_step"}


def test_the_page_says_what_happened_and_what_to_do(client: Client) -> None:
    text = parse(client.get("/planted/refused").text).text
    assert "太晚了" in text
    assert "明天再来" in text
    assert "too_late" not in text, "a word for programs"


def test_a_server_error_shows_its_number_and_nothing_of_its_inside(client: Client) -> None:
    answer = client.get("/planted/broken")
    assert "a secret detail" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_what_was_busy_may_be_tried_again_soon(client: Client) -> None:
    assert client.get("/planted/busy").headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/page", 404),
        ("GET", "/planted/post", 405),
        ("DELETE", "/", 405),
        ("GET", "/" + "x" * 3000, 404),
    ],
)
def test_a_wrong_address_or_method_is_answered_like_a_person(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert parse(answer.text).h1
    assert "代号" not in answer.text, "a page that says what to do needs no code"
    if status == 405:
        assert answer.headers["Allow"]


def test_a_post_that_is_too_large_is_refused_kindly(client: Client) -> None:
    answer = client.post("/planted/post", data={"x": "x" * 300_000})
    assert answer.status_code == 413
    assert "太大" in answer.text


def test_who_is_too_fast_is_told_when_to_come_back(client: Client) -> None:
    statuses = [client.get("/planted/limited").status_code for _time in range(3)]
    assert statuses == [200, 200, 429]
    answer = client.get("/planted/limited")
    assert answer.headers["Retry-After"] == "60"
    assert "一分钟" in answer.text


def test_a_page_for_members_leads_to_sign_in_and_back(client: Client) -> None:
    answer = client.get("/planted/member?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/planted/member?x%3D1")
    assert client.get("/planted/member", headers={"Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize(
    ("referer", "link"),
    [
        ("http://linli.test/teams?x=1", "/teams"),
        ("http://linli.test/no/such/page", None),
        ("http://evil.example/teams", None),
        ("http://linli.test//evil.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_way_back_leads_to_the_page_before_and_never_elsewhere(
    client: Client, referer: str, link: str | None
) -> None:
    page = parse(client.get("/no/such/page", headers={"Referer": referer}).text)
    links = [row.get("href") for row in page.all("a", class_="row")]
    assert links == ([link, "/"] if link else ["/"])


def test_who_prefers_json_or_asks_the_api_is_a_program(site: Flask) -> None:
    for headers, path, expected in (
        ({}, "/x", False),
        ({"Accept": "text/html,*/*;q=0.8"}, "/x", False),
        ({"Accept": "application/json"}, "/x", True),
        ({"Accept": "text/html"}, "/api/v1/x", True),
    ):
        with site.test_request_context(path, headers=headers):
            assert faults.wants_json() is expected
