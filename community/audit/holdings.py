"""What the log says of a person, in her words: who looked at her, what was decided about her, what she did herself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from community.audit.models import AuditEntry
from community.audit.services import LOOK
from community.core.holdings import Kept, Room, Rows
from community.core.i18n import _

_WHO = _("您自己；审计人员")
_FOR_EVER = _("至少一年，不能改也不能删；注销后只剩编号")


def _about(ids: Sequence[int]) -> Any:
    return (AuditEntry.object_type == "member") & AuditEntry.object_id.in_([str(one) for one in ids])


def _looks(ids: Sequence[int]) -> Rows:
    return (
        select(
            AuditEntry.at.label("happened_at"), AuditEntry.actor_id.label("who"), AuditEntry.reason, AuditEntry.details
        )
        .where(_about(ids), AuditEntry.act == LOOK)
        .order_by(AuditEntry.id)
    )


def _acts(ids: Sequence[int]) -> Rows:
    return (
        select(AuditEntry.at.label("happened_at"), AuditEntry.act, AuditEntry.reason, AuditEntry.details)
        .where(_about(ids), AuditEntry.act != LOOK)
        .order_by(AuditEntry.id)
    )


def _own(ids: Sequence[int]) -> Rows:
    # Not whom it concerned: that is another person's data.
    return (
        select(AuditEntry.at.label("happened_at"), AuditEntry.act, AuditEntry.object_type.label("kind_of_thing"))
        .where(AuditEntry.actor_id.in_(ids))
        .order_by(AuditEntry.id)
    )


HELD = Room(
    "audit",
    _("谁看过、谁办过"),
    (
        Kept(
            key="looks",
            title=_("谁看过您的资料"),
            why=_("工作人员每看一次都要留下记录"),
            how_long=_FOR_EVER,
            seen_by=_WHO,
            words={"happened_at": _("时间"), "who": _("编号"), "reason": _("原因"), "details": _("哪一页")},
            rows=_looks,
            endpoint="home.looks",
        ),
        Kept(
            key="acts_about_you",
            title=_("对您办过的事"),
            why=_("查得到核对、暂停这些决定"),
            how_long=_FOR_EVER,
            seen_by=_WHO,
            words={"happened_at": _("时间"), "act": _("什么事"), "reason": _("原因"), "details": _("说明")},
            rows=_acts,
        ),
        Kept(
            key="acts_by_you",
            title=_("您办过的事"),
            why=_("查得到谁改了什么"),
            how_long=_FOR_EVER,
            seen_by=_WHO,
            words={"happened_at": _("时间"), "act": _("什么事"), "kind_of_thing": _("对什么")},
            rows=_own,
        ),
    ),
)
