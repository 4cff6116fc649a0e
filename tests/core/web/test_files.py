"""Only views that take files are sent more than a form's text."""

import io

import pytest
from flask import Flask, request

from community.core.web import files

LARGE = 400 * 1024


@pytest.fixture
def small_app() -> Flask:
    app = Flask("planted")
    app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
    files.init_app(app)

    @app.post("/takes")
    @files.takes_files(1024 * 1024)
    def takes() -> str:
        return str(sum(len(file.read()) for file in request.files.values()))

    @app.post("/plain")
    def plain() -> str:
        return str(len(request.files))

    return app


def send(app: Flask, url: str, data: bytes, name: str = "a.csv") -> tuple[int, str]:
    answer = app.test_client().post(url, data={"file": (io.BytesIO(data), name)})
    return answer.status_code, answer.text


def test_a_view_that_takes_files_gets_them_and_another_refuses_at_once(small_app: Flask) -> None:
    status, said = send(small_app, "/takes", b"x" * LARGE)
    assert (status, said) == (200, str(LARGE))
    assert send(small_app, "/plain", b"x" * LARGE)[0] == 413
    assert send(small_app, "/takes", b"x" * 2 * 1024 * 1024)[0] == 413
