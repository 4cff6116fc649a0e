"""What waits for somebody at the desk, each number with the list behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, url_for

from community.core import clock, todo
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text
from community.core.todo import Queue
from community.patrols import queries as patrols
from community.patrols.queries import Figures


@dataclass(frozen=True)
class Task:
    """A queue: how many wait, what they are, who waits for what, and the page that works them off."""

    kind: str
    endpoint: str
    href: str
    label: Text
    note: Text
    icon: str
    count: int
    looks: bool = False


def open_to(actor: Actor) -> list[Queue]:
    """Return the queues that `actor` may open by a grant."""
    return [queue for queue in todo.queues() if queue.perm in actor.perms and can(actor, Perm.DESK_OPEN)]


def on_this_page(actor: Actor) -> list[Task]:
    """Return `tasks`, counted once for a page: its rail and its content ask for the same."""
    kept: dict[int, list[Task]] = g.setdefault("linli_tasks", {})
    if actor.member_id not in kept:
        kept[actor.member_id] = tasks(actor)
    return kept[actor.member_id]


def tasks(actor: Actor, area: str = "") -> list[Task]:
    """Return the queues that `actor` may open by a grant, with what waits in each, below the path `area` if given."""
    rows = [(queue, queue.count(actor, area)) for queue in open_to(actor)]
    return [
        Task(queue.kind, queue.endpoint, _href(queue), queue.label, queue.note, queue.icon, count, queue.looks)
        for queue, count in rows
        if count or not queue.rare
    ]


def _href(queue: Queue) -> str:
    # What is worked off elsewhere is opened there.
    if queue.approve is None:
        return url_for(queue.endpoint, **dict[str, Any](queue.query))
    return url_for("home.desk", kind=queue.kind)


def figures(actor: Actor) -> Figures | None:
    """Return today's check-ins in the areas of `actor`; None for who may not read them by a grant."""
    if Perm.CHECKIN_READ not in actor.perms:
        return None
    return patrols.figures(actor, clock.today())


def places(actor: Actor) -> str:
    """Return the names of the places that `actor` holds an office in."""
    return " · ".join(dict.fromkeys(held.place for held in actor.held if held.place))
