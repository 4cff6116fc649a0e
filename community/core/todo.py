"""The desk's queue: each room says what waits for a person and how it is decided, the home room shows it as one list.

What was decided may be undone for ten seconds (DESIGN §4 "Idempotency"); until then what follows from it waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.errors import Conflict, Forbidden
from community.core.i18n import Text, _

UNDO_WITHIN = dt.timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word about a task that is seen at a glance: tone and icon as in the macro `tag`."""

    word: Text
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits: whose or what, what it is about, where, since when, and what may be done with it.

    `since` is None for what has no beginning. `acts` are "approve" and "refuse" as far as this actor may; `why_not`
    says why none is left for her. `late` is past the time that was promised. `href` opens all there is to know.
    """

    kind: str
    key: str
    title: Text
    about: Text
    since: dt.datetime | None
    href: str
    place: str = ""
    late: bool = False
    badges: tuple[Badge, ...] = ()
    acts: tuple[str, ...] = ()
    why_not: Text | None = None

    @property
    def ref(self) -> str:
        """Name it among all tasks: "application:123"."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, eq=False)
class Queue:
    """One kind of tasks, filled in by its room.

    `count` and `tasks` take the actor and the path of an area ("" for all of hers); `tasks` also how many at most, the
    oldest first. `names` takes keys and returns those that the actor may see, decided or not, in the order in which one
    command decides them, so that two commands lock alike. `approve`, `refuse` (with a reason) and `undo` decide about
    one key and raise DomainError. `endpoint` and `query` lead to the room's own page.
    """

    kind: str
    perm: Perm
    label: Text
    note: Text
    icon: str
    endpoint: str
    count: Callable[[Actor, str], int]
    tasks: Callable[[Actor, str, int], Sequence[Task]]
    query: Mapping[str, str] = field(default_factory=dict)
    names: Callable[[Actor, Sequence[str]], Mapping[str, Text]] = lambda _actor, _keys: {}
    approve: Callable[[Actor, str], object] | None = None
    refuse: Callable[[Actor, str, str], object] | None = None
    undo: Callable[[Actor, str], object] | None = None
    # The words of the two decisions.
    yes: Text = ""
    no: Text = ""
    # What people mostly write when they refuse, ready to choose.
    reasons: tuple[Text, ...] = ()
    # What to be sure of before saying yes to many at once.
    promise: Text | None = None
    # To be looked at here and worked off elsewhere: it does not count among what waits for her.
    looks: bool = False
    # Shown only while something waits: most desks never see it.
    rare: bool = False


_queues: dict[str, Queue] = {}


def wire(queues: Sequence[Queue]) -> None:
    """Replace all queues, in the order in which they are shown; called by the factory alone."""
    _queues.clear()
    _queues.update({queue.kind: queue for queue in queues})


def queues() -> tuple[Queue, ...]:
    """Return every queue."""
    return tuple(_queues.values())


def queue_of(ref: str) -> tuple[Queue | None, str]:
    """Return the queue and the key that `ref` ("application:123") names; None for a kind that is not wired."""
    kind, _colon, key = ref.partition(":")
    return _queues.get(kind), key


def must_be_undoable(actor: Actor, *, by_id: int | None, at: dt.datetime, instead: Text) -> None:
    """Raise unless `actor` may undo what `by_id` decided at `at`: only her own decision, for ten seconds.

    `instead` says what to do when it is too late.
    """
    if by_id is None or by_id != actor.member_id:
        raise Forbidden(_("只有刚才作决定的人可以撤销"), next_step=instead, code="undo_other")
    if clock.now() >= at + UNDO_WITHIN:
        raise too_late(instead)


def undo_ms(actor: Actor, *, by_id: int | None, at: dt.datetime) -> int:
    """Return for how many milliseconds `actor` may still undo what `by_id` decided at `at`; 0 when she may not."""
    if by_id is None or by_id != actor.member_id:
        return 0
    return max(0, int((at + UNDO_WITHIN - clock.now()).total_seconds() * 1000))


def too_late(instead: Text) -> Conflict:
    """Return the refusal of an undo after its time, with what to do `instead`."""
    return Conflict("undo_late", _("已经过了十秒，不能撤销了"), next_step=instead)
