"""Imports as runs: a file is checked and kept, somebody confirms it, a job takes it in, and anybody may look or stop.

A file of up to ALL_AT_ONCE rows is taken in whole or not at all. A larger one goes in parts of BATCH rows, each in its
own transaction with the count of rows done, so that whoever takes it over goes on behind them. Taking the same file in
twice changes nothing the second time: rows are known by their codes.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import undefer

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, can, must, system_actor, visible
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.places import queries
from community.places.imports import cells, tables
from community.places.imports.cells import Draft
from community.places.imports.plans import Plan, Scope
from community.places.imports.problems import Problem
from community.places.imports.reading import BadFile, read
from community.places.models import IMPORT_KINDS, Area, ImportRun

ALL_AT_ONCE: Final = 3000
BATCH: Final = 1000
# So many faults are shown on a run's page; all of them are in its list.
MOST_SHOWN: Final = 100
FORGOTTEN: Final = dt.timedelta(days=7)
JOB: Final = "import_tables"
_OPEN = ("queued", "running")
_NAME_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was read and looked at row by row; nothing of it is kept yet."""

    kind: str
    area_id: int
    encoding: str
    drafts: Sequence[Draft]
    plan: Plan


def check_file(actor: Actor, *, kind: str, area_id: int | None, data: bytes) -> Checked:
    """Check a file for an area: every row looked at, nothing written. It may take seconds: not inside a transaction.

    Raises BadFile when it cannot be read as a table, DomainError ("area_id") for an area that is not the actor's.
    """
    if kind not in IMPORT_KINDS:
        raise DomainError("kind_unknown", _("请选择要导入什么"), field="file")
    area = _place(actor, kind, area_id)
    table = read(data)
    drafts = tables.ordered(kind, list(cells.drafts(kind, table)))
    if not drafts:
        raise BadFile("file_empty", _("只有列名，没有内容"), _("请从第二行开始，每行填一条。"))
    return Checked(kind, area.id, table.encoding, drafts, tables.check(kind, drafts, Scope(area.path)))


def keep(actor: Actor, checked: Checked, *, name: str) -> ImportRun:
    """Keep a checked file as a run. Raises like `check_file` for an area that is not the actor's any more."""
    area = _place(actor, checked.kind, checked.area_id)
    run = ImportRun(
        kind=checked.kind,
        area_id=area.id,
        scope_path=area.path,
        file_name=_file_name(name),
        encoding=checked.encoding,
        state="checked",
        total=len(checked.drafts),
        done=0,
        rows=_packed(checked.drafts),
        made_by=actor.member_id,
        created_at=clock.now(),
    )
    _note(run, checked.plan)
    session().add(run)
    session().flush()
    return run


def _place(actor: Actor, kind: str, area_id: int | None) -> Area:
    perm = tables.PERMS[kind]
    must(actor, perm)
    area = queries.area(area_id) if area_id else None
    if area is None or not can(actor, perm, area):
        raise DomainError("area_unknown", _("请选择您管理的一个区域"), field="area_id")
    return area


def confirm(actor: Actor, run_id: int, *, sure: bool = False) -> ImportRun:
    """Let a checked file be taken in by the job; `sure` says that rows in doubt were looked at and are right.

    Raises Conflict when it has faults or was decided already, DomainError ("sure") when rows are in doubt.
    """
    run = _locked(actor, run_id)
    if run.state != "checked" or run.bad:
        raise Conflict(
            "import_not_ready",
            _("这个文件现在不能导入"),
            next_step=_("请刷新页面看它的状态；有问题的行要先改好，再上传一次。"),
        )
    if run.counts.get("doubts") and not sure:
        raise DomainError("import_doubts", _("请先核对有疑问的行，再打勾确认"), field="sure")
    run.state = "queued"
    session().flush()
    _record(actor, "import_confirm", run)
    return run


def stop(actor: Actor, run_id: int) -> ImportRun:
    """Drop a run that is not finished. Parts of a large file that were taken in stay, and the page says how many."""
    run = _locked(actor, run_id)
    if run.state not in ("checked", *_OPEN):
        raise Conflict("import_over", _("这次导入已经结束"), next_step=_("请刷新页面看结果。"))
    _end(run, "dropped")
    _record(actor, "import_stop", run)
    return run


def waiting() -> Sequence[int]:
    """Return the runs that are to be taken in, oldest first."""
    return session().scalars(select(ImportRun.id).where(ImportRun.state.in_(_OPEN)).order_by(ImportRun.id)).all()


def take_part(run_id: int) -> bool:
    """Take the next part of a run in, in the caller's transaction; return whether more is left.

    Its rows are checked again: what changed since somebody looked at them is found, and ends the run as failed.
    """
    wanted = locking(select(ImportRun).where(ImportRun.id == run_id)).options(undefer(ImportRun.rows))
    run = session().scalar(wanted.execution_options(populate_existing=True))
    if run is None or run.state not in _OPEN or run.rows is None:
        return False
    if run.state == "queued":
        run.state, run.started_at = "running", clock.now()
    drafts = unpacked(run.rows)
    part = drafts if len(drafts) <= ALL_AT_ONCE else drafts[run.done : run.done + BATCH]
    plan = tables.check(run.kind, part, Scope(run.scope_path))
    if plan.problems:
        # All that is wrong by now, and not what the first part met.
        rest = drafts if len(drafts) <= ALL_AT_ONCE else drafts[run.done :]
        _note(run, tables.check(run.kind, rest, Scope(run.scope_path)) if len(rest) > len(part) else plan)
        _end(run, "failed")
    else:
        tables.apply(run.kind, plan)
        run.done += len(part)
        if run.done >= run.total:
            _end(run, "done")
    session().flush()
    if run.state not in _OPEN:
        _record(system_actor(JOB), f"import_{run.state}", run)
    return run.state in _OPEN


