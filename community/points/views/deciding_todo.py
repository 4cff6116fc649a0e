"""The part of the desk's queue that people decide: awards to review, manual awards and reversals, objections."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.errors import NotFound
from community.core.i18n import Text, _
from community.core.ids import parse_id, parse_uuid
from community.core.todo import Badge, Queue, Task
from community.core.web import display
from community.places import queries as places
from community.points import texts
from community.points.queries import appeals, cases, reviews, terms
from community.points.services import cases as deciding_cases, reviewing
from community.points.views import appeal_pages, case_pages


def _places(paths: Sequence[str]) -> dict[str, str]:
    return {path: area.name for path, area in places.by_path(paths).items()}


# --- awards to review ---


def _review_tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = reviews.waiting(actor, area=area, limit=limit)
    names, said = _places([row.Award.scope_path for row in rows]), reviews.votes_of([row.Award.id for row in rows])
    close, towns = reviewing.close_to(actor), terms.of_towns({row.Award.town_id for row in rows})
    tasks = []
    for row in rows:
        award, votes = row.Award, said.get(row.Award.id, [])
        asset = award.explain.get("asset", "points")
        own = actor.is_me(award.subject_id)
        done = any(vote.by_id in actor.ids for vote in votes)
        kin = close.get(award.subject_id)
        why_not = _("自己的积分不能自己定") if own else kin or (_("您看过了，还要另一位") if done else None)
        what = award.explain["place"] or award.explain["rule"]
        at = display.instant(award.earned_at)
        tasks.append(
            Task(
                kind="review",
                key=str(award.id),
                title=row.member_name,
                about=_("%(post)s · %(at)s", post=what, at=at),
                since=award.created_at,
                href=url_for("points.review", member_id=award.subject_id, award_id=award.id),
                place=names.get(award.scope_path, ""),
                badges=(
                    Badge(texts.worth(asset, award.amount), "blue", "star"),
                    *_eyes(towns[award.town_id].people_needed(asset, award.amount), len(votes)),
                ),
                acts=() if why_not else ("approve", "refuse"),
                why_not=why_not,
            )
        )
    return tasks


def _eyes(needed: int, said: int) -> list[Badge]:
    if needed < 2:
        return []
    return [Badge(_("还要一人") if said else _("要两人同意"), "violet", "people")]


def _number(key: str) -> int:
    found = parse_id(key)
    if found is None:
        raise NotFound
    return found


def _award_names(actor: Actor, keys: Sequence[str]) -> Mapping[str, Text]:
    ids = [found for key in keys if (found := parse_id(key)) is not None]
    return {str(found): title for found, title in reviews.titles(actor, ids).items()}


REVIEWS = Queue(
    kind="review",
    perm=Perm.AWARD_DECIDE,
    label=_("积分复核"),
    note=_("规则要求先由人看一眼"),
    icon="star",
    endpoint="points.awards",
    query={"reason": "review"},
    count=lambda actor, area: reviews.waiting_count(actor, area=area),
    tasks=_review_tasks,
    names=_award_names,
    approve=lambda actor, key: reviewing.review(actor, _number(key), accept=True),
    refuse=lambda actor, key, reason: reviewing.review(actor, _number(key), accept=False, words=reason),
    undo=lambda actor, key: reviewing.undo(actor, _number(key)),
    yes=_("同意"),
    no=_("不同意"),
    reasons=(_("那天没有这项活动"), _("名单里没有您，队里核实过"), _("同一件事已经记过")),
    promise=_("看过依据再同意；分值较大的要两个人都同意。"),
    rare=True,
)


# --- manual awards and reversals ---


def _case_tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = cases.open_cases(actor, area=area, limit=limit)
    names = _places([row.PointsCase.scope_path for row in rows])
    close, said, tasks = reviewing.close_to(actor), cases.votes_of([row.PointsCase.id for row in rows]), []
    for row in rows:
        case = row.PointsCase
        votes = said.get(case.id, [])
        why_not = case_pages.why_not(actor, case, [vote.by_id for vote in votes], close)
        tasks.append(
            Task(
                kind="case",
                key=str(case.id),
                title=row.member_name,
                about=_("%(kind)s：%(what)s", kind=case_pages.KINDS[case.kind], what=case.reason),
                since=case.created_at,
                href=url_for("points.case", member_id=case.subject_id, case_id=case.id),
                place=names.get(case.scope_path, ""),
                badges=(
                    Badge(case_pages.worth(case, row.asset), "blue", "star"),
                    *_eyes(case.needs, len(votes)),
                ),
                acts=() if why_not else ("approve", "refuse"),
                why_not=why_not,
            )
        )
    return tasks


def _uuid(key: str) -> uuid.UUID:
    found = parse_uuid(key)
    if found is None:
        raise NotFound
    return found


def _case_names(actor: Actor, keys: Sequence[str]) -> Mapping[str, Text]:
    ids = [found for key in keys if (found := parse_uuid(key)) is not None]
    return {str(found): title for found, title in cases.titles(actor, ids).items()}


CASES = Queue(
    kind="case",
    perm=Perm.AWARD_DECIDE,
    label=_("补记和更正"),
    note=_("一个人提出，另一个人决定"),
    icon="star",
    endpoint="points.cases_desk",
    count=lambda actor, area: cases.open_count(actor, area=area),
    tasks=_case_tasks,
    names=_case_names,
    approve=lambda actor, key: deciding_cases.vote(actor, _uuid(key), accept=True),
    refuse=lambda actor, key, reason: deciding_cases.vote(actor, _uuid(key), accept=False, words=reason),
    undo=lambda actor, key: deciding_cases.undo(actor, _uuid(key)),
    yes=_("同意"),
    no=_("不同意"),
    reasons=(_("凭证看不清"), _("和记录对不上"), _("这件事已经记过")),
    promise=_("打开看过凭证再同意；收回的只限记错的，不是处罚。"),
    rare=True,
)


# --- objections ---


def _appeal_tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = appeal_pages.rows(actor, appeals.queue(actor, area=area, limit=limit))
    names = _places([one.scope_path for one in rows])
    return [
        Task(
            kind="appeal",
            key=str(one.id),
            title=one.member,
            about=_("%(what)s · 最晚 %(day)s 答复", what=one.title, day=display.day(one.due_on)),
            since=one.created_at,
            href=url_for("points.appeal_desk", member_id=one.member_id, appeal_id=one.id),
            place=names.get(one.scope_path, ""),
            late=one.due_on < clock.today(),
            why_not=one.why_not,
        )
        for one in rows
    ]


APPEALS = Queue(
    kind="appeal",
    perm=Perm.APPEAL_DECIDE,
    label=_("积分申诉"),
    note=_("由没经手过的人答复"),
    icon="talk",
    endpoint="points.appeals_desk",
    count=lambda actor, area: appeals.open_count(actor, area=area),
    tasks=_appeal_tasks,
    rare=True,
)

QUEUES = (REVIEWS, CASES, APPEALS)
