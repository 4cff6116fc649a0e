"""From an act to its award: which rules it meets, and whether the award is posted, has to wait or is not due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from community.core import clock
from community.core.errors import Conflict, NotFound
from community.core.i18n import _
from community.people import queries as people
from community.places import queries as places
from community.points import policies
from community.points.policies import Terms
from community.points.queries import accounts
from community.points.queries.rules import InForce, in_force, is_known, version
from community.points.services import budget, deciding, waiting
from community.points.services.posting import By, Claim, Outcome, post_awards


@dataclass(frozen=True, slots=True)
class Act:
    """Something a member did: `trigger` names its event, `evidence_ref` the row it rests on ("checkin:<uuid>")."""

    trigger: str
    evidence_ref: str
    subject_id: int
    town_id: int
    scope_path: str
    earned_at: dt.datetime
    grade: str
    place: str
    team_id: int | None = None


def award(act: Act, *, verified: bool) -> None:
    """Award `act` by every rule it meets. An unverified member's award waits until somebody has verified her.

    Delivering the same act again does nothing. Needs `transaction()`.
    """
    found = _rules(act)
    claims = [_claim(act, rule) for rule in found if not policies.blocked(rule.terms, act.earned_at, rule.used)]
    if not verified:
        for claim in claims:
            waiting.hold(claim, "unverified")
        return
    for claim in claims:
        if claim.terms.review:
            waiting.hold(claim, "review")
    if due := [claim for claim in claims if not claim.terms.review]:
        for outcome in post_awards(due, By(act.subject_id)):
            if outcome.reason == "budget" and waiting.hold(outcome.claim, "budget"):
                budget.tell_if_empty(act.town_id, outcome.claim.terms.amount)


def award_later(act: Act) -> None:
    """Let the awards of a flagged act wait for the person who settles it, as far as the caps leave room for them now.

    Nothing is promised that could not be paid: where the hour or the day is full already, the receipt says so at once.
    Needs `transaction()`.
    """
    for rule in _rules(act):
        if policies.blocked(rule.terms, act.earned_at, rule.used):
            continue
        waiting.hold(_claim(act, rule), "flagged")


def award_manual(
    rule_version_id: int,
    subject_id: int,
    *,
    evidence_ref: str,
    earned_on: dt.date,
    by: By,
    where: str,
    place: str = "",
    amount: int | None = None,
) -> Outcome:
    """Award by the named version of a rule what a person decided on; `where` is the path of the area of the act.

    `amount` is for minutes alone, up to the rule's cap of a day; points are always the rule's. What came of it is in
    the outcome: posted, refused by a cap ("hour", "day", "month", "cap"), or held for "budget" or "unverified" as a
    waiting award. Raises NotFound for a version of nowhere, Conflict when it was not in force on that day, when it does
    not hold there, for an amount that it does not allow, and for an act that it has awarded already. Needs
    `transaction()`.
    """
    terms, town_id = manual_terms(rule_version_id, earned_on, where, amount)
    claim = Claim(
        terms=terms,
        town_id=town_id,
        scope_path=where,
        subject_id=subject_id,
        evidence_ref=evidence_ref,
        # Noon stands for the day: nobody wrote down the hour.
        earned_at=clock.at_local(earned_on, dt.time(12)),
        grade="",
        place=place,
    )
    if is_known(town_id, claim.dedupe_key):
        raise Conflict("awarded", _("这件事已经按这条规则记过分了"), next_step=_("请打开那一笔核对。"))
    if not people.is_verified(subject_id):
        return Outcome(claim, reason="unverified" if waiting.hold(claim, "unverified") else "cap")
    outcome = post_awards([claim], by)[0]
    if outcome.reason == "budget" and waiting.hold(claim, "budget"):
        budget.tell_if_empty(town_id, terms.amount)
    return outcome


def manual_terms(rule_version_id: int, earned_on: dt.date, where: str, amount: int | None = None) -> tuple[Terms, int]:
    """Return what a manual award by this version would be, and whose town's it is. Raises as `award_manual`."""
    named = version(rule_version_id)
    if named is None:
        raise NotFound
    if not named.holds_on(earned_on):
        raise Conflict(
            "not_in_force",
            _("那一天这条规则还没生效，或者已经停用"),
            next_step=_("请选当天有效的规则。"),
            field="rule",
        )
    place = places.by_path([where]).get(where)
    if place is None or (place.town_id or place.id) != named.town_id:
        raise Conflict("other_town", _("这条规则是另一个镇街的"), next_step=_("请选这里自己的规则。"), field="rule")
    if not where.startswith(named.area_path):
        raise Conflict(
            "elsewhere", _("这条规则只在另一个村社有效"), next_step=_("请选本村社或全镇街的规则。"), field="rule"
        )
    terms = named.terms
    if amount is not None and amount != terms.amount:
        most = min(cap for cap in (terms.cap_day or terms.amount, terms.cap_month) if cap is not None)
        if terms.asset != "minutes" or not 0 < amount <= most:
            raise Conflict(
                "amount_by_rule",
                _("分值由规则定，不能另填"),
                next_step=_("请选另一条规则，或者先改规则。"),
                field="amount",
            )
        terms = replace(terms, amount=amount)
    return terms, named.town_id


