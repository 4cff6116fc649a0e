"""The room's repeated work."""

from __future__ import annotations

from collections.abc import Iterator

from community.core import clock
from community.core.authz import system_actor
from community.core.db import snapshot, transaction
from community.core.scheduler import for_each
from community.points.queries import awards, cases, chain, invariants, lots, shop
from community.points.services import (
    adopting,
    awarding,
    budget,
    checking,
    deciding,
    expiring,
    handing,
    raising,
    reminding,
    retiring,
    sealing,
)
from community.points.services.cases import carry_out as carry_out_case
from community.points.services.evidence import retire as retire_evidence

_AT_ONCE = 500
_TELL = "tell"


def post_waiting() -> None:
    """Post awards that wait for nothing any more: their member is verified by now, or the budget can pay again.

    One member a transaction, the longest waiting first. Then tell the admins of a budget that is empty after all:
    when awards only met it while others were taking the last of it, nobody was told.
    """
    for_each(_due(), _do)


def expire_points() -> None:
    """Write down what was valid until yesterday as expired, one account a transaction. Nobody could use it any more."""
    today = clock.today()
    for_each(lots.due(today), lambda account_id: expiring.expire_account(account_id, today))


def tell_expiring() -> None:
    """Tell members what of theirs expires in 60, 30 and 7 days, one account a transaction."""
    today = clock.today()
    for_each(lots.to_tell(today), lambda account_id: reminding.tell(account_id, today))


def post_decided() -> None:
    """Carry out what was decided and may no longer be undone: waiting awards by member, then cases one by one."""
    for_each(awards.decided(_AT_ONCE), deciding.carry_out)
    for_each(cases.due(), carry_out_case)


def raise_appeals() -> None:
    """Let objections that nobody answered in time go up a level, one a transaction (`services.raising`)."""
    for_each(raising.due(), raising.raise_)


def adopt_rules() -> None:
    """Bring the rule sets into force whose day has come, a set a transaction (`services.adopting`)."""
    for_each(adopting.due(), adopting.bring_in)


def seal_due() -> None:
    """Seal the postings that wait for it, a batch a transaction, town by town."""
    for_each(_unsealed(), sealing.seal_town)


def check_ledgers() -> None:
    """Seal what waits and look over every town's books, as every night; a red one freezes redeeming in that town."""
    seal_due()
    for_each(_looked_over(), lambda look: checking.keep(*look))


def _looked_over() -> Iterator[tuple[int, dict[str, invariants.Rows]]]:
    """Look one town over after the other, outside any transaction: nobody waits for it."""
    for town_id in chain.towns():
        with snapshot():
            found = invariants.broken(town_id)
        yield town_id, found


def expire_orders() -> None:
    """End orders that nobody fetched in time, one a transaction: the points go back to their members."""
    actor = system_actor("expire_orders")
    for_each(shop.overdue(), lambda order_id: handing.expire(actor, order_id))


def remind_orders() -> None:
    """Tell members that the last day to fetch what they ordered is near, one a transaction; each order once."""
    actor = system_actor("remind_orders")
    for_each(shop.to_remind(), lambda order_id: handing.remind(actor, order_id))


def forget_evidence() -> None:
    """Delete the pictures of cases that were decided long ago, one a transaction."""
    actor = system_actor("forget_evidence")
    for_each(cases.pictures_due(), lambda case_id: retire_evidence(actor, case_id))


def forget_told() -> None:
    """Delete old notices of what expired, a day of expiry a transaction, and old codes of family pots."""
    for_each(retiring.notice_days(), retiring.forget_notices)
    with transaction():
        retiring.forget_invites()


def _unsealed() -> Iterator[int]:
    """Return each town as often as there are batches to seal; one whose turn failed is not asked again this time."""
    for town_id in chain.waiting_towns():
        for _batch in range(-(-chain.waiting(town_id) // sealing.BATCH)):
            yield town_id


def _due() -> Iterator[tuple[str, int, int]]:
    """What is to do, (what, whose, how much), asked for when its turn has come."""
    for member_id in awards.verified_meanwhile(_AT_ONCE):
        yield "unverified", member_id, 0
    for member_id in awards.payable_members(_AT_ONCE):
        yield "budget", member_id, 0
    for town_id, points in awards.unpaid_today():
        yield _TELL, town_id, points


def _do(item: tuple[str, int, int]) -> None:
    what, whose, points = item
    if what == _TELL:
        budget.tell_if_empty(whose, points)
    else:
        awarding.release(whose, what)
