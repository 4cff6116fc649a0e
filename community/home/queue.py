"""The desk's list of everything that waits: filters, pages, how long each has waited, and what was done just now."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from flask import url_for

from community.core import clock, todo
from community.core.authz import Actor
from community.core.db import session
from community.core.errors import NotFound
from community.core.i18n import Text, _, ngettext
from community.core.todo import Queue
from community.home import tasks
from community.home.models import DeskRun
from community.patrols.queries import Figures
from community.places import queries as places

PAGE = 50
# Whoever has so much waiting works off the oldest first: what comes later is reached by filters.
PAGES = 10


@dataclass(frozen=True)
class Filter:
    """What of the queue is shown: a kind ("" all), the path of an area ("" all of hers), the page."""

    kind: str = ""
    area: str = ""
    number: int = 1

    def query(self, **changed: Any) -> dict[str, Any]:
        """Return the parts of an address for this filter, with some of them changed; what is empty is left out."""
        found = {"kind": self.kind, "area": self.area, "page": self.number if self.number > 1 else None} | changed
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Chip:
    """A kind of the filter with its number."""

    href: str
    label: Text
    icon: str
    count: int
    current: bool


@dataclass(frozen=True)
class Line:
    """A task as the list shows it. `anchor` is its address on the page, `following` the one after it."""

    task: todo.Task
    queue: Queue
    age: Text
    anchor: str
    following: str


@dataclass(frozen=True)
class Outcome:
    """One thing of a command: its name, and why it was not done ("" when it was)."""

    name: Text
    kind: Text
    href: str
    why: str


@dataclass(frozen=True)
class Done:
    """What was done in one go, in words; `undo_ms` is how long it may still be undone, 0 when it may not."""

    id: uuid.UUID
    act: str
    said: Text
    tone: str
    done: Sequence[Outcome]
    failed: Sequence[Outcome]
    undo_ms: int


@dataclass(frozen=True)
class Desk:
    """The desk's front page."""

    wanted: Filter
    chips: Sequence[Chip]
    areas: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    total: int
    pages: int
    place: str
    today: Figures | None
    oldest: Text | None
    run: Done | None

    @property
    def selectable(self) -> bool:
        """Whether anything on this page can be decided here."""
        return any(line.task.acts for line in self.lines)


def desk(actor: Actor, wanted: Filter, run_id: uuid.UUID | None) -> Desk:
    """Return what waits for `actor`, the longest waiting first, and what she did in the run `run_id` if it is hers."""
    areas = _areas(actor)
    area = wanted.area if wanted.area in dict(areas) else ""
    known = {queue.kind: queue for queue in tasks.open_to(actor)}
    wanted = Filter(wanted.kind if wanted.kind in known else "", area, wanted.number)
    counted = tasks.tasks(actor, area) if area else tasks.on_this_page(actor)
    chosen = [known[task.kind] for task in counted if task.count and wanted.kind in {"", task.kind}]
    limit = PAGE * min(wanted.number, PAGES) + 1
    found = sorted(chain.from_iterable(queue.tasks(actor, area, limit) for queue in chosen), key=_oldest_first)
    shown = found[PAGE * (wanted.number - 1) : PAGE * wanted.number]
    more = len(found) > PAGE * wanted.number and wanted.number < PAGES
    return Desk(
        wanted=wanted,
        chips=_chips(counted, wanted),
        areas=areas,
        lines=_lines(shown, known),
        total=sum(task.count for task in counted if not task.looks),
        pages=wanted.number + 1 if more else wanted.number,
        place=tasks.places(actor),
        today=tasks.figures(actor),
        oldest=age(found[0].since) if found and found[0].since else None,
        run=done(actor, run_id) if run_id else None,
    )


def _oldest_first(task: todo.Task) -> tuple[bool, dt.datetime, str]:
    return task.since is None, task.since or clock.now(), task.ref


def _chips(counted: Sequence[tasks.Task], wanted: Filter) -> list[Chip]:
    def link(kind: str) -> str:
        return url_for("home.desk", **wanted.query(kind=kind, page=None))

    total = sum(task.count for task in counted if not task.looks)
    every = Chip(link(""), _("全部"), "inbox", total, current=not wanted.kind)
    return [
        every,
        *(Chip(link(task.kind), task.label, task.icon, task.count, task.kind == wanted.kind) for task in counted),
    ]


