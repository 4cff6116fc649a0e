"""Millions of units from a CSV: read line by line, written in batches, taken up again where it stopped.

Each batch is one transaction with the count of rows done, so a killed run goes on behind its last batch. The rows go in
in bulk (COPY into a staging table on PostgreSQL, executemany on SQLite); only rows that meet something already there
are looked at one by one. Memory holds one batch, and the codes of buildings.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, text

from community.core import clock
from community.core.authz import Actor, must_be_system
from community.core.db import locking, session
from community.core.errors import Conflict
from community.core.i18n import _
from community.core.ids import new_id
from community.places.imports import cells, units
from community.places.imports.cells import Draft
from community.places.imports.plans import Plan, Scope, Step, chunks
from community.places.imports.problems import Problem
from community.places.imports.reading import Row, clean, detect, raw_lines
from community.places.models import Area, ImportRun, Unit

BATCH: Final = 20_000
_SAMPLE: Final = 1 << 20
_COLUMNS: Final = "id, building_id, town_id, scope_path, label, area_m2, address_code"
# id, building, town, path, label, square metres as typed, address code.
_Values = tuple[int, int, int | None, str, str, str | None, str | None]
_LABEL: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,19}")
_SQUARE_METRES: Final = re.compile(r"[1-9][0-9]{0,4}(?:\.[0-9]{1,2})?")
# Without an e, which may be what is left of a number.
_ADDRESS: Final = re.compile(r"[0-9A-DF-Za-df-z][0-9A-DF-Za-df-z-]{0,39}")
_STAGING: Final = "unit_staging"
_INSERT: Final = f"INSERT INTO unit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608
_UNIT = Unit.__table__.c


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
    rows, slow = known.read(batch)
    told.new = _bulk(list(rows.values()))
    if told.new < len(rows):
        slow += _met(rows)
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


class Buildings:
    """The open buildings of an area, by code: what every row refers to."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[str, tuple[int, int | None, str] | None] = {}

    def read(self, batch: Batch) -> tuple[dict[int, _Values], list[int]]:
        """Return number in the batch → values to write, for rows with nothing unusual in them, and the others' numbers.

        Letters, digits and lengths as almost all rows have them need no closer look; anything else gets one.
        """
        place = {key: number for number, key in enumerate(batch.keys) if key}
        width, building, label = len(batch.keys), place["building"], place["label"]
        area_m2, address_code = place.get("area_m2"), place.get("address_code")
        self._ask({raw[building] for _line, raw in batch.rows if len(raw) == width})
        rows: dict[int, _Values] = {}
        unusual, next_id = [], new_id()
        for number, (_line, raw) in enumerate(batch.rows):
            found = self._found.get(raw[building]) if len(raw) == width else None
            square_metres = raw[area_m2] if area_m2 is not None and found else ""
            code = raw[address_code] if address_code is not None and found else ""
            if (
                found is None
                or not _LABEL.fullmatch(raw[label])
                or (square_metres and not _SQUARE_METRES.fullmatch(square_metres))
                or (code and not _ADDRESS.fullmatch(code))
            ):
                unusual.append(number)
            else:
                # Neighbours in time: an id that somebody else drew by chance only earns the row its closer look.
                rows[number] = (next_id + number, *found, raw[label], square_metres or None, code or None)
        return rows, unusual

    def _ask(self, codes: set[str]) -> None:
        area = Area.__table__.c
        for part in chunks(sorted(codes - set(self._found))):
            self._found |= dict.fromkeys(part)
            wanted = select(area.code, area.id, area.town_id, area.path).where(
                area.code.in_(part), area.kind == "building", area.closed_at.is_(None)
            )
            for code, area_id, town_id, path in session().execute(wanted):
                if self._scope.holds(path):
                    self._found[code] = (area_id, town_id, path)


def _bulk(rows: list[_Values]) -> int:
    """Write the rows that meet nothing; return how many did."""
    if not rows:
        return 0
    if session().get_bind().dialect.name == "postgresql":
        return _copy(rows)
    # The driver's own executemany: making a statement's parameters anew for each row costs more than writing it.
    before = session().scalar(text("SELECT total_changes()")) or 0
    held = [(*row[:5], None if row[5] is None else float(row[5]), row[6]) for row in rows]
    session().connection().exec_driver_sql(_INSERT, held)
    return int(session().scalar(text("SELECT total_changes()")) or 0) - before


def _copy(rows: list[_Values]) -> int:
    session().execute(text(f"CREATE TEMP TABLE IF NOT EXISTS {_STAGING} (LIKE unit) ON COMMIT DELETE ROWS"))
    session().execute(text(f"TRUNCATE {_STAGING}"))
    # Labels, codes and paths hold letters, digits, dashes and slashes alone: nothing that COPY would read otherwise.
    written = "".join("\t".join("\\N" if one is None else str(one) for one in row) + "\n" for row in rows)
    cursor = session().connection().connection.cursor()
    with cursor.copy(f"COPY {_STAGING} ({_COLUMNS}) FROM STDIN") as copy:
        copy.write(written)
    cursor.close()
    # The names are our own.
    moved = f"INSERT INTO unit ({_COLUMNS}) SELECT {_COLUMNS} FROM {_STAGING} ON CONFLICT DO NOTHING"  # noqa: S608
    return int(session().execute(text(moved)).rowcount)  # type: ignore[attr-defined]


def _met(rows: dict[int, _Values]) -> list[int]:
    """Return the numbers of the rows that met something already there."""
    written: set[int] = set()
    for part in chunks([row[0] for row in rows.values()]):
        written |= set(session().scalars(select(_UNIT.id).where(_UNIT.id.in_(part))))
    return [number for number, row in rows.items() if row[0] not in written]


def _one_by_one(drafts: list[Draft], scope: Scope, first_id: int, told: Told) -> None:
    plan = units.check(sorted(drafts, key=lambda draft: draft.line), scope)
    steps = []
    for step in plan.steps:
        if step.row_id is not None and step.row_id >= first_id:
            plan.problems.append(Problem(step.line, "label", "", "twice_far"))
        else:
            steps.append(step)
    units.apply(Plan(steps=steps))
    told.problems = sorted(plan.problems, key=lambda problem: problem.line)
    told.new += _count(steps, "new")
    told.changed, told.same = _count(steps, "changed"), _count(steps, "same")


def _count(steps: list[Step], action: str) -> int:
    return sum(step.action == action for step in steps)
