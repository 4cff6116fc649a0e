"""What somebody does with a person's points in her place: kept under the mandate, and told to her at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from community.core.authz import Actor
from community.core.i18n import _
from community.messages import kinds, services as messages
from community.people import standing

_OR_STOP = _("不是您要的？现在就能取消，也可以在“代办”里停掉授权。")

kinds.register("points.helped_redeem", _("%(who)s替您兑换了%(item)s"), _OR_STOP)
kinds.register("points.helped_cancel", _("%(who)s替您取消了%(item)s"), _("积分已经退回给您。"))
kinds.register("points.helped_appeal", _("%(who)s替您提了申诉"), _("答复以前，您可以撤回。"))
kinds.register(
    "points.helped_withdraw", _("%(who)s替您撤回了申诉"), _("不是您要的？打开就能接着申诉，也可以在“代办”里停掉授权。")
)


def done(actor: Actor, act: str, about_ref: str, link: str, params: Mapping[str, Any] | None = None) -> None:
    """Keep an act that was done in somebody's place and tell her; nothing for who acts for herself."""
    if actor.instead is None:
        return
    standing.record_act(actor, act, about_ref)
    told = {"who": kinds.Person(actor.instead.by_id), **(params or {})}
    messages.notify(actor.member_id, f"points.helped_{act}", told, link=link)
