"""Towns whose members earn points all the time, and the SQL of one award: recorded, replayed, sent by pgbench.

One award is what a check-in causes in the ledger: the rules are asked for, a cap and the budget are counted, the
account is credited, and the posting, its transfer, the line, the lot and the sealer's task are written, in one
transaction. The rule used here has a cap that nobody reaches, so that every award is posted.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import psycopg
from flask import Flask
from psycopg.types.json import Json, Jsonb
from sqlalchemy import event, select

from bench import world
from bench.direct import Tape
from community.core import clock
from community.core.authz import system_actor
from community.core.db import db, session, transaction
from community.core.ids import new_id, new_uuid
from community.people import backfill as people
from community.places import backfill as places
from community.places.models import Area
from community.points import jobs
from community.points.backfill.ledger import PastAwards
from community.points.backfill.walk import PastAct
from community.points.services import awarding
from community.points.services.awarding import Act
from community.points.services.books import set_up_town

TOWNS = 16
MEMBERS = 1600
BUDGET = 400_000_000
NO_CAP = 2_000_000_000


def fill(app: Flask) -> None:
    """Write sixteen towns with open books and their people; nobody has earned anything yet."""
    with app.app_context(), transaction():
        actor, year = system_actor("bench"), clock.today().year
        areas = places.add_areas(actor, list(world.areas(TOWNS)))
        first, rule = new_id(), world.earning(cap_day=NO_CAP)
        for number in range(TOWNS):
            set_up_town(actor, areas[world.town_code(number)].id, rules=(rule,), budgets={year: BUDGET})
        # One after the other, so that pgbench draws a member by her number.
        villages = [areas[world.village_code(number * TOWNS // MEMBERS)] for number in range(MEMBERS)]
        people.add_members(actor, [world.person(first + number, home) for number, home in enumerate(villages)])


# --- awards by the program ---


def villages() -> list[tuple[int, str]]:
    """Return (town, path) of the communities. Needs an application context."""
    rows = session().execute(select(Area.town_id, Area.path).where(Area.kind == "village").order_by(Area.code))
    return [(row.town_id, row.path) for row in rows]


def members() -> list[int]:
    """Return the members' ids, in order. Needs an application context."""
    from community.people.models import Member  # noqa: PLC0415

    return list(session().scalars(select(Member.id).order_by(Member.id)))


def act(member_id: int, village: tuple[int, str]) -> Act:
    """Return something that the member did just now."""
    return Act(
        trigger="CheckInAccepted", evidence_ref=f"checkin:{new_uuid()}", subject_id=member_id, town_id=village[0],
        scope_path=village[1], earned_at=clock.now(), grade="B", place="晚潮苑南门岗",
    )  # fmt: skip


def award(acts: Sequence[Act]) -> float:
    """Award each act in a transaction of its own; returns the seconds. Needs an application context."""
    begun = perf_counter()
    for one in acts:
        with transaction():
            awarding.award(one, verified=True)
    return perf_counter() - begun


def award_batch(acts: Sequence[Act]) -> float:
    """Award all acts in one transaction, the way of imports; returns the seconds. Needs an application context."""
    begun = perf_counter()
    with transaction():
        past = PastAwards(system_actor("bench"))
        past.take(PastAct(one) for one in acts)
        past.finish()
    return perf_counter() - begun


