"""Millions of units from a CSV: read line by line, written in batches, taken up again where it stopped.

Each batch is one transaction with the count of rows done, so a killed run goes on behind its last batch. The rows go in
in bulk; only rows that meet something already there are looked at one by one. Memory holds one batch, and the codes of
buildings.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from community.core import clock
from community.core.authz import Actor, must_be_system
from community.core.db import locking, session
from community.core.errors import Conflict
from community.core.i18n import _
from community.core.ids import new_id
from community.places.imports import bulk, cells, units
from community.places.imports.cells import Draft
from community.places.imports.plans import Plan, Scope, Step, chunks
from community.places.imports.problems import Problem
from community.places.imports.reading import Row, clean, detect, raw_lines
from community.places.models import Area, ImportRun

BATCH: Final = 20_000
_SAMPLE: Final = 1 << 20
# What almost every row looks like; anything else gets a closer look.
_LABEL: Final = re.compile(r"[0-9A-Za-z\u4e00-\u9fa5][0-9A-Za-z\u4e00-\u9fa5-]{0,39}")
_SQUARE_METRES: Final = re.compile(r"|[1-9][0-9]{0,4}(?:\.[0-9]{1,2})?")
# Without an e, which may be what is left of a number.
_ADDRESS: Final = re.compile(r"|[0-9A-DF-Za-df-z][0-9A-DF-Za-df-z-]{0,39}")
_REMEMBERED: Final = 50_000


@dataclass(slots=True)
class Told:
    """How one batch went: rows read, units written, and what was wrong."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Source:
    """A CSV on this machine."""

    path: Path
    encoding: str
    fingerprint: str

    @classmethod
    def open(cls, path: Path) -> Source:
        """Look at the file's beginning and size. Raises BadFile for an unknown encoding, OSError as files do."""
        size = path.stat().st_size
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
            file.seek(max(0, size - _SAMPLE))
            tail = file.read()
        digest = hashlib.sha256(sample + tail + str(size).encode()).hexdigest()
        return cls(path, detect(sample), digest)

    def batches(self, after: int, size: int) -> Iterator[tuple[Batch, int]]:
        """Yield up to `size` rows at a time, those behind the first `after`, each with the bytes read so far."""
        with self.path.open("r", encoding=self.encoding, newline="", errors="strict") as file:
            head = file.read(_SAMPLE >> 4)
            file.seek(0)
            rows = raw_lines(file, head)
            line, first = next(rows, (1, []))
            keys = cells.header("units", Row(line, [clean(cell) for cell in first]))
            rows = islice(rows, after, None)
            while part := list(islice(rows, size)):
                yield Batch(keys, part), _position(file)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as they stand in the file, (line, cells), under the keys of their columns."""

    keys: list[str]
    rows: list[tuple[int, list[str]]]

    def draft(self, number: int) -> Draft:
        """Return one row for the closer look."""
        line, raw = self.rows[number]
        return cells.draft(self.keys, Row(line, [clean(cell) for cell in raw]))


@contextmanager
def uncollected() -> Iterator[Callable[[], int]]:
    """Let Python's collector rest, which would look through the whole program every few rows, and they hold no circles.

    Gives a function that collects what came since; calling it now and then is enough.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()


def _position(file: Any) -> int:
    return os.lseek(file.fileno(), 0, os.SEEK_CUR)


def begin(actor: Actor, source: Source, scope: Area) -> ImportRun:
    """Return the run of this file for the area: the one that was cut off, else a new one."""
    must_be_system(actor)
    cut_off = select(ImportRun).where(
        ImportRun.kind == "units", ImportRun.state == "running", ImportRun.area_id == scope.id, ImportRun.made_by == 0
    )
    for run in session().scalars(locking(cut_off.order_by(ImportRun.id.desc()))):
        if run.counts.get("file") == source.fingerprint:
            return run
    run = ImportRun(
        kind="units",
        area_id=scope.id,
        scope_path=scope.path,
        file_name=source.path.name[:120],
        encoding=source.encoding,
        # "running" without rows: the scheduler's job leaves it alone.
        state="running",
        done=0,
        bad=0,
        counts={"file": source.fingerprint, "new": 0, "changed": 0, "same": 0},
        made_by=0,
        created_at=clock.now(),
        started_at=clock.now(),
    )
    session().add(run)
    session().flush()
    return run


