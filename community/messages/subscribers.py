"""What the messages hear from the rooms below, in the same transaction."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import update

from community.access.events import RoleChanged, RoleEnded, RoleFact, RoleGiven
from community.core import clock, paths
from community.core.authz import under
from community.core.db import session
from community.core.i18n import _, plain
from community.core.web.display import day
from community.messages import forgetting, kinds
from community.messages.models import Announcement
from community.messages.services import notify
from community.people.events import (
    ErasureAsked,
    MandateEnded,
    MandateGiven,
    MandateRunsOut,
    MemberErased,
    MemberMerged,
    MemberReinstated,
    MemberSuspended,
    SignInCodeMade,
    SignInCodeUsed,
)
from community.places.events import AreaMoved


def area_moved(event: AreaMoved) -> None:
    """Let announcements follow an area that moved; into another town, they are that town's."""
    paths.rewrite((Announcement.scope_path,), event.old_path, event.new_path)
    if event.town_id is not None:
        there = update(Announcement).where(under(Announcement.scope_path, (event.new_path,)))
        session().execute(there.values(town_id=event.town_id).execution_options(synchronize_session=False))


def forget_inbox(event: MemberErased) -> None:
    """Who is erased has no inbox any more."""
    forgetting.forget_members(event.ids)


# --- what staff decided about her, in her inbox ---

kinds.register("people.suspended", _("您的账号已暂停"), _("原因：%(reason)s。有疑问请联系社区，恢复后会再通知您。"))
kinds.register("people.reinstated", _("您的账号已恢复"), _("原因：%(reason)s。现在可以照常打卡和报名了。"))
kinds.register(
    "people.merged",
    _("您的另一份登记并到了这里"),
    _("那份登记的打卡和等待发放的积分，都在您这里了。要是不认得那份登记，请马上告诉社区。"),
)
kinds.register("people.erasure_asked", _("申请注销"), _("已登记，%(when)s 注销，之前可以撤回。"))
kinds.register("access.given", _("您被任命为%(place)s%(role)s"), _("%(dates)s原因：%(reason)s"))
kinds.register("access.changed", _("您在%(place)s的职务改了结束日期"), _("%(dates)s原因：%(reason)s"))
kinds.register("access.ended", _("您在%(place)s的职务已结束"), _("%(role)s。原因：%(reason)s"))


def tell_suspended(event: MemberSuspended) -> None:
    """She reads why."""
    notify(event.member_id, "people.suspended", {"reason": event.reason}, link="/me")


def tell_reinstated(event: MemberReinstated) -> None:
    """She reads that she may act again."""
    notify(event.member_id, "people.reinstated", {"reason": event.reason}, link="/me")


def tell_merged(event: MemberMerged) -> None:
    """The verified member learns of it: a registration that is not hers is hers to object to."""
    notify(event.into_id, "people.merged", {}, link="/checkins")


def tell_erasure_asked(event: ErasureAsked) -> None:
    """She reads what somebody asked for in her name, in time to take it back; of her own wish she knows."""
    if event.by_id != event.member_id:
        notify(event.member_id, "people.erasure_asked", {"when": event.due_at}, link="/me/erase")


def tell_role_given(event: RoleGiven) -> None:
    """She reads which office she has, where, and until when."""
    notify(event.member_id, "access.given", _office(event), link="/desk")


def tell_role_changed(event: RoleChanged) -> None:
    """She reads until when she holds it now."""
    notify(event.member_id, "access.changed", _office(event), link="/desk")


def tell_role_ended(event: RoleEnded) -> None:
    """She reads that she holds it no longer."""
    notify(event.member_id, "access.ended", _office(event), link="/me")


kinds.register(
    "people.code_made",
    _("有人给您做了一次性口令"),
    _("%(who)s当面确认是您，做了一个登录口令。要是您没有要过，请马上告诉社区。"),
)
kinds.register(
    "people.code_used",
    _("您的账号用口令登录了一次"),
    _("刚才有一部手机用一次性口令登录了您的账号。要是不是您，请在“我的”里让其他手机都退出，并告诉社区。"),
)


def tell_code_made(event: SignInCodeMade) -> None:
    """She reads on the phones she has that a way in was opened, and by whom."""
    notify(event.member_id, "people.code_made", {"who": kinds.Person(event.by_id)}, link="/me")


def tell_code_used(event: SignInCodeUsed) -> None:
    """She reads that it was used."""
    notify(event.member_id, "people.code_used", {}, link="/me")


kinds.register(
    "people.mandate_given",
    _("%(who)s可以替您办积分的事了"),
    _("到%(until)s为止。每办一件都会告诉您，您随时可以停掉。不是您答应的？请马上停掉。"),
)
kinds.register(
    "people.mandate_helper", _("您可以替%(who)s办积分的事了"), _("到%(until)s为止。每办一件，对方都会收到消息。")
)
kinds.register(
    "people.mandate_runs_out",
    _("%(who)s替您代办，到%(until)s为止"),
    _("到期就停，不用办什么。还想请对方帮忙，请让对方再生成一个代办码。"),
)
kinds.register(
    "people.mandate_runs_out_helper",
    _("您替%(who)s代办，到%(until)s为止"),
    _("到期就停。对方还想请您帮忙，请在“代办”里再生成一个码。"),
)
kinds.register("people.mandate_ended", _("代办授权停了"), _("%(helper)s不能再替%(who)s办事。%(words)s"))


def tell_mandate_given(event: MandateGiven) -> None:
    """Both sides read until when; she also how to end it, because a witness may have written it down."""
    link = f"/me/mandates/{event.mandate_id}"
    told = {"until": event.until_on}
    notify(event.principal_id, "people.mandate_given", told | {"who": kinds.Person(event.helper_id)}, link=link)
    notify(event.helper_id, "people.mandate_helper", told | {"who": kinds.Person(event.principal_id)}, link=link)


def tell_mandate_runs_out(event: MandateRunsOut) -> None:
    """Both sides read it while there is time to give another."""
    told, link = {"until": event.until_on}, f"/me/mandates/{event.mandate_id}"
    notify(event.principal_id, "people.mandate_runs_out", told | {"who": kinds.Person(event.helper_id)}, link=link)
    notify(
        event.helper_id, "people.mandate_runs_out_helper", told | {"who": kinds.Person(event.principal_id)}, link=link
    )


def tell_mandate_ended(event: MandateEnded) -> None:
    """Both sides read it, but who did it herself."""
    words = plain(_("原因：%(reason)s", reason=event.words)) if event.words else ""
    told = {"who": kinds.Person(event.principal_id), "helper": kinds.Person(event.helper_id), "words": words}
    for member_id in {event.principal_id, event.helper_id} - {event.by_id}:
        notify(member_id, "people.mandate_ended", told, link=f"/me/mandates/{event.mandate_id}")


def _office(event: RoleFact) -> dict[str, Any]:
    last = None if event.until is None else clock.local(event.until - dt.timedelta(microseconds=1)).date()
    dates = plain(_("到%(day)s为止。", day=day(last))) if last else plain(_("没有结束日期。"))
    return {"role": event.role, "place": event.place, "dates": dates, "reason": event.reason or "—"}
