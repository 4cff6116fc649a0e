"""Closing a month: a draft that everybody checks until its window ends, then published for good by another person.

All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import delete, insert, select

from community.audit import services as audit
from community.core import chain, clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, one_at_a_time, session
from community.core.errors import Conflict, NotFound
from community.core.i18n import _
from community.people import erased
from community.places import queries as places
from community.points import policies
from community.points.models import PeriodClose, StatementLeaf
from community.points.queries import chain as chains, months
from community.points.services import sealing, showing

# Days for everybody to look at the draft.
WINDOW = 5


def draft(actor: Actor, town_id: int, month_on: dt.date) -> PeriodClose:
    """Draw up the town's month, or draw its draft up anew, and return it; the window begins today.

    Raises Conflict for a month that is not over (month_open), is published (month_published), or whose month before is
    drafted and not published (month_order).
    """
    path = _path(actor, town_id)
    _one_by_one(town_id)
    if clock.today() < policies.add_months(month_on, 1):
        raise Conflict("month_open", _("这个月还没过完"), next_step=_("请下个月 1 日以后再结。"))
    kept = months.month(town_id, month_on)
    if kept is not None and kept.state == "published":
        raise Conflict(
            "month_published",
            _("这个月已经公示，不能再改"),
            next_step=_("有错请做更正，会记在当月的“更正以前月份”里。"),
        )
    before = months.month(town_id, policies.add_months(month_on, -1))
    if before is not None and before.state == "draft":
        raise Conflict("month_order", _("上一个月还没有公示"), next_step=_("请先公示上一个月。"))
    if before is None and months.kept_beside(town_id, month_on):
        raise Conflict("month_order", _("上一个月还没有结"), next_step=_("月结一个接一个，请先结上一个月。"))
    while sealing.seal_town(town_id):
        pass
    made = _write(actor, town_id, month_on, kept)
    audit.record(actor, "points.month_draft", "area", town_id, scope_path=path, details={"month": f"{month_on:%Y-%m}"})
    return made


def publish(actor: Actor, town_id: int, month_on: dt.date) -> PeriodClose:
    """Publish the town's drafted month for good. Raises NotFound without a draft.

    What a command drew up two people publish: the first makes the draft her own, and it stays one.

    Raises Conflict when it is published (month_published), when she drew it up herself (month_own), when its window is
    open (month_window), or when postings of that month came since (month_changed).
    """
    path = _path(actor, town_id)
    _one_by_one(town_id)
    month = session().scalar(
        locking(select(PeriodClose).where(PeriodClose.town_id == town_id, PeriodClose.month_on == month_on))
    )
    if month is None:
        raise NotFound
    if month.state == "published":
        raise Conflict("month_published", _("这个月已经公示，不能再改"))
    if month.drafted_by is not None and actor.is_me(month.drafted_by):
        raise Conflict("month_own", _("要由另一个人公示"), next_step=_("起草的人不能自己公示，请同事来办。"))
    if clock.today() <= month.window_until:
        raise Conflict(
            "month_window",
            _("核对期还没结束"),
            next_step=_("核对期到 %(day)s 为止，之后再公示。", day=str(month.window_until)),
        )
    if not _is_still(month):
        raise Conflict("month_changed", _("起草以后账目有变"), next_step=_("请重新起草，大家再核对一次。"))
    if month.drafted_by is None and actor.member_id:
        return _answer_for(actor, month, path)
    month.state, month.published_at, month.published_by = "published", clock.now(), actor.member_id or None
    session().flush()
    showing.keep_groups(month)
    audit.record(
        actor, "points.month_publish", "area", town_id, scope_path=path,
        details={"month": f"{month_on:%Y-%m}", "root": month.root.hex()},
    )  # fmt: skip
    return month


def _answer_for(actor: Actor, month: PeriodClose, path: str) -> PeriodClose:
    """Let somebody answer for a draft that no person drew up; another one publishes it."""
    month.drafted_by = actor.member_id
    session().flush()
    details = {"month": f"{month.month_on:%Y-%m}", "root": month.root.hex()}
    audit.record(actor, "points.month_agree", "area", month.town_id, scope_path=path, details=details)
    return month


def _write(actor: Actor, town_id: int, month_on: dt.date, kept: PeriodClose | None) -> PeriodClose:
    head, sums, sheets = chains.head(town_id), months.totals(town_id, month_on), months.sheets(town_id, month_on)
    rows: list[dict[str, Any]] = []
    # In an order of chance: a place among the statements, and on the board, says nothing about anybody.
    salted = sorted((secrets.token_bytes(16), sheet.account_id, sheet) for sheet in sheets)
    # Of who was erased nobody keeps the salt: her leaf stands in the tree, and nothing can be shown for it.
    gone = erased.among(sheet.subject_id for sheet in sheets)
    for position, (salt, _account, sheet) in enumerate(salted, 1):
        leaf = chain.leaf(salt, months.statement(town_id, month_on, sheet))
        row = {"town_id": town_id, "month_on": month_on, "position": position, "account_id": sheet.account_id}
        rows.append(row | {"salt": None if sheet.subject_id in gone else salt, "leaf_hash": leaf})
    about = months.announcement(town_id, month_on, sums, len(rows), head)
    root = chain.merkle_root([chain.digest(chain.canonical(about)), *(row["leaf_hash"] for row in rows)])
    month = kept or PeriodClose(town_id=town_id, month_on=month_on, state="draft")
    month.totals, month.leaves, month.root = sums, len(rows), root
    month.head_seq, month.head_hash = head.seq, head.hash
    month.drafted_at, month.drafted_by = clock.now(), actor.member_id or None
    month.window_until = clock.today() + dt.timedelta(days=WINDOW)
    session().add(month)
    session().flush()
    old = (StatementLeaf.town_id == town_id) & (StatementLeaf.month_on == month_on)
    session().execute(delete(StatementLeaf).where(old).execution_options(synchronize_session=False))
    if rows:
        session().execute(insert(StatementLeaf.__table__), rows)  # type: ignore[arg-type]
    return month


def _is_still(month: PeriodClose) -> bool:
    """Say whether the books still say of the month what the draft says."""
    return not any(months.altered(month)) and months.totals(month.town_id, month.month_on) == month.totals


def _path(actor: Actor, town_id: int) -> str:
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    must(actor, Perm.MONTH_CLOSE, town)
    return town.path


def _one_by_one(town_id: int) -> None:
    one_at_a_time(f"close:{town_id}")