def some(app: Flask, count: int, *, towns: int = TOWNS, seed: int = 1) -> list[Act]:
    """Return so many acts of members drawn by lot, in the first `towns` towns."""
    chance = random.Random(seed)
    with app.app_context():
        where, who = villages()[:towns], members()
    return [act(who[at := chance.randrange(len(who))], where[at * towns // len(who)]) for _ in range(count)]


def earn(_number: int, *, seconds: float) -> int:
    """In a process of its own: award acts for so long; returns how many."""
    where, who, chance = villages(), members(), random.Random()
    ends, done = perf_counter() + seconds, 0
    while perf_counter() < ends:
        at = chance.randrange(len(who))
        award([act(who[at], where[at * TOWNS // len(who)])])
        done += 1
    return done


def seal(_number: int, *, seconds: float, pause: float) -> int:
    """In a process of its own: run the sealing job for so long, `pause` seconds apart; returns how often."""
    import time  # noqa: PLC0415

    ends, done = perf_counter() + seconds, 0
    while perf_counter() < ends:
        jobs.seal_due()
        session().rollback()
        done += 1
        time.sleep(pause)
    return done


# --- the SQL of awards ---


def record(app: Flask, acts: Sequence[Act], *, batch: bool = False) -> Tape:
    """Return the statements of awarding `acts`, on a database to throw away; of a batch as one piece."""
    tape = Tape()
    with app.app_context():
        engine = db.engine

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
            if not statement.startswith(("BEGIN", "PRAGMA")):
                tape.note(statement, parameters, many=many)

        event.listen(engine, "before_cursor_execute", note)
        try:
            if batch:
                tape.checkins.append([])
                award_batch(acts)
            else:
                for one in acts:
                    tape.checkins.append([])
                    award([one])
        finally:
            event.remove(engine, "before_cursor_execute", note)
    return tape


# Parameters that pgbench makes or reads back itself: of single statements, and of the one that writes all rows.
_OWN = {
    "subject": ":subject",
    "subject_id": ":subject",
    "own": ":own",
    "id": ":account_id",
    "txn_id": ":txn_id",
    "txn_subject_id": ":subject",
    "transfer_id": ":transfer_id",
    "transfer_txn_id": ":txn_id",
    "transfer_credit_account_id": ":earned_id",
    "entry_account_id": ":earned_id",
    "entry_seq": ":earned_seq",
    "entry_transfer_id": ":transfer_id",
    "entry_balance_after": ":earned_posted",
    "lot_id": ":lot_id",
    "lot_account_id": ":earned_id",
    "lot_transfer_id": ":transfer_id",
    "unsealed_txn_id": ":txn_id",
}
_PLACE = re.compile(r"%\((\w+)\)s|%%")


def script(tape: Tape, one: Act, first: int, count: int) -> str:
    """Return the recorded award of `one` as a script of pgbench: by one of `count` members from `first` on.

    Whatever differs from award to award becomes a variable: the member, the ids, the act, the account as it stands.
    """
    lines = [
        "\\set n :n + 1",
        f"\\set subject random({first}, {first + count - 1})",
        "\\set own :subject % 16",
        # Ids that grow, as the program's do, and that no two clients share.
        "\\set txn_id :start + (:n * 64 + :client_id) * 8",
        "\\set transfer_id :txn_id + 1",
        "\\set lot_id :txn_id + 2",
        "\\set account_id :txn_id + 3",
        "BEGIN;",
    ]
    for call in tape.checkins[-1]:
        statement = tape.statements[call.number]

        def spelled(match: re.Match[str], values: Any = call.parameters) -> str:
            name = match[1]
            return "%" if name is None else _OWN.get(name) or _literal(values[name], one)

        words = " ".join(_PLACE.sub(spelled, statement).split())
        lines.append(f"{words} \\gset earned_" if words.startswith("INSERT INTO account ") else f"{words};")
    return "\n".join([*lines, "COMMIT;", ""])


def _literal(value: Any, one: Act) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, bytes | memoryview):
        return f"'\\x{bytes(value).hex()}'"
    if isinstance(value, Json | Jsonb):
        return _text(json.dumps(value.obj))
    if isinstance(value, psycopg.Binary):
        return _literal(value.obj, one)
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    parts = [_text(part) for part in text.split(one.evidence_ref)]
    joined = " || 'checkin' || chr(58) || :txn_id || ".join(parts)
    if one.evidence_ref in text:
        # The last piece ends with the member, who is another one each time.
        joined = joined.replace(f"{one.subject_id}'", "' || :subject")
        return f"({joined})"
    return joined


def _text(text: str) -> str:
    """Return a literal without a colon, after which pgbench would look for a variable."""
    plain = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
    return f"E'{plain}'"
