"""Files that somebody sends: read once, no longer than allowed, left as they were for the command's key."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, request
from PIL import Image

from community.core.uploads import MAX_BYTES, Paper, PaperRefused, Picture, PictureRefused
from community.core.web import sent
from tests.core.test_uploads import ACTS, packed, pdf


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "JPEG")
    return out.getvalue()


@contextmanager
def brought(app: Flask, data: bytes | None, name: str = "photo", called: str = "one") -> Iterator[None]:
    """A request whose form brings a file; None brings none."""
    form = {"note": "1"} if data is None else {name: (io.BytesIO(data), called)}
    with app.test_request_context("/", method="POST", data=form):
        yield


def test_a_file_is_left_as_it_was_for_the_key_of_the_command(app: Flask) -> None:
    with brought(app, b"12345", "file"):
        assert sent.data("file") == sent.data("file") == b"12345"
        assert request.files["file"].read() == b"12345"


def test_no_more_than_one_byte_too_many_is_read_so_that_its_reader_refuses_the_file(app: Flask) -> None:
    with brought(app, b"123456789", "file"):
        assert sent.data("file", 4) == b"12345"


def test_what_was_not_sent_is_empty_and_no_picture(app: Flask) -> None:
    with brought(app, None):
        assert sent.data() == b""
        assert isinstance(sent.picture(), PictureRefused)
        assert sent.picture_or_paper() is None


def test_a_field_left_empty_is_no_paper_and_no_refusal(app: Flask) -> None:
    with brought(app, b"", called=""):
        assert sent.picture_or_paper() is None


def test_a_picture_comes_back_decoded(app: Flask) -> None:
    with brought(app, jpeg()):
        assert isinstance(sent.picture(), Picture)
        assert isinstance(sent.picture_or_paper(), Picture)


def test_a_paper_is_taken_only_where_one_is_asked_for(app: Flask) -> None:
    with brought(app, pdf(b"x" * 400)):
        assert isinstance(sent.picture(), PictureRefused)
        assert isinstance(sent.picture_or_paper(), Paper)


def test_a_paper_that_could_act_is_a_refusal_to_be_shown(app: Flask) -> None:
    with brought(app, pdf(packed(ACTS))):
        assert isinstance(sent.picture_or_paper(), PaperRefused)


@pytest.mark.parametrize("read", [sent.picture, sent.picture_or_paper])
def test_a_refusal_says_in_one_line_what_is_wrong_and_what_to_do(app: Flask, read: object) -> None:
    assert callable(read)
    with brought(app, b"no picture at all"):
        refused = read()
        assert isinstance(refused, PictureRefused)
        line = sent.why(refused)
    assert str(refused.message) in line
    assert refused.next_step
    assert str(refused.next_step) in line


def test_a_view_that_takes_pictures_takes_the_largest_one_with_its_form(app: Flask) -> None:
    taking = [view for view in app.view_functions.values() if getattr(view, "__linli_takes__", 0)]
    assert len(taking) >= 6
    assert min(view.__linli_takes__ for view in taking) > 5 * 1024 * 1024  # type: ignore[attr-defined]
    assert sent.takes_pictures(lambda: "").__linli_takes__ > MAX_BYTES
