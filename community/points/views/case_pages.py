"""Page objects of manual awards and reversals."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _
from community.core.web.display import mask_name
from community.people import queries as people
from community.places import queries as places
from community.points import texts
from community.points.models import PointsCase
from community.points.queries import cases, subjects
from community.points.services import reversing
from community.points.views import appeal_pages
from community.points.views.appeal_pages import About

KINDS: dict[str, Text] = {"award": _("补记"), "reversal": _("更正")}
# What came of a case that posted nothing.
OUTCOMES: dict[str, Text] = {
    "refused": _("没有同意"),
    "written_off": _("已经用掉或到期，不追回"),
    "budget": _("已同意，等镇街的积分预算"),
    "unverified": _("已同意，等核对身份"),
    "awarded": _("这件事已经按这条规则记过分了"),
    "not_in_force": _("那一天这条规则还没生效，或者已经停用"),
    "reversed_already": _("这笔积分已经更正过，剩下的没有这么多"),
    **{code: texts.REFUSED[code] for code in ("hour", "day", "cap", "month")},
}


@dataclass(frozen=True)
class CasePage:
    """A proposed award or reversal, what it rests on, and what was said to it."""

    id: uuid.UUID
    ref: str
    kind: str
    word: Text
    member_id: int
    member: str
    amount: Text
    earned_on: dt.date
    place: str
    reason: str
    upload_id: uuid.UUID | None
    proposed_by: str
    created_at: dt.datetime
    needs: int
    votes: Sequence[tuple[str, Text, dt.datetime]]
    state: tuple[Text, str, str]
    open: bool
    outcome: Text | None
    rule: Text
    rule_text: str
    about: About | None
    about_href: str
    done_href: str
    takes: int
    gone: int
    why_not: Text | None


@dataclass(frozen=True)
class Behind:
    """What a member reads of the case behind one of her lines, or about it."""

    word: Text
    reason: str
    proposed_by: str
    upload_id: uuid.UUID | None
    amount: int
    written_off: int
    done_href: str


def page(actor: Actor, case: PointsCase) -> CasePage:
    """Return a case for the desk."""
    votes = cases.votes(case.id)
    names = people.names([case.subject_id, case.proposed_by, *(vote.by_id for vote in votes)])
    version = cases.rule_named(case.rule_version_id) if case.rule_version_id else None
    subject = subjects.find(f"txn:{case.txn_id}") if case.txn_id else None
    asset = version.asset if version else subject.asset if subject else "points"
    takes = min(case.amount, reversing.left_of(case.txn_id)) if case.txn_id and case.state == "open" else 0
    name = names.get(case.subject_id, "")
    return CasePage(
        id=case.id,
        ref=f"case:{case.id}",
        kind=case.kind,
        word=KINDS[case.kind],
        member_id=case.subject_id,
        member=name if can(actor, Perm.MEMBER_READ, case) else mask_name(name),
        amount=texts.worth(asset, case.amount),
        earned_on=case.earned_on,
        place=places.place_line(case.scope_path),
        reason=case.reason,
        upload_id=case.upload_id,
        proposed_by=names.get(case.proposed_by, ""),
        created_at=case.created_at,
        needs=case.needs,
        votes=[
            (names.get(one.by_id, ""), one.words or (_("同意") if one.accepts else _("不同意")), one.at)
            for one in votes
        ],
        state=_state(case),
        open=case.state == "open" and case.not_before is None,
        outcome=OUTCOMES.get(case.outcome) if case.state != "open" else None,
        rule=_("%(code)s 第 %(version)s 版", code=version.code, version=version.version) if version else "",
        rule_text=version.text_zh if version else "",
        about=appeal_pages.about(subject) if subject else None,
        about_href=_line(case.txn_id),
        done_href=_line(case.done_txn_id),
        takes=takes,
        gone=case.written_off if case.state != "open" else case.amount - takes,
        why_not=why_not(actor, case, [one.by_id for one in votes]),
    )


def why_not(actor: Actor, case: PointsCase, said: Sequence[int]) -> Text | None:
    """Return why the actor does not decide about this case, None when she may."""
    if actor.is_me(case.subject_id):
        return _("自己的积分不能自己定")
    if actor.is_me(case.proposed_by):
        return _("自己提出的，要由另一位来定")
    if set(actor.ids) & set(said):
        return _("您看过了，还要另一位")
    return None if can(actor, Perm.AWARD_DECIDE, case) else _("您的身份没有这项权限")


def behind(txn_id: int) -> Behind | None:
    """Return the case that a posting came from, or that reversed it."""
    case = cases.behind(txn_id)
    if case is None:
        return None
    names = people.names([case.proposed_by])
    elsewhere = case.done_txn_id if case.done_txn_id != txn_id else case.txn_id
    return Behind(
        word=KINDS[case.kind],
        reason=case.reason,
        proposed_by=names.get(case.proposed_by, ""),
        upload_id=case.upload_id,
        amount=case.amount,
        written_off=case.written_off,
        done_href=_line(elsewhere),
    )


def _line(txn_id: int | None) -> str:
    return url_for("points.proof", txn_id=txn_id) if txn_id else ""


def _state(case: PointsCase) -> tuple[Text, str, str]:
    if case.state == "open":
        return (_("等决定"), "amber", "clock") if case.not_before is None else (_("已定，马上办"), "green", "check")
    return (_("已办"), "green", "check") if case.state == "posted" else (_("没有办"), "grey", "cross")


@dataclass(frozen=True)
class Row:
    """A case in the desk's list."""

    id: uuid.UUID
    member_id: int
    member: str
    word: Text
    amount: int
    reason: str
    created_at: dt.datetime
    needs: int
    said: int


def row(actor: Actor, found: Any) -> Row:
    """Return a row of `cases.open_cases` for the desk's list."""
    case: PointsCase = found.PointsCase
    named = can(actor, Perm.MEMBER_READ, case)
    return Row(
        id=case.id,
        member_id=case.subject_id,
        member=found.member_name if named else mask_name(found.member_name),
        word=KINDS[case.kind],
        amount=case.amount if case.kind == "award" else -case.amount,
        reason=case.reason,
        created_at=case.created_at,
        needs=case.needs,
        said=len(cases.votes(case.id)),
    )


def areas_to_name(actor: Actor, home_path: str) -> list[tuple[int, str]]:
    """Return (id, name) of the villages and towns in which the actor proposes; where the member lives comes first."""
    paths = [grant.area_path for grant in actor.held if Perm.AWARD_PROPOSE in grant.perms and grant.area_path]
    found = [*places.within("village", *paths), *places.within("town", *paths)] if paths else []
    found.sort(key=lambda area: (area.kind != "village", not home_path.startswith(area.path)))
    return [(area.id, area.name) for area in found]


def reaches(days: int = cases.REACHES_BACK.days) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that a manual award may name."""
    return clock.today() - dt.timedelta(days=days), clock.today()
