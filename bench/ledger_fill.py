"""A ledger of millions of transfers, built in bulk; then what people open is timed on it and on a small one in turn.

    make bench-ledger                                     PostgreSQL, 10,000 and 10 million transfers
    make bench-ledger ARGS="--engine sqlite"              the embedded database, 10,000 and 1 million
    make bench-ledger ARGS="--transfers 200000"

Rows are made by arithmetic (`bench.ledger_rows`) and written by COPY, by one process for each core, or by executemany,
with keys and indexes taken off before and put back afterwards, as a restore does: putting them back checks every one.
One more person has a hundred thousand lines. Then `flask points verify` looks over every town with a process for each
core: all invariants, the replay, and each seal made again. Last, pages and queries of people drawn by lot are timed on
the small and the large database in turn; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing as ending, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Never

import psycopg
from flask import Flask
from sqlalchemy import event, make_url, select
from tqdm import tqdm

from bench import world
from bench.ledger_rows import COLUMNS, POSTGRES, SQLITE, STOCK, Books, Rows, Rule, Spelling, Town
from bench.stage import Stage, staged
from community.core import chain, clock
from community.core.authz import system_actor
from community.core.db import db, session, transaction
from community.core.ids import new_id, new_uuid
from community.people import backfill as people
from community.people.models import Member
from community.places import backfill as places
from community.places.backfill import AreaRef
from community.places.models import Area
from community.points.models import Account, Entry, Rule as RuleRow, RuleVersion, Transfer
from community.points.queries import accounts, lots, sealed
from community.points.services import awarding, closing
from community.points.services.awarding import Act
from community.points.services.books import NewRule, set_up_town
from tests.factories.ledger import make_item

TRANSFERS = {"postgresql": 10_000_000, "sqlite": 1_000_000}
SMALL = 10_000
LINES = 200  # of a person, in her two accounts together
OLD_LINES = 100_000
MOST_TOWNS, TOWN_OF = 20, 500_000  # as many towns as there are times so many transfers, twenty at most
YEARS = dt.timedelta(days=730)
PROCESSES = 2
TARGET_RATIO, TARGET_MS, TARGET_MINUTES, TARGET_VERIFIED = 1.3, 2.0, 20, 1_000_000 / 30
_LOADED = tuple(name for name in COLUMNS if name != "account")


@dataclass(slots=True)
class Filled:
    """A filled database: its address, its towns, and how long building it took."""

    url: str
    towns: list[Town]
    transfers: int
    seconds: float
    old_member: int


# --- the world around the ledger ---


def build(app: Flask, transfers: int) -> list[Town]:
    """Write towns with open books and their people into the migrated database of `app`."""
    count = max(1, min(MOST_TOWNS, transfers // TOWN_OF))
    each = transfers // LINES // count
    with app.app_context(), transaction():
        actor = system_actor("bench")
        areas = places.add_areas(actor, list(world.areas(count)))
        pairs = [(areas[world.town_code(number)], areas[world.village_code(number)]) for number in range(count)]
        return [_town(number, town, village, each) for number, (town, village) in enumerate(pairs)]


def _town(number: int, town: AreaRef, village: AreaRef, members: int) -> Town:
    actor, year = system_actor("bench"), clock.today().year
    named = {
        "long": world.earning("P01"),
        "short": world.earning("P02", months=1),
        "minutes": world.earning("P03", 60, asset="minutes"),
    }
    set_up_town(actor, town.id, rules=tuple(named.values()), budgets={year: 100_000_000})
    ids = [new_id() for _ in range(members + 2)]
    people.add_members(actor, [world.person(one, village, days=YEARS.days + 30) for one in ids])
    keeper, old, *rest = ids
    area, by = session().get_one(Area, village.id), session().get_one(Member, keeper)
    item = make_item(area, by, points=25, on_hand=STOCK)
    cause = make_item(area, by, kind="cause", name_zh="助老基金", points=15, on_hand=0)
    system = select(Account.asset, Account.kind, Account.id).where(Account.town_id == town.id)
    return Town(
        number=number,
        id=town.id,
        path=village.path,
        accounts={(row.asset, row.kind): row.id for row in session().execute(system)},
        rules=_rules(town.id, named),
        item_id=str(item.id),
        cause_id=str(cause.id),
        keeper_id=keeper,
        members=[old, *rest],
    )


def _rules(town_id: int, named: dict[str, NewRule]) -> dict[str, Rule]:
    digests = sealed.rule_hashes()
    wanted = (
        select(RuleRow.code, RuleRow.id, RuleVersion.id)
        .join(RuleVersion, RuleVersion.rule_id == RuleRow.id)
        .where(RuleRow.town_id == town_id)
    )
    found = {code: (rule_id, version_id) for code, rule_id, version_id in session().execute(wanted)}
    made = {}
    for name, rule in named.items():
        rule_id, version_id = found[rule.code]
        made[name] = Rule(version_id, rule_id, rule.code, rule.amount, rule.expires_months, digests[version_id])
    return made


# --- writing millions of rows ---


@dataclass(frozen=True, slots=True)
class Job:
    """What one process writes: towns whole, and in the first of them perhaps somebody with very many lines."""

    towns: Sequence[Town]
    old: bool

    def batches(self, spelling: Spelling, now: dt.datetime) -> Iterator[tuple[int, Rows]]:
        """Yield (postings, rows); a batch without postings closes a town."""
        for number, town in enumerate(self.towns):
            books = Books(town, spelling, chain.genesis(str(town.id)))
            begun = now - YEARS - dt.timedelta(days=1)
            yield from books.batches(town.members[1:], LINES, first_at=begun, step=YEARS / LINES)
            if self.old and number == 0:
                recent = dt.timedelta(days=300)
                first, step = now - recent - dt.timedelta(days=1), recent / OLD_LINES
                yield from books.batches(town.members[:1], OLD_LINES, first_at=first, step=step, lane=1)
            yield 0, books.rest() | {"reward_item": [(STOCK - books.collected, spelling.uuid(town.item_id))]}
            shares = [books.issued // 16 + (slot < books.issued % 16) for slot in range(16)]
            yield 0, {"budget_slot": [(share, town.id, slot) for slot, share in enumerate(shares)]}


_SET = {
    "reward_item": "UPDATE reward_item SET on_hand = {0} WHERE id = {0}",
    "budget_slot": "UPDATE budget_slot SET used = {0} WHERE town_id = {0} AND slot = {0}",
}


def load(url: str, towns: list[Town], total: int, *, old: bool) -> None:
    """Write the towns' ledgers, by as many processes as the engine has writers, and show the progress."""
    now = clock.now()
    if url.startswith("sqlite"):
        with tqdm(total=total, desc="postings", smoothing=0.05) as bar:
            _fill_sqlite(url.removeprefix("sqlite:///"), Job(towns, old), now, bar.update)
        return
    spawn = multiprocessing.get_context("spawn")
    told = spawn.SimpleQueue()
    jobs = [Job(towns[number::PROCESSES], old and number == 0) for number in range(PROCESSES)]
    with _without_keys(url), tqdm(total=total, desc="postings", smoothing=0.05) as bar:
        running = [spawn.Process(target=_fill_postgres, args=(url, job, now, told)) for job in jobs if job.towns]
        for process in running:
            process.start()
        left = len(running)
        while left:
            count = told.get()
            if count < 0:
                raise RuntimeError("a process could not write its rows")
            left -= count == 0
            bar.update(count)
        for process in running:
            process.join()


