"""Manual awards and reversals: proposed, decided by others, carried out; and what a rule would let one propose."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, String, cast, func, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, can, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.core.ids import parse_uuid
from community.core.uploads import Upload
from community.people import queries as people
from community.places.queries import AREA
from community.points.models import Appeal, Award, CaseVote, PointsCase, Rule, RuleVersion, Transfer, Txn
from community.points.queries.reviews import Vote, standing

# How far back a manual award may reach: closed months are corrected, years are not.
REACHES_BACK = dt.timedelta(days=90)
# So long after the decision the picture it rests on is kept: who objects does it within days.
PICTURE_KEPT = dt.timedelta(days=365)
_CASE, _VOTE = PointsCase.__table__.c, CaseVote.__table__.c
_RULE, _VERSION = Rule.__table__.c, RuleVersion.__table__.c
_TXN, _AWARD = Txn.__table__.c, Award.__table__.c
# What a case is about: what its rule gives, or what the posting moved that it takes back.
_ASSET: ColumnElement[str] = func.coalesce(
    select(_VERSION.asset).where(_VERSION.id == _CASE.rule_version_id).scalar_subquery(),
    select(func.min(Transfer.__table__.c.asset)).where(Transfer.__table__.c.txn_id == _CASE.txn_id).scalar_subquery(),
)


def case_for_desk(actor: Actor, case_id: uuid.UUID) -> PointsCase:
    """Return a case of the actor's areas, for who proposes or decides there; raises NotFound."""
    case = session().get(PointsCase, case_id)
    if case is None:
        raise NotFound
    must(actor, Perm.AWARD_READ, case)
    return case


def votes(case_id: uuid.UUID) -> list[Vote]:
    """Return what stands of what was said to a case."""
    return votes_of([case_id]).get(case_id, [])


def votes_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Vote]]:
    """Return the same for many, by case, in one statement."""
    found: dict[uuid.UUID, list[Row[Any]]] = {}
    if case_ids:
        wanted = select(CaseVote.__table__).where(_VOTE.case_id.in_(case_ids)).order_by(_VOTE.seq)
        for row in session().execute(wanted):
            found.setdefault(row.case_id, []).append(row)
    return {case_id: standing(rows) for case_id, rows in found.items()}


def asset_of(case: PointsCase) -> str:
    """Return whether a case is about points or minutes."""
    return assets_of([case.id])[case.id]


def assets_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the same for many, by case."""
    rows = session().execute(select(_CASE.id, _ASSET).where(_CASE.id.in_(case_ids))) if case_ids else ()
    return dict.fromkeys(case_ids, "points") | {case_id: asset for case_id, asset in rows if asset}


def deciders(evidence_ref: str) -> tuple[int, int] | None:
    """Return who proposed and who last agreed to the case that `evidence_ref` names; None for anything else."""
    case_id = _case_named(evidence_ref)
    case = session().get(PointsCase, case_id) if case_id else None
    agreed = [one.by_id for one in votes(case.id) if one.accepts] if case else []
    return (case.proposed_by, agreed[-1]) if case and agreed else None


def promised(case_id: uuid.UUID) -> PointsCase | None:
    """Return the case if it was opened in answer to an objection of whom it is about."""
    return next(iter(promised_of([case_id])), None)


def promised_of(case_ids: Collection[uuid.UUID]) -> Sequence[PointsCase]:
    """Return those of the cases that were opened in answer to an objection of whom they are about."""
    asked = {case.id: case for case in _cases(case_ids)}
    answers = {f"case:{case_id}": case for case_id, case in asked.items()}
    rows = session().execute(
        select(Appeal.outcome_ref, Appeal.member_id).where(
            Appeal.outcome_ref.in_(answers), Appeal.member_id.in_({case.subject_id for case in asked.values()})
        )
    ) if asked else ()  # fmt: skip
    found = {row.outcome_ref for row in rows if answers[row.outcome_ref].subject_id == row.member_id}
    return [case for ref, case in answers.items() if ref in found]


def _cases(case_ids: Collection[uuid.UUID]) -> Sequence[PointsCase]:
    return session().scalars(select(PointsCase).where(PointsCase.id.in_(case_ids))).all() if case_ids else ()


def promise_of(case: PointsCase) -> uuid.UUID | None:
    """Return the objection in answer to which a case was opened."""
    about = (Appeal.member_id == case.subject_id) & (Appeal.outcome_ref == f"case:{case.id}")
    return session().scalar(select(Appeal.id).where(about))


def refusal(said: Iterable[Vote]) -> str:
    """Return the words of who said no among these votes, "" when nobody did."""
    return next((one.words for one in said if not one.accepts), "")


def had_a_say(evidence_ref: str) -> set[int]:
    """Return who proposed the case that `evidence_ref` names, and everybody who said anything to it."""
    return had_a_say_in([evidence_ref]).get(evidence_ref, set())


def had_a_say_in(evidence_refs: Iterable[str]) -> dict[str, set[int]]:
    """Return the same for many, by what names a case, in one statement."""
    named = {ref: case_id for ref in evidence_refs if (case_id := _case_named(ref))}
    found: dict[uuid.UUID, set[int]] = {}
    if ids := set(named.values()):
        proposed = select(_CASE.id, _CASE.proposed_by).where(_CASE.id.in_(ids))
        voted = select(_VOTE.case_id, _VOTE.by_id).where(_VOTE.case_id.in_(ids))
        for case_id, who in session().execute(proposed.union(voted)):
            found.setdefault(case_id, set()).add(who)
    return {ref: found.get(case_id, set()) for ref, case_id in named.items()}


def told(explain: Mapping[str, Any], evidence_ref: str) -> Mapping[str, Any]:
    """Return what a posting says about itself, with the reason of the case it rests on: that is kept with the case
    alone, so that it can go when somebody is erased.
    """
    return {**explain, **reasons([evidence_ref]).get(evidence_ref, {})}


def reasons(evidence_refs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return, by what names a case that takes back, what its posting says besides, as `told` does."""
    named = {ref: case_id for ref in evidence_refs if (case_id := _case_named(ref))}
    why = {case.id: case.reason for case in _cases(set(named.values())) if case.kind == "reversal"}
    return {ref: {"words": why[case_id]} for ref, case_id in named.items() if case_id in why}


