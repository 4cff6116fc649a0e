"""Reports of codes that are not ours (checkin.md §2.12, §4.4): anybody tells in one tap, staff look and settle."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must, visible
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.core.ids import CODE_ALPHABET
from community.places import policies
from community.places.models import FAKE_OUTCOMES, FakeSignReport, Post

KEPT = dt.timedelta(days=365)
CODE_LONGEST = 60
PLACE_LONGEST = 120
SHOWN = 50
# Reports of one day that name no post of ours, from all phones together (each has its own, lower limit): beyond that
# somebody is playing.
A_DAY = 2000
_POST8 = re.compile(rf"([{CODE_ALPHABET}]{{8}})[.]")


def report(code: str, place: str) -> FakeSignReport | None:
    """Keep that somebody met `code`, which is none of ours, at `place` in her words; who she is is not kept.

    The same code again adds to the open report. A code that copies the number of a post of ours names its area. Returns
    None when the day's reports of other codes are too many to be meant. Raises DomainError (field "place") for hidden
    characters.
    """
    code = "".join(character for character in code if character.isprintable())[:CODE_LONGEST]
    words = policies.check_why(place[:PLACE_LONGEST], needed=False)
    same = select(FakeSignReport).where(FakeSignReport.code == code, FakeSignReport.settled_at.is_(None))
    known = session().scalar(locking(same.order_by(FakeSignReport.id).limit(1)))
    if known is not None:
        known.times += 1
        known.place = known.place or words
        return known
    post = _copied(code)
    if post is None and _today() >= A_DAY:
        return None
    made = FakeSignReport(
        reported_at=clock.now(),
        scope_path=post.scope_path if post else "",
        post_id=post.id if post else None,
        code=code,
        place=words,
        times=1,
    )
    session().add(made)
    session().flush()
    return made


def waiting(actor: Actor) -> Sequence[FakeSignReport]:
    """Return the open reports of the actor's areas and those whose place nobody knows, the oldest first."""
    wanted = select(FakeSignReport).where(*_open(actor))
    return session().scalars(wanted.order_by(FakeSignReport.reported_at).limit(SHOWN)).all()


def waiting_count(actor: Actor) -> int:
    """Return how many reports wait for the actor."""
    return session().scalar(select(func.count(FakeSignReport.id)).where(*_open(actor))) or 0


def settle(actor: Actor, report_id: int, *, outcome: str, note: str) -> FakeSignReport:
    """Close a report: "removed", "ours" (a damaged sign of ours) or "nothing", with an optional note.

    Raises NotFound outside the actor's areas, DomainError (field "outcome"), Conflict when it is settled already.
    """
    must(actor, Perm.POST_PRINT)
    mine = visible(actor, Perm.POST_PRINT, FakeSignReport)
    found = session().scalar(locking(select(FakeSignReport).where(FakeSignReport.id == report_id, mine)))
    if found is None:
        raise NotFound
    if outcome not in FAKE_OUTCOMES:
        raise DomainError("outcome", _("请选择处理结果"), field="outcome")
    if found.settled_at is not None:
        raise Conflict("settled", _("这条报告已经有人处理了"), next_step=_("刷新页面看处理结果。"))
    found.settled_at, found.settled_by, found.outcome = clock.now(), actor.member_id, outcome
    found.note = policies.check_why(note, needed=False) or None
    session().flush()
    audit.record(
        actor, "places.fake_settle", "fake_sign", found.id, scope_path=found.scope_path, reason=found.note,
        details={"outcome": outcome, "times": found.times},
    )  # fmt: skip
    return found


def forget() -> int:
    """Delete reports older than a year and return how many."""
    old = session().execute(delete(FakeSignReport).where(FakeSignReport.reported_at < clock.now() - KEPT))
    return int(getattr(old, "rowcount", 0))


def _open(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return visible(actor, Perm.POST_PRINT, FakeSignReport), FakeSignReport.settled_at.is_(None)


def _today() -> int:
    since = clock.now() - dt.timedelta(days=1)
    recent = select(func.count(FakeSignReport.id)).where(FakeSignReport.reported_at > since)
    return session().scalar(recent.where(FakeSignReport.post_id.is_(None))) or 0


def _copied(code: str) -> Post | None:
    parts = _POST8.match(code.lower())
    return session().scalar(select(Post).where(Post.code8 == parts[1])) if parts else None
