"""Awards that a person has to look at: said yes or no to, by two where a town asks for four eyes, never one's own.

What was decided is carried out ten seconds later (`deciding`), and may be taken back until then. All functions need
`transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert

from community.audit import services as audit
from community.core import clock, todo
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _, plain
from community.messages import kinds, services as messages
from community.people import queries as people
from community.points.models import Award, AwardVote
from community.points.queries import reviews, terms
from community.points.queries.reviews import Vote
from community.points.services import deciding, waiting

_PASSED, _FAILED = "points.review_passed", "points.review_failed"
_INSTEAD = _("决定已经生效，对方会收到消息。弄错了，请提出更正，由另一位决定。")

kinds.register(_PASSED, _("%(place)s：%(amount)s 分复核通过"), _("马上记入您的账户。"))
kinds.register(
    _FAILED, _("%(place)s：%(amount)s 分复核没有通过"), _("理由：%(reason)s。不同意可以申诉，由另一位重新看。")
)


def decided_meanwhile() -> DomainError:
    """Return the refusal of a word on something that somebody else has decided."""
    return Conflict("decided", _("这一笔已经有人定了"), next_step=_("刷新页面看结果。"))


on_constraint("pk_award_vote", decided_meanwhile)


def review(actor: Actor, award_id: int, *, accept: bool, words: str = "") -> bool:
    """Say yes or no to an award that waits for review; returns whether that decided it, or a second person has to.

    One no decides. Raises NotFound outside the actor's areas, DomainError for her own award and a no without words,
    Conflict (decided, voted, not_for_review).
    """
    row, votes = _locked(actor, award_id)
    _must_be_open(row)
    if any(vote.by_id in actor.ids for vote in votes):
        raise Conflict("voted", _("您已经看过这一笔了"), next_step=_("还要另一位复核，两个人都同意才记入。"))
    said = clean_words(words, needed=not accept)
    _say(row, actor, accept=accept, words=said)
    done = not accept or sum(vote.accepts for vote in votes) + 1 >= needed(row)
    audit.record(
        actor, "points.review", "award", award_id, scope_path=row.scope_path, reason=said or None,
        details={"accepted": accept, "done": done},
    )  # fmt: skip
    if done:
        _decide(row, actor, accept=accept, words=said)
    return done


def undo(actor: Actor, award_id: int) -> None:
    """Take back what the actor said less than ten seconds ago: the award waits again as before.

    Raises as `todo.must_be_undoable`, NotFound outside her areas, Conflict (undo_late) when it is carried out.
    """
    row, votes = _locked(actor, award_id)
    mine = next((vote for vote in votes if vote.by_id in actor.ids), None)
    todo.must_be_undoable(
        actor, by_id=mine.by_id if mine else None, at=mine.at if mine else clock.now(), instead=_INSTEAD
    )
    if row is None:
        raise todo.too_late(_INSTEAD)
    _say(row, actor, accept=True, words="", takes_back=True)
    deciding.forget_decision([award_id])
    messages.take_back(row.subject_id, _page(award_id))
    audit.record(actor, "points.unreview", "award", award_id, scope_path=row.scope_path)


def clean_words(words: str, *, needed: bool) -> str:
    """Return what a deciding person wrote, in one line; raises DomainError for a no without words."""
    said = " ".join(words.split())[:200]
    if needed and not said:
        raise DomainError("reason_missing", _("请写明理由，对方会看到"), field="reason")
    return said


def must_be_anothers(actor: Actor, member_id: int) -> None:
    """Raise for an award, a case or an appeal of the actor's own."""
    if actor.is_me(member_id):
        raise DomainError("own_award", _("自己的积分不能自己定"), next_step=_("请另一位管理员来办。"), status=403)


def needed(row: Row[Any]) -> int:
    """Return how many people have to say yes to a waiting award."""
    return terms.of_town(row.town_id).people_needed(row.asset, row.amount)


def _locked(actor: Actor, award_id: int) -> tuple[Any, Sequence[Vote]]:
    """Return the waiting award (None when it waits no longer) and what was said; its member is locked first."""
    award = session().get(Award, award_id, populate_existing=True)
    if award is None:
        raise NotFound
    must(actor, Perm.AWARD_DECIDE, award)
    must_be_anothers(actor, award.subject_id)
    people.known_member(award.subject_id, lock=True)
    return waiting.waiting_one(award_id), reviews.votes(award_id)


def _must_be_open(row: Any) -> None:
    if row is None or row.not_before is not None:
        raise decided_meanwhile()
    if row.reason_code != "review":
        raise Conflict(
            "not_for_review", _("这一笔不等复核"), next_step=_("存疑的打卡请到打卡记录里核对，等预算的会自动补记。")
        )


def _say(row: Row[Any], actor: Actor, *, accept: bool, words: str, takes_back: bool = False) -> None:
    session().execute(
        insert(AwardVote.__table__),  # type: ignore[arg-type]
        {
            "award_id": row.award_id,
            "seq": reviews.said(row.award_id),
            "by_id": actor.member_id,
            "subject_id": row.subject_id,
            "accepts": accept,
            "takes_back": takes_back,
            "words": words,
            "at": clock.now(),
        },
    )


def _decide(row: Row[Any], actor: Actor, *, accept: bool, words: str) -> None:
    not_before: dt.datetime = clock.now() + todo.UNDO_WITHIN
    code = deciding.CONFIRMED if accept else deciding.REJECTED
    deciding.decide_later([row], code, by_id=actor.member_id, words=words, not_before=not_before)
    told = {"place": row.explain["place"] or row.code, "amount": row.amount}
    messages.notify(
        row.subject_id,
        _PASSED if accept else _FAILED,
        told if accept else {**told, "reason": plain(words)},
        _page(row.award_id),
        not_before=not_before,
    )


def _page(award_id: int) -> str:
    return f"/points/waiting/{award_id}"