def _case_named(ref: str) -> uuid.UUID | None:
    kind, _colon, key = ref.partition(":")
    return parse_uuid(key) if kind == "case" else None


def said(case_id: uuid.UUID) -> int:
    """Return how often something was said to a case."""
    return session().scalar(select(func.count()).where(_VOTE.case_id == case_id)) or 0


def open_cases(actor: Actor, *, area: str = "", limit: int = 50) -> Sequence[Row[Any]]:
    """Return the cases that wait for a decision in the actor's areas, below the path `area`, the oldest first."""
    member = people.MEMBER.c
    return session().execute(
        select(PointsCase, member.display_name.label("member_name"), _ASSET.label("asset"))
        .join(people.MEMBER, member.id == PointsCase.subject_id)
        .where(*_open(actor, area))
        .order_by(PointsCase.created_at, PointsCase.id)
        .limit(limit)
    ).all()  # fmt: skip


def open_count(actor: Actor, *, area: str = "") -> int:
    """Return how many cases wait for a decision in the actor's areas."""
    return session().scalar(select(func.count(_CASE.id)).where(*_open(actor, area))) or 0


def titles(actor: Actor, case_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return id → name of its member of the cases among `case_ids` that the actor decides, in the order of members."""
    member = people.MEMBER.c
    rows = session().execute(
        select(_CASE.id, member.display_name)
        .join(people.MEMBER, member.id == _CASE.subject_id)
        .where(_CASE.id.in_(case_ids), visible(actor, Perm.AWARD_DECIDE, PointsCase))
        .order_by(_CASE.subject_id, _CASE.id)
    )
    return {row.id: row.display_name for row in rows}


def due() -> Sequence[uuid.UUID]:
    """Return the cases whose decision is due and may no longer be undone, the longest due first."""
    return session().scalars(
        select(_CASE.id).where(_CASE.state == "open", _CASE.not_before <= clock.now()).order_by(_CASE.not_before)
    ).all()  # fmt: skip


def behind(txn_id: int) -> PointsCase | None:
    """Return the case that a posting came from, or the one that reversed it or wrote it off."""
    return session().scalars(
        select(PointsCase)
        .where(
            PointsCase.state == "posted", or_(PointsCase.done_txn_id == txn_id, PointsCase.txn_id == txn_id)
        )
        .order_by(PointsCase.done_at.desc())
    ).first()  # fmt: skip


def reversal_of(txn_id: int) -> PointsCase | None:
    """Return the reversal of a posting that waits for a decision."""
    return session().scalars(
        select(PointsCase).where(PointsCase.txn_id == txn_id, PointsCase.state == "open")
    ).first()  # fmt: skip


@dataclass(frozen=True, slots=True)
class Same:
    """What the same rule gave, or may still give, the same person for the same day: `ref` as an objection calls it."""

    ref: str
    asset: str
    amount: int
    words: str


def same_day(member_id: int, version_id: int, on_day: dt.date, *, besides: uuid.UUID | None = None) -> Sequence[Same]:
    """Return what the rule of this version gave the member for that civil day, by an act or by hand, and what waits.

    `besides` is a case that is left out, with what came of it.
    """
    rule = select(_VERSION.rule_id).where(_VERSION.id == version_id).scalar_subquery()
    versions = select(_VERSION.id).where(_VERSION.rule_id == rule)
    posted = session().execute(
        select(_TXN.id, _TXN.explain, _TXN.evidence_ref).where(
            _TXN.subject_id == member_id, _TXN.effective_on == on_day, _TXN.rule_version_id.in_(versions),
            _TXN.kind == "award", _TXN.evidence_ref != f"case:{besides}",
        ).order_by(_TXN.id)
    ).all()  # fmt: skip
    held = session().execute(
        select(_AWARD.id, _AWARD.explain, _AWARD.amount).where(
            _AWARD.subject_id == member_id, _AWARD.state == "held", _AWARD.rule_version_id.in_(versions),
            _AWARD.earned_at >= clock.at_local(on_day, dt.time.min),
            _AWARD.earned_at < clock.at_local(on_day + dt.timedelta(days=1), dt.time.min),
            _AWARD.evidence_ref != f"case:{besides}",
        ).order_by(_AWARD.id)
    ).all()  # fmt: skip
    wanted = session().scalars(
        select(PointsCase).where(
            _CASE.subject_id == member_id, _CASE.kind == "award", _CASE.state == "open",
            _CASE.rule_version_id.in_(versions), _CASE.earned_on == on_day, _CASE.id != besides,
        ).order_by(_CASE.created_at)
    ).all()  # fmt: skip
    return [
        *(Same(f"txn:{row.id}", row.explain["asset"], row.explain["amount"], row.explain["place"]) for row in posted),
        *(Same(f"award:{row.id}", row.explain["asset"], row.amount, row.explain["place"]) for row in held),
        *(Same(f"case:{case.id}", asset_of(case), case.amount, case.reason) for case in wanted),
    ]


def is_repeated(member_id: int, version_id: int, on_day: dt.date, reason: str) -> bool:
    """Say whether these very words were proposed for that day by this version, and not refused."""
    return session().scalar(
        select(func.count()).where(
            _CASE.subject_id == member_id, _CASE.rule_version_id == version_id, _CASE.earned_on == on_day,
            _CASE.reason == reason, _CASE.state != "refused",
        )
    ) != 0  # fmt: skip


def rules_to_name(town_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return the versions that a manual award may name: those that were in force in the last ninety days."""
    first = clock.today() - REACHES_BACK
    found: Sequence[Any] = session().execute(
        select(
            _VERSION.id, _RULE.code, _VERSION.version, _VERSION.amount, _VERSION.asset, _VERSION.cap_day,
            _VERSION.text_zh, _VERSION.text_en, _VERSION.trigger, _VERSION.effective_on, _RULE.town_id,
            AREA.c.name.label("area"),
        )
        .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
        .outerjoin(AREA, AREA.c.id == _RULE.area_id)
        .where(
            _RULE.town_id.in_(town_ids),
            _VERSION.effective_on <= clock.today(),
            or_(_VERSION.ends_on.is_(None), _VERSION.ends_on >= first),
        )
        .order_by(_VERSION.trigger == "CheckInAccepted", _RULE.code, _VERSION.effective_on.desc())
    ).all()  # fmt: skip
    return found


def rule_named(version_id: int) -> Row[Any] | None:
    """Return code, version and words of the version that a case names."""
    found: Any = session().execute(
        select(_RULE.code, _VERSION.version, _VERSION.text_zh, _VERSION.text_en, _VERSION.asset, _VERSION.resolution)
        .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
        .where(_VERSION.id == version_id)
    ).first()  # fmt: skip
    return found  # type: ignore[no-any-return]


def pictures_due(case_id: uuid.UUID | None = None, limit: int = 500) -> Sequence[uuid.UUID]:
    """Return the cases (or the one named) whose picture was kept long enough: decided a year ago, nobody objects."""
    objected = select(Appeal.id).where(
        Appeal.state == "open",
        or_(
            Appeal.subject_ref == "txn:" + cast(_CASE.done_txn_id, String),
            Appeal.subject_ref == "txn:" + cast(_CASE.txn_id, String),
            # One that was taken up again names the one before it: whatever that was about.
            (Appeal.member_id == _CASE.subject_id) & Appeal.subject_ref.startswith("appeal:"),
        ),
    )
    wanted = (
        select(_CASE.id)
        .join(Upload.__table__, Upload.__table__.c.id == _CASE.upload_id)
        .where(Upload.__table__.c.deleted_at.is_(None), _CASE.done_at <= clock.now() - PICTURE_KEPT, ~objected.exists())
    )
    if case_id is not None:
        wanted = wanted.where(_CASE.id == case_id)
    return session().scalars(wanted.order_by(_CASE.done_at).limit(limit)).all()


def has_picture(case: PointsCase) -> bool:
    """Say whether the picture that a case rests on is still kept."""
    kept = session().get(Upload, case.upload_id) if case.upload_id else None
    return kept is not None and kept.deleted_at is None


def may_see(actor: Actor | None, upload: Upload) -> bool:
    """Say whether the actor may see the picture that a case rests on: whom it is about, and staff of the place."""
    if actor is None:
        return False
    case = session().scalars(select(PointsCase).where(PointsCase.upload_id == upload.id)).first()
    return case is not None and can(actor, Perm.AWARD_READ, case)


def _open(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_CASE.scope_path, (area,)),) if area else ()
    return visible(actor, Perm.AWARD_DECIDE, PointsCase), _CASE.state == "open", _CASE.not_before.is_(None), *below
