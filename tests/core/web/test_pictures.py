"""The address of a picture: for this phone alone, for who may see it, and harmless when opened."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from PIL import Image

from community.core import uploads
from community.core.authz import Actor
from community.core.db import transaction
from community.core.uploads import Upload, keeping, prepare
from tests.harness.client import Client


@pytest.fixture
def rules(app: Flask) -> Iterator[None]:
    """Pictures of purpose "open" are for everybody, those of "nobody" for nobody."""
    before = dict(keeping._rules)
    papers_before = dict(keeping._paper_rules)
    keeping.wire(
        before | {"open": lambda _actor, _upload: True, "nobody": lambda _actor, _upload: False},
        {"resolution": lambda actor, _paper: actor is None},
    )
    yield
    keeping.wire(before, papers_before)


def kept(purpose: str = "open") -> Upload:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "navy").save(out, "JPEG")
    with transaction():
        return uploads.keep(Actor(member_id=7), purpose, prepare(out.getvalue()))


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def test_a_picture_is_served_for_this_phone_alone_and_may_do_nothing(client: Client, rules: None) -> None:
    row = kept()
    answer = client.get(f"/pictures/{row.id}")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert size_of(answer.data) == (640, 480)
    assert size_of(client.get(f"/pictures/{row.id}?small=1").data) == (320, 240)


def test_a_phone_that_has_the_picture_gets_nothing_twice(client: Client, rules: None) -> None:
    row = kept()
    etag = client.get(f"/pictures/{row.id}").headers["ETag"]
    again = client.get(f"/pictures/{row.id}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/pictures/{row.id}?small=1", headers={"If-None-Match": etag}).status_code == 200


def test_who_may_not_see_a_picture_is_told_that_there_is_none(client: Client, rules: None) -> None:
    row = kept("nobody")
    # Not even "you have it already".
    for headers in ({}, {"If-None-Match": f'"{row.name}"'}):
        assert client.get(f"/pictures/{row.id}", headers=headers).status_code == 404


@pytest.mark.parametrize("wrong", ["1", "01931f2a-0000-7000-8000-000000000001", "../../secrets.json", "%2e%2e/x"])
def test_an_address_that_was_guessed_leads_nowhere(client: Client, rules: None, wrong: str) -> None:
    assert client.get(f"/pictures/{wrong}").status_code == 404


def test_a_paper_is_a_file_to_keep_and_never_a_page(client: Client, rules: None) -> None:
    data = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nxref\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
    with transaction():
        row = uploads.keep_paper(Actor(member_id=7), "resolution", uploads.papers.prepare(data))
    answer = client.get(f"/papers/{row.id}")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pdf", data)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="resolution-')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert client.get(f"/papers/{row.id}", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get("/papers/0192e4a0-0000-7000-8000-000000000000").status_code == 404
