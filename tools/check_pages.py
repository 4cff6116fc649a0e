"""Measure every page of the demo district against the goals of ux.md §5 and print every breach.

    python tools/check_pages.py            # make pages
    python tools/check_pages.py --lighthouse none --language zh

A demo server of its own is started, walked as each person of the cast (tests/harness/tour.py), and each page judged in
Chromium: bytes and requests of a first visit, foreign addresses, console, axe in every look and language, targets, text
sizes, reflow, hidden focus. Then the pace: what a second visit to a sign brings, the first sight on a hard network, the
slowest answer to a tap on a slow processor (tests/harness/pace.py). Lighthouse adds scores and times; it comes from npm
into a folder outside the checkout and is asked for nothing else. Times are medians of several runs and count only where
the machine was quiet. Exit code 1 when anything is in breach.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.harness.browser import FLAGS, chromium, find_chromium  # noqa: E402 - after the checkout is on the path
from tests.harness.measure import Bench, Reading, budget  # noqa: E402
from tests.harness.pace import Lab, lab  # noqa: E402
from tests.harness.server import Server  # noqa: E402
from tests.harness.tour import Stop, Tour  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "linli-pages"
PACKAGES = ("node@22", "lighthouse@13.5.0")
# Below this Lighthouse's own yardstick says that the machine was busy: its times say nothing then.
QUIET = 1400
# Where a person arrives who has nothing of the site yet.
DOORS = {"/", "/p/<token>"}
SCORES = {"performance": 99, "accessibility": 100, "best-practices": 100, "seo": 100}
DESK_SCORES = {"performance": 95, "accessibility": 100, "best-practices": 100}
TIMES = {"largest-contentful-paint": 1000.0, "cumulative-layout-shift": 0.01, "total-blocking-time": 50.0}
DESK_TIMES = {"largest-contentful-paint": 1800.0, "cumulative-layout-shift": 0.02, "total-blocking-time": 100.0}
DOOR_LCP = 850.0
# LCP on a hard network and the answer to a tap, in milliseconds (ux.md §5).
DOOR_HARD, HARD, DESK_HARD = 1000.0, 1400.0, 3000.0
TAP, DESK_TAP = 150.0, 200.0
# Bytes and requests of a second visit to a sign.
SIGN = "/p/<token>"
AGAIN = (6144, 1)


@dataclass
class Row:
    """One page of the table: what the browser found, and what Lighthouse says."""

    stop: Stop
    read: Reading
    axe: int = 0
    scores: dict[str, int] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    # Some of its times were taken while others wanted the machine.
    busy: bool = False
    # Bytes and requests of a second visit, where they are asked for.
    again: tuple[int, int] | None = None

    @property
    def desk(self) -> bool:
        """A page of the desk, whose goals are wider."""
        return self.stop.path.startswith("/desk")

    @property
    def door(self) -> bool:
        """Where a person arrives who has nothing of the site yet: the goals are narrower."""
        return self.stop.route in DOORS


class Lighthouse:
    """Lighthouse as npm brings it. `missing` says why it cannot be asked; None when it can."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.missing = self._install()

    def _install(self) -> str | None:
        npm = shutil.which("npm")
        if npm is None:
            return "npm is not installed"
        if (CACHE / "node_modules/.bin/lighthouse").exists():
            return None
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text("{}")
        click.echo(f"Fetching {', '.join(PACKAGES)} into {CACHE} ...", err=True)
        done = subprocess.run(  # noqa: S603 - names of ours
            [npm, "install", "--no-fund", "--no-audit", *PACKAGES],
            cwd=CACHE,
            capture_output=True,
            text=True,
            check=False,
        )
        return f"npm could not fetch it: {done.stderr.strip()[-300:]}" if done.returncode else None

    def ask(self, url: str, cookies: str, more: list[str]) -> list[dict[str, Any]]:
        """Return the reports of `runs` runs on `url`, with the visitor's cookies."""
        return [report for _run in range(self.runs) if (report := self._once(url, cookies, more))]

    def _once(self, url: str, cookies: str, more: list[str]) -> dict[str, Any] | None:
        with tempfile.TemporaryDirectory() as scratch:
            headers, told = Path(scratch) / "headers.json", Path(scratch) / "report.json"
            headers.write_text(json.dumps({"Cookie": cookies} if cookies else {}))
            flags = " ".join([*FLAGS, f"--user-data-dir={scratch}/profile"])
            environment = os.environ | {
                "PATH": f"{CACHE}/node_modules/node/bin:{os.environ['PATH']}",
                "CHROME_PATH": find_chromium() or "",
            }
            busy = crowded()
            command = [
                f"{CACHE}/node_modules/.bin/lighthouse",
                url,
                "--quiet",
                "--output=json",
                f"--output-path={told}",
            ]
            command += [f"--extra-headers={headers}", f"--chrome-flags={flags}", *more]
            subprocess.run(command, env=environment, capture_output=True, check=False, timeout=240)  # noqa: S603
            report: dict[str, Any] = json.loads(told.read_text()) if told.exists() else {}
            return None if not report or report.get("runtimeError") else report | {"crowded": busy}


