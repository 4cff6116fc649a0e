"""Deciding about what waits at the desk: one thing or many in one command, each by its own room's rule; and undoing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from community.core import clock, todo
from community.core.authz import Actor, Perm, must
from community.core.db import part, session
from community.core.errors import DomainError, NotFound
from community.core.i18n import Text, _, plain
from community.core.ids import new_uuid
from community.home.models import DeskRun

# What one command decides at most: it holds its locks until the last one is done.
MOST = 100

Line = dict[str, Any]


def decide(actor: Actor, act: str, refs: Sequence[str], reason: str = "") -> DeskRun:
    """Approve or refuse (`act`) the things that `refs` name, refusals with a `reason` their people read.

    Each is decided for itself: what its room refuses is noted with its words and the others go on. Raises DomainError
    (field "item") for none or too many. Needs `transaction()`.
    """
    must(actor, Perm.DESK_OPEN)
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        raise DomainError("nothing_chosen", _("请先勾选要办的事"), field="item")
    if len(wanted) > MOST:
        raise DomainError("too_many", _("一次最多办 %(count)s 件", count=MOST), field="item")
    at = clock.now()
    return _keep(actor, act, at, [_one(actor, ref, _act(act, ref, reason)) for ref in _in_order(actor, wanted)])


def undo(actor: Actor, run_id: uuid.UUID) -> DeskRun:
    """Undo what the actor did in one go, as far as each thing still allows.

    Raises NotFound for another person's, Conflict (undo_late) after ten seconds. Needs `transaction()`.
    """
    run = session().get(DeskRun, run_id)
    if run is None or run.member_id != actor.member_id or run.act == "undo":
        raise NotFound
    if clock.now() >= run.at + todo.UNDO_WITHIN:
        raise todo.too_late(_("决定已经生效，对方会收到消息。要改，请打开那一条，按页面上的办法办。"))
    done = [line["ref"] for line in run.lines if line["done"]]
    return _keep(actor, "undo", clock.now(), [_one(actor, ref, _undo(ref)) for ref in reversed(done)])


def _in_order(actor: Actor, refs: Sequence[str]) -> list[str]:
    """Return `refs` in the order in which each room decides them; what the actor may not see comes last."""
    known: list[str] = []
    for queue in todo.queues():
        keys = [key for found, key in map(todo.queue_of, refs) if found is queue]
        known += [f"{queue.kind}:{key}" for key in (queue.names(actor, keys) if keys else ())]
    return known + [ref for ref in refs if ref not in known]


def _act(act: str, ref: str, reason: str) -> Callable[[Actor], object]:
    queue, key = todo.queue_of(ref)
    if queue is not None and act == "approve" and (approve := queue.approve):
        return lambda actor: approve(actor, key)
    if queue is not None and act == "refuse" and (refuse := queue.refuse):
        return lambda actor: refuse(actor, key, reason)
    return _not_here


def _undo(ref: str) -> Callable[[Actor], object]:
    queue, key = todo.queue_of(ref)
    if queue is None or queue.undo is None:
        return _not_here
    back = queue.undo
    return lambda actor: back(actor, key)


def _not_here(_actor: Actor) -> None:
    raise NotFound(_("这一条不能在这里办"))


def _one(actor: Actor, ref: str, act: Callable[[Actor], object]) -> Line:
    try:
        with part():
            act(actor)
    except DomainError as refusal:
        return {"ref": ref, "done": False, "why": plain(_why(refusal))}
    return {"ref": ref, "done": True, "why": ""}


def _why(refusal: DomainError) -> Text:
    if refusal.next_step is None:
        return refusal.message
    return _("%(what)s。%(next)s", what=plain(refusal.message), next=plain(refusal.next_step))


def _keep(actor: Actor, act: str, at: dt.datetime, lines: Sequence[Line]) -> DeskRun:
    # `at` is before the first decision: as long as the run may be undone, so may each part of it.
    run = DeskRun(id=new_uuid(), member_id=actor.member_id, act=act, at=at, lines=list(lines))
    session().add(run)
    session().flush()
    return run