def settle(
    evidence_ref: str,
    *,
    accepted: bool,
    verified: bool,
    by_id: int | None,
    words: str,
    not_before: dt.datetime | None = None,
) -> None:
    """Post or refuse the awards that waited for a word on `evidence_ref`; not before `not_before`, by a job, if given.

    Needs `transaction()`.
    """
    rows = waiting.waiting_for(evidence_ref)
    if not rows:
        return
    if not_before is not None:
        code = deciding.CONFIRMED if accepted else deciding.REJECTED
        deciding.decide_later(rows, code, by_id=by_id, words=words, not_before=not_before)
    elif not accepted:
        waiting.refuse_waiting(rows, by_id, words)
    elif not verified:
        waiting.keep_waiting([row.award_id for row in rows], "unverified")
    else:
        waiting.go_on(rows, By(by_id or 0, by_id), words)


def release(member_id: int, reason: str, *, by_id: int = 0) -> int:
    """Post what waited for `reason` ("unverified", "budget") of one member; returns how many awards were posted.

    One member a transaction: postings of several would wait for each other in a circle. `by_id` is who removed the
    reason, 0 for a rule or job. Needs `transaction()`.
    """
    # What a decision already leads to waits for its own time.
    rows = [row for row in waiting.waiting_of(member_id, reason) if row.not_before is None]
    outcomes = waiting.go_on(rows, By(by_id, by_id or None))
    return sum(1 for outcome in outcomes if outcome.txn_id)


def release_later(member_id: int, *, by_id: int, not_before: dt.datetime) -> None:
    """Let what waited for the member's verification be posted at `not_before` by a job. Needs `transaction()`."""
    rows = waiting.waiting_of(member_id, "unverified")
    deciding.decide_later(rows, deciding.CONFIRMED, by_id=by_id or None, words="", not_before=not_before)


def take_over(old_id: int, member_id: int, *, by_id: int) -> None:
    """Let what waits for the registration `old_id` be the member's, who is the same person. Needs `transaction()`.

    Nobody unverified has posted points; should an import have written some, a merge would hide them: it is refused with
    Conflict (has_points), and so is one while a decision about its awards may still be undone (just_decided).
    """
    if accounts.has_lines(old_id):
        raise Conflict("has_points", _("这份登记名下已有入账的积分，不能合并"), next_step=_("请联系系统管理员。"))
    rows = waiting.all_waiting_of(old_id)
    if any(row.not_before is not None for row in rows):
        raise Conflict("just_decided", _("刚有人核对了这份登记的打卡"), next_step=_("请等十几秒再合并。"))
    waiting.take_over(rows, member_id, by_id)


def give_up(member_id: int, why: str) -> None:
    """Refuse everything that waits for the member, for the reason `why` of `texts.REFUSED`. Needs `transaction()`."""
    waiting.give_up(waiting.all_waiting_of(member_id), why)


def _rules(act: Act) -> list[InForce]:
    """Return the rules that `act` meets and that know nothing of it yet."""
    found = in_force(
        act.town_id, act.trigger, act.earned_at, subject_id=act.subject_id, evidence_ref=act.evidence_ref,
        scope_path=act.scope_path, team_id=act.team_id,
    )  # fmt: skip
    return [rule for rule in found if not rule.known and policies.good_enough(act.grade, rule.terms.min_grade)]


def _claim(act: Act, rule: InForce) -> Claim:
    return Claim(
        terms=rule.terms,
        town_id=act.town_id,
        scope_path=act.scope_path,
        subject_id=act.subject_id,
        evidence_ref=act.evidence_ref,
        earned_at=act.earned_at,
        grade=act.grade,
        place=act.place,
    )
