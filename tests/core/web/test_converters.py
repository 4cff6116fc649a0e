"""Ids in addresses are decimal numbers of 63 bits; anything else is no address of ours."""

from collections.abc import Callable

import pytest
from flask import Flask, url_for

from community.core.ids import MAX_ID
from community.core.web.rights import public


@pytest.fixture
def app_with_ids(make_app: Callable[..., Flask]) -> Flask:
    app = make_app()
    app.add_url_rule("/planted/<id:thing>", endpoint="thing", view_func=public("x")(lambda thing: f"{thing!r}"))
    return app


@pytest.mark.parametrize("text", ["1", "42", str(MAX_ID)])
def test_an_id_is_read_as_a_number_and_written_the_same(app_with_ids: Flask, text: str) -> None:
    assert app_with_ids.test_client().get(f"/planted/{text}").text == text
    with app_with_ids.test_request_context():
        assert url_for("thing", thing=int(text)) == f"/planted/{text}"


@pytest.mark.parametrize(
    "text", ["0", "-1", "01", "1.0", "x", str(MAX_ID + 1), "9" * 19, "9" * 300, "%D9%A1", "1%20", "+1", "1e3"]
)
def test_anything_else_is_not_found(app_with_ids: Flask, text: str) -> None:
    assert app_with_ids.test_client().get(f"/planted/{text}").status_code == 404
