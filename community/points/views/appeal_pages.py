"""Page objects of objections: what they are about, their clock, their answer; and of awards that wait."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.errors import NotFound
from community.core.i18n import Text, _
from community.core.web.display import mask_name
from community.core.web.preferences import current as preferences
from community.people import queries as people
from community.places import queries as places
from community.points import texts
from community.points.models import Appeal, Award
from community.points.queries import appeals, cases, reviews, rules as rule_queries, subjects, terms
from community.points.queries.subjects import Subject
from community.points.services import appealing, reviewing
from community.points.views import lines

STATES: dict[str, tuple[Text, str, str]] = {
    "open": (_("等答复"), "amber", "clock"),
    "upheld": (_("维持原来的决定"), "grey", "tick"),
    "changed": (_("已更正"), "green", "check"),
    "withdrawn": (_("已撤回"), "grey", "undo"),
}


@dataclass(frozen=True)
class About:
    """What an objection is about, in words."""

    ref: str
    title: Text
    amount: int
    asset: str
    at: dt.datetime
    state: Text
    why: Text | None
    evidence: str


@dataclass(frozen=True)
class AppealPage:
    """An objection: `look` is its state's word, tone and icon; `outcome` what it led to, with where that is shown."""

    id: uuid.UUID
    member_id: int
    member: str
    about: About
    href: str
    words: str
    created_at: dt.datetime
    due_on: dt.date
    late: bool
    look: tuple[Text, str, str]
    open: bool
    answer: str
    # Who would grant it already, while it waits for a second person.
    agreed_by: str
    decided_at: dt.datetime | None
    decided_by: str
    outcome: Text | None
    outcome_href: str
    consequence: str
    follows: Text
    why_not: Text | None
    place: str
    # Who wrote it in her place, and who withdrew it.
    helper: str
    withdrawn_by: str
    may_withdraw: bool
    may_take_up: bool
    goes_on: uuid.UUID | None


@dataclass(frozen=True)
class Link:
    """The way to object from a row, or to the objection that was made."""

    ref: str
    appeal_id: uuid.UUID | None
    look: tuple[Text, str, str] | None
    due_on: dt.date | None
    days: int


@dataclass(frozen=True)
class WaitingPage:
    """Everything behind an award that waits or was refused."""

    about: About
    award_id: int
    member_id: int
    member: str
    held: bool
    next: Text | None
    decided_at: dt.datetime | None
    decided_by: str
    rule_text: str
    rule: Text
    resolution: str
    votes: Sequence[tuple[str, dt.datetime]]
    needed: int
    open: bool


def link(actor: Actor, ref: str) -> Link | None:
    """Return how the actor objects to her row `ref`; None for what is not hers."""
    subject = subjects.find(ref, actor.ids)
    if subject is None or not actor.is_me(subject.owner_id) or not can(actor, Perm.APPEAL_MAKE, subject):
        return None
    made = appeals.about(actor.ids, subject.ref)
    days = terms.of_town(subject.town_id).appeal_days
    if made is None:
        return Link(ref, None, None, None, days)
    return Link(ref, made.id, _look(made), made.answer_by if made.state == "open" else None, days)


def _look(found: Appeal) -> tuple[Text, str, str]:
    """Return an objection's state as it is shown; one that was granted is not settled while its award is not."""
    kind, _colon, key = found.outcome_ref.partition(":")
    case = cases.promised(uuid.UUID(key)) if kind == "case" else None
    if case is None or case.state == "posted":
        return STATES[found.state]
    return (_("没有记成"), "grey", "cross") if case.state == "refused" else (_("等另一位决定"), "amber", "clock")


def about(subject: Subject) -> About:
    """Return what may be objected to, in words."""
    lang = preferences().lang if "what_en" in subject.explain else "zh"
    if subject.state in {"held", "refused"}:
        title: Text = subject.explain.get("place") or str(subject.explain.get("rule", ""))
        state: Text = _("待发放") if subject.state == "held" else _("不计分")
        why: Text | None = texts.WAITS[subject.reason_code][0] if subject.state == "held" else _refused(subject)
    elif subject.state == "order":
        title = subject.explain["what_en" if lang == "en" else "what"]
        state = _("没有发放") if subject.reason_code == "refused" else _("过期没领")
        why = subject.words or None
    elif subject.state == "case":
        title, state = _("申诉后要补记的"), _("没有记成")
        why = subject.words or texts.OUTCOMES[subject.reason_code]
    else:
        title = lines.title(subject.state, subject.reason_code, subject.explain, lang)
        state, why = _("已记入"), subject.explain.get("words")
    return About(
        ref=subject.ref,
        title=title,
        amount=subject.amount,
        asset=subject.asset,
        at=subject.at,
        state=state,
        why=why,
        evidence=subject.evidence_ref.removeprefix("checkin:") if subject.evidence_ref.startswith("checkin:") else "",
    )


