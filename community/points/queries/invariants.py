"""What must be true of the ledger at every moment (points.md §2.6): each query returns the rows that break its rule.

They cover what exists: awards. Redeeming, expiry, holds and seals bring their own. SQL that both engines read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from community.core.db import session
from community.points.models import Txn

INVARIANTS: dict[str, str] = {
    "I1 an account's balance is the sum of its transfers": """
        SELECT a.id, a.posted FROM account a LEFT JOIN (
            SELECT account_id, SUM(amount) AS total FROM (
                SELECT credit_account_id AS account_id, amount FROM transfer
                UNION ALL SELECT debit_account_id, -amount FROM transfer) moved
            GROUP BY account_id) sums ON sums.account_id = a.id
        WHERE a.kind = 'resident' AND a.posted <> COALESCE(sums.total, 0)""",
    "I2 each line continues the one before it": """
        SELECT e.account_id, e.seq FROM entry e
        LEFT JOIN entry p ON p.account_id = e.account_id AND p.seq = e.seq - 1
        WHERE e.balance_after <> COALESCE(p.balance_after, 0) + e.delta
            OR (e.seq > 1 AND p.seq IS NULL) OR e.seq < 1""",
    "I3 the newest line is the account": """
        SELECT a.id, a.seq FROM account a LEFT JOIN entry e ON e.account_id = a.id AND e.seq = a.seq
        WHERE a.kind = 'resident' AND (a.posted <> COALESCE(e.balance_after, 0)
            OR a.seq <> (SELECT COALESCE(MAX(seq), 0) FROM entry WHERE account_id = a.id))""",
    "I4 the lots hold the balance": """
        SELECT a.id FROM account a LEFT JOIN (
            SELECT account_id, SUM(remaining) AS remaining, SUM(held) AS held FROM lot GROUP BY account_id) l
            ON l.account_id = a.id
        WHERE a.kind = 'resident' AND (a.posted <> COALESCE(l.remaining, 0) OR a.held <> COALESCE(l.held, 0))""",
    "I5 nothing was taken from a lot that nothing explains": """
        SELECT l.id FROM lot l JOIN transfer t ON t.id = l.transfer_id
        WHERE l.remaining <> l.granted OR l.granted <> t.amount""",
    "I10 every posting moves something and is sealed or waits for its seal": """
        SELECT x.id FROM txn x WHERE NOT EXISTS (SELECT 1 FROM transfer t WHERE t.txn_id = x.id)
            OR NOT EXISTS (SELECT 1 FROM unsealed u WHERE u.txn_id = x.id)""",
    "I13 residents and issuance cancel out": """
        SELECT r.town_id, r.asset FROM (
            SELECT town_id, asset, SUM(posted) AS total FROM account WHERE kind = 'resident' GROUP BY town_id, asset) r
        LEFT JOIN (
            SELECT t.town_id, t.asset,
                SUM(CASE WHEN t.debit_account_id = s.id THEN t.amount ELSE -t.amount END) AS total
            FROM account s JOIN transfer t ON s.id IN (t.debit_account_id, t.credit_account_id)
            WHERE s.kind <> 'resident' GROUP BY t.town_id, t.asset) s ON s.town_id = r.town_id AND s.asset = r.asset
        WHERE r.total <> COALESCE(s.total, 0)""",
    "B1 budgets paid for what was issued, no more and no less": """
        SELECT b.town_id FROM (SELECT town_id, SUM(used) AS used FROM budget_slot GROUP BY town_id) b
        LEFT JOIN (
            SELECT t.town_id, SUM(t.amount) AS issued FROM transfer t JOIN account a ON a.id = t.debit_account_id
            WHERE a.kind = 'issuance' AND a.asset = 'points' GROUP BY t.town_id) i ON i.town_id = b.town_id
        WHERE b.used <> COALESCE(i.issued, 0)""",
    "A1 an award is posted once, by the posting it names": """
        SELECT a.id FROM award a LEFT JOIN txn x ON x.id = a.txn_id
        WHERE (a.state = 'posted' AND (x.dedupe_key <> a.dedupe_key OR x.subject_id <> a.subject_id))
            OR (a.state <> 'posted' AND EXISTS (
                SELECT 1 FROM txn y WHERE y.town_id = a.town_id AND y.dedupe_key = a.dedupe_key))""",
}

# I12 needs the periods of each posting, which it wrote down itself.
_USAGE = "SELECT rule_id, subject_id, period_key, used FROM rule_usage WHERE used <> 0"
_POSTED = """
    SELECT v.rule_id, v.once_per, v.cap_day, v.cap_month, x.subject_id, x.explain, t.amount FROM txn x
    JOIN transfer t ON t.txn_id = x.id JOIN rule_version v ON v.id = x.rule_version_id WHERE x.kind = 'award'"""


def broken() -> dict[str, list[tuple[Any, ...]]]:
    """Return each broken invariant with the rows that break it; empty when the ledger is sound."""
    found = {name: [tuple(row) for row in session().execute(text(query))] for name, query in INVARIANTS.items()}
    found["I12 what is used of a cap is what was awarded in its period"] = _wrong_usage()
    return {name: rows for name, rows in found.items() if rows}


def _wrong_usage() -> list[tuple[Any, ...]]:
    used = {tuple(row[:3]): row.used for row in session().execute(text(_USAGE))}
    awarded: dict[tuple[Any, ...], int] = {}
    posted = text(_POSTED).columns(explain=Txn.explain.type)
    for row in session().execute(posted):
        keys = {row.explain["day"]} if row.cap_day is not None or row.once_per == "day" else set()
        keys |= {row.explain["hour"]} if row.once_per == "hour" else set()
        keys |= {row.explain["month"]} if row.cap_month is not None else set()
        for key in keys:
            period = (row.rule_id, row.subject_id, key)
            awarded[period] = awarded.get(period, 0) + row.amount
    return sorted(period for period in used.keys() | awarded.keys() if used.get(period) != awarded.get(period))
