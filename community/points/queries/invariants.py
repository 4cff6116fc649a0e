"""What must be true of the ledger at every moment (points.md §2.6): each query returns the rows that break its rule.

SQL that both engines read. `a@town` stands for "the row a is of the town that is asked for", or for all towns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from community.core.db import session
from community.points.queries import chain, checks, months, noted, replay, rule_ends

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
            SELECT o.account_id, SUM(o.remaining) AS remaining, SUM(o.held) AS held
            FROM account b JOIN lot o ON o.account_id = b.id
            WHERE b@town AND b.kind = 'resident' AND o.remaining > 0 GROUP BY o.account_id) l ON l.account_id = a.id
        WHERE a@town AND a.kind = 'resident'
            AND (a.posted <> COALESCE(l.remaining, 0) OR a.held <> COALESCE(l.held, 0))""",
    "I5 nothing was taken from a lot that nothing explains": """
        SELECT l.id FROM lot l JOIN transfer t ON t.id = l.transfer_id
        WHERE t@town AND (l.granted <> t.amount OR l.account_id <> t.credit_account_id OR l.remaining <> l.granted
            - (SELECT COALESCE(SUM(u.amount), 0) FROM lot_use u WHERE u.lot_id = l.id))""",
    "I6 what is held waits for an order": """
        SELECT a.id FROM account a LEFT JOIN (
            SELECT h.account_id, SUM(h.amount) AS held FROM hold h WHERE h@town AND h@live GROUP BY h.account_id) o
            ON o.account_id = a.id
        WHERE a@town AND a.kind = 'resident' AND a.held <> COALESCE(o.held, 0)
        UNION ALL SELECT l.id FROM account a JOIN lot l ON l.account_id = a.id LEFT JOIN (
            SELECT p.lot_id, SUM(p.amount) AS held FROM hold_lot p JOIN hold h ON h.id = p.hold_id
            WHERE h@town AND h@live GROUP BY p.lot_id) o ON o.lot_id = l.id
        WHERE a@town AND l.remaining > 0 AND l.held <> COALESCE(o.held, 0)
        UNION ALL SELECT l.id FROM hold h JOIN hold_lot p ON p.hold_id = h.id JOIN lot l ON l.id = p.lot_id
        WHERE h@town AND h@live AND l.remaining = 0
        UNION ALL SELECT h.id FROM hold h WHERE h@town
            AND h.amount <> (SELECT COALESCE(SUM(p.amount), 0) FROM hold_lot p WHERE p.hold_id = h.id)""",
    "I7 every debit of a resident comes out of her lots": """
        SELECT t.id FROM account a JOIN transfer t ON t.debit_account_id = a.id
        WHERE t@town AND a@town AND a.kind = 'resident' AND t.amount <> (SELECT COALESCE(SUM(u.amount), 0)
            FROM lot_use u JOIN lot l ON l.id = u.lot_id WHERE u.transfer_id = t.id AND l.account_id = a.id)
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
    "I12 what is used of a cap is what was awarded in its period": """
        SELECT p.rule_id, p.subject_id, p.period FROM (
            SELECT g.rule_id, g.subject_id, g.period_key AS period, g.used AS amount
            FROM rule_usage g JOIN rule a ON a.id = g.rule_id WHERE a@town AND g.used <> 0
            UNION ALL SELECT v.rule_id, x.subject_id, x.explain ->> 'day', -t.amount
            FROM rule_version v JOIN txn x ON x.rule_version_id = v.id JOIN transfer t ON t.txn_id = x.id
            WHERE x@town AND x.kind = 'award' AND (v.cap_day IS NOT NULL OR v.once_per = 'day')
            UNION ALL SELECT v.rule_id, x.subject_id, x.explain ->> 'hour', -t.amount
            FROM rule_version v JOIN txn x ON x.rule_version_id = v.id JOIN transfer t ON t.txn_id = x.id
            WHERE x@town AND x.kind = 'award' AND v.once_per = 'hour'
            UNION ALL SELECT v.rule_id, x.subject_id, SUBSTR(x.explain ->> 'day', 1, 7), -t.amount
            FROM rule_version v JOIN txn x ON x.rule_version_id = v.id JOIN transfer t ON t.txn_id = x.id
            WHERE x@town AND x.kind = 'award' AND v.cap_month IS NOT NULL) p
        GROUP BY p.rule_id, p.subject_id, p.period HAVING SUM(p.amount) <> 0
        ORDER BY p.rule_id, p.subject_id, p.period""",
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
        SELECT b.town_id FROM (
            SELECT g.town_id, SUM(g.used) AS paid FROM budget_slot g WHERE g@town GROUP BY g.town_id
            UNION ALL SELECT t.town_id, -SUM(t.amount) FROM transfer t JOIN account a ON a.id = t.debit_account_id
            WHERE a@town AND a.kind = 'issuance' AND a.asset = 'points' GROUP BY t.town_id) b
        GROUP BY b.town_id HAVING SUM(b.paid) <> 0""",
    "B2 a budget is what resolutions made it": """
        SELECT b.town_id, b.year FROM (
            SELECT g.town_id, g.year, g.amount FROM budget_slot g WHERE g@town
            UNION ALL SELECT m.town_id, m.year, -m.amount FROM budget_move m WHERE m@town) b
        GROUP BY b.town_id, b.year HAVING SUM(b.amount) <> 0""",
    "S1 the stock of a reward is what came less what went": """
        SELECT i.id, i.on_hand FROM reward_item i LEFT JOIN (
            SELECT s.item_id, SUM(s.delta) AS total FROM stock_move s GROUP BY s.item_id) m ON m.item_id = i.id
        WHERE i@town AND i.on_hand <> COALESCE(m.total, 0)""",
    "D1 who a posting says decided it did say yes": """
        SELECT CAST(c.id AS TEXT), x.id FROM points_case c JOIN txn x ON x.id = c.done_txn_id
        WHERE c@town AND (x.actor_id <> c.proposed_by OR x.approver_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM case_vote v
            WHERE v.case_id = c.id AND v.by_id = x.approver_id AND v.accepts AND NOT v.takes_back))
        UNION ALL SELECT CAST(a.id AS TEXT), x.id FROM award a JOIN txn x ON x.id = a.txn_id
        WHERE a@town AND a.reason_code = 'review' AND NOT EXISTS (
            SELECT 1 FROM award_vote v
            WHERE v.award_id = a.id AND v.by_id = x.approver_id AND v.accepts AND NOT v.takes_back)
        AND (x.approver_id IS NULL OR NOT EXISTS (
            SELECT 1 FROM award b JOIN appeal p ON p.subject_ref = 'award:' || b.id
            WHERE b.evidence_ref = a.evidence_ref AND b.town_id = a.town_id
                AND p.state IN ('changed', 'withdrawn')))""",
    "R2 an award follows a rule of its own town": """
        SELECT x.id, v.id FROM rule r JOIN rule_version v ON v.rule_id = r.id JOIN txn x ON x.rule_version_id = v.id
        WHERE x@town AND r.town_id <> x.town_id""",
    "C1 the chain still leads through every head that was noted": """
        SELECT c.id, c.head_seq FROM ledger_check c
        LEFT JOIN seal s ON s.town_id = c.town_id AND s.seq = c.head_seq
        WHERE c@town AND c.head_seq > 0 AND (s.hash IS NULL OR s.hash <> c.head_hash)
        UNION ALL SELECT c.town_id, MAX(c.seq) FROM ledger_check c WHERE c@town
        GROUP BY c.town_id HAVING MAX(c.seq) <> COUNT(c.seq)""",
    "A1 an award is posted once, by the posting it names": """
        SELECT a.id FROM award a LEFT JOIN txn x ON x.id = a.txn_id
        WHERE a@town AND ((a.state = 'posted' AND (x.dedupe_key <> a.dedupe_key OR x.subject_id <> a.subject_id
                OR a.amount <> (SELECT COALESCE(SUM(t.amount), 0) FROM transfer t WHERE t.txn_id = x.id)))
            OR (a.state <> 'posted' AND EXISTS (
                SELECT 1 FROM txn y WHERE y.town_id = a.town_id AND y.dedupe_key = a.dedupe_key)))""",
}

