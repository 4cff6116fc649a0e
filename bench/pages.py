"""How long the server takes for the pages people open most: the demo district under load, beside a trivial page.

    make bench-pages                                PostgreSQL
    make bench-pages ARGS="--engine sqlite"         the embedded database
    make bench-pages ARGS="--requests 400"

Each page is opened at full speed by people drawn by lot, in turn with a constant of a bare Flask application behind the
same server: how many such constants it costs says more than milliseconds of one machine. Then all pages come mixed, at
random instants, half as often as the server could answer them; the times that count are those, from the instant at
which a request was due.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy import select
from tqdm import tqdm

from bench.phones import Answer, Run, full_speed, scheduled
from bench.stage import HOST, Stage, staged
from bench.village import signed_in
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo import queries as demo, services as demo_services
from community.people.models import Member
from community.places import codes, queries as place_queries
from community.places.models import Post

LINES, LINES_ON_SCHEDULE = 8, 64
READERS = 60
RESIDENT_MS, DESK_MS = 80, 200
STAFF = ("village_admin", "town_admin")


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its requests; `often` is its share of the mixed load, `most` the p95 in ms that it may have."""

    name: str
    often: int
    most: int
    requests: Sequence[bytes]


@dataclass(slots=True)
class District:
    """Who opens pages on the demo district, and which."""

    pages: list[Page] = field(default_factory=list)


def fill(app: Flask, district: District) -> None:
    """Load the demo district and prepare everybody's requests."""
    with app.app_context():
        with transaction():
            demo_services.load_demo(system_actor("bench"))
        people = select(Member.id, Member.session_epoch).where(
            Member.status == "active", Member.verified_at.is_not(None)
        )
        residents = [signed_in(app, *row)[0] for row in session().execute(people.order_by(Member.id).limit(READERS))]
        staff = [signed_in(app, one.member_id, one.epoch)[0] for one in demo.cast_members() if one.plan.role in STAFF]
        signs = [f"/p/{_token(post_id)}" for post_id in session().scalars(select(Post.id).limit(READERS))]
        session().rollback()
    district.pages = [
        Page("home, signed in", 3, RESIDENT_MS, [_get("/", one) for one in residents]),
        Page("home, a stranger", 1, RESIDENT_MS, [_get("/")]),
        Page("the page of a sign", 3, RESIDENT_MS, _pairs(signs, residents)),
        Page("points", 1, RESIDENT_MS, [_get("/points", one) for one in residents]),
        Page("desk: what is to do", 1, DESK_MS, [_get("/desk", one) for one in staff]),
        Page("desk: people", 1, DESK_MS, [_get("/desk/people", one) for one in staff]),
    ]


def _token(post_id: int) -> str:
    actor = system_actor("bench")
    sign = place_queries.valid_sign(post_id)
    return codes.print_url(place_queries.post(actor, post_id), sign).rsplit("/", 1)[1] if sign else ""


def _pairs(signs: Sequence[str], residents: Sequence[str]) -> list[bytes]:
    return [_get(path, residents[number % len(residents)]) for number, path in enumerate(signs) if path != "/p/"]


def _get(path: str, cookies: str = "") -> bytes:
    """Return one request as a phone sends it behind a proxy."""
    head = f"""GET {path} HTTP/1.1
Host: {HOST}
User-Agent: Mozilla/5.0 (Linux; Android 12; Mobile) AppleWebKit/537.36 Chrome/107 MicroMessenger/8.0.50
Accept: text/html,application/xhtml+xml
Accept-Language: zh-CN,zh;q=0.9
Accept-Encoding: gzip, deflate, br
Cookie: {cookies}
X-Forwarded-For: 127.0.0.1
X-Forwarded-Proto: https

"""
    return head.replace("\n", "\r\n").encode()


# --- measuring ---


def measure(stage: Stage, district: District, count: int, rounds: int) -> tuple[list[str], list[str]]:
    """Open everything; return the table as lines, and which pages took longer than they may."""
    chance = random.Random(3)
    cost: dict[str, list[float]] = defaultdict(list)
    rates: dict[str, list[float]] = defaultdict(list)
    url, pages = stage.database(), district.pages  # filled with the first database
    with stage.serve(url) as server, stage.serve_bare() as bare:
        trivial = [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] * count
        for page in pages:
            _opened(full_speed(server.port, _drawn(page, count // 4, chance), lines=LINES), page.name)
        for _round in tqdm(range(rounds), desc="at full speed"):
            for page in pages:
                run = _opened(full_speed(server.port, _drawn(page, count, chance), lines=LINES), page.name)
                rates[page.name].append(run.rate)
                cost[page.name].append(full_speed(bare.port, trivial, lines=LINES).rate / run.rate)
        mixed = [page for page in pages for _share in range(page.often)]
        # As much as the server can do of that mix, by what each page took of its time.
        whole = len(mixed) / sum(1 / statistics.median(rates[page.name]) for page in mixed)
        asked = chance.choices(mixed, k=count * len(pages))
        requests = [chance.choice(page.requests) for page in asked]
        run = scheduled(server.port, requests, rate=whole / 2, lines=LINES_ON_SCHEDULE)
    by_page: dict[str, list[Answer]] = defaultdict(list)
    for page, answer in zip(asked, run.answers, strict=True):
        by_page[page.name].append(answer)
    lines = [f"{'':<24}{'a second':>9}{'÷ trivial':>11}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"]
    slow = []
    for page in pages:
        own = _opened(Run(by_page[page.name], run.seconds, 0), page.name)
        p50, p95, p99 = (own.percentile(share) * 1000 for share in (0.50, 0.95, 0.99))
        rate, times = (statistics.median(found[page.name]) for found in (rates, cost))
        lines.append(
            f"{page.name:<24}{rate:>9,.0f}{times:>11.1f}{p50:>9.1f}{p95:>9.1f}{p99:>9.1f}  at most {page.most}"
        )
        if p95 > page.most:
            slow.append(f"{page.name}: p95 {p95:.0f} ms")
    load = f"{whole / 2:,.0f} a second for {run.seconds:.0f} s"
    lines.append(
        f"times: all mixed, at half load ({load}); trivial: a bare Flask constant, at full speed like “a second”"
    )
    return lines, slow


def _drawn(page: Page, count: int, chance: random.Random) -> list[bytes]:
    return chance.choices(page.requests, k=count)


def _opened(run: Run, name: str) -> Run:
    if wrong := [answer for answer in run.answers if answer.status != 200]:
        raise RuntimeError(f"{name}: {len(wrong)} answers like {wrong[0]}")
    return run


def main() -> int:
    """Read the arguments, measure, print; 1 when a page takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--requests", type=int, default=300, help="of a page in a round")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    district = District()
    with staged(asked.engine, lambda app: fill(app, district)) as stage:
        lines, slow = measure(stage, district, asked.requests, asked.rounds)
        print(
            "\n".join([*lines, f"{stage.described()}; {os.cpu_count()} cores for all; Python {sys.version.split()[0]}"])
        )
    if slow:
        print("\nSLOW:", *slow, sep="\n  ")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
