"""Processes that read the database side by side, of one moment: for looking over more rows than one core can in time.

A reader is a small process of its own with one connection. It only reads, and what it returns is pickled.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from flask import Flask

from community.core.db.engine import configure_engine, engine_options
from community.core.db.session import db, moment, session, snapshot

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class Readers:
    """The readers of one command; `each` gives them work. Made by `readers`."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def each(self, work: Callable[[_Item], _Found], items: Sequence[_Item]) -> Iterator[tuple[int, _Found]]:
        """Let the readers do `work` on each of the items, in turn; yield (its number, what came of it) when it is done.

        Call it inside `snapshot()`: on PostgreSQL they all see its moment. On SQLite each item is read at one moment of
        its own, which is not much later. `work` is a function of a module.
        """
        do = partial(_at_moment, moment(), work)
        numbers = {self._pool.submit(do, item): number for number, item in enumerate(items)}
        try:
            for done in as_completed(numbers):
                yield numbers.pop(done), done.result()
        finally:
            for waiting in numbers:
                waiting.cancel()


@contextmanager
def readers(count: int) -> Iterator[Readers]:
    """Start `count` readers of the current database, and end them afterwards. Needs an application context."""
    url = session().get_bind().engine.url.render_as_string(hide_password=False)
    # From a process that holds nothing: a copy of this one would share its connections.
    began = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=began, initializer=_begin, initargs=(url,)) as pool:
        yield Readers(pool)


def _begin(url: str) -> None:
    app = Flask("linli-reader")
    app.config |= {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url)}
    db.init_app(app)
    app.app_context().push()
    configure_engine(db.engine)
    # Among millions of rows there are no cycles, and looking for them takes a third of the time.
    gc.disable()


def _at_moment(of: str, work: Callable[[_Item], _Found], item: _Item) -> _Found:
    with snapshot(of):
        return work(item)