def crowded() -> bool:
    """Say whether others want this machine's processors just now: times would say nothing."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


def quiet(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the reports that a quiet machine made."""
    return [one for one in reports if one["environment"]["benchmarkIndex"] >= QUIET and not one["crowded"]]


def judge_lighthouse(row: Row, reports: list[dict[str, Any]]) -> None:
    """Put scores and times into `row`, and what of them is below the goal."""
    if not reports:
        row.breaches.append("Lighthouse could not open the page")
        return
    calm = quiet(reports)
    row.busy = row.busy or not calm
    for name, least in (DESK_SCORES if row.desk else SCORES).items():
        row.scores[name] = round(
            statistics.median(100 * (report["categories"][name]["score"] or 0) for report in calm or reports)
        )
        if row.scores[name] < least and (calm or name != "performance"):
            bad = [one for one in _failed(reports[0], name) if name != "performance"]
            row.breaches.append(f"Lighthouse {name} {row.scores[name]}, at least {least} {' '.join(bad)}".rstrip())
    for name, most in (DESK_TIMES if row.desk else TIMES).items():
        row.times[name] = statistics.median(report["audits"][name]["numericValue"] for report in calm or reports)
        limit = DOOR_LCP if name == "largest-contentful-paint" and row.door else most
        if calm and row.times[name] > limit:
            row.breaches.append(f"{name} {row.times[name]:.2f}, {limit} at most")


def _failed(report: dict[str, Any], category: str) -> Iterator[str]:
    for audit in report["categories"][category]["auditRefs"]:
        score = report["audits"][audit["id"]]["score"]
        if audit["weight"] and score is not None and score < 1:
            yield audit["id"]


def judge_pace(row: Row, shown: list[float], tapped: list[float], *, calm: bool) -> None:
    """Put into `row` the first sight on a hard network and the slowest answer to a tap; medians of the runs."""
    limits = {
        "hard": ("LCP on a hard network", DOOR_HARD if row.door else DESK_HARD if row.desk else HARD, shown),
        "tap": ("a tap is answered after", DESK_TAP if row.desk else TAP, tapped),
    }
    for name, (words, most, values) in limits.items():
        row.times[name] = statistics.median(values)
        if calm and row.times[name] > most:
            row.breaches.append(f"{words} {row.times[name]:.0f} ms, {most:.0f} at most")
    row.busy = row.busy or not calm


def judge_again(row: Row, weight: int, requests: int) -> None:
    """Put into `row` what a second visit to a sign brought over the network."""
    row.again = (weight, requests)
    if weight > AGAIN[0] or requests > AGAIN[1]:
        row.breaches.append(f"comes again with {weight} bytes in {requests} requests, {AGAIN[0]} in {AGAIN[1]} at most")


def pace(browser: Any, base: str, row: Row, runs: int) -> None:
    """Measure a page's second visit (signs), its first sight and its taps, each run in a window of its own."""
    path, person, screen = row.stop.path, row.stop.person, "desk" if row.desk else "phone"

    def measured_by(measure: Callable[[Lab], float]) -> float:
        with lab(browser, base, person, screen) as hers:
            return measure(hers)

    if row.stop.route == SIGN:
        with lab(browser, base, person, screen) as hers:
            came = hers.again(path)
        judge_again(row, came.weight, came.requests)
    shown, tapped, busy = [], [], False
    for _run in range(runs):
        busy = busy or crowded()
        shown.append(measured_by(lambda hers: hers.first_sight(path)))
        tapped.append(measured_by(lambda hers: hers.slowest_tap(path)))
    judge_pace(row, shown, tapped, calm=not (busy or crowded()))


@contextmanager
def demo_site(url: str | None) -> Iterator[str]:
    """The address of a demo site: the one given, or one started for this run and taken away after it."""
    if url:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch) / "instance").start()
        try:
            yield server.url
        finally:
            server.stop()