def _fill_postgres(url: str, job: Job, now: dt.datetime, told: Any) -> None:
    try:
        with psycopg.connect(_plain(url)) as server:
            server.execute("SET synchronous_commit = off")
            for count, made in job.batches(POSTGRES, now):
                with server.cursor() as cursor:
                    for name, lines in made.items():
                        if name in _SET:
                            cursor.executemany(_SET[name].format("%s"), lines)
                        elif lines:
                            with cursor.copy(f"COPY {name} ({COLUMNS[name]}) FROM STDIN") as copy:
                                copy.write("".join(["\t".join(map(str, line)) + "\n" for line in lines]))
                server.commit()
                if count:
                    told.put(count)
    except BaseException:
        told.put(-1)
        raise
    told.put(0)


def _fill_sqlite(path: str, job: Job, now: dt.datetime, progress: Callable[[int], object]) -> None:
    with ending(sqlite3.connect(path, isolation_level=None)) as file:
        for pragma in ("foreign_keys=OFF", "journal_mode=WAL", "synchronous=OFF", "cache_size=-262144"):
            file.execute(f"PRAGMA {pragma}")
        names = ",".join("?" * len(_LOADED))
        indexes = file.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name IN ({names})",  # noqa: S608
            _LOADED,
        ).fetchall()
        for name, _sql in indexes:
            file.execute(f"DROP INDEX {name}")
        for count, made in job.batches(SQLITE, now):
            file.execute("BEGIN IMMEDIATE")
            for name, lines in made.items():
                file.executemany(_SET[name].format("?") if name in _SET else _insert(name), lines)
            file.execute("COMMIT")
            progress(count)
        for _name, sql in tqdm(indexes, desc="indexes"):
            file.execute(sql)
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if wrong := file.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"rows that refer to nothing: {wrong[:5]}")


