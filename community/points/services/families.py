"""Family pots: coming in by one's own word, agreeing to whoever comes later, setting a cap, leaving at any time.

A pot holds nothing and no point changes hands: it only says whose lots an order of one of them may use (`pooling`).
Order of locks: the pot, then the order, the accounts, the stock. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import select, update

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Busy, Conflict, DomainError, Forbidden, NotFound, on_constraint
from community.core.i18n import _
from community.core.ids import clean_code, is_code, new_code
from community.messages import kinds, services as messages
from community.people import standing
from community.points.models import FamilyPot, PotInvite, PotSeat

# Three generations; more would be a club.
MOST = 6
CAP_MOST = 9999
INVITE_LIVES = dt.timedelta(days=3)
_LINK = "/family"

kinds.register(
    "points.family_joined", _("%(who)s加入了家庭共用"), _("您点“同意”以后，对方才能用您的积分；不理就不能用。")
)
kinds.register("points.family_left", _("%(who)s退出了家庭共用"), _("从现在起，您用不到对方的积分，对方也用不到您的。"))


def _seated() -> DomainError:
    return Conflict("family_already", _("您已经在一个家庭共用里"), next_step=_("想换一个，请先退出现在的。"))


on_constraint("uq_pot_seat_once", _seated)
on_constraint("uq_pot_seat_roll", Busy)


def found(actor: Actor, *, cap: int) -> FamilyPot:
    """Open a pot in the actor's town, in which others may use up to `cap` of her points in a month; returns it.

    Raises Forbidden (not_verified, guardian_first), Conflict (family_already), DomainError of the field "cap".
    """
    town_id = _may_sit(actor)
    made = FamilyPot(town_id=town_id, founder_id=actor.member_id, roll=1, created_at=clock.now())
    session().add(made)
    session().flush()
    _sit(actor, made, cap)
    return made


def invite(actor: Actor) -> PotInvite:
    """Return a code with which one more person may come in; an older one is worth nothing any more.

    Raises Conflict (no_family, family_full).
    """
    seat = own(actor, lock=True)
    _must_have_room(seat.pot_id)
    _close(seat.pot_id)
    now = clock.now()
    made = PotInvite(
        town_id=seat.town_id, pot_id=seat.pot_id, code=new_code(), made_by=actor.member_id, created_at=now,
        expires_at=now + INVITE_LIVES,
    )  # fmt: skip
    session().add(made)
    session().flush()
    return made


def invited(actor: Actor, text: str, *, lock: bool = False) -> PotInvite:
    """Return the invitation with the code that `text` spells, if the actor may come in by it.

    Raises NotFound for no code and one that is over, Conflict (other_town, family_already), and as `found`.
    """
    town_id, code = _may_sit(actor), clean_code(text[:60])
    wanted = select(PotInvite).where(PotInvite.code == code, PotInvite.closed_at.is_(None))
    if lock:
        wanted = locking(wanted).execution_options(populate_existing=True)
    found_ = session().scalars(wanted).one_or_none() if is_code(code) else None
    if found_ is None or found_.expires_at <= clock.now():
        raise NotFound(
            _("这个家庭码不对，或者已经过期"),
            next_step=_("请对一遍再输，或者请家里人重新生成一个。"),
            code="invite_over",
        )
    if found_.town_id != town_id:
        raise Conflict(
            "other_town", _("家里人的积分在另一个镇街"), next_step=_("每个镇街的积分各自计算，不能合在一起用。")
        )
    return found_


def join(actor: Actor, text: str, *, cap: int, roll: int) -> PotSeat:
    """Come into a pot by a code: her consent reaches those who were in it when she looked (`roll`).

    Raises as `invited`, Conflict (family_full, family_changed), DomainError of the field "cap".
    """
    pot = _lock(invited(actor, text).pot_id)
    offer = invited(actor, text, lock=True)
    if pot.roll != roll:
        raise Conflict("family_changed", _("刚才又有人加入了"), next_step=_("请再看一遍名单，再决定。"))
    _must_have_room(pot.id)
    offer.closed_at = clock.now()
    pot.roll += 1
    session().flush()
    made = _sit(actor, pot, cap)
    _tell(pot.id, actor, "points.family_joined")
    return made


def agree(actor: Actor, *, roll: int) -> None:
    """Agree that those who had come in up to `roll` use the actor's points too, within her cap."""
    seat = own(actor, lock=True)
    pot = session().get_one(FamilyPot, seat.pot_id)
    if not seat.agreed_roll < roll <= pot.roll:
        return
    seat.agreed_roll = roll
    session().flush()
    _record(actor, "points.family_agree", seat.pot_id)


def set_cap(actor: Actor, cap: int) -> None:
    """Let others use up to `cap` of the actor's points in a month from now on; 0 for none."""
    seat = own(actor, lock=True)
    seat.cap = _checked(actor, cap)
    session().flush()
    _record(actor, "points.family_cap", seat.pot_id)