def drop_forgotten() -> int:
    """Drop checked files that nobody confirmed for a week, a few at a time; return how many."""
    old = select(ImportRun).where(ImportRun.state == "checked", ImportRun.created_at < clock.now() - FORGOTTEN)
    found = session().scalars(locking(old.limit(BATCH))).all()
    for run in found:
        _end(run, "dropped")
    return len(found)


def fail(run_id: int) -> None:
    """End a run that cannot go on: its part raised what nobody foresaw."""
    run = session().scalar(locking(select(ImportRun).where(ImportRun.id == run_id)))
    if run is not None and run.state in _OPEN:
        _end(run, "failed")
        _record(system_actor(JOB), "import_failed", run)


# --- looking ---


def runs(actor: Actor, limit: int = 30) -> Sequence[ImportRun]:
    """Return the newest runs in the actor's areas that are hers to see."""
    wanted = select(ImportRun).where(_readable(actor)).order_by(ImportRun.id.desc()).limit(limit)
    return session().scalars(wanted).all()


def run_for(actor: Actor, run_id: int) -> ImportRun:
    """Return the run; raises NotFound for an unknown one and for one outside the actor's areas."""
    run = session().get(ImportRun, run_id)
    if run is None:
        raise NotFound
    must(actor, tables.PERMS[run.kind], run)
    return run


def faults(run: ImportRun) -> Iterator[dict[str, Any]]:
    """Yield all that was found wrong or doubtful in the run's table, as `problems` lists the first of it."""
    if run.faults is None:
        yield from run.problems
        return
    with gzip.open(io.BytesIO(run.faults), "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def kinds(actor: Actor) -> list[str]:
    """Return the kinds of tables that the actor may bring."""
    return [kind for kind in IMPORT_KINDS if can(actor, tables.PERMS[kind])]


def places(actor: Actor) -> Sequence[Area]:
    """Return the areas that a table may be for: the topmost ones that the actor keeps."""
    paths = {
        grant.area_path
        for grant in actor.held
        if grant.area_path and grant.perms & {Perm.AREA_MANAGE, Perm.POST_MANAGE}
    }
    tops = [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]
    return session().scalars(select(Area).where(Area.path.in_(tops)).order_by(Area.path)).all()


def _readable(actor: Actor) -> Any:
    own = visible(actor, Perm.AREA_MANAGE, ImportRun)
    return own | (visible(actor, Perm.POST_MANAGE, ImportRun) & (ImportRun.kind == "posts"))


# --- keeping ---


def _packed(drafts: Sequence[Draft]) -> bytes:
    rows = [[one.line, dict(one.values), sorted(one.numbers), one.wide] for one in drafts]
    return gzip.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 6, mtime=0)


def unpacked(data: bytes) -> list[Draft]:
    """Return the rows that a run keeps."""
    return [
        Draft(line, values, frozenset(numbers), wide)
        for line, values, numbers, wide in json.loads(gzip.decompress(data))
    ]


def _note(run: ImportRun, plan: Plan) -> None:
    run.bad = len(plan.bad_lines)
    run.counts = plan.counts()
    if plan.doubts:
        run.counts = run.counts | {"doubts": len({doubt.line for doubt in plan.doubts})}
    faults = [problem.stored() for problem in plan.problems]
    doubts = [doubt.stored() | {"doubt": True} for doubt in plan.doubts]
    more = {"listed": len(faults), "listed_doubts": len(doubts)}
    run.counts = run.counts | {name: count for name, count in more.items() if count > MOST_SHOWN}
    run.problems = faults[:MOST_SHOWN] + doubts[:MOST_SHOWN]
    lines = "\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in faults + doubts)
    run.faults = gzip.compress(lines.encode(), 6, mtime=0) if lines else None


def _end(run: ImportRun, state: str) -> None:
    run.state, run.finished_at = state, clock.now()
    # What a person may still want to mend stays; what was taken in is in its own tables.
    run.rows = None


def _file_name(name: str) -> str:
    shown = Problem(0, "", name.replace("\\", "/").rpartition("/")[2], "").stored()["value"]
    return str(shown)[:_NAME_LONGEST] or "-"


def _locked(actor: Actor, run_id: int) -> ImportRun:
    wanted = locking(select(ImportRun).where(ImportRun.id == run_id))
    run = session().scalar(wanted.execution_options(populate_existing=True))
    if run is None:
        raise NotFound
    must(actor, tables.PERMS[run.kind], run)
    return run


def record(actor: Actor, area: Area, kind: str, counts: dict[str, int]) -> None:
    """Note in the log that a command took a whole table in."""
    details = {"kind": kind, **counts}
    audit.record(actor, "places.import_done", "area", area.id, scope_path=area.path, details=details)


def record_run(actor: Actor, run_id: int) -> dict[str, int]:
    """Note in the log that a command finished a run; return what it did."""
    run = session().get_one(ImportRun, run_id)
    _record(actor, "import_done", run)
    return {name: run.counts[name] for name in ("new", "changed", "same")}


def _record(actor: Actor, verb: str, run: ImportRun) -> None:
    audit.record(
        actor,
        f"places.{verb}",
        "import_run",
        run.id,
        scope_path=run.scope_path,
        details={"kind": run.kind, "rows": run.total, "done": run.done, **run.counts},
    )
