"""The ledger's speed as ratios (each beside its baseline, in one run, in turns): awards, sealing, redeeming.

    make bench-points                                PostgreSQL
    make bench-points ARGS="--engine sqlite"         the embedded database (without what pgbench measures)
    make bench-points ARGS="--only awards,pgbench"   parts: awards, batch, pgbench, sealing, duplicates, redeeming

The statements of real awards are recorded once. They are sent again by the driver alone (psycopg, sqlite3) and, as a
script in which every award is another one, by pgbench with 16 clients, beside pgbench's own simple update and a plain
ledger of random pairs. At the end the invariants are asked of every database that was written to. Nothing is tuned:
PostgreSQL as it comes (fsync, synchronous_commit, 128 MB), SQLite with synchronous=FULL.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import Flask
from tqdm import tqdm

from bench import awards, pgbench, redeeming
from bench.direct import Replay
from bench.phones import Run, full_speed, scheduled
from bench.redeeming import Shop
from bench.stage import Stage, rows, staged
from community.core.db import db, session
from community.points import jobs
from community.points.queries.invariants import broken
from tests.harness.processes import Process

PARTS = ("awards", "batch", "pgbench", "sealing", "duplicates", "redeeming")
LINES, LINES_ON_SCHEDULE = 8, 64
TARGETS = {
    "postgresql": {"award": 0.85, "batch": 0.55},
    "sqlite": {"award": 0.45, "batch": 0.55},
}
SEAL_PAUSE = 2.0  # the job's own is ten seconds: five times as often costs more, not less


@dataclass(slots=True)
class Report:
    """Lines to print, and what is wrong."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def ratio(self, name: str, value: float, target: float, detail: str) -> None:
        """Add a ratio beside its target."""
        self.lines.append(f"{name:<44}{value:>6.2f}  target {target:.2f}  {detail}")

    def say(self, line: str) -> None:
        self.lines.append(line)

    def sound(self, app: Flask, what: str) -> None:
        """Seal what waits, as every night, and ask the invariants of the app's database."""
        with app.app_context():
            jobs.seal_due()
            session().rollback()
            found = broken()
            db.engine.dispose()
        self.faults += [f"{what}: {name}: {len(lines)} rows, {lines[:3]}" for name, lines in found.items()]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: awards in a round, rounds, seconds of a timed round, people who redeem."""

    size: int
    rounds: int
    seconds: int
    people: int


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def shown(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


# --- one award, one client ---


def one_client(stage: Stage, plan: Plan, said: Report) -> None:
    """Awards of the program beside the same statements by the driver alone, one client each."""
    acts = awards.some(stage.app(stage.database()), plan.size * (plan.rounds + 1))
    tape = awards.record(stage.app(stage.database()), acts)
    app = stage.app(stage.database())
    ours, theirs = [], []
    with Replay(tape, stage.database(), processes=1) as replay, app.app_context():
        for number in tqdm(range(plan.rounds + 1), desc="awards"):
            part = acts[number * plan.size :][: plan.size]
            ours.append(len(part) / awards.award(part))
            theirs.append(replay.send(len(part)))
    ratios = [one / other for one, other in zip(ours[1:], theirs[1:], strict=True)]
    detail = f"{median(ours[1:]):,.0f} and {median(theirs[1:]):,.0f} a second, {len(tape.of_one()) - 2} statements"
    said.ratio("award ÷ the same statements", median(ratios), TARGETS[stage.engine]["award"], detail)
    said.say(f"    by round {shown(ratios)}")
    said.sound(app, "awards")


def in_batches(stage: Stage, plan: Plan, said: Report) -> None:
    """Awards of an import, all in one transaction, beside the same executemany by the driver alone."""
    ours, theirs = [], []
    for number in tqdm(range(3), desc="batches"):
        acts = awards.some(stage.app(stage.database()), plan.size * 40, seed=number)
        tape = awards.record(stage.app(stage.database()), acts, batch=True)
        app = stage.app(stage.database())
        with Replay(tape, stage.database(), processes=1) as replay, app.app_context():
            ours.append(len(acts) / awards.award_batch(acts))
            theirs.append(replay.send(1) * len(acts))
        said.sound(app, "batches")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    detail = f"{median(ours):,.0f} and {median(theirs):,.0f} awards a second"
    said.ratio("batch ÷ the same executemany", median(ratios), TARGETS[stage.engine]["batch"], detail)


# --- many clients ---


def by_pgbench(stage: Stage, plan: Plan, said: Report) -> None:
    """The award by 16 clients of pgbench: beside its simple update, beside random pairs, in one town and in sixteen."""
    try:
        program = pgbench.find()
    except pgbench.Missing as missing:
        said.say(f"not measured by pgbench: {missing}")
        return
    ours, one_town, theirs = stage.database(), stage.database(), stage.database()
    scripts = _scripts(stage)
    folder = stage.folder
    bench, single = pgbench.Bench(program, ours, folder), pgbench.Bench(program, one_town, folder)
    other = pgbench.Bench(program, theirs, folder)
    other.prepare()
    other.pairs()
    found: dict[str, list[float]] = {"update": [], "pairs": [], "spread": [], "one": []}
    for number in tqdm(range(plan.rounds), desc="pgbench"):
        start = (1 << 60) + number * (1 << 50)
        found["update"].append(other.simple_update(plan.seconds))
        found["spread"].append(bench.scripts(scripts["spread"], plan.seconds, n=0, start=start))
        found["one"].append(single.scripts(scripts["one"], plan.seconds, n=0, start=start))
        found["pairs"].append(other.scripts({"pairs": pgbench.PAIRS}, plan.seconds))
    rate = {name: median(values) for name, values in found.items()}
    clients = f"{pgbench.CLIENTS} clients"

    # In one town: sixteen scripts are prepared anew by each of the clients, which a short round feels.
    def beside(name: str) -> list[float]:
        return [one / other for one, other in zip(found["one"], found[name], strict=True)]

    detail = f"{rate['one']:,.0f} and {rate['update']:,.0f} a second, {clients}"
    said.ratio("award ÷ pgbench simple update (-N)", median(beside("update")), 0.6, detail)
    said.ratio("award ÷ random pairs", median(beside("pairs")), 1.0, f"{rate['pairs']:,.0f} pairs a second, {clients}")
    said.ratio("one town ÷ sixteen towns", median(beside("spread")), 0.9, f"{rate['spread']:,.0f} a second, {clients}")
    for url, what in ((ours, "pgbench, sixteen towns"), (one_town, "pgbench, one town")):
        said.sound(stage.app(url), what)


def _scripts(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the award as scripts: `one` for everybody in one town, `spread` for sixteen towns of their own people."""
    app = stage.app(stage.database())
    with app.app_context():
        where, who = awards.villages(), awards.members()
    each = len(who) // len(where)
    spread = {}
    for number, village in enumerate(where):
        one = awards.act(who[number * each], village)
        tape = awards.record(app, [one])
        spread[f"town{number:02}"] = awards.script(tape, one, who[number * each], each)
    one = awards.act(who[-1], where[0])
    return {"spread": spread, "one": {"one": awards.script(awards.record(app, [one]), one, who[0], len(who))}}