def _refused(subject: Subject) -> Text:
    why = texts.REFUSED.get(subject.decision, texts.REFUSED["rejected"])
    return _("%(what)s。%(next)s", what=why, next=subject.words) if subject.words else why


def page(actor: Actor, found: Appeal) -> AppealPage:
    """Return an objection for whose it is, or for who answers it."""
    subject = subjects.find(found.subject_ref, (found.member_id,))
    if subject is None:
        raise NotFound
    own = actor.is_me(found.member_id)
    writer, away = appealing.writer_of(found), appealing.withdrawn_by(found)
    names = people.names([one for one in (found.member_id, found.decided_by, writer, away) if one])
    again = appeals.taken_up(found)
    outcome, href = _outcome(found, own=own)
    consequence = appealing.consequence(subject)
    return AppealPage(
        id=found.id,
        member_id=found.member_id,
        member=_name(actor, found, names.get(found.member_id, "")),
        about=about(subject),
        href=_href(subject, own=own),
        words=found.words,
        created_at=found.created_at,
        due_on=found.answer_by,
        late=found.state == "open" and found.answer_by < clock.today(),
        look=_look(found),
        open=found.state == "open",
        answer=found.answer if found.state != "open" else "",
        agreed_by=names.get(found.decided_by or 0, "") if found.state == "open" else "",
        decided_at=found.decided_at,
        decided_by=names.get(found.decided_by or 0, ""),
        outcome=outcome,
        outcome_href=href,
        consequence=consequence,
        follows=texts.CONSEQUENCES[consequence],
        why_not=None if own else why_not(actor, found, subject, reviewing.close_to(actor), appealing.written_by(found)),
        place=places.place_line(found.scope_path),
        helper=names.get(writer or 0, ""),
        withdrawn_by=names.get(away or 0, ""),
        may_withdraw=own and found.state == "open" and appealing.may_withdraw(actor, found),
        may_take_up=own and appealing.may_take_up(actor, found),
        goes_on=again.id if again else None,
    )


@dataclass(frozen=True)
class Row:
    """An open objection in the desk's list."""

    id: uuid.UUID
    member_id: int
    member: str
    title: Text
    amount: str
    created_at: dt.datetime
    due_on: dt.date
    late: bool
    why_not: Text | None
    scope_path: str


def rows(actor: Actor, found: Sequence[Any]) -> list[Row]:
    """Return rows of `appeals.queue` for the desk's list; the name is masked for who may not read people."""
    made: list[Appeal] = [one.Appeal for one in found]
    named = subjects.several([(one.subject_ref, (one.member_id,)) for one in made])
    close, wrote = reviewing.close_to(actor), appealing.writers(made)
    return [
        _row(actor, one, subject, why_not(actor, one.Appeal, subject, close, wrote[one.Appeal.id]))
        for one, subject in zip(found, named, strict=True)
    ]


def _row(actor: Actor, found: Any, subject: Subject | None, not_hers: Text | None) -> Row:
    made: Appeal = found.Appeal
    shown = about(subject) if subject else None
    return Row(
        id=made.id,
        member_id=made.member_id,
        member=_name(actor, made, found.member_name),
        title=shown.title if shown else "",
        amount=lines.moved(shown.asset, shown.amount) if shown else "",
        created_at=made.created_at,
        due_on=made.answer_by,
        late=made.answer_by < clock.today(),
        why_not=not_hers,
        scope_path=made.scope_path,
    )


def why_not(
    actor: Actor, found: Appeal, subject: Subject | None, close: Mapping[int, Text], wrote: Collection[int]
) -> Text | None:
    """Return why the actor does not answer this objection, None when she may.

    `close` as `reviewing.close_to`, `wrote` as `appealing.written_by`.
    """
    if actor.is_me(found.member_id):
        return _("自己的申诉，由另一位答复")
    if found.member_id in close:
        return close[found.member_id]
    if found.state == "open" and found.decided_by in actor.ids:
        return _("您同意过了，还要另一位")
    if set(actor.ids) & {found.first_by, *(subject.deciders if subject else ()), *wrote}:
        return _("原来是您经手的，由另一位答复")
    return None


