"""Page objects of mandates: ready values, nothing left to compute in a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from community.core import clock, uploads
from community.core.authz import Actor
from community.core.config import settings
from community.core.db import session
from community.core.i18n import Text, _
from community.people import queries, standing
from community.people.models import Mandate, MandateRequest

WAYS: dict[str, Text] = {"own": _("本人在手机上同意"), "paper": _("本人在纸上签字"), "guardian": _("监护人在纸上签字")}
ACTS: dict[str, Text] = {
    "redeem": _("兑换"),
    "donate": _("捐赠"),
    "cancel": _("取消兑换"),
    "appeal": _("申诉"),
    "withdraw": _("撤回申诉"),
}


@dataclass(frozen=True)
class Offer:
    """An offer to act for somebody, as both sides see it."""

    request_id: int
    code: str
    link: str
    helper: str
    covers: Sequence[Text]
    until_on: dt.date
    expires_at: dt.datetime


@dataclass(frozen=True)
class Row:
    """A mandate in a list."""

    mandate_id: int
    principal_id: int
    principal: str
    helper: str
    covers: Sequence[Text]
    until_on: dt.date
    alive: bool
    word: Text
    tone: str
    icon: str


@dataclass(frozen=True)
class Mine:
    """Who acts for me, and for whom I act."""

    helpers: Sequence[Row]
    helped: Sequence[Row]


@dataclass(frozen=True)
class One:
    """A mandate with everything done under it."""

    row: Row
    from_on: dt.date
    how: Text
    witness: str
    has_paper: bool
    given_at: dt.datetime
    ended_at: dt.datetime | None
    ended_by: str
    words: str
    acts: Sequence[tuple[Text, dt.datetime]]
    # "principal", "helper" or "witness": as whom the reader sees it.
    side: str


def offer(found: MandateRequest) -> Offer:
    """Return an open offer, with the link that its helper may send."""
    return Offer(
        request_id=found.id,
        code=found.code,
        link=f"{settings().public_url}/me/mandates/confirm/{found.code}",
        helper=queries.names([found.helper_id]).get(found.helper_id, ""),
        covers=_covers(redeem=found.may_redeem, appeal=found.may_appeal),
        until_on=found.until_on,
        expires_at=found.expires_at,
    )


def mine(actor: Actor) -> Mine:
    """Return the actor's mandates on either side."""
    rows = listed(standing.mine(actor))
    return Mine(
        helpers=[row for row, found in rows if actor.is_me(found.principal_id)],
        helped=[row for row, found in rows if actor.is_me(found.helper_id)],
    )


def listed(found: Sequence[Mandate]) -> list[tuple[Row, Mandate]]:
    """Return mandates for a list."""
    names = queries.names(one for row in found for one in (row.principal_id, row.helper_id))
    return [(_row(row, names), row) for row in found]


def one(actor: Actor, found: Mandate) -> One:
    """Return a mandate for its own page."""
    people = [found.principal_id, found.helper_id, found.witnessed_by or 0, found.ended_by or 0]
    names = queries.names(people)
    side = "principal" if actor.is_me(found.principal_id) else "helper" if actor.is_me(found.helper_id) else "witness"
    return One(
        row=_row(found, names),
        from_on=found.from_on,
        how=WAYS[found.how],
        witness=names.get(found.witnessed_by or 0, ""),
        has_paper=standing.sees_paper(actor, found) and _is_kept(found),
        given_at=found.given_at,
        ended_at=found.ended_at,
        ended_by=names.get(found.ended_by or 0, ""),
        words=found.end_words,
        acts=[(ACTS[act.act], act.at) for act in standing.acts_of(found.mandate_id)],
        side=side,
    )


def _row(found: Mandate, names: dict[int, str]) -> Row:
    alive = found.state == "in_force" and found.until_on >= clock.today()
    word, tone, icon = (
        (_("可以代办"), "green", "check")
        if alive
        else (_("已停"), "grey", "cross")
        if found.state == "ended"
        else (_("已到期"), "grey", "clock")
    )
    return Row(
        mandate_id=found.mandate_id,
        principal_id=found.principal_id,
        principal=names.get(found.principal_id, ""),
        helper=names.get(found.helper_id, ""),
        covers=_covers(redeem=found.may_redeem, appeal=found.may_appeal),
        until_on=found.until_on,
        alive=alive,
        word=word,
        tone=tone,
        icon=icon,
    )


def _covers(*, redeem: bool, appeal: bool) -> list[Text]:
    covered: list[Text] = [_("看积分")]
    if redeem:
        covered.append(_("兑换"))
    if appeal:
        covered.append(_("申诉"))
    return covered


def _is_kept(found: Mandate) -> bool:
    kept = session().get(uploads.Upload, found.upload_id) if found.upload_id else None
    return kept is not None and kept.deleted_at is None
