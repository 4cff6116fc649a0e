"""Balances and lines of residents' accounts. What they cost does not grow with the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import NotFound
from community.points.models import NEVER, Account, Entry, Lot, Rule, RuleVersion, Transfer, Txn

PAGE = 50

_ACCOUNT, _ENTRY, _LOT = Account.__table__.c, Entry.__table__.c, Lot.__table__.c
_TRANSFER, _TXN = Transfer.__table__.c, Txn.__table__.c


@dataclass(frozen=True, slots=True)
class Purse:
    """What a member has in one town: `available` today, and what of it expires first."""

    account_id: int
    town_id: int
    available: int
    expires_on: dt.date | None
    expiring: int


@dataclass(frozen=True, slots=True)
class Served:
    """The minutes of service that a member has in one town; nothing takes them but the correction of a wrong one."""

    account_id: int
    town_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's points and minutes, town by town (each town has its own), the one with the most first."""

    purses: tuple[Purse, ...]
    served: tuple[Served, ...] = ()

    @property
    def available(self) -> int:
        return sum(purse.available for purse in self.purses)

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.served)


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of lines, newest first, and the line to go on from."""

    lines: Sequence[Row[Any]]
    older: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """One line with the posting that explains it. It is its account's member's and lies where the act was done."""

    row: Row[Any]

    @property
    def owner_id(self) -> int:
        return int(self.row.subject_id)

    @property
    def scope_path(self) -> str:
        return str(self.row.explain.get("where", ""))


def balance(member_id: int) -> Balance:
    """Return what the member has today, judged by date: a late expiry job changes nothing (one statement)."""
    today = clock.today()
    open_lots = (_LOT.account_id == _ACCOUNT.id) & (_LOT.remaining > 0)
    first = Lot.__table__.alias("first").c
    soonest = (
        select(func.min(first.expires_on))
        # What never expires is left out: of minutes that would be everything there ever was.
        .where(
            first.account_id == _ACCOUNT.id,
            first.remaining > 0,
            # What an order holds is on its way already.
            first.remaining > first.held,
            first.expires_on >= today,
            first.expires_on < NEVER,
        )
        .correlate(Account.__table__)
        .scalar_subquery()
    )  # fmt: skip
    free = func.coalesce(func.sum(_LOT.remaining - _LOT.held), 0)
    rows = (
        session()
        .execute(
            select(
                _ACCOUNT.id,
                _ACCOUNT.town_id,
                _ACCOUNT.asset,
                (_ACCOUNT.posted - _ACCOUNT.held).label("free"),
                # What has expired and was not tidied away yet.
                select(free).where(open_lots, _LOT.expires_on < today).scalar_subquery().label("dead"),
                soonest.label("expires_on"),
                select(free).where(open_lots, _LOT.expires_on == soonest).scalar_subquery().label("expiring"),
            ).where(_ACCOUNT.subject_id == member_id, _ACCOUNT.kind == "resident")
        )
        .all()
    )
    served = [Served(row.id, row.town_id, row.free) for row in rows if row.asset == "minutes"]
    purses = [
        Purse(
            account_id=row.id,
            town_id=row.town_id,
            available=row.free - row.dead,
            expires_on=row.expires_on,
            expiring=row.expiring,
        )
        for row in rows
        if row.asset == "points"
    ]
    return Balance(
        tuple(sorted(purses, key=lambda purse: (-purse.available, purse.account_id))),
        tuple(sorted(served, key=lambda one: (-one.minutes, one.account_id))),
    )


def statement(account_id: int, before: int | None = None, limit: int = PAGE) -> Statement:
    """Return a page of an account's lines, those before the line `before` (one statement, whatever the history)."""
    wanted = lines().where(_ENTRY.account_id == account_id)
    if before is not None:
        wanted = wanted.where(_ENTRY.seq < before)
    rows = session().execute(wanted.order_by(_ENTRY.seq.desc()).limit(limit + 1)).all()
    return Statement(rows[:limit], rows[limit - 1].seq if len(rows) > limit else None)


def residents(town_id: int) -> int:
    """Return how many accounts residents have in the town, of all assets."""
    counted = select(func.count()).where(_ACCOUNT.town_id == town_id, _ACCOUNT.kind == "resident")
    return session().scalar(counted) or 0


def has_lines(member_id: int) -> bool:
    """Say whether anything was ever posted to an account of the member."""
    found = select(_ACCOUNT.id).where(_ACCOUNT.subject_id == member_id, _ACCOUNT.seq > 0).limit(1)
    return session().execute(found).first() is not None


def proof(actor: Actor, txn_id: int) -> Proof:
    """Return one posting's line for its member or for staff of the place where it was earned; NotFound for others.

    A posting may move several accounts (an order that two people paid), or one twice: one's own newest line is shown.
    """
    rule, version = Rule.__table__.c, RuleVersion.__table__.c
    row = session().execute(
        lines()
        .add_columns(
            _ACCOUNT.subject_id, _ACCOUNT.asset, _TXN.actor_id, _TXN.approver_id, _TXN.town_id, _TXN.evidence_ref,
            _TXN.reverses_txn_id, _LOT.granted, _LOT.remaining,
            rule.code.label("rule_code"), version.version, version.text_zh, version.text_en, version.resolution,
            version.published_on, version.effective_on.label("rule_effective_on"), version.ends_on,
        )
        .join(Account.__table__, _ACCOUNT.id == _ENTRY.account_id)
        .outerjoin(RuleVersion.__table__, version.id == _TXN.rule_version_id)
        .outerjoin(Rule.__table__, rule.id == version.rule_id)
        .where(_TXN.id == txn_id)
        .order_by(_ACCOUNT.subject_id != actor.member_id, _ACCOUNT.subject_id != _TXN.subject_id, _ENTRY.seq.desc())
        .limit(1)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    found = Proof(row)
    must(actor, Perm.AWARD_READ, found)
    return found


def postings_of(evidence_ref: str) -> Sequence[Row[Any]]:
    """Return the lines that rest on `evidence_ref`."""
    return session().execute(lines().where(_TXN.evidence_ref == evidence_ref).order_by(_TXN.id)).all()


def lines() -> Select[Any]:
    """Return the select of accounts' lines with the postings that explain them, for a caller to narrow."""
    return (
        select(
            _ENTRY.account_id, _ENTRY.seq, _ENTRY.delta, _ENTRY.balance_after, _TXN.id.label("txn_id"), _TXN.kind,
            _TXN.effective_on, _TXN.recorded_at, _TXN.reason_code, _TXN.explain, _LOT.expires_on,
        )
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .outerjoin(Lot.__table__, _LOT.transfer_id == _TRANSFER.id)
    )  # fmt: skip