def _insert(name: str) -> str:
    marks = ",".join("?" * len(COLUMNS[name].split(",")))
    return f"INSERT INTO {name} ({COLUMNS[name]}) VALUES ({marks})"  # noqa: S608


_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text FROM pg_constraint
    WHERE contype IN ('p', 'u', 'f') AND (conrelid = ANY(%(of)s::regclass[])
        OR (contype = 'f' AND confrelid = ANY(%(of)s::regclass[])))
    ORDER BY contype = 'f' DESC, contype"""
_INDEXES = """
    SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%(of)s::regclass[])
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"""


@contextmanager
def _without_keys(url: str) -> Iterator[None]:
    """Take keys and indexes off the tables that are filled, and put them back: each is checked then over all rows."""
    with psycopg.connect(_plain(url), autocommit=True) as server:
        of = {"of": list(_LOADED)}
        keys, indexes = server.execute(_KEYS, of).fetchall(), server.execute(_INDEXES, of).fetchall()
        server.execute("ALTER SYSTEM SET max_wal_size = '12GB'")
        server.execute("SELECT pg_reload_conf()")
        for table, name, _words, _kind in keys:
            server.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for _table, name, _words in indexes:
            server.execute(f"DROP INDEX {name}")
        yield
        unique, foreign = [key for key in keys if key[3] != "f"], [key for key in keys if key[3] == "f"]
        again = "ALTER TABLE {0} ADD CONSTRAINT {1} {2}"
        # Whoever changes a table has it alone: its keys follow one another, and two tables get theirs at once.
        made = [(table, again.format(table, f'"{name}"', words)) for table, name, words, _kind in unique]
        _all(url, [*made, *((table, words) for table, _name, words in indexes)], "keys and indexes")
        _all(url, [(name, f"ANALYZE {name}") for name in (*_LOADED, "account", "member")], "statistics")
        # A reference that is there from the start would lock both tables while all rows are looked up; one that is
        # validated afterwards looks up the same rows and locks one.
        for table, name, words, _kind in foreign:
            server.execute(again.format(table, f'"{name}"', f"{words} NOT VALID"))
        _all(url, [(one[0], f'ALTER TABLE {one[0]} VALIDATE CONSTRAINT "{one[1]}"') for one in foreign], "references")
        _all(url, [(name, f"VACUUM {name}") for name in (*_LOADED, "account")], "vacuum")
        unsound = server.execute("SELECT count(*) FROM pg_constraint WHERE NOT convalidated").fetchall()
        if unsound != [(0,)]:
            raise RuntimeError(f"references that were not checked: {unsound}")
        server.execute("ALTER SYSTEM RESET max_wal_size")
        server.execute("SELECT pg_reload_conf()")


def _all(url: str, commands: Sequence[tuple[str, str]], what: str) -> None:
    """Run the commands, each with the table that it changes: those of one table in turn, of several side by side."""
    of: dict[str, list[str]] = {}
    for table, command in commands:
        of.setdefault(table, []).append(command)
    with tqdm(total=len(commands), desc=what) as bar:

        def run(own: Sequence[str]) -> None:
            with psycopg.connect(_plain(url), autocommit=True) as server:
                # A validation joins both tables whole: with so much memory once through each.
                server.execute("SET maintenance_work_mem = '1GB'")
                for command in own:
                    server.execute(command)
                    bar.update()

        with ThreadPoolExecutor(PROCESSES) as pool:
            # The longest first. The map is read, so that what goes wrong is raised.
            list(pool.map(run, sorted(of.values(), key=len, reverse=True)))


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def fill(stage: Stage, transfers: int, *, old: bool) -> Filled:
    """Make a database with about so many transfers."""
    url = stage.database()
    begun = perf_counter()
    towns = build(stage.app(url), transfers)
    total = sum(len(town.members) - 1 for town in towns) * LINES + (OLD_LINES if old else 0)
    load(url, towns, total, old=old)
    return Filled(url, towns, total, perf_counter() - begun, towns[0].members[0] if old else 0)


# --- looking it over ---


def verify(stage: Stage, filled: Filled) -> tuple[float, list[str]]:
    """Let `flask points verify` look over every town; return the seconds and what was wrong."""
    environment = os.environ | {"DATABASE_URL": filled.url, "INSTANCE_DIR": str(stage.folder / "instance")}
    command = [str(Path(sys.executable).with_name("flask")), "points", "verify"]
    begun = perf_counter()
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    seconds = perf_counter() - begun
    return seconds, [f"verify ended with {run.returncode}: {run.stdout}"] if run.returncode else []


# --- what people open ---


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody drawn by lot, and what she may open."""

    member_id: int
    account_id: int
    txn_id: int
    town_id: int