def measured(
    browser: Any, base: str, stops: list[Stop], languages: list[str], lighthouse: Lighthouse | None, runs: int
) -> list[Row]:
    """Judge each stop; the people one after another, so that each signs in once a language."""
    rows: dict[Stop, Row] = {}

    def kind(stop: Stop) -> tuple[str, bool]:
        return stop.person, stop.path.startswith("/desk")

    for language in languages:
        for (person, desk), hers in groupby(sorted(stops, key=lambda stop: (*kind(stop), stop)), key=kind):
            bench = Bench(browser, base, language, "desk" if desk else "phone")
            bench.sign_in(person)
            for stop in hers:
                click.echo(f"{language} {stop.path} {person}", err=True)
                read = bench.measure(stop.path, person)
                row = rows.setdefault(stop, Row(stop, read))
                row.axe += sum(" axe " in fault for fault in read.faults)
                row.breaches += [fault for fault in (*read.faults, *budget(read)) if fault not in row.breaches]
                row.unsure += [line for line in read.unsure if line not in row.unsure]
                if lighthouse and language == languages[0] and read.surface in {"phone", "desk"}:
                    _ask(lighthouse, row, bench)
            bench.close()
    for row in rows.values() if runs else ():
        if row.read.surface in {"phone", "desk"}:
            click.echo(f"pace {row.stop.path} {row.stop.person}", err=True)
            pace(browser, base, row, runs)
    return list(rows.values())


def _ask(lighthouse: Lighthouse, row: Row, bench: Bench) -> None:
    if "/refused/" in row.stop.path:
        return  # answers 403, which Lighthouse does not judge
    cookies = "; ".join(f"{one.get('name')}={one.get('value')}" for one in bench.context.cookies())
    more = ["--preset=desktop"] if row.desk else []
    judge_lighthouse(row, lighthouse.ask(bench.base_url + row.stop.path, cookies, more))


def table(rows: list[Row]) -> Iterator[str]:
    """Lines of the table: a header, then a page each."""
    yield "| page | as | bytes | requests | again | LCP ms | hard LCP | tap ms | perf/a11y/bp/seo | axe | breaches |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|"
    for row in sorted(rows, key=lambda row: row.stop):
        query = row.stop.path.partition("?")[2]
        scores = "/".join(str(row.scores.get(name, "-")) for name in SCORES)
        lcp, hard, tap = (
            f"{row.times[name]:.0f}" if name in row.times else "-"
            for name in ("largest-contentful-paint", "hard", "tap")
        )
        again = f"{row.again[0]} in {row.again[1]}" if row.again else "-"
        page = re.sub(r"<[^<>]*:", "<", row.stop.route) + ("?…" if query else "")
        weight = f"{row.read.weight} | {row.read.requests} | {again}"
        times = f"{lcp} | {hard} | {tap} | {scores}"
        yield f"| `{page}` | {row.stop.person or '-'} | {weight} | {times} | {row.axe} | {len(row.breaches)} |"


@click.command()
@click.option("--url", help="A demo site that runs already.")
@click.option("--language", "languages", multiple=True, type=click.Choice(["zh", "en"]), default=["zh", "en"])
@click.option("--lighthouse", "wanted", type=click.Choice(["all", "residents", "none"]), default="all")
@click.option("--runs", default=3, show_default=True, help="Runs of each time a page; the median counts.")
@click.option("--no-pace", is_flag=True, help="Leave out second visits, hard networks and taps.")
@click.option("--only", default="", help="Only pages whose address contains this.")
@click.option("--unsure", is_flag=True, help="Print what axe could not decide, for a person to look at.")
def main(
    url: str | None, languages: tuple[str, ...], wanted: str, runs: int, only: str, *, no_pace: bool, unsure: bool
) -> None:
    """Measure every page of the demo and print every breach; exit code 1 when there is one."""
    path = find_chromium()
    if path is None:
        raise click.ClickException("no Chromium found: install one, or set CHROMIUM=/path")
    lighthouse = Lighthouse(runs) if wanted != "none" else None
    deaf = "asked not to" if lighthouse is None else lighthouse.missing
    with demo_site(url) as base, chromium(path) as browser:
        stops = [stop for stop in Tour(base).shown if only in stop.path]
        asked = None if deaf else lighthouse
        residents = [stop for stop in stops if not stop.path.startswith("/desk")]
        rest = [stop for stop in stops if stop not in residents]
        paced = 0 if no_pace else runs
        rows = measured(browser, base, residents, list(languages), asked, paced)
        rows += measured(browser, base, rest, list(languages), asked if wanted == "all" else None, paced)
    click.echo("\n".join(table(rows)))
    if unsure:
        for line in sorted({line for row in rows for line in row.unsure}):
            click.echo(f"UNSURE {line}")
    breaches = [f"{row.stop.path} ({row.stop.person or '-'}): {text}" for row in rows for text in row.breaches]
    for line in breaches:
        click.echo(f"BREACH {line}")
    busy = sum(row.busy for row in rows)
    if busy:
        click.echo(f"*** times of {busy} pages not judged: the machine was busy. ***")
    if deaf:
        click.echo(f"*** NOT JUDGED: scores, LCP, CLS and TBT. Lighthouse was not run: {deaf}. ***")
    click.echo(f"{len(rows)} pages, {len(breaches)} breaches")
    sys.exit(bool(breaches) or not rows)


if __name__ == "__main__":
    main()