def _href(subject: Subject, *, own: bool) -> str:
    if subject.state == "order":
        return url_for("points.order", order_id=subject.ref.partition(":")[2]) if own else ""
    if subject.state == "case":
        desk = url_for("points.case", member_id=subject.owner_id, case_id=subject.ref.partition(":")[2])
        return "" if own else desk
    if subject.txn_id is None:
        number = int(subject.ref.partition(":")[2])
        if own:
            return url_for("points.waiting", award_id=number)
        return url_for("points.review", member_id=subject.owner_id, award_id=number)
    if own:
        return url_for("points.proof", txn_id=subject.txn_id)
    return url_for("points.award", member_id=subject.owner_id, txn_id=subject.txn_id)


def _outcome(found: Appeal, *, own: bool) -> tuple[Text | None, str]:
    kind, _colon, key = found.outcome_ref.partition(":")
    if kind == "txn":
        # Who may not read it as its owner is led on to the desk's page of the same posting.
        return _("已经记入账户"), url_for("points.proof", txn_id=int(key))
    if kind == "award":
        return _("在等预算或另一位复核"), url_for("points.waiting", award_id=int(key)) if own else ""
    if kind == "order":
        return _("积分已经退回，可以再换一次"), url_for("points.shop") if own else ""
    if kind == "checkin":
        return _("打卡改为有效；按规则没有再加分"), url_for("patrols.receipt", checkin_id=key)
    if kind == "case":
        return _promised(found, uuid.UUID(key), own=own)
    return None, ""


def _promised(found: Appeal, case_id: uuid.UUID, *, own: bool) -> tuple[Text | None, str]:
    """Return what became of the award that was promised; when nothing did, its member may object to that."""
    case = cases.promised(case_id)
    desk = "" if own else url_for("points.case", member_id=found.member_id, case_id=case_id)
    if case is None or case.state == "open":
        return _("已提出补记，等另一位决定"), desk
    if case.state == "refused":
        again = url_for("points.new_appeal", about=f"case:{case_id}")
        return _("没有记成，可以再申诉") if own else _("没有记成"), again if own else desk
    if case.done_txn_id:
        return _("已经记入账户"), url_for("points.proof", txn_id=case.done_txn_id) if own else desk
    return texts.OUTCOMES.get(case.outcome), desk


def rules_to_name(subject_town: int) -> list[tuple[int, str]]:
    """Return (version, label) of the rules that a manual award in a town may name."""
    english = preferences().lang == "en"
    return [
        (
            row.id,
            f"{row.code} · {texts.worth(row.asset, row.amount)} · {(row.text_en if english else row.text_zh)[:40]}"
            + (f" · {row.area}" if row.area else ""),
        )
        for row in cases.rules_to_name([subject_town])
    ]


def waiting(actor: Actor, award: Award) -> WaitingPage:
    """Return everything behind an award that waits or was refused."""
    subject = subjects.find(f"award:{award.id}")
    if subject is None:
        raise NotFound
    version = cases.rule_named(award.rule_version_id)
    named = rule_queries.version(award.rule_version_id)
    votes = reviews.votes(award.id)
    named_here = [award.subject_id, award.decided_by, *(vote.by_id for vote in votes)]
    names = people.names([one for one in named_here if one])
    held = award.state == "held"
    code = (award.decision or "").partition(":")[0]
    needed = terms.of_town(award.town_id).people_needed(named.terms.asset if named else "points", award.amount)
    return WaitingPage(
        about=about(subject),
        award_id=award.id,
        member_id=award.subject_id,
        member=_name(actor, award, names.get(award.subject_id, "")),
        held=held,
        next=(texts.DECIDED.get(code) or texts.WAITS[award.reason_code])[1] if held else None,
        decided_at=award.decided_at,
        decided_by=names.get(award.decided_by or 0, ""),
        rule_text=_rule_text(version),
        rule=_("%(code)s 第 %(version)s 版", code=version.code, version=version.version) if version else "",
        resolution=version.resolution if version else "",
        votes=[(names.get(vote.by_id, ""), vote.at) for vote in votes],
        needed=needed,
        open=held and award.reason_code == "review" and award.not_before is None,
    )


def _name(actor: Actor, thing: Appeal | Award, name: str) -> str:
    return name if actor.is_me(thing.owner_id) or can(actor, Perm.MEMBER_READ, thing) else mask_name(name)


def _rule_text(version: Any) -> str:
    if version is None:
        return ""
    return str((preferences().lang == "en" and version.text_en) or version.text_zh)