# --- sealing ---


def with_sealing(stage: Stage, plan: Plan, said: Report) -> None:
    """Awards by two processes, with and without a sealer beside them; and how long a posting waits for its seal."""
    url = stage.database()
    found: dict[str, list[float]] = {"off": [], "on": []}
    for _round in tqdm(range(plan.rounds), desc="sealing"):
        for name in ("off", "on"):
            found[name].append(_earning(url, plan.seconds, sealing=name == "on"))
            # What waits is sealed between the rounds, so that each begins alike.
            _earning(url, 0, sealing=True)
    ratios = [1 - on / off for on, off in zip(found["on"], found["off"], strict=True)]
    lost = f"{median(found['off']):,.0f} a second without, {median(found['on']):,.0f} with it"
    said.say(f"{'awards lost to sealing':<44}{median(ratios):>6.1%}  at most 5%   {lost}; by round "
             + " ".join(f"{one:.1%}" for one in ratios))  # fmt: skip
    said.say(f"{'a posting waits for its seal, p99':<44}{_lag(url):>5.1f}s  at most 60s")
    said.sound(stage.app(url), "sealing")


def _earning(url: str, seconds: float, *, sealing: bool) -> float:
    earners = [Process(url, "bench.awards:earn", number, seconds=seconds) for number in range(2)] if seconds else []
    sealers = [Process(url, "bench.awards:seal", 0, seconds=seconds or 0.1, pause=SEAL_PAUSE)] if sealing else []
    for process in (*earners, *sealers):
        process.wait_for("ready")
    for process in (*earners, *sealers):
        process.go()
    done = [process.result() for process in (*earners, *sealers)]
    return float(sum(done[: len(earners)]) / seconds) if seconds else 0.0