def take(run_id: int, first_id: int, batch: Batch, known: Buildings) -> Told:
    """Write one batch in the caller's transaction and count it in the run; bad rows are told and left out.

    A unit whose id is not older than `first_id` was written by this very run: its second row is named as such.
    Raises Conflict when somebody stopped the run.
    """
    run = session().scalars(locking(select(ImportRun).where(ImportRun.id == run_id))).one()
    if run.state != "running":
        raise Conflict(
            "import_stopped", _("这次导入被停止了"), next_step=_("再运行一次同样的命令，会从头核对并接着来。")
        )
    told = Told(read=len(batch.rows))
    base, rows, slow = known.read(batch)
    written = bulk.write(rows, first_id)
    told.new, told.same = written.new, written.same
    slow += [row_id - base for row_id in written.met]
    if slow:
        _one_by_one([batch.draft(number) for number in sorted(slow)], Scope(run.scope_path), first_id, told)
    run.done += told.read
    run.total, run.bad = run.done, run.bad + len({problem.line for problem in told.problems})
    run.counts = run.counts | {name: run.counts[name] + getattr(told, name) for name in ("new", "changed", "same")}
    session().flush()
    return told


def finish(run_id: int) -> None:
    """Note that the whole file is through."""
    run = session().scalars(locking(select(ImportRun).where(ImportRun.id == run_id))).one()
    run.state, run.finished_at = "done", clock.now()


class _Fitting(dict[str, bool]):
    """Text → whether it has a shape: the same few labels and sizes come again in building after building."""

    def __init__(self, shape: re.Pattern[str]) -> None:
        self._shape = shape

    def __missing__(self, cell: str) -> bool:
        if len(self) > _REMEMBERED:
            self.clear()
        fits = self[cell] = bool(self._shape.fullmatch(cell))
        return fits


class Buildings:
    """The open buildings of an area, by code: what every row refers to."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[str, tuple[int, int, str] | None] = {}
        self._labels, self._metres = _Fitting(_LABEL), _Fitting(_SQUARE_METRES)

    def read(self, batch: Batch) -> tuple[int, list[bulk.Row], list[int]]:
        """Return an id, the rows to write, and the numbers of the rows that need a closer look.

        A row to write has that id plus its number in the batch: neighbours in time.
        """
        place = {key: number for number, key in enumerate(batch.keys) if key}
        width, building, label = len(batch.keys), place["building"], place["label"]
        area_m2, address_code = place.get("area_m2"), place.get("address_code")
        self._ask({raw[building] for _line, raw in batch.rows if len(raw) == width})
        find, labels, metres, fits = self._found.get, self._labels, self._metres, _ADDRESS.fullmatch
        rows, unusual, base = [], [], new_id()
        for number, (_line, raw) in enumerate(batch.rows):
            found = find(raw[building]) if len(raw) == width else None
            if found is None:
                unusual.append(number)
                continue
            square_metres = "" if area_m2 is None else raw[area_m2]
            code = "" if address_code is None else raw[address_code]
            if labels[raw[label]] and metres[square_metres] and fits(code):
                rows.append((base + number, *found, raw[label], square_metres, code))
            else:
                unusual.append(number)
        return base, rows, unusual

    def _ask(self, codes: set[str]) -> None:
        area = Area.__table__.c
        for part in chunks(sorted(codes - set(self._found))):
            self._found |= dict.fromkeys(part)
            wanted = select(area.code, area.id, area.town_id, area.path).where(
                area.code.in_(part),
                area.kind == "building",
                area.closed_at.is_(None),
                area.town_id.is_not(None),
            )
            for code, area_id, town_id, path in session().execute(wanted):
                if self._scope.holds(path):
                    self._found[code] = (area_id, town_id, path)


def _one_by_one(drafts: list[Draft], scope: Scope, first_id: int, told: Told) -> None:
    plan = units.check(drafts, scope)
    labels = {draft.line: draft.values.get("label", "") for draft in drafts}
    steps = []
    for step in plan.steps:
        if step.row_id is not None and step.row_id >= first_id:
            plan.problems.append(Problem(step.line, "label", labels[step.line], "twice_far"))
        else:
            steps.append(step)
    units.apply(Plan(steps=steps))
    told.problems = sorted(plan.problems, key=lambda problem: problem.line)
    told.new += _count(steps, "new")
    told.same += _count(steps, "same")
    told.changed = _count(steps, "changed")


def _count(steps: list[Step], action: str) -> int:
    return sum(step.action == action for step in steps)
