"""The copy as a stream: whole, in small pieces, and gone when it is sent."""

from __future__ import annotations

import io
import tempfile
from zipfile import ZipFile

import pytest

from community.core import holdings
from community.core.db import transaction
from community.home import archive
from community.messages.services import notify
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

LINES = 1500


@pytest.fixture
def member():
    with transaction():
        made = make_member(make_village())
        for number in range(LINES):
            notify(made.id, "teams.active", {"team": f"第{number}队"})
    return made


def pieces(app, member) -> list[bytes]:
    with app.test_request_context("/"):
        return list(archive.chunks([member.id]))


def test_it_is_a_whole_archive_with_a_page_and_a_file_for_each_holding(app, member):
    found = ZipFile(io.BytesIO(b"".join(pieces(app, member))))
    assert found.testzip() is None
    assert len(found.namelist()) == 1 + 2 * sum(len(room.kept) for room in holdings.rooms())
    page = found.read("linli-my-data/messages.html").decode()
    assert page.count("您已加入第") == LINES
    assert page.count("<tr>") == LINES + 1


def test_it_leaves_piece_by_piece_and_nothing_stays_on_the_disk(app, member, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    sent = pieces(app, member)
    assert len([piece for piece in sent if piece]) > 10
    assert max(map(len, sent)) < sum(map(len, sent)) / 2
    assert set(tmp_path.iterdir()) == before


def test_an_english_reader_gets_english_pages_and_the_same_rows(app, member):
    with app.test_request_context("/", headers={"Cookie": "linli_look=std.auto.en"}):
        found = ZipFile(io.BytesIO(b"".join(archive.chunks([member.id]))))
    assert 'lang="en"' in found.read("linli-my-data/index.html").decode()
    assert found.read("linli-my-data/messages.html").decode().count("<tr>") == LINES + 1