def _lag(url: str) -> float:
    """Return the seconds within which 99 of 100 postings were sealed, of those sealed while awards went on."""
    part = "julianday(s.sealed_at) * 86400 - julianday(x.recorded_at) * 86400"
    if url.startswith("postgresql"):
        part = "extract(epoch FROM s.sealed_at - x.recorded_at)"
    taken = sorted(float(row[0]) for row in rows(url, f"SELECT {part} FROM seal s JOIN txn x ON x.id = s.txn_id"))  # noqa: S608
    return taken[int(len(taken) * 0.99)]


# --- deliveries that come again ---


def duplicates(stage: Stage, _plan: Plan, said: Report) -> None:
    """Deliver one act ten thousand times over."""
    url = stage.database()
    app = stage.app(url)
    one = awards.some(app, 1)
    with app.app_context():
        seconds = awards.award(one * 10_000)
    points = rows(url, "SELECT sum(amount) FROM transfer")[0][0]
    said.say(
        f"{'points too many after 10,000 deliveries':<44}{points - 5:>6}  at most 0    {10_000 / seconds:,.0f} a second"
    )
    if points != 5:
        said.faults.append(f"one act, delivered 10,000 times, earned {points} points")
    said.sound(app, "duplicates")


# --- redeeming ---


def redeem(engine: str, plan: Plan, said: Report) -> None:
    """Reserve and hand over through the real server: full speed, then half of that on a schedule."""
    kept: list[Shop] = []
    with staged(engine, lambda app: kept.append(redeeming.fill(app, plan.people))) as stage:
        url = stage.database()
        shop = kept[0]
        half = len(shop.phones) // 3
        fast, slow = shop.phones[half:], shop.phones[:half]
        with stage.serve(url) as server, tqdm(total=5, desc="redeeming") as bar:
            full_speed(server.port, [shop.reserve(phone) for phone in fast[:100]], lines=LINES)
            bar.update()
            reserved = full_speed(server.port, [shop.reserve(phone) for phone in fast[100:]], lines=LINES)
            bar.update()
            handed = _hand_over(server.port, shop, reserved)
            bar.update()
            rate = 1 / (1 / reserved.rate + 1 / handed.rate)
            requests = [shop.reserve(phone) for phone in slow]
            calm = scheduled(server.port, requests, rate=reserved.rate / 2, lines=LINES_ON_SCHEDULE)
            bar.update()
            hands = [shop.hand_over(number, answer.location) for number, answer in enumerate(calm.answers)]
            given = scheduled(server.port, hands, rate=handed.rate / 2, lines=LINES_ON_SCHEDULE)
            bar.update()
        said.say(_served("reserve", reserved, calm))
        said.say(_served("hand over", handed, given))
        said.say(
            f"{'redeemed (reserved and handed over) a second':<44}{rate:>6.0f}  target 250; p99 at half load 150 ms"
        )
        said.say(f"    {stage.described()}")
        wanted, there = len(shop.phones), rows(url, "SELECT state, count(*) FROM reward_order GROUP BY state")
        if dict(there) != {"collected": wanted - 100, "reserved": 100}:
            said.faults.append(f"{wanted} people redeemed, and the database has {there}")
        said.sound(stage.app(url), "redeeming")
        _storm(stage, shop, said)


