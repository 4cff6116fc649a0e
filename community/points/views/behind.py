"""What hangs together with a line, as links: each number on the page of a posting leads to the rows behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _
from community.core.ids import parse_uuid
from community.core.web.preferences import current as preferences
from community.points.queries import tracing
from community.points.services.cases import Place
from community.points.views import lines


@dataclass(frozen=True)
class Link:
    """Another line: `href` is "" where this reader may not open it."""

    href: str
    title: Text
    on: dt.date
    amount: int


@dataclass(frozen=True)
class Behind:
    """Groups of lines, each under its word, and the act it rests on: (word, address), if it has a page of its own."""

    groups: Sequence[tuple[Text, Sequence[Link]]]
    act: tuple[Text, str] | None


def behind(actor: Actor, row: Any, member_id: int, *, own: bool) -> Behind:
    """Return what hangs together with the line `row` of the member, for her (`own`) or for staff."""
    found = tracing.trace(row)
    every = (
        (_("原来那一笔"), found.corrects),
        (_("后来的更正"), found.corrected_by),
        (_("这些分用在哪"), found.used_by),
        (_("用的是哪几笔"), found.came_from),
    )
    groups = [(word, [_link(actor, one, member_id, own=own) for one in rows]) for word, rows in every if rows]
    return Behind(groups, _act(row.evidence_ref) if own else None)


def _link(actor: Actor, row: Any, member_id: int, *, own: bool) -> Link:
    seen = own or can(actor, Perm.AWARD_READ, Place(str(row.explain.get("where", ""))))
    explain = row.explain if seen else {}
    href = ""
    if seen:
        href = (
            url_for("points.proof", txn_id=row.txn_id)
            if own
            else url_for("points.award", member_id=member_id, txn_id=row.txn_id)
        )
    return Link(
        href=href,
        title=lines.title(row.kind, row.reason_code, explain, preferences().lang if "what_en" in explain else "zh"),
        on=clock.local(row.recorded_at).date(),
        amount=row.amount,
    )


def _act(evidence_ref: str) -> tuple[Text, str] | None:
    """Return the page of what her line rests on: her order, or her objection."""
    kind, _colon, key = evidence_ref.partition(":")
    thing = parse_uuid(key)
    if thing is not None and kind == "order":
        return _("看这次兑换"), url_for("points.order", order_id=thing)
    if thing is not None and kind == "appeal":
        return _("看这次申诉"), url_for("points.appeal", appeal_id=thing)
    return None
