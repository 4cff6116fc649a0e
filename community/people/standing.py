"""Acting in somebody's place: the Actor that a mandate makes, what was done under it, and who reads of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, or_, select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Instead, Perm, must
from community.core.db import locking, session
from community.core.errors import Forbidden, NotFound
from community.core.i18n import _
from community.core.uploads import Upload
from community.people import mandates, policies, queries
from community.people.models import Mandate, MandateAct, Member

_SEES = frozenset({Perm.POINTS_READ, Perm.AWARD_READ})
# Beyond seeing: what each part of a mandate opens.
_REDEEMS, _APPEALS = frozenset({Perm.REWARD_REDEEM}), frozenset({Perm.APPEAL_MAKE})
ACTS_SHOWN = 50
# For so long after her last day a helper decides nothing about who was helped: ending a mandate, saying yes and taking
# a new one is no way around.
LATELY = dt.timedelta(days=30)


def in_place_of(actor: Actor, principal_id: int, *, lock: bool = False) -> Actor:
    """Return the Actor of `principal_id` as the actor may act in her place today, and with nothing beyond.

    No chains: who stands in for somebody stands in for nobody else, and no office of either comes along. With `lock`
    both members' rows and then the mandate's stay locked, so that ending it and acting under it follow each other.
    Raises NotFound without a mandate that is in force today, Forbidden (suspended) while either account is stopped,
    (guardian_only) for a minor whose guardian has not signed.
    """
    if lock:
        lock_both(actor.member_id, principal_id)
    found = None if actor.instead is not None else _in_force(actor.member_id, principal_id, lock=lock)
    if found is None:
        raise NotFound(
            _("没有这位的代办授权，或者已经到期、停掉了"), next_step=_("请在“代办”里看看，需要的话请她重新授权。")
        )
    person = queries.known_member(principal_id)
    if policies.needs_guardian(person) or (person.age_band == policies.MINOR and not found.minor):
        # What she agreed to herself is no word of her guardian's; nor is a paper when the guardian's consent is gone.
        raise Forbidden(_("未满 18 岁，要由监护人来办"), next_step=_("请监护人到社区签字登记。"), code="guardian_only")
    if actor.status != "active" or not actor.verified or person.status != "active" or person.verified_at is None:
        raise Forbidden(_("账号暂停中，现在不能代办"), next_step=_("请联系社区。"), code="suspended")
    perms = _SEES | (_REDEEMS if found.may_redeem else frozenset()) | (_APPEALS if found.may_appeal else frozenset())
    return Actor(
        member_id=person.id,
        name=person.display_name,
        home_path=person.home_path,
        town_id=person.town_id,
        verified=True,
        minor=person.age_band == policies.MINOR,
        merged=queries.identity_ids(person.id)[1:],
        instead=Instead(actor.member_id, actor.name, found.mandate_id, perms, found.until_on),
    )


def lock_both(helper_id: int, principal_id: int) -> None:
    """Lock the two of a mandate in force, the smaller id first; nobody where there is none.

    Her own commands lock her row and then what is hers, the mandate too: who acts in her place takes the same way. And
    two who act for each other do not wait in a circle.
    """
    pair = Mandate.principal_id == principal_id, Mandate.helper_id == helper_id, Mandate.state == "in_force"
    both = select(Member.id).where(Member.id.in_([helper_id, principal_id]), exists().where(*pair))
    session().execute(locking(both.order_by(Member.id)))


def _in_force(helper_id: int, principal_id: int, *, lock: bool) -> Mandate | None:
    today = clock.today()
    statement = select(Mandate).where(
        Mandate.principal_id == principal_id, Mandate.helper_id == helper_id, Mandate.state == "in_force",
        Mandate.from_on <= today, Mandate.until_on >= today,
    )  # fmt: skip
    if lock:
        statement = locking(statement).execution_options(populate_existing=True)
    return session().scalars(statement).one_or_none()


def record_act(actor: Actor, act: str, about_ref: str) -> bool:
    """Write down that `act` was done to `about_ref` under a mandate; False, and nothing, for who acts for herself.

    Called by the service that did it, in its transaction: no act in somebody's place is kept without its row.
    """
    if actor.instead is None:
        return False
    terms = session().get_one(Mandate, actor.instead.mandate_id)
    session().add(
        MandateAct(
            mandate_id=terms.mandate_id, principal_id=terms.principal_id, helper_id=terms.helper_id,
            from_on=terms.from_on, until_on=terms.until_on, may_redeem=terms.may_redeem, may_appeal=terms.may_appeal,
            done_on=clock.today(), act=act, about_ref=about_ref, at=clock.now(),
        )
    )  # fmt: skip
    session().flush()
    audit.record(
        actor, "people.mandate_act", "member", actor.member_id, scope_path=actor.home_path, details={"act": act}
    )
    return True


# --- reads ---


def helpers_of(refs: Iterable[str], act: str) -> dict[str, int]:
    """Return ref → who did `act` to it in its member's place."""
    wanted = sorted(set(refs))
    rows = session().execute(
        select(MandateAct.about_ref, MandateAct.helper_id).where(
            MandateAct.about_ref.in_(wanted), MandateAct.act == act
        )
    )
    return {row.about_ref: row.helper_id for row in rows} if wanted else {}


