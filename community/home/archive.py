"""The copy of a person's data: a ZIP with a page and a JSON file for each kind of thing, written while it is sent.

Nothing is put down on the way: no file on disk, no row beside the request. Its parts are the holdings of all rooms.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from flask import current_app

from community.core import clock, holdings
from community.core.holdings import Kept
from community.core.i18n import plain

NAME = "linli-my-data"


class _Pipe(io.RawIOBase):
    """Collects what the archive writes until it is taken; cannot be read back, so the archive is written in one go."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def chunks(ids: Sequence[int]) -> Iterator[bytes]:
    """Yield the archive of the members `ids` (one person) piece by piece; needs the request it answers."""
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_DEFLATED) as archive:
        for name, pieces in _files(ids):
            with archive.open(_entry(name), "w") as file:
                for piece in pieces:
                    file.write(piece.encode())
                    yield pipe.take()
    yield pipe.take()


def _entry(name: str) -> ZipInfo:
    now = clock.local(clock.now())
    entry = ZipInfo(f"{NAME}/{name}", date_time=(now.year, now.month, now.day, now.hour, now.minute, now.second))
    entry.compress_type = ZIP_DEFLATED
    return entry


def _files(ids: Sequence[int]) -> Iterator[tuple[str, Iterable[str]]]:
    rooms = [(room, [(kept, holdings.count(kept, ids)) for kept in room.kept]) for room in holdings.rooms()]
    yield "index.html", _pieces("home/_archive_index.html", rooms=rooms, made_at=clock.now())
    for room in holdings.rooms():
        for kept in room.kept:
            yield f"{kept.key}.html", _page(kept, ids)
            yield f"json/{kept.key}.json", _json(kept, ids)


def _page(kept: Kept, ids: Sequence[int]) -> Iterator[str]:
    rows = ([holdings.written(kept, column, row[column]) for column in kept.words] for row in holdings.copy(kept, ids))
    return _pieces("home/_archive_part.html", kept=kept, heads=list(kept.words.values()), rows=rows)


def _json(kept: Kept, ids: Sequence[int]) -> Iterator[str]:
    about = {"key": kept.key, "title": plain(kept.title), "columns": {name: plain(w) for name, w in kept.words.items()}}
    yield json.dumps(about, ensure_ascii=False)[:-1] + ', "rows": ['
    for number, row in enumerate(holdings.copy(kept, ids)):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False, default=str)
    yield "\n]}\n"


def _pieces(template: str, **values: Any) -> Iterator[str]:
    """Yield a page piece by piece, so that a long list is never whole in memory."""
    current_app.update_template_context(values)
    return current_app.jinja_env.get_template(template).generate(values)
