"""Page objects of the room's views: ready values, nothing left to compute in a template."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _
from community.patrols import queries, texts
from community.patrols.models import CheckIn
from community.patrols.policies import FLAGS, NOTES, close_to
from community.patrols.views import scan
from community.people import standing
from community.places.codes import ScannedPost
from community.teams import queries as teams

# A phone's position that is far needs a second fix; the page tells how far the first one was.
_TONES = {"accepted": ("green", "check"), "flagged": ("red", "alert"), "rejected": ("red", "cross")}


@dataclass(frozen=True)
class Line:
    """One check-in as lists show it."""

    id: uuid.UUID
    member_id: int
    member_name: str
    post_name: str
    post_number: str
    used_at: dt.datetime
    grade: str
    status: str
    status_word: Text
    tone: str
    icon: str
    why: tuple[Text, ...]
    mine: bool = False
    # Codes of the conditions that a person has to look at.
    flags: tuple[str, ...] = ()
    may_settle: bool = False
    # Who checked her in by her card.
    proxy_name: str = ""


@dataclass(frozen=True)
class Receipt:
    """A check-in's own page. Slots of higher rooms read `checkin` and `line`."""

    line: Line
    checkin: CheckIn
    title: Text
    stamp: Text
    grade_text: Text
    better: Text | None
    band_text: Text
    again: bool
    own: bool
    # Whether the reader is the leader who signed it for her.
    by_me: bool = False
    steps: list[tuple[str, Text, Text | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Refused:
    """Why a scan was not recorded."""

    post: ScannedPost
    code: str
    title: Text
    text: Text
    back: str
    # Her application that is still waiting, by id.
    applied: int | None = None


@dataclass(frozen=True)
class Again:
    """A far first fix: the same form once more."""

    post: ScannedPost
    token: str
    first_far: str


@dataclass(frozen=True)
class Finish:
    """A scan whose form lost its session: everything but the tap."""

    post: ScannedPost
    kept: scan.Kept
    agrees: bool


@dataclass(frozen=True)
class Mine:
    """The member's own check-ins, newest first; `older` is the instant to go on from."""

    lines: Sequence[Line]
    older: str | None


@dataclass(frozen=True)
class Desk:
    """A day's check-ins of an area, or what waits for a decision."""

    day: dt.date
    before: dt.date
    after: dt.date | None
    only: str
    lines: Sequence[Line]
    waiting: int
    accepted: int
    people: int
    older: str | None = None
    more: int = 0


def line(row: Row[Any], actor: Actor, close: Collection[int] = ()) -> Line:
    """Return the list line of a receipt row for `actor`; she settles nothing of those who are `close` to her."""
    checkin: CheckIn = row.CheckIn
    tone, icon = _TONES[checkin.status]
    own = actor.is_me(checkin.member_id)
    return Line(
        id=checkin.id,
        member_id=checkin.member_id,
        member_name=row.member_name,
        post_name=row.post_name,
        post_number=row.post_number,
        used_at=checkin.used_at,
        grade=checkin.grade,
        status=checkin.status,
        status_word=texts.STATUSES[checkin.status],
        tone=tone,
        icon=icon,
        why=_why(checkin),
        mine=own,
        flags=tuple(code for code in checkin.notes.split() if code in FLAGS),
        may_settle=checkin.status == "flagged"
        and not own
        and checkin.proxy_id not in actor.ids
        and checkin.member_id not in close
        and can(actor, Perm.CHECKIN_SETTLE, checkin),
        proxy_name=row.proxy_name or "",
    )


def _close(actor: Actor) -> frozenset[int]:
    return close_to(actor.ids) | standing.helped(actor.ids)


def _why(checkin: CheckIn) -> tuple[Text, ...]:
    """Return what the flags and notes mean. That something is fine all the same is not said beside a flag."""
    quiet = NOTES if checkin.first_status == "flagged" else ()
    return tuple(texts.CODES[code] for code in checkin.notes.split() if code in texts.CODES and code not in quiet)


def receipt(actor: Actor, checkin_id: uuid.UUID, *, again: bool) -> Receipt:
    """Return the receipt for its member or for staff of its area; raises NotFound otherwise."""
    row = queries.receipt(actor, checkin_id)
    checkin: CheckIn = row.CheckIn
    shown = line(row, actor, _close(actor))
    titles = {"accepted": _("打卡成功"), "flagged": _("打卡已保存，等人核对"), "rejected": _("这次打卡无效")}
    stamps = {"accepted": _("已打卡"), "flagged": _("待核对"), "rejected": _("无效")}
    return Receipt(
        line=shown,
        checkin=checkin,
        title=_("您刚才已打过卡") if again else titles[checkin.status],
        stamp=stamps[checkin.status],
        grade_text=(texts.PROXY_GRADES if checkin.proxy_id else texts.GRADES)[checkin.grade],
        by_me=checkin.proxy_id is not None and actor.is_me(checkin.proxy_id),
        better=_better(checkin) if shown.mine and checkin.proxy_id is None else None,
        band_text=texts.BANDS[checkin.band],
        again=again,
        own=shown.mine,
        steps=_steps(checkin),
    )


def _better(checkin: CheckIn) -> Text | None:
    """Return how to get a better grade: by scanning, or by giving a position. Who gave one hears nothing of it."""
    if checkin.grade == "D" or checkin.band == "none":
        return texts.BETTER.get(checkin.grade)
    return None


def _steps(checkin: CheckIn) -> list[tuple[str, Text, Text | None]]:
    if checkin.first_status != "flagged":
        return []
    steps: list[tuple[str, Text, Text | None]] = [("done", _("已保存"), None)]
    for move in queries.moves(checkin.id):
        if move.from_status == "new":
            continue
        words = {"accepted": _("核对为有效"), "rejected": _("核对为无效"), "flagged": _("重新核对")}
        reason = texts.reason_text(move.reason)
        who = _("%(name)s：%(reason)s", name=move.by_name, reason=reason) if move.by_name else reason
        steps.append(("done", words[move.to_status], who))
    if checkin.status == "flagged":
        steps.append(("now", _("等队长或社区核对"), _("一般 48 小时内。您不用做什么。")))
        steps.append(("todo", _("核对后积分到账，结果发到消息里"), None))
    return steps


def again(post: ScannedPost, token: str) -> Again:
    """Return the page that asks for a second fix."""
    return Again(post, token, scan.far_note(token))


def refused(actor: Actor | None, post: ScannedPost, code: str, back: str) -> Refused:
    """Return why a scan was not recorded; who has applied already hears where her application stands."""
    title, text = texts.REFUSALS[code]
    if code == "not_member" and actor is not None:
        for mine in teams.my_memberships(actor.member_id):
            if mine.state in {"applied", "waiting_guardian", "approved"}:
                return Refused(post, code, title, texts.STILL_WAITING, back, mine.id)
    return Refused(post, code, title, text, back)


def finish(post: ScannedPost, kept: scan.Kept, *, agrees: bool) -> Finish:
    """Return the page that asks for the last tap of a kept scan; `agrees`: she tapped below the consent text."""
    return Finish(post, kept, agrees)


def mine(actor: Actor, before: dt.datetime | None) -> Mine:
    """Return a page of the actor's own check-ins."""
    rows = queries.mine(actor, before)
    lines = [line(row, actor) for row in rows[: queries.PAGE]]
    return Mine(lines, lines[-1].used_at.isoformat() if len(rows) > queries.PAGE else None)


def desk(actor: Actor, day: dt.date, *, only: str, before: dt.datetime | None = None) -> Desk:
    """Return a page of the check-ins of `day` in the actor's areas, those before `before` when given.

    With only="flagged" the oldest hundred that wait, whatever their day; `more` says how many wait behind them.
    """
    flagged = only == "flagged"
    rows = queries.waiting(actor) if flagged else queries.on_day(actor, day, before)
    close = _close(actor)
    lines = [line(row, actor, close) for row in rows[: queries.DESK_PAGE]]
    waiting = queries.waiting_count(actor)
    figures = queries.figures(actor, day)
    return Desk(
        day=day,
        before=day - dt.timedelta(days=1),
        after=day + dt.timedelta(days=1) if day < clock.today() else None,
        only="flagged" if flagged else "",
        lines=lines,
        waiting=waiting,
        accepted=figures.accepted,
        people=figures.people,
        older=lines[-1].used_at.isoformat() if len(rows) > queries.DESK_PAGE else None,
        more=waiting - len(lines) if flagged else 0,
    )
