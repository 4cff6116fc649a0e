"""Awards that wait: for a person's word on a flag, for the member to be verified, for the budget.

A waiting award takes nothing of caps or budget; both are asked when it is posted. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, insert, or_, select, update

from community.core import clock
from community.core.db import locking, session, upsert
from community.core.ids import new_id
from community.people import merging, queries as people
from community.points import policies
from community.points.models import Award, AwardVote, Rule, RuleUsage, RuleVersion
from community.points.queries import cases, noted, reviews, terms
from community.points.queries.rules import TERMS, terms_of
from community.points.services import budget, noting
from community.points.services.posting import By, Claim, Outcome, post_awards

# Awards that wait for one of these will be posted unless something else takes their place.
_CERTAIN = ("unverified", "budget")
# The word of an award that went to the member whom its registration was merged into.
MERGED = "merged"
# … and of one that she had proposed or decided herself.
OWN = "own"


def hold(claim: Claim, reason: str) -> bool:
    """Let `claim` wait for `reason`; holding it again changes nothing.

    Returns False, writing nothing, when its hour or day is already taken by what was posted or will be: nobody is shown
    a promise that cannot be kept. A flagged act promises nothing, so it always waits for the person who looks at it.
    """
    if reason in _CERTAIN and policies.blocked(claim.terms, claim.earned_at, _spoken_for(claim)):
        return False
    # SQLite guards kept rows before it looks for a conflict; it has one writer, so nobody comes in between.
    known = select(Award.id).where(Award.town_id == claim.town_id, Award.dedupe_key == claim.dedupe_key)
    if session().scalar(known) is not None:
        return True
    session().execute(
        upsert(Award)
        .values(
            id=new_id(),
            town_id=claim.town_id,
            scope_path=claim.scope_path,
            rule_version_id=claim.terms.version_id,
            dedupe_key=claim.dedupe_key,
            subject_id=claim.subject_id,
            evidence_ref=claim.evidence_ref,
            amount=claim.terms.amount,
            earned_at=claim.earned_at,
            # What it waits for first stays written on it; what it waits for later is noted.
            explain=claim.explanation() | {"waits": reason},
            state="held",
            reason_code=reason,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["town_id", "dedupe_key"])
    )  # fmt: skip
    return True


def _spoken_for(claim: Claim) -> dict[str, int]:
    """Return what is used of the claim's periods, awards that surely will be posted included."""
    wanted = [period.key for period in policies.periods(claim.terms, claim.earned_at)]
    usage = select(RuleUsage.period_key, RuleUsage.used).where(
        RuleUsage.rule_id == claim.terms.rule_id,
        RuleUsage.subject_id == claim.subject_id,
        RuleUsage.period_key.in_(wanted),
    )
    used = {row.period_key: row.used for row in session().execute(usage)}
    first, last = policies.reach(claim.terms, claim.earned_at)
    waiting = (
        select(*TERMS, Award.earned_at, Award.amount.label("award_amount"))
        .join(RuleVersion, RuleVersion.id == Award.rule_version_id)
        .join(Rule, Rule.id == RuleVersion.rule_id)
        .where(
            Award.subject_id == claim.subject_id,
            Award.state == "held",
            Award.reason_code.in_(_CERTAIN),
            Award.earned_at >= clock.at_local(first, dt.time.min),
            Award.earned_at < clock.at_local(last + dt.timedelta(days=1), dt.time.min),
            Rule.id == claim.terms.rule_id,
        )
    )
    for row in session().execute(waiting):
        for period in policies.periods(terms_of(row), row.earned_at):
            used[period.key] = used.get(period.key, 0) + row.award_amount
    return used


def waiting_for(evidence_ref: str) -> Sequence[Row[Any]]:
    """Return and lock the held awards that rest on `evidence_ref`."""
    return session().execute(_held().where(Award.evidence_ref == evidence_ref)).all()


def waiting_one(award_id: int) -> Row[Any] | None:
    """Return and lock one held award, None when it waits no longer."""
    return session().execute(_held().where(Award.id == award_id)).first()


def waiting_of(subject_id: int, reason: str) -> Sequence[Row[Any]]:
    """Return and lock the held awards of a member that wait for `reason`, town by town."""
    return session().execute(_held().where(Award.subject_id == subject_id, Award.reason_code == reason)).all()


def all_waiting_of(subject_id: int) -> Sequence[Row[Any]]:
    """Return and lock every held award of a member, town by town."""
    return session().execute(_held().where(Award.subject_id == subject_id)).all()


