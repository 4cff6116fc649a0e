"""Telling members in time what of theirs expires: 60, 30 and 7 days before, each once, by civil date."""

from __future__ import annotations

import datetime as dt

from community.core import clock
from community.core.db import session, upsert
from community.core.i18n import _
from community.messages import kinds, services as messages
from community.points.models import Account, ExpiryNotice
from community.points.queries import lots
from community.points.queries.lots import Expiring

# What expires within the week that begins with a day is told together with that day: who patrols every evening would
# otherwise be told every morning.
TOGETHER = dt.timedelta(days=6)
_ONE, _SOME = "points.expiring", "points.expiring_week"

kinds.register(_ONE, _("%(amount)s 分 %(day)s 到期"), _("当天还能用。打开就能用掉，或者一键捐给公益；服务时长不会少。"))
kinds.register(
    _SOME,
    _("%(amount)s 分从 %(day)s 起到期"),
    _("到 %(last)s 为止陆续到期，当天都还能用。打开就能用掉，或者一键捐给公益；服务时长不会少。"),
)


def tell(account_id: int, today: dt.date) -> int:
    """Put into the inbox of an account's member what expires soon; returns how many days of it were told now.

    A day of points is told once at each of `lots.NOTICE_DAYS`, and for what begins nearer only at the next of them;
    what is held for an order does not expire. Told again, nothing is said: the key (account, day, step) decides, also
    between two hosts. Needs `transaction()`.
    """
    account = session().get(Account, account_id)
    found = lots.untold(account_id, today)
    if account is None or account.subject_id is None or not found:
        return 0
    told = 0
    while found:
        step = lots.step((found[0].expires_on - today).days)
        week = [one for one in _week(account_id, today, found[0].expires_on) if _note(account_id, one, step or 0)]
        if week:
            _tell(account, week)
        told += len(week)
        found = [one for one in found if one.expires_on > found[0].expires_on + TOGETHER]
    return told


def _week(account_id: int, today: dt.date, first: dt.date) -> list[Expiring]:
    return [one for one in lots.expiring(account_id, today, first + TOGETHER) if one.expires_on >= first]


def _note(account_id: int, one: Expiring, step: int) -> bool:
    """Write that this day is told at this step; False when it was, by whomever."""
    if session().get(ExpiryNotice, (account_id, one.expires_on, step)) is not None:
        return False
    row = {"account_id": account_id, "expires_on": one.expires_on, "days_before": step, "at": clock.now()}
    made = upsert(ExpiryNotice).values(**row).on_conflict_do_nothing().returning(ExpiryNotice.account_id)
    return session().execute(made).first() is not None


def _tell(account: Account, week: list[Expiring]) -> None:
    amount, first, last = sum(one.amount for one in week), week[0].expires_on, week[-1].expires_on
    params = {"amount": amount, "day": first} | ({"last": last} if last > first else {})
    messages.notify(
        account.subject_id or 0, _SOME if last > first else _ONE, params, f"/points/expiring?account={account.id}"
    )