SEALED = "C2 no posting waits long for its seal, and none is of a time to come"
ENDS = "R1 a version of a rule ends when the next one begins, or by a set that ended it"
CHAIN = "I10 the chain of seals is whole and says what the postings say"
REPLAY = "I15 all postings anew give the same tables"
MONTHS = "M1 published months still say what the books say"
LOOKS = "C3 every look over the books is the program's own"
NOTED = "N1 what was decided without a posting still stands as it was noted"
NAMES = (*INVARIANTS, SEALED, ENDS, LOOKS, NOTED, CHAIN, REPLAY, MONTHS)

_TOWN, _WAITS = re.compile(r"\b(\w+)@town"), re.compile(r"\b(\w+)@live")

# What Python asks of all of a town's books at once. Always in this process, which has the program's keys and its clock.
_ASKED: dict[str, Callable[[int | None], Iterable[Any]]] = {
    SEALED: chain.unsealed,
    ENDS: rule_ends.wrong,
    LOOKS: checks.forged,
    NOTED: noted.wrong,
}
# How many seals and accounts are one piece of work: few enough for several processes to end together.
SEALS, ACCOUNTS = 10_000, 250


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of looking books over: an invariant, of one town or of all; of a long one the seals or accounts behind
    `after` up to `until`. `size` is how long it takes beside others.
    """

    name: str
    town_id: int | None
    size: int
    after: int = 0
    until: int | None = None


# Does the pieces, in whatever order and by whomever, and yields the number of each with what was found.
Hands = Callable[[Callable[[Piece], Rows], Sequence[Piece]], Iterator[tuple[int, Rows]]]


def one_by_one(work: Callable[[Piece], Rows], todo: Sequence[Piece]) -> Iterator[tuple[int, Rows]]:
    """Do the pieces here, one after the other."""
    for number, piece in enumerate(todo):
        yield number, work(piece)


def broken(town_id: int | None = None) -> dict[str, Rows]:
    """Return each broken invariant with the rows that break it, of one town or of all; empty when they are sound."""
    return {name: rows for name, rows in look_over(pieces(town_id)).items() if rows}


def pieces(town_id: int | None = None) -> list[Piece]:
    """Return all there is to look over in a town, or in all of them; what takes longest comes first."""
    towns: Iterable[int] = chain.towns() if town_id is None else (town_id,)
    links = [Piece(CHAIN, one, *part) for one in towns for part in chain.pieces(one, SEALS)]
    again = [Piece(REPLAY, town_id, *part) for part in replay.pieces(town_id, ACCOUNTS)]
    weight = 1 + sum(one.size for one in links) // 50
    whole = [Piece(name, town_id, weight) for name in (*INVARIANTS, *_ASKED)]
    return [*whole, *(Piece(MONTHS, one, weight) for one in towns), *links, *again]


def look_over(
    todo: Sequence[Piece], progress: Callable[[int], object] = lambda _size: None, hands: Hands = one_by_one
) -> dict[str, Rows]:
    """Do the pieces; return each invariant with the rows that break it, if any. `progress` is told sizes done."""
    said: dict[str, Rows] = {name: [] for name in NAMES}
    for piece in todo:
        if piece.name in _ASKED:
            said[piece.name] += look_at(piece)
            progress(piece.size)
    rest = [piece for piece in todo if piece.name not in _ASKED]
    found: dict[int, Rows] = {}
    for number, rows in hands(look_at, rest):
        found[number] = rows
        progress(rest[number].size)
    for number, piece in enumerate(rest):
        said[piece.name] += found[number]
    return said


def look_at(piece: Piece) -> Rows:
    """Do one piece: return the rows that break its invariant."""
    town_id = piece.town_id
    if query := INVARIANTS.get(piece.name):
        named = {} if town_id is None else {"town": town_id}
        return [tuple(row) for row in session().execute(text(_of(query, town_id)), named)]
    if asked := _ASKED.get(piece.name):
        return list(asked(town_id))
    if piece.name == REPLAY:
        return list(replay.differences(town_id, piece.after, piece.until))
    if town_id is None:
        raise ValueError(f"{piece.name} is asked town by town")
    if piece.name == MONTHS:
        return [(town_id, *fault) for fault in months.faults(town_id)]
    return [(town_id, *fault) for fault in chain.faults(town_id, piece.after, piece.until)]


def _of(query: str, town_id: int | None) -> str:
    return _WAITS.sub(_LIVE, _TOWN.sub("1 = 1" if town_id is None else r"\1.town_id = :town", query))