def take_over(rows: Sequence[Row[Any]], subject_id: int, by_id: int) -> None:
    """Let held awards of another registration be the member's: each ends there and begins anew in her name.

    What waited to be verified or for the budget is posted as if she had done it, under her own caps; what is flagged
    goes on waiting for a second person. `by_id` is who said that the two are one. The old rows say where they went.
    """
    own = set(people.identity_ids(subject_id))
    for _town, group in groupby(rows, key=lambda row: row.town_id):
        same = []
        for row in group:
            if own & _had_a_say(row):
                # She proposed or decided it herself, for what now turns out to be herself.
                _decide(row.award_id, "refused", by_id, OWN, "", None)
            else:
                same.append(row)
        # An award that a person has to look at has passed her by only when it already waits for the budget.
        due = [
            row for row in same if row.reason_code == "budget" or (row.reason_code == "unverified" and not row.review)
        ]
        for row in same:
            if row not in due:
                _decide(row.award_id, "refused", by_id, MERGED, "", None)
                reason = "review" if row.reason_code == "unverified" else row.reason_code
                hold(replace(_claim(row), subject_id=subject_id), reason)
        _post_for(subject_id, due, By(by_id, by_id or None))


def _post_for(subject_id: int, rows: Sequence[Row[Any]], by: By) -> list[Outcome]:
    """Post held awards of another registration as the member's, of one town; the old rows say where they went."""
    claims = {row.award_id: replace(_claim(row), subject_id=subject_id) for row in rows}
    made = post_awards(list(claims.values()), by)
    became = {id(outcome.claim): outcome.reason for outcome in made}
    for award_id, claim in claims.items():
        reason = became[id(claim)]
        moved = reason in {"", "budget"}
        _decide(award_id, "refused", by.approver_id, MERGED if moved else reason, "", None)
        if reason == "budget" and hold(claim, "budget"):
            budget.tell_if_empty(claim.town_id, claim.terms.amount)
    return made


def post_reopened(rows: Sequence[Row[Any]], by: By) -> list[Outcome]:
    """Post held awards whose refusal was changed, as `post_waiting`; what a registration earned that has been merged
    since is posted to the member whose it is.
    """
    merged = merging.merged_where(row.subject_id for row in rows)
    outcomes = post_waiting([row for row in rows if row.subject_id not in merged], by)
    for row in rows:
        if row.subject_id in merged:
            outcomes += _post_for(merged[row.subject_id], [row], by)
    return outcomes


def _had_a_say(row: Row[Any]) -> set[int]:
    voted = {vote.by_id for vote in reviews.votes(row.award_id)}
    return {*cases.had_a_say(row.evidence_ref), *voted, *([row.decided_by] if row.decided_by else ())}


def _held() -> Select[Any]:
    award = Award.__table__.c
    return locking(
        select(
            *TERMS, award.id.label("award_id"), award.town_id, award.scope_path, award.subject_id,
            award.evidence_ref, award.earned_at, award.explain, award.reason_code, award.created_at,
            award.not_before, award.decided_by, award.decision, award.amount.label("award_amount"),
        )
        .join(RuleVersion.__table__, RuleVersion.__table__.c.id == award.rule_version_id)
        .join(Rule.__table__, Rule.__table__.c.id == RuleVersion.__table__.c.rule_id)
        .where(award.state == "held")
        .order_by(award.town_id, award.subject_id, award.earned_at, award.id),
        Award.__table__,
    )  # fmt: skip


def post_waiting(rows: Sequence[Row[Any]], by: By, words: str = "") -> list[Outcome]:
    """Post held awards (rows of the functions above); what no longer fits is refused with the reason why.

    `words` are what the deciding person wrote. An award that meets an empty budget goes on waiting, for the budget.
    """
    outcomes: list[Outcome] = []
    for (town_id, _subject), group in groupby(rows, key=lambda row: (row.town_id, row.subject_id)):
        decided: dict[By, list[Row[Any]]] = {}
        for row in group:
            decided.setdefault(_decided(row) or by, []).append(row)
        made: list[Outcome] = []
        for who, same in decided.items():
            award_of = {row.evidence_ref + str(row.rule_id): row.award_id for row in same}
            posted = post_awards([_claim(row) for row in same], who)
            for outcome in posted:
                award_id = award_of[outcome.claim.evidence_ref + str(outcome.claim.terms.rule_id)]
                _settle(award_id, outcome, who, words)
            made += posted
        unpaid = [outcome.claim.terms.amount for outcome in made if outcome.reason == "budget"]
        if unpaid:
            # Town by town like the postings: telling waits for a lock of the town.
            budget.tell_if_empty(town_id, unpaid[0])
        outcomes += made
    return outcomes


def _decided(row: Row[Any]) -> By | None:
    """Return who had decided on an award before it waited for what needs no decision; that stays written on it."""
    if row.reason_code not in _CERTAIN:
        return None
    if found := cases.deciders(row.evidence_ref):
        return By(*found)
    if row.decided_by and row.not_before is None and noted.stand([row.award_id]):
        return By(row.decided_by, row.decided_by)
    return None


