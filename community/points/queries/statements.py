"""A member's statement of a month: what she reads, and the file with which anybody checks it without us."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from community.core import chain
from community.core.authz import Actor
from community.core.db import session
from community.core.errors import NotFound
from community.points.models import Account, PeriodClose, Seal, StatementLeaf
from community.points.queries import months, sealed
from community.points.queries.months import Sheet

FORMAT = "linli-statement-1"

_LEAF, _SEAL, _ACCOUNT = StatementLeaf.__table__.c, Seal.__table__.c, Account.__table__.c


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's month as its leaf has it."""

    month: PeriodClose
    sheet: Sheet
    position: int
    salt: bytes
    leaf: bytes


def of_member(actor: Actor) -> Sequence[Any]:
    """Return the actor's statements, newest first: (town_id, month_on, account_id, asset, state)."""
    closed = PeriodClose.__table__.c
    return (
        session()
        .execute(
            select(_LEAF.town_id, _LEAF.month_on, _LEAF.account_id, _ACCOUNT.asset, closed.state, closed.window_until)
            .join(Account.__table__, _ACCOUNT.id == _LEAF.account_id)
            .join(PeriodClose.__table__, (closed.town_id == _LEAF.town_id) & (closed.month_on == _LEAF.month_on))
            .where(_ACCOUNT.subject_id.in_(actor.ids))
            .order_by(_LEAF.month_on.desc(), _ACCOUNT.asset.desc(), _LEAF.account_id)
        )
        .all()
    )


def own(actor: Actor, account_id: int, month_on: dt.date) -> Statement:
    """Return the actor's own statement; raises NotFound for anybody else's, and for a month that nobody drew up."""
    account = session().get(Account, account_id)
    if account is None or account.subject_id is None or not actor.is_me(account.subject_id):
        raise NotFound
    month = months.month(account.town_id, month_on)
    leaf = (
        session()
        .execute(
            select(_LEAF.position, _LEAF.salt, _LEAF.leaf_hash).where(
                _LEAF.town_id == account.town_id, _LEAF.month_on == month_on, _LEAF.account_id == account_id
            )
        )
        .first()
    )
    sheets = months.sheets(account.town_id, month_on, [account_id])
    if month is None or leaf is None or not sheets:
        raise NotFound
    return Statement(month, sheets[0], leaf.position, leaf.salt or b"", leaf.leaf_hash)


def proof(one: Statement) -> dict[str, Any]:
    """Return the statement with everything that proves it, as `docs/verify_statement.py` reads it."""
    month = one.month
    tree = months.tree(month)
    paths = chain.merkle_paths(tree)
    ids = [line.txn_id for line in one.sheet.lines]
    postings = sealed.documents(sealed.among(ids), sealed.rule_hashes())
    seals = {row.txn_id: row for row in session().execute(select(Seal.__table__).where(_SEAL.txn_id.in_(ids)))}
    return {
        "format": FORMAT,
        "state": month.state,
        "root": month.root.hex(),
        "month": {"document": months.announced(month), "path": _path(paths[0])},
        "statement": {
            "salt": one.salt.hex(),
            "document": months.statement(month.town_id, month.month_on, one.sheet),
            "path": _path(paths[one.position]),
        },
        "postings": [
            {
                "salt": (postings[txn_id].salt or b"").hex(),
                "document": postings[txn_id].document,
                "seal": _seal(seals[txn_id]) if txn_id in seals else None,
            }
            for txn_id in dict.fromkeys(ids)
        ],
    }


def _seal(row: Row[Any]) -> dict[str, Any]:
    return {"seq": row.seq, "previous": row.prev_hash.hex(), "hash": row.hash.hex()}


def _path(steps: list[tuple[str, bytes]]) -> list[list[str]]:
    return [[side, other.hex()] for side, other in steps]
