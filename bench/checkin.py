"""Accepted check-ins a second, each with its award, through the real server; beside bare Flask and the same SQL alone.

    make bench                                  PostgreSQL, 3,000 members
    make bench ARGS="--engine sqlite"           the embedded database
    make bench ARGS="--members 10000 --rounds 20"

Members are prepared and signed in before anything is measured. Each checks in once, at one of sixty posts, so that
every check-in is accepted and awarded: the speed limits between posts hold here as everywhere. Measured parts take
turns, so that a busy machine slows all of them; compare the ratios, not the bare numbers. At the end the database is
asked whether everything that was acknowledged is there, once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Never

from flask import Flask
from tqdm import tqdm

from bench import direct, village
from bench.phones import Run, full_speed, scheduled
from bench.stage import HOST, Stage, rows, staged
from bench.village import Phone

LINES = 8  # connections at full speed: enough to keep two workers busy
LINES_ON_SCHEDULE = 64  # phones come when they come
TARGET_RATIO, TARGET_P95, TARGET_STATEMENTS = 0.40, 0.100, 24
POINTS = 5


@dataclass(slots=True)
class Figures:
    """What was measured, a value for each round."""

    checkins: list[Run] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    half: Run | None = None
    statements: list[str] = field(default_factory=list)
    settings: str = ""

    def to_sql(self) -> float:
        """Check-ins ÷ direct SQL, the median of the rounds."""
        return statistics.median(run.rate / sql for run, sql in zip(self.checkins, self.sql, strict=True))

    def to_bare(self) -> float:
        """Check-ins ÷ bare Flask, the median of the rounds."""
        return statistics.median(run.rate / bare for run, bare in zip(self.checkins, self.bare, strict=True))

    def full(self) -> Run:
        """All rounds at full speed as one run."""
        answers = [answer for run in self.checkins for answer in run.answers]
        return Run(answers, sum(run.seconds for run in self.checkins), sum(run.resent for run in self.checkins))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many check-ins each part gets: warming up, each of the rounds, and the schedule at half load."""

    warm_up: int
    a_round: int
    rounds: int
    half: int

    @classmethod
    def of(cls, members: int, rounds: int) -> Plan:
        """Share `members` out: a tenth warms up, six tenths run at full speed, three tenths at half load."""
        return cls(members // 20 * 2, members * 6 // 10 // rounds // 2 * 2, rounds, members * 3 // 10)


def measure(engine: str, members: int, rounds: int) -> tuple[Figures, list[str]]:
    """Run everything on `engine`; return the figures and what the database shows against them."""
    phones: list[Phone] = []

    def fill(app: Flask) -> None:
        phones.extend(village.build(app, members))

    plan = Plan.of(members, rounds)
    with staged(engine, fill) as stage, tqdm(total=3 + rounds, bar_format="{desc:<36}{bar}{elapsed}") as bar:
        bar.set_description("preparing members, teams and posts")
        url = stage.database()
        requests = [village.request_of(phone, HOST) for phone in phones]
        bar.update()
        return _measure(stage, url, requests, plan, bar)


def _measure(
    stage: Stage, url: str, requests: Sequence[bytes], plan: Plan, bar: tqdm[Never]
) -> tuple[Figures, list[str]]:
    bar.set_description("recording the SQL of check-ins")
    full = requests[: plan.warm_up + plan.a_round * plan.rounds]
    tape = direct.record(stage.app(stage.database()), full)
    figures, before = Figures(settings=stage.described(), statements=tape.of_one()), _books(url)
    bar.update()
    with stage.serve(url) as server, stage.serve_bare() as bare, direct.Replay(tape, stage.database()) as sql:
        bar.set_description("warming up")
        full_speed(server.port, full[: plan.warm_up], lines=LINES)
        full_speed(bare.port, full[: plan.warm_up], lines=LINES)
        sql.send(plan.warm_up)
        for number in range(plan.rounds):
            bar.set_description(f"at full speed, round {number + 1}")
            batch = full[plan.warm_up + number * plan.a_round :][: plan.a_round]
            figures.checkins.append(full_speed(server.port, batch, lines=LINES))
            figures.sql.append(sql.send(plan.a_round))
            figures.bare.append(full_speed(bare.port, batch, lines=LINES).rate)
            bar.update()
        bar.set_description("at half load")
        rate = statistics.median(run.rate for run in figures.checkins) / 2
        figures.half = scheduled(server.port, requests[-plan.half :], rate=rate, lines=LINES_ON_SCHEDULE)
        bar.update()
    return figures, _differences(figures, plan.warm_up, before, _books(url))


# --- the books ---

_BOOKS = {
    "check-ins": "SELECT count(*) FROM checkin WHERE status = 'accepted'",
    "postings": "SELECT count(*) FROM txn WHERE kind = 'award'",
    "transfers": "SELECT count(*) FROM transfer",
    "entries": "SELECT count(*) FROM entry",
    "lots": "SELECT count(*) FROM lot",
    "stored answers": "SELECT count(*) FROM idempotency_key",
    "points": "SELECT sum(amount) FROM transfer",
}


def _books(url: str) -> dict[str, int]:
    return {name: int(rows(url, query)[0][0]) for name, query in _BOOKS.items()}


def _differences(figures: Figures, warm_up: int, before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return what is wrong: answers that are no receipts, and books that do not agree with them."""
    runs = [*figures.checkins, *([figures.half] if figures.half else [])]
    acknowledged = warm_up + sum("/checkins/" in answer.location for run in runs for answer in run.answers)
    posted = warm_up + sum(len(run.answers) for run in runs)
    wrong = [] if acknowledged == posted else [f"{posted} posted, {acknowledged} acknowledged"]
    for name in _BOOKS:
        expected = acknowledged * (POINTS if name == "points" else 1)
        if after[name] - before[name] != expected:
            wrong.append(f"{name}: {after[name] - before[name]}, not {expected}")
    return wrong


# --- the table ---


def report(figures: Figures) -> str:
    """Return the table that is printed."""
    full, half = figures.full(), figures.half
    lines = [
        f"{'':<34}{'per second':>11}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}",
        _line(f"check-ins, full speed, {LINES} lines", full),
        _line("check-ins, half load, open loop", half) if half else "",
        f"{'the same SQL alone, ' + str(direct.PROCESSES) + ' processes':<34}{statistics.median(figures.sql):>11,.0f}",
        f"{'bare Flask, a constant':<34}{statistics.median(figures.bare):>11,.0f}",
        "",
        f"check-ins ÷ same SQL   {figures.to_sql():.2f} (target {TARGET_RATIO:.2f}; by round {_by_round(figures)})",
        f"check-ins ÷ bare Flask {figures.to_bare():.2f}",
        f"p95 at half load       {(half or full).percentile(0.95) * 1000:.0f} ms (target {TARGET_P95 * 1000:.0f} ms)",
        f"statements             {len(figures.statements)}, BEGIN and COMMIT included (target {TARGET_STATEMENTS})",
        "",
        f"{figures.settings}; {os.cpu_count()} cores for all; Python {sys.version.split()[0]}",
    ]
    return "\n".join(lines)


def _line(name: str, run: Run) -> str:
    times = "".join(f"{run.percentile(share) * 1000:>9.1f}" for share in (0.50, 0.95, 0.99))
    return f"{name:<34}{run.rate:>11,.0f}{times}"


def _by_round(figures: Figures) -> str:
    return " ".join(f"{run.rate / sql:.2f}" for run, sql in zip(figures.checkins, figures.sql, strict=True))


def main() -> int:
    """Read the arguments, measure, print; 1 when the database disagrees with what was acknowledged."""
    parser = argparse.ArgumentParser(prog="bench.checkin", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--engine", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--members", type=int, default=3000, help="people, each of whom checks in once (at least 300)")
    parser.add_argument("--rounds", type=int, default=12, help="rounds at full speed")
    parser.add_argument("--statements", action="store_true", help="also print the SQL of one check-in")
    asked = parser.parse_args()
    figures, wrong = measure(asked.engine, max(300, asked.members), max(1, asked.rounds))
    print(report(figures))
    if asked.statements:
        print("", *figures.statements, sep="\n")
    if wrong:
        print("\nTHE DATABASE DISAGREES:", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
