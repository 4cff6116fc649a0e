"""Page objects of manual awards and reversals."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
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
from community.points.services import reversing, reviewing
from community.points.views import appeal_pages, lines
from community.points.views.appeal_pages import About

KINDS: dict[str, Text] = {"award": _("补记"), "reversal": _("更正")}


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
    picture_gone: bool
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
    # What cannot be taken back any more, in words; "" when all of it can.
    gone: Text
    why_not: Text | None
    # What the same rule gave her for the same day, and where that is shown.
    same: Sequence[tuple[str, Text, str]]


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
    gone = case.written_off if case.state != "open" else case.amount - takes
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
        upload_id=case.upload_id if cases.has_picture(case) else None,
        picture_gone=case.upload_id is not None and not cases.has_picture(case),
        proposed_by=names.get(case.proposed_by, ""),
        created_at=case.created_at,
        needs=case.needs,
        votes=[
            (names.get(one.by_id, ""), one.words or (_("同意") if one.accepts else _("不同意")), one.at)
            for one in votes
        ],
        state=_state(case),
        open=case.state == "open" and case.not_before is None,
        outcome=texts.OUTCOMES.get(case.outcome) if case.state != "open" else None,
        rule=_("%(code)s 第 %(version)s 版", code=version.code, version=version.version) if version else "",
        rule_text=version.text_zh if version else "",
        about=appeal_pages.about(subject) if subject else None,
        about_href=_line(case.txn_id),
        done_href=_line(case.done_txn_id),
        gone=texts.worth(asset, gone) if gone else "",
        why_not=why_not(actor, case, [one.by_id for one in votes], reviewing.close_to(actor)),
        same=_same_day(case) if case.kind == "award" else (),
    )


def _same_day(case: PointsCase) -> list[tuple[str, Text, str]]:
    """Return (words, how much, address) of what else the case's rule gave its member for its day."""
    found = cases.same_day(case.subject_id, case.rule_version_id or 0, case.earned_on, besides=case.id)
    return [(one.words, texts.worth(one.asset, one.amount), _at_desk(case.subject_id, one.ref)) for one in found]


def _at_desk(member_id: int, ref: str) -> str:
    kind, _colon, key = ref.partition(":")
    if kind == "case":
        return url_for("points.case", member_id=member_id, case_id=key)
    if kind == "award":
        return url_for("points.review", member_id=member_id, award_id=int(key))
    return url_for("points.award", member_id=member_id, txn_id=int(key))


def why_not(actor: Actor, case: PointsCase, said: Sequence[int], close: Mapping[int, Text]) -> Text | None:
    """Return why the actor does not decide about this case, None when she may; `close` as `reviewing.close_to`."""
    if actor.is_me(case.subject_id):
        return _("自己的积分不能自己定")
    if case.subject_id in close:
        return close[case.subject_id]
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
        upload_id=case.upload_id if cases.has_picture(case) else None,
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
    amount: str
    reason: str
    created_at: dt.datetime
    needs: int
    said: int


def rows(actor: Actor, found: Sequence[Any]) -> list[Row]:
    """Return rows of `cases.open_cases` for the desk's list."""
    said = cases.votes_of([one.PointsCase.id for one in found])
    return [_row(actor, one, len(said.get(one.PointsCase.id, []))) for one in found]


def _row(actor: Actor, found: Any, said: int) -> Row:
    case: PointsCase = found.PointsCase
    named = can(actor, Perm.MEMBER_READ, case)
    return Row(
        id=case.id,
        member_id=case.subject_id,
        member=found.member_name if named else mask_name(found.member_name),
        word=KINDS[case.kind],
        amount=worth(case, found.asset),
        reason=case.reason,
        created_at=case.created_at,
        needs=case.needs,
        said=said,
    )


def worth(case: PointsCase, asset: str) -> str:
    """Return what a case would give or take, in words."""
    return lines.moved(asset, case.amount if case.kind == "award" else -case.amount)


def areas_to_name(actor: Actor, home_path: str) -> Sequence[Any]:
    """Return the villages and towns in which the actor proposes; where the member lives comes first."""
    paths = [grant.area_path for grant in actor.held if Perm.AWARD_PROPOSE in grant.perms and grant.area_path]
    found = [*places.within("village", *paths), *places.within("town", *paths)] if paths else []
    found.sort(key=lambda area: (area.kind != "village", not home_path.startswith(area.path)))
    return found


def reaches(days: int = cases.REACHES_BACK.days) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that a manual award may name."""
    return clock.today() - dt.timedelta(days=days), clock.today()