def _areas(actor: Actor) -> list[tuple[str, str]]:
    """Return (path, name) of the villages below the actor's offices, when there are several to choose from."""
    paths = [grant.area_path for grant in actor.held if grant.area_path]
    found = [(area.path, area.name) for area in places.within("village", *paths)] if paths else []
    return found if len(found) > 1 else []


def _lines(shown: Sequence[todo.Task], known: dict[str, Queue]) -> list[Line]:
    anchors = [anchor(task.ref) for task in shown]
    return [
        Line(task, known[task.kind], age(task.since) if task.since else "", at, following)
        for task, at, following in zip(shown, anchors, [*anchors[1:], *anchors[-2:-1], ""], strict=False)
    ]


def anchor(ref: str) -> str:
    """Return the address of a task on its page: "t-application-123"."""
    return f"t-{ref.replace(':', '-')}"


def age(since: dt.datetime) -> Text:
    """Return how long something has waited, in words."""
    waited = max(clock.now() - since, dt.timedelta(0))
    hours = int(waited.total_seconds() // 3600)
    if waited.days:
        return ngettext("%(num)s 天", "%(num)s 天", waited.days)
    if hours:
        return ngettext("%(num)s 小时", "%(num)s 小时", hours)
    minutes = int(waited.total_seconds() // 60)
    return ngettext("%(num)s 分钟", "%(num)s 分钟", minutes) if minutes else _("刚刚")


def done(actor: Actor, run_id: uuid.UUID) -> Done | None:
    """Return what the actor did in one go, None for another person's."""
    run = session().get(DeskRun, run_id)
    if run is None or run.member_id != actor.member_id:
        return None
    outcomes = _outcomes(actor, run)
    well, failed = [one for one in outcomes if not one.why], [one for one in outcomes if one.why]
    left = (run.at + todo.UNDO_WITHIN - clock.now()).total_seconds()
    return Done(
        id=run.id,
        act=run.act,
        said=_said(run.act, well, failed),
        tone="bad" if not well else "warn" if failed else "ok",
        done=well,
        failed=failed,
        undo_ms=max(0, int(left * 1000)) if well and run.act != "undo" else 0,
    )


def done_or_gone(actor: Actor, run_id: uuid.UUID) -> Done:
    """Return the same; raises NotFound for another person's."""
    found = done(actor, run_id)
    if found is None:
        raise NotFound
    return found


def named(actor: Actor, refs: Sequence[str]) -> dict[str, Text]:
    """Return ref → name of those among `refs` that the actor may see."""
    found: dict[str, Text] = {}
    for queue in tasks.open_to(actor):
        keys = [key for of, key in map(todo.queue_of, refs) if of is queue]
        found |= {f"{queue.kind}:{key}": name for key, name in (queue.names(actor, keys) if keys else {}).items()}
    return found


def _outcomes(actor: Actor, run: DeskRun) -> list[Outcome]:
    names = named(actor, [line["ref"] for line in run.lines])
    found = []
    for line in run.lines:
        queue, _key = todo.queue_of(line["ref"])
        word = queue.label if queue else ""
        found.append(Outcome(names.get(line["ref"], _("看不到的一条")), word, "", "" if line["done"] else line["why"]))
    return found


def _said(act: str, well: Sequence[Outcome], failed: Sequence[Outcome]) -> Text:
    if len(well) + len(failed) == 1:
        name, why = (well or failed)[0].name, failed[0].why if failed else ""
        return _("没有办成：%(name)s。%(why)s", name=name, why=why) if failed else _ONE[act](name)
    if not failed:
        return _MANY[act](len(well))
    return _("%(done)s 件办好了，%(failed)s 件没有办成", done=len(well), failed=len(failed))


_ONE = {
    "approve": lambda name: _("已办好：%(name)s", name=name),
    "refuse": lambda name: _("已答复不行：%(name)s", name=name),
    "undo": lambda name: _("已撤销，重新等您办：%(name)s", name=name),
}
_MANY = {
    "approve": lambda count: _("%(count)s 件都办好了", count=count),
    "refuse": lambda count: _("%(count)s 件都答复了不行", count=count),
    "undo": lambda count: _("%(count)s 件都撤销了，重新等您办", count=count),
}