def go_on(rows: Sequence[Row[Any]], by: By, words: str = "") -> list[Outcome]:
    """Post held awards whose reason to wait is gone; those that a person has to look at first go on waiting, for her.

    So does a large one that only one person settled: her yes counts, and another has to agree. As `post_waiting`
    otherwise; the outcomes are of those that were due.
    """
    looked_at = [row.award_id for row in rows if row.review and row.reason_code in {"flagged", "unverified"}]
    by_two = [row for row in rows if row.award_id not in looked_at and row.reason_code == "flagged" and _large(row)]
    for row in by_two:
        agree(row, by, words)
    later = {*looked_at, *(row.award_id for row in by_two)}
    keep_waiting(sorted(later), "review")
    return post_waiting([row for row in rows if row.award_id not in later], by, words)


def _large(row: Row[Any]) -> bool:
    return terms.of_town(row.town_id).people_needed(row.asset, row.award_amount) > 1


def agree(row: Row[Any], by: By, words: str) -> None:
    """Count what somebody settled about a waiting award as her yes to it; a rule's or a job's word counts as none."""
    if by.actor_id:
        say(row, by.actor_id, accept=True, words=words)


def say(row: Row[Any], by_id: int, *, accept: bool, words: str, takes_back: bool = False) -> None:
    """Write down what somebody says to a waiting award."""
    session().execute(
        insert(AwardVote.__table__),  # type: ignore[arg-type]
        {
            "award_id": row.award_id,
            "seq": reviews.said(row.award_id),
            "by_id": by_id,
            "subject_id": row.subject_id,
            "accepts": accept,
            "takes_back": takes_back,
            "words": words[:200],
            "at": clock.now(),
        },
    )


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        # As much as was promised: minutes by hand are not always the rule's amount.
        terms=replace(terms_of(row), amount=row.award_amount),
        town_id=row.town_id,
        scope_path=row.scope_path,
        subject_id=row.subject_id,
        evidence_ref=row.evidence_ref,
        earned_at=row.earned_at,
        grade=row.explain["grade"],
        place=row.explain["place"],
        waited={"reason": row.reason_code, "since": row.created_at.isoformat()},
    )


def _settle(award_id: int, outcome: Outcome, by: By, words: str) -> None:
    if outcome.reason == "budget":
        keep_waiting([award_id], "budget", by.approver_id)
        return
    state = "posted" if outcome.txn_id else "refused"
    _decide(award_id, state, by.approver_id, outcome.reason or "confirmed", words, outcome.txn_id)


def refuse_waiting(rows: Sequence[Row[Any]], by_id: int | None, words: str) -> None:
    """Refuse held awards because the act or the award itself was not confirmed; `words` are the deciding person's."""
    for row in rows:
        code = "reviewed" if row.reason_code == "review" else "rejected"
        _decide(row.award_id, "refused", by_id, code, words, None)


def give_up(rows: Sequence[Row[Any]], why: str) -> None:
    """Refuse held awards by rule, for the reason `why`."""
    for row in rows:
        _decide(row.award_id, "refused", None, why, "", None)


def keep_waiting(award_ids: Sequence[int], reason: str, decided_by: int | None = None) -> None:
    """Let held awards go on waiting, for `reason` from now on; `decided_by` is who has decided on them already."""
    session().execute(
        update(Award)
        .where(Award.id.in_(award_ids))
        .values(reason_code=reason, **({"decided_by": decided_by} if decided_by else {}))
        .execution_options(synchronize_session=False)
    )
    noting.awards(award_ids)


def reopen(award_id: int) -> Row[Any] | None:
    """Let a refused award wait for review again, because its refusal was changed; returns it, None for any other."""
    session().execute(
        update(Award)
        .where(Award.id == award_id, Award.state == "refused")
        .values(state="held", reason_code="review", decided_at=None, decided_by=None, decision=None)
        .execution_options(synchronize_session=False)
    )
    noting.awards([award_id])
    return waiting_one(award_id)


def reopen_evidence(evidence_ref: str) -> None:
    """Let all awards wait for a word again that were refused because what they rest on was rejected."""
    refused = select(Award.id).where(
        Award.evidence_ref == evidence_ref,
        Award.state == "refused",
        or_(Award.decision == "rejected", Award.decision.startswith("rejected:", autoescape=True)),
    )
    award_ids = list(session().scalars(locking(refused)))
    session().execute(
        update(Award)
        .where(Award.id.in_(award_ids))
        .values(state="held", reason_code="review", decided_at=None, decided_by=None, decision=None)
        .execution_options(synchronize_session=False)
    )
    noting.awards(award_ids)


def _decide(award_id: int, state: str, by_id: int | None, code: str, words: str, txn_id: int | None) -> None:
    session().execute(
        update(Award)
        .where(Award.id == award_id, Award.state == "held")
        .values(
            state=state,
            decided_at=clock.now(),
            decided_by=by_id,
            # The code and, after a colon, the person's own words.
            decision=(f"{code}:{words}" if words else code)[:200],
            txn_id=txn_id,
        )
        .execution_options(synchronize_session=False)
    )
    if state == "refused":
        noting.awards([award_id])