def _hand_over(port: int, shop: Shop, reserved: Run) -> Run:
    wrong = [answer for answer in reserved.answers if "/shop/orders/" not in answer.location]
    if wrong:
        raise RuntimeError(f"not reserved: {wrong[:3]}")
    requests = [shop.hand_over(number, answer.location) for number, answer in enumerate(reserved.answers)]
    return full_speed(port, requests, lines=LINES)


def _served(name: str, full: Run, half: Run) -> str:
    times = " / ".join(f"{half.percentile(share) * 1000:.0f}" for share in (0.50, 0.95, 0.99))
    return f"{name + ' over HTTP, a second':<44}{full.rate:>6.0f}  at half load p50 / p95 / p99 ms {times}"


def _storm(stage: Stage, shop: Shop, said: Report) -> None:
    """Five hundred requests for the last piece."""
    url = stage.database()
    item = next(iter(shop.items.values()))
    stage.write(url, "UPDATE reward_item SET on_hand = 1")
    crowd = [phone for phone in shop.phones if shop.items[shop.towns[phone.member_id]] == item]
    requests = [shop.reserve(crowd[number % len(crowd)], item) for number in range(500)]
    with stage.serve(url) as server:
        run = full_speed(server.port, requests, lines=LINES_ON_SCHEDULE)
    won = sum("/pick-up" in answer.location for answer in run.answers)
    told: dict[int, int] = {}
    for answer in run.answers:
        told[answer.status] = told.get(answer.status, 0) + 1
    said.say(f"{'500 requests for the last piece: winners':<44}{won:>6}  target 1     answers by status {told}")
    if won != 1 or set(told) - {303, 409}:
        said.faults.append(f"the last piece went {won} times; answers {told}")


# --- all of it ---

Part = Callable[[Stage, Plan, Report], None]
ON_TOWNS: dict[str, Part] = {
    "awards": one_client, "batch": in_batches, "pgbench": by_pgbench, "sealing": with_sealing, "duplicates": duplicates,
}  # fmt: skip


def measure(engine: str, plan: Plan, parts: Sequence[str]) -> Report:
    """Run the parts on `engine`; return what to print."""
    said = Report()
    with staged(engine, awards.fill) as stage:
        said.say(f"{stage.described().partition('; ')[2]}; {os.cpu_count()} cores; Python {sys.version.split()[0]}")
        for name, part in ON_TOWNS.items():
            if name in parts and not (name == "pgbench" and engine == "sqlite"):
                part(stage, plan, said)
    if "redeeming" in parts:
        redeem(engine, plan, said)
    return said


def main() -> int:
    """Read the arguments, measure, print; 1 when an invariant is broken or something was given twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--only", default=",".join(PARTS), help="which parts")
    parser.add_argument("--size", type=int, default=400, help="awards in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6, help="of a timed round")
    parser.add_argument("--people", type=int, default=1800, help="who redeem")
    asked = parser.parse_args()
    plan = Plan(asked.size, asked.rounds, asked.seconds, asked.people)
    said = measure(asked.engine, plan, asked.only.split(","))
    print("\n".join(said.lines))
    if said.faults:
        print("\nWRONG:", *said.faults, sep="\n  ")
    return 1 if said.faults else 0


if __name__ == "__main__":
    sys.exit(main())