class Visit:
    """The program on one of the databases, and people who look at their points."""

    def __init__(self, stage: Stage, filled: Filled, readers: int, month_on: dt.date) -> None:
        self.app, self.filled, self.month_on = stage.app(filled.url), filled, month_on
        self.client = self.app.test_client()
        self.base = self.app.extensions["linli_settings"].public_url
        chance = random.Random(7)
        everybody = [(member, town) for town in filled.towns for member in town.members[1:]]
        with self.app.app_context():
            self.readers = [self._reader(*chance.choice(everybody)) for _ in range(readers)]

    def draft(self) -> float:
        """Draw up the month of the first town, whose people then have statements; returns the seconds."""
        begun = perf_counter()
        with self.app.app_context(), transaction():
            closing.draft(system_actor("bench"), self.filled.towns[0].id, self.month_on)
        return perf_counter() - begun

    def _reader(self, member_id: int, town: Town) -> Reader:
        wanted = (
            select(Account.id, Transfer.txn_id)
            .join(Entry, (Entry.account_id == Account.id) & (Entry.seq == Account.seq - 3))
            .join(Transfer, Transfer.id == Entry.transfer_id)
            .where(Account.town_id == town.id, Account.asset == "points", Account.subject_id == member_id)
        )
        row = session().execute(wanted).one()
        return Reader(member_id, row[0], row[1], town.id)

    def page(self, reader: Reader, path: str) -> float:
        """Open a page as its reader; returns the seconds."""
        with self.client.session_transaction(base_url=self.base) as kept:
            kept["_user_id"], kept["_fresh"] = f"{reader.member_id}.1", True
        begun = perf_counter()
        answer = self.client.get(path, base_url=self.base)
        seconds = perf_counter() - begun
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return seconds

    def ask(self, query: Callable[[], object]) -> float:
        """Ask the database through the program; returns the seconds."""
        with self.app.app_context():
            session().rollback()
            begun = perf_counter()
            query()
            return perf_counter() - begun

    def award(self, reader: Reader) -> float:
        """Award one more act to somebody; returns the seconds."""
        path = next(town.path for town in self.filled.towns if town.id == reader.town_id)
        act = Act(
            trigger="CheckInAccepted", evidence_ref=f"checkin:{new_uuid()}", subject_id=reader.member_id,
            town_id=reader.town_id, scope_path=path, earned_at=clock.now(), grade="B", place="晚潮苑南门岗",
        )  # fmt: skip
        with self.app.app_context():
            begun = perf_counter()
            with transaction():
                awarding.award(act, verified=True)
            return perf_counter() - begun

    def statements(self, reader: Reader) -> tuple[int, int]:
        """Return how many statements the page of 50 lines sends, and how many the query of its lines."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            self.page(reader, "/points")
            page = len(sent)
            sent.clear()
            self.ask(lambda: (accounts.balance(reader.member_id), accounts.statement(reader.account_id)))
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return page, len(sent)


Timed = dict[str, Callable[[Visit, Reader], float]]
TIMED: Timed = {
    "balance and next expiry": lambda at, one: at.ask(lambda: accounts.balance(one.member_id)),
    "what expires when": lambda at, one: at.ask(lambda: lots.expiring(one.account_id, clock.today())),
    "50 lines": lambda at, one: at.ask(lambda: accounts.statement(one.account_id)),
    "page /points": lambda at, one: at.page(one, "/points"),
    "page of older lines": lambda at, one: at.page(one, f"/points?account={one.account_id}&before=60"),
    "page “why” of a line": lambda at, one: at.page(one, f"/points/{one.txn_id}"),
    "one award more": lambda at, one: at.award(one),
}


def compare(small: Visit, large: Visit, rounds: int) -> list[str]:
    """Time everything on both in turn; return a line for each, the median of both and their ratio."""
    said = [f"{'':<28}{'small ms':>10}{'large ms':>10}{'ratio':>8}  (target {TARGET_RATIO})"]
    wanted = dict(TIMED)
    month = f"{small.month_on:%Y-%m}"
    wanted["page of a month"] = lambda at, one: at.page(one, f"/points/statements/{one.account_id}/{month}")
    for name, act in tqdm(wanted.items(), desc="visits"):
        pairs = list(zip(small.readers, large.readers, strict=True))
        if name == "page of a month":
            pairs = [(a, b) for a, b in pairs if b.town_id == large.filled.towns[0].id]
        taken: tuple[list[float], list[float]] = ([], [])
        for _round in range(rounds):
            for one, other in pairs:
                taken[0].append(act(small, one))
                taken[1].append(act(large, other))
        first, second = (statistics.median(seconds) * 1000 for seconds in taken)
        said.append(f"{name:<28}{first:>10.2f}{second:>10.2f}{second / first:>8.2f}")
    return said


def of_old(visit: Visit) -> str:
    """Return what the balance costs of who has a hundred thousand lines, beside anybody's."""

    def median(member_id: int) -> float:
        return statistics.median(visit.ask(lambda: accounts.balance(member_id)) for _ in range(200)) * 1000

    old, other = median(visit.filled.old_member), median(visit.readers[0].member_id)
    lines = f"{OLD_LINES:,} lines"
    return f"balance and next expiry with {lines}: {old:.2f} ms (target {TARGET_MS:.0f}), with {LINES}: {other:.2f} ms"


