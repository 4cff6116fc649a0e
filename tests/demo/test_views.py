"""One tap on the sign-in page of the demo, and no such thing anywhere else."""

from collections.abc import Callable

import pytest
from flask import Flask

from community.core import clock
from community.core.db import transaction
from tests.conftest import NOW, PUBLIC_URL
from tests.factories.demo import load_small
from tests.harness.client import Client, Visitor


def _visitor(app: Flask) -> Visitor:
    with app.app_context(), transaction():
        load_small()
    client = app.test_client()
    assert isinstance(client, Client)
    return Visitor(client, PUBLIC_URL)


@pytest.fixture
def demo(make_app: Callable[..., Flask]) -> Visitor:
    with clock.frozen(NOW):
        return _visitor(make_app(mode="demo"))


def test_one_tap_makes_one_of_the_cast_and_leads_where_one_wanted_to_go(demo: Visitor) -> None:
    page = demo.get("/sign-in?next=/checkins")
    assert "钱桂英" in page.text
    assert "楼长" in page.text

    form = next(form for form in page.forms if form.action.endswith("/sign-in/demo"))
    page = demo.submit(form, person="captain")
    assert demo.last is not None
    assert demo.last.request.path == "/checkins"


def test_somebody_who_is_not_in_the_cast_is_not_found(demo: Visitor) -> None:
    form = next(form for form in demo.get("/sign-in").forms if form.action.endswith("/sign-in/demo"))
    demo.post(form.action, {**form.filled(), "person": "mayor"}, status=404)


def test_the_cast_is_told_in_english_too(demo: Visitor) -> None:
    demo.post("/preferences", {**demo.get("/").form("/preferences").filled(), "lang": "en"})
    assert "Building captain" in demo.get("/sign-in").text


@pytest.mark.parametrize("mode", ["test", "production"])
def test_elsewhere_there_is_neither_list_nor_tap(make_app: Callable[..., Flask], mode: str) -> None:
    with clock.frozen(NOW):
        visitor = _visitor(make_app(mode=mode))
    page = visitor.get("/sign-in")
    assert "钱桂英" not in page.text
    token = visitor.token()
    visitor.post("/sign-in/demo", {"csrf_token": token, "person": "captain"}, status=404)
