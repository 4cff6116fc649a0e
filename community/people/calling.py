"""Showing a whole telephone number to staff who have to call: once, with a reason, and with a trace that she reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from community.audit import queries as log, services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import _
from community.people import phones, policies, queries

WHY = "people.phone"
# More numbers than anybody calls on a day: who needs more is told to come back, and the log shows the forty.
DAILY = 40


@dataclass(frozen=True, slots=True)
class Revealed:
    """A number as it is read out, and as a telephone dials it."""

    name: str
    whole: str
    dial: str


def reveal(actor: Actor, *, member_id: int, reason: str, guardian: bool = False) -> Revealed:
    """Return the member's whole number, or her guardian's, and write who looked and why.

    Raises NotFound outside the actor's areas and without a number, DomainError (field "why") without a reason that
    says something and after forty numbers in a day.
    """
    told = policies.told_reason(reason, missing=_("请写明为什么要打这个电话，她会看到"), field="why")
    member = queries.known_member(member_id)
    must(actor, Perm.PHONE_REVEAL, member)
    token = member.guardian_phone_cipher if guardian else member.phone_cipher
    if token is None or member.status in {"merged", "left"}:
        raise NotFound(_("没有登记电话号码"), next_step=_("请到她家看看，或请楼长转告。"))
    if not actor.is_me(member_id):
        # Her looks follow each other: forty at once would each count the thirty-nine before them.
        queries.known_member(actor.member_id, lock=True)
        if log.looks_since(actor.member_id, WHY, clock.now() - dt.timedelta(days=1)) >= DAILY:
            raise DomainError(
                "phones_often",
                _("一天里看的号码太多了"),
                next_step=_("请明天再来；急事请上级管理员代为联系。"),
                field="why",
            )
        audit.record_look(actor, member.id, WHY, scope_path=member.home_path, reason=told)
    name = (member.guardian_name or "") if guardian else member.display_name
    return Revealed(name, phones.whole(token), phones.decrypt(token))