def measure(engine: str, transfers: int, visits: int) -> tuple[list[str], list[str]]:
    """Fill, verify, visit; return the figures as lines, and what is wrong."""
    with staged(engine, lambda _app: None) as stage:
        small, large = fill(stage, SMALL, old=False), fill(stage, transfers, old=True)
        settings = stage.described().partition("; ")[2]
        month_on = (clock.today().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
        seconds, faults = verify(stage, large)
        before, after = Visit(stage, small, visits, month_on), Visit(stage, large, visits, month_on)
        drafted = [visit.draft() for visit in (before, after)]
        table = compare(before, after, 3)
        page, own = after.statements(after.readers[0])
        said = [
            settings,
            f"{large.transfers:,} transfers in {len(large.towns)} towns, beside {small.transfers:,} in one",
            f"built in {large.seconds:,.0f} s, {large.transfers / large.seconds:,.0f} transfers a second, "
            f"with keys, indexes and seals (target {TARGET_MINUTES} min)",
            f"verified in {seconds:,.0f} s, {large.transfers / seconds:,.0f} a second (target {TARGET_VERIFIED:,.0f})",
            *table,
            of_old(after),
            f"statements: {page} for the page /points, {own} of them for the balance and its 50 lines",
            f"month of a town drawn up in {drafted[0]:.1f} s and {drafted[1]:.1f} s",
        ]
    if large.seconds > TARGET_MINUTES * 60:
        faults.append("building took longer than it may")
    return said, faults


def main() -> Never:
    """Read the arguments, measure, print; ends with 1 when an invariant is broken or building took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=tuple(TRANSFERS), default="postgresql")
    parser.add_argument("--transfers", type=int, help="10 million on PostgreSQL, 1 million on SQLite")
    parser.add_argument("--visits", type=int, default=100, help="people drawn by lot")
    asked = parser.parse_args()
    lines, faults = measure(asked.engine, asked.transfers or TRANSFERS[asked.engine], asked.visits)
    print("\n".join(lines))
    if faults:
        print("\nWRONG:", *faults, sep="\n  ")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
