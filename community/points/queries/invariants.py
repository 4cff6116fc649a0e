"""What must be true of the ledger at every moment (points.md §2.6): each query returns the rows that break its rule.

SQL that both engines read. `a@town` stands for "the row a is of the town that is asked for", or for all towns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import text

from community.core.db import session
from community.points.models import Txn
from community.points.queries import chain, months, replay

Rows = list[tuple[Any, ...]]

# `h@live`: the hold still waits.
_LIVE = r"NOT EXISTS (SELECT 1 FROM hold_resolution z WHERE z.hold_id = \1.id)"

INVARIANTS: dict[str, str] = {
    "I1 an account's balance is the sum of its transfers": """
        SELECT a.id, a.posted FROM account a LEFT JOIN (
            SELECT account_id, SUM(amount) AS total FROM (
                SELECT t.credit_account_id AS account_id, t.amount FROM transfer t WHERE t@town
                UNION ALL SELECT t.debit_account_id, -t.amount FROM transfer t WHERE t@town) moved
            GROUP BY account_id) sums ON sums.account_id = a.id
        WHERE a@town AND a.kind = 'resident' AND a.posted <> COALESCE(sums.total, 0)""",
    "I2 each line continues the one before it": """
        SELECT e.account_id, e.seq FROM account a JOIN entry e ON e.account_id = a.id
        LEFT JOIN entry p ON p.account_id = e.account_id AND p.seq = e.seq - 1
        WHERE a@town AND (e.balance_after <> COALESCE(p.balance_after, 0) + e.delta
            OR (e.seq > 1 AND p.seq IS NULL) OR e.seq < 1)""",
    "I3 the newest line is the account": """
        SELECT a.id, a.seq FROM account a LEFT JOIN entry e ON e.account_id = a.id AND e.seq = a.seq
        WHERE a@town AND a.kind = 'resident' AND (a.posted <> COALESCE(e.balance_after, 0)
            OR a.seq <> (SELECT COALESCE(MAX(seq), 0) FROM entry WHERE account_id = a.id))""",
    "I4 the lots hold the balance": """
        SELECT a.id FROM account a LEFT JOIN (
            SELECT account_id, SUM(remaining) AS remaining, SUM(held) AS held FROM lot GROUP BY account_id) l
            ON l.account_id = a.id
        WHERE a@town AND a.kind = 'resident'
            AND (a.posted <> COALESCE(l.remaining, 0) OR a.held <> COALESCE(l.held, 0))""",
    "I5 nothing was taken from a lot that nothing explains": """
        SELECT l.id FROM lot l JOIN transfer t ON t.id = l.transfer_id LEFT JOIN (
            SELECT lot_id, SUM(amount) AS used FROM lot_use GROUP BY lot_id) u ON u.lot_id = l.id
        WHERE t@town AND (l.remaining <> l.granted - COALESCE(u.used, 0) OR l.granted <> t.amount
            OR l.account_id <> t.credit_account_id)""",
    "I6 what is held waits for an order": """
        SELECT a.id FROM account a LEFT JOIN (
            SELECT h.account_id, SUM(h.amount) AS held FROM hold h WHERE h@live GROUP BY h.account_id) o
            ON o.account_id = a.id
        WHERE a@town AND a.kind = 'resident' AND a.held <> COALESCE(o.held, 0)
        UNION ALL SELECT l.id FROM account a JOIN lot l ON l.account_id = a.id LEFT JOIN (
            SELECT p.lot_id, SUM(p.amount) AS held FROM hold_lot p JOIN hold h ON h.id = p.hold_id WHERE h@live
            GROUP BY p.lot_id) o ON o.lot_id = l.id
        WHERE a@town AND l.held <> COALESCE(o.held, 0)
        UNION ALL SELECT h.id FROM hold h WHERE h@town
            AND h.amount <> (SELECT COALESCE(SUM(p.amount), 0) FROM hold_lot p WHERE p.hold_id = h.id)""",
    "I7 every debit of a resident comes out of her lots": """
        SELECT t.id FROM transfer t JOIN account a ON a.id = t.debit_account_id LEFT JOIN (
            SELECT u.transfer_id, l.account_id, SUM(u.amount) AS used FROM lot_use u JOIN lot l ON l.id = u.lot_id
            GROUP BY u.transfer_id, l.account_id) s ON s.transfer_id = t.id AND s.account_id = a.id
        WHERE t@town AND a.kind = 'resident' AND t.amount <> COALESCE(s.used, 0)
        UNION ALL SELECT t.id FROM lot_use u JOIN lot l ON l.id = u.lot_id JOIN transfer t ON t.id = u.transfer_id
        WHERE t@town AND t.debit_account_id <> l.account_id""",
    "I8 nothing was spent after its date unless it was held before": """
        SELECT t.id FROM lot_use u JOIN lot l ON l.id = u.lot_id JOIN transfer t ON t.id = u.transfer_id
        JOIN txn x ON x.id = t.txn_id
        WHERE t@town AND x.kind IN ('redeem', 'donate') AND x.effective_on > l.expires_on AND NOT EXISTS (
            SELECT 1 FROM hold_resolution z JOIN hold_lot p ON p.hold_id = z.hold_id
            WHERE z.transfer_id = t.id AND p.lot_id = u.lot_id)""",
    "I9 what is reserved of a reward is what open orders wait for": """
        SELECT i.id FROM reward_item i LEFT JOIN (
            SELECT item_id, SUM(quantity) AS waiting FROM reward_order WHERE state = 'reserved' GROUP BY item_id) o
            ON o.item_id = i.id
        WHERE i@town AND i.kind <> 'cause' AND i.reserved <> COALESCE(o.waiting, 0)
        UNION ALL SELECT r.id FROM reward_order r LEFT JOIN (
            SELECT h.order_id, SUM(h.amount) AS held FROM hold h WHERE h@live GROUP BY h.order_id) o
            ON o.order_id = r.id
        WHERE r@town AND COALESCE(o.held, 0) <> CASE WHEN r.state = 'reserved' THEN r.points ELSE 0 END""",
    "I10 every posting moves something and is sealed or waits for its seal": """
        SELECT x.id FROM txn x WHERE x@town AND (NOT EXISTS (SELECT 1 FROM transfer t WHERE t.txn_id = x.id)
            OR (SELECT COUNT(*) FROM unsealed u WHERE u.txn_id = x.id)
                + (SELECT COUNT(*) FROM seal s WHERE s.txn_id = x.id) <> 1)""",
    "I11 no more is reversed than was given, and no reversal is reversed": """
        SELECT o.id FROM (
            SELECT x.reverses_txn_id AS of_id, SUM(t.amount) AS taken FROM txn x JOIN transfer t ON t.txn_id = x.id
            WHERE x@town AND x.reverses_txn_id IS NOT NULL GROUP BY x.reverses_txn_id) r
        JOIN txn o ON o.id = r.of_id
        WHERE o.kind = 'reverse' OR r.taken > (SELECT SUM(t.amount) FROM transfer t WHERE t.txn_id = o.id)
        UNION ALL SELECT x.id FROM txn x WHERE x@town AND x.kind = 'reverse' AND x.reverses_txn_id IS NULL""",
    "I13 residents and the system's accounts cancel out": """
        SELECT r.town_id, r.asset FROM (
            SELECT a.town_id, a.asset, SUM(a.posted) AS total FROM account a
            WHERE a@town AND a.kind = 'resident' GROUP BY a.town_id, a.asset) r
        LEFT JOIN (
            SELECT t.town_id, t.asset,
                SUM(CASE WHEN t.debit_account_id = s.id THEN t.amount ELSE -t.amount END) AS total
            FROM account s JOIN transfer t ON s.id IN (t.debit_account_id, t.credit_account_id)
            WHERE s@town AND s.kind <> 'resident' GROUP BY t.town_id, t.asset) s
            ON s.town_id = r.town_id AND s.asset = r.asset
        WHERE r.total <> COALESCE(s.total, 0)""",
    "I14 issued less redeemed, expired and reversed is what residents have": """
        SELECT r.town_id, r.asset FROM (
            SELECT a.town_id, a.asset, SUM(a.posted) AS total FROM account a
            WHERE a@town AND a.kind = 'resident' GROUP BY a.town_id, a.asset) r
        LEFT JOIN (
            SELECT t.town_id, t.asset, SUM(CASE WHEN c.kind = 'resident' THEN t.amount ELSE -t.amount END) AS total
            FROM txn x JOIN transfer t ON t.txn_id = x.id JOIN account c ON c.id = t.credit_account_id
            WHERE t@town GROUP BY t.town_id, t.asset) k ON k.town_id = r.town_id AND k.asset = r.asset
        WHERE r.total <> COALESCE(k.total, 0)
        UNION ALL SELECT t.id, t.asset FROM transfer t JOIN txn x ON x.id = t.txn_id
        JOIN account d ON d.id = t.debit_account_id JOIN account c ON c.id = t.credit_account_id
        WHERE t@town AND NOT (
            (x.kind = 'award' AND d.kind = 'issuance' AND c.kind = 'resident')
            OR (x.kind = 'redeem' AND d.kind = 'resident' AND c.kind = 'redeemed')
            OR (x.kind = 'donate' AND d.kind = 'resident' AND c.kind IN ('redeemed', 'budget'))
            OR (x.kind = 'expire' AND d.kind = 'resident' AND c.kind = 'expired')
            OR (x.kind = 'reverse' AND d.kind = 'resident' AND c.kind = 'reversed')
            OR (x.kind = 'adjust' AND d.kind = 'adjustment' AND c.kind = 'resident')
            OR (x.kind = 'adjust' AND d.kind = 'resident' AND c.kind = 'adjustment'))""",
    "B1 budgets paid for what was issued, no more and no less": """
        SELECT b.town_id FROM (SELECT g.town_id, SUM(g.used) AS used FROM budget_slot g WHERE g@town
            GROUP BY g.town_id) b
        LEFT JOIN (
            SELECT t.town_id, SUM(t.amount) AS issued FROM transfer t JOIN account a ON a.id = t.debit_account_id
            WHERE a@town AND a.kind = 'issuance' AND a.asset = 'points' GROUP BY t.town_id) i
            ON i.town_id = b.town_id
        WHERE b.used <> COALESCE(i.issued, 0)""",
    "A1 an award is posted once, by the posting it names": """
        SELECT a.id FROM award a LEFT JOIN txn x ON x.id = a.txn_id
        WHERE a@town AND ((a.state = 'posted' AND (x.dedupe_key <> a.dedupe_key OR x.subject_id <> a.subject_id))
            OR (a.state <> 'posted' AND EXISTS (
                SELECT 1 FROM txn y WHERE y.town_id = a.town_id AND y.dedupe_key = a.dedupe_key)))""",
}

CHAIN = "I10 the chain of seals is whole and says what the postings say"
USAGE = "I12 what is used of a cap is what was awarded in its period"
REPLAY = "I15 all postings anew give the same tables"
MONTHS = "M1 published months still say what the books say"
NAMES = (*INVARIANTS, CHAIN, USAGE, REPLAY, MONTHS)

# I12 needs the periods of each posting, which it wrote down itself.
_USAGE = """SELECT g.rule_id, g.subject_id, g.period_key, g.used FROM rule_usage g JOIN rule a ON a.id = g.rule_id
    WHERE a@town AND g.used <> 0"""
_POSTED = """
    SELECT v.rule_id, v.once_per, v.cap_day, v.cap_month, x.subject_id, x.explain, t.amount FROM txn x
    JOIN transfer t ON t.txn_id = x.id JOIN rule_version v ON v.id = x.rule_version_id
    WHERE x@town AND x.kind = 'award'"""
_TOWN, _WAITS = re.compile(r"\b(\w+)@town"), re.compile(r"\b(\w+)@live")


def broken(town_id: int | None = None) -> dict[str, Rows]:
    """Return each broken invariant with the rows that break it, of one town or of all; empty when they are sound."""
    return {name: rows for name, rows in look_over(town_id) if rows}


def look_over(
    town_id: int | None = None, progress: Callable[[str, int], object] = lambda _name, _count: None
) -> Iterator[tuple[str, Rows]]:
    """Yield each invariant with the rows that break it, one after the other.

    `progress` is told how many seals or accounts of an invariant were looked at since it was last told.
    """
    for name, query in INVARIANTS.items():
        yield name, [tuple(row) for row in session().execute(text(_of(query, town_id)), _named(town_id))]
    towns: Iterable[int] = chain.towns() if town_id is None else (town_id,)
    yield CHAIN, [(one, *fault) for one in towns for fault in chain.faults(one, lambda n: progress(CHAIN, n))]
    yield USAGE, _wrong_usage(town_id)
    yield MONTHS, [(one, *fault) for one in towns for fault in months.faults(one)]
    yield REPLAY, list(replay.differences(town_id, lambda n: progress(REPLAY, n)))


def _wrong_usage(town_id: int | None) -> Rows:
    used_rows = session().execute(text(_of(_USAGE, town_id)), _named(town_id))
    used = {tuple(row[:3]): row.used for row in used_rows}
    awarded: dict[tuple[Any, ...], int] = {}
    posted = text(_of(_POSTED, town_id)).columns(explain=Txn.explain.type)
    for row in session().execute(posted, _named(town_id)):
        keys = {row.explain["day"]} if row.cap_day is not None or row.once_per == "day" else set()
        keys |= {row.explain["hour"]} if row.once_per == "hour" else set()
        keys |= {row.explain["day"][:7]} if row.cap_month is not None else set()
        for key in keys:
            period = (row.rule_id, row.subject_id, key)
            awarded[period] = awarded.get(period, 0) + row.amount
    return sorted(period for period in used.keys() | awarded.keys() if used.get(period) != awarded.get(period))


def _of(query: str, town_id: int | None) -> str:
    return _WAITS.sub(_LIVE, _TOWN.sub("1 = 1" if town_id is None else r"\1.town_id = :town", query))


def _named(town_id: int | None) -> dict[str, int]:
    return {} if town_id is None else {"town": town_id}