def helps(helper_ids: Sequence[int], principal_id: int, at: dt.datetime | None = None) -> bool:
    """Say whether one of these (ids of one person) may act for the member, or could lately: she decides nothing about
    her. `at` is the moment of what she would decide about, when it lies further back."""
    found = select(Mandate.mandate_id).where(Mandate.principal_id == principal_id, *_lately(helper_ids, at))
    return session().execute(found.limit(1)).first() is not None


def helped(helper_ids: Sequence[int]) -> frozenset[int]:
    """Return the members for whom one of these may act, or could lately, as `helps` says of one."""
    return frozenset(session().scalars(select(Mandate.principal_id).where(*_lately(helper_ids, None))))


def _lately(helper_ids: Sequence[int], at: dt.datetime | None) -> tuple[ColumnElement[bool], ...]:
    """Select the mandates of these helpers that were in force at some time since `at`, or since thirty days."""
    since = clock.now() - LATELY
    since = min(since, at) if at is not None else since
    return (
        Mandate.helper_id.in_(helper_ids),
        Mandate.until_on >= clock.local(since).date(),
        or_(Mandate.state == "in_force", Mandate.ended_at >= since),
    )


def guardians_signed(member_ids: Iterable[int]) -> frozenset[int]:
    """Return those of these minors for whom a guardian's signed paper lets others use their points today."""
    today = clock.today()
    signed = select(Mandate.principal_id).where(
        Mandate.principal_id.in_(list(member_ids)), Mandate.state == "in_force", Mandate.minor, Mandate.may_redeem,
        Mandate.from_on <= today, Mandate.until_on >= today,
    )  # fmt: skip
    return frozenset(session().scalars(signed))


def mine(actor: Actor) -> Sequence[Mandate]:
    """Return the actor's mandates on either side: those alive today first, then the newest."""
    must(actor, Perm.SELF_MANAGE)
    hers = or_(Mandate.principal_id.in_(actor.ids), Mandate.helper_id.in_(actor.ids))
    return _newest(select(Mandate).where(hers))


def of_member(member_id: int) -> Sequence[Mandate]:
    """Return the mandates that the member gave, those alive today first, for who may write one down for her."""
    return _newest(select(Mandate).where(Mandate.principal_id == member_id))


def _newest(wanted: Select[Mandate]) -> Sequence[Mandate]:
    alive = and_(Mandate.state == "in_force", Mandate.until_on >= clock.today())
    ordered = wanted.order_by(case((alive, 0), else_=1), Mandate.mandate_id.desc())
    return session().scalars(ordered.limit(ACTS_SHOWN)).all()


def one(actor: Actor, mandate_id: int) -> Mandate:
    """Return a mandate to either side, or to who may write one down for its person; raises NotFound."""
    found = session().get(Mandate, mandate_id, populate_existing=True)
    if found is None or actor.instead is not None:
        raise NotFound
    if not (actor.is_me(found.principal_id) or actor.is_me(found.helper_id)):
        mandates.witnessed(actor, found.principal_id)
    return found


def acts_of(mandate_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return what was done under a mandate, newest first."""
    wanted = select(MandateAct.act, MandateAct.about_ref, MandateAct.at).where(MandateAct.mandate_id == mandate_id)
    return session().execute(wanted.order_by(MandateAct.id.desc()).limit(ACTS_SHOWN)).all()


def paper(actor: Actor, mandate_id: int) -> tuple[Mandate, Upload]:
    """Return the photo of the paper that was signed, while it is kept.

    Raises NotFound for anybody but its person, who wrote it down, and an admin of her home.
    """
    found = one(actor, mandate_id)
    kept = session().get(Upload, found.upload_id) if found.upload_id and sees_paper(actor, found) else None
    if kept is None or kept.deleted_at is not None:
        raise NotFound
    return found, kept


def sees_paper(actor: Actor, found: Mandate) -> bool:
    """Say whether a reader of the mandate (`one`) may see the signed paper too: no helper, no leader but its writer."""
    if actor.is_me(found.principal_id) or actor.is_me(found.witnessed_by or 0):
        return True
    person = queries.known_member(found.principal_id)
    return not actor.is_me(found.helper_id) and policies.reaches(actor, Perm.MEMBER_VERIFY, person)


def may_see(_actor: Actor | None, _upload: Upload) -> bool:
    """Say whether somebody may see a signed paper at the address of all pictures: nobody, since no look at it would be
    written down there (`paper`)."""
    return False