def leave(actor: Actor) -> None:
    """Leave the pot at once: nothing of the actor's is used any more; what is reserved already stays so."""
    seat = own(actor, lock=True)
    _tell(seat.pot_id, actor, "points.family_left")
    _end(seat)
    _record(actor, "points.family_leave", seat.pot_id)


def leave_all(member_ids: Iterable[int]) -> None:
    """Take somebody who is gone out of her pots. Called before anything of hers is locked."""
    theirs = select(PotSeat).where(PotSeat.member_id.in_(list(member_ids)), PotSeat.state == "in")
    for seat in session().scalars(theirs.order_by(PotSeat.pot_id)).all():
        _lock(seat.pot_id)
        # She may have left while this waited for the pot.
        session().refresh(seat)
        if seat.state == "in":
            _end(seat)


def own(actor: Actor, *, lock: bool = False) -> PotSeat:
    """Return the actor's seat, its pot locked on demand; raises Conflict (no_family) when she is in none.

    Nobody sits in it in her place (NotFound): a mandate reaches her own points alone.
    """
    must(actor, Perm.REWARD_REDEEM)
    if actor.instead is not None:
        raise NotFound
    seat = _seat(actor)
    if seat is not None and lock:
        _lock(seat.pot_id)
        session().refresh(seat)
    if seat is None or seat.state != "in":
        raise Conflict("no_family", _("您不在家庭共用里"), next_step=_("可以新建一个，或者请家里人给您一个码。"))
    return seat


def _seat(actor: Actor) -> PotSeat | None:
    mine = select(PotSeat).where(PotSeat.member_id.in_(actor.ids), PotSeat.state == "in")
    return session().scalars(mine.order_by(PotSeat.seat_id.desc()).limit(1)).first()


def _may_sit(actor: Actor) -> int:
    must(actor, Perm.REWARD_REDEEM)
    if actor.instead is not None:
        raise NotFound
    if not actor.verified or actor.status != "active" or actor.town_id is None:
        raise Forbidden(_("要先当面核对过身份"), next_step=_("请到社区，或请楼长、队长带您核对。"), code="not_verified")
    if not actor.guarded:
        raise Forbidden(_("未满 18 岁，要监护人先同意"), next_step=_("请监护人到社区登记同意。"), code="guardian_first")
    if _seat(actor) is not None:
        raise _seated()
    return actor.town_id


def _sit(actor: Actor, pot: FamilyPot, cap: int) -> PotSeat:
    made = PotSeat(
        town_id=pot.town_id, pot_id=pot.id, member_id=actor.member_id, cap=_checked(actor, cap), joined_roll=pot.roll,
        agreed_roll=pot.roll, joined_at=clock.now(), state="in",
    )  # fmt: skip
    session().add(made)
    session().flush()
    _record(actor, "points.family_join", pot.id)
    return made


def _end(seat: PotSeat) -> None:
    seat.state, seat.left_at = "left", clock.now()
    session().flush()


def _checked(actor: Actor, cap: int) -> int:
    if not 0 <= cap <= CAP_MOST:
        raise DomainError("cap", _("请填 0 到 %(most)s 分", most=CAP_MOST), field="cap")
    # As with a mandate: that others use a minor's points is her guardian's to sign.
    if cap and actor.minor and not standing.guardians_signed(actor.ids):
        raise DomainError("guardian_only", _("未满 18 岁请填 0；要给家里人用，请监护人到社区签字登记代办"), field="cap")
    return cap


def _lock(pot_id: int) -> FamilyPot:
    wanted = locking(select(FamilyPot).where(FamilyPot.id == pot_id)).execution_options(populate_existing=True)
    return session().scalars(wanted).one()


def _must_have_room(pot_id: int) -> None:
    seats = session().scalars(select(PotSeat.seat_id).where(PotSeat.pot_id == pot_id, PotSeat.state == "in")).all()
    if len(seats) >= MOST:
        raise Conflict("family_full", _("最多 %(count)s 个人", count=MOST), next_step=_("有人退出以后才能再加。"))


def _close(pot_id: int) -> None:
    old = update(PotInvite).where(PotInvite.pot_id == pot_id, PotInvite.closed_at.is_(None))
    session().execute(old.values(closed_at=clock.now()).execution_options(synchronize_session=False))


def _tell(pot_id: int, actor: Actor, kind: str) -> None:
    others = select(PotSeat.member_id).where(
        PotSeat.pot_id == pot_id, PotSeat.state == "in", PotSeat.member_id != actor.member_id
    )
    for member_id in session().scalars(others.order_by(PotSeat.seat_id)).all():
        messages.notify(member_id, kind, {"who": kinds.Person(actor.member_id)}, link=_LINK)


def _record(actor: Actor, act: str, pot_id: int) -> None:
    audit.record(actor, act, "family_pot", pot_id, scope_path=actor.home_path)
