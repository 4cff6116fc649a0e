"""`flask places import` of a whole district's addresses, beside the bare bulk load of the same rows.

    make bench-import                                     3.48 million addresses, PostgreSQL
    make bench-import ARGS="--engine sqlite"              the embedded database
    make bench-import ARGS="--rows 500000"

The command runs as a process of its own on a fresh database that holds the buildings; its time is from start to end of
the process, its memory the most that the kernel saw. Beside it, in the same run, the same rows go into a second fresh
copy by plain COPY (PostgreSQL, one transaction) or executemany (SQLite, a transaction for each 20,000 rows), already
split, numbered and typed: reading, checking and counting are the program's. Afterwards the first database is asked
whether every row is there, and the command is run again: it must change nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Never

import psycopg
from flask import Flask
from tqdm import tqdm

from bench.stage import Stage, rows, staged
from community.core.authz import system_actor
from community.core.db import transaction
from community.core.db.engine import SQLITE_PRAGMAS
from community.places import backfill
from community.places.backfill import NewArea

ADDRESSES = 3_480_000  # product.md §4
FLATS = 120  # of one building
BATCH = 20_000
COLUMNS = "id, building_id, town_id, scope_path, label, area_m2, address_code"
MOST_MEMORY_MB = 300


def areas(buildings: int) -> Iterator[NewArea]:
    """A district of one town and village with so many buildings."""
    path = ""
    for code, kind in (("990100", "district"), ("990100001", "town"), ("990100001001", "village")):
        parent = path.rstrip("/").rpartition("/")[2] or None
        path += f"{code}/"
        yield NewArea(code, kind, "", code, parent, path, None)
    for number in range(buildings):
        code = f"990100001001{number:06d}"
        yield NewArea(code, "building", "", f"{number + 1}", "990100001001", f"{path}{code}/", None)


def addresses(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Building code, unit label, floor area and address code of each address."""
    for number in range(count):
        building, flat = divmod(number, FLATS)
        label = f"{flat // 40 + 1}-{flat % 40 // 2 + 1:02d}0{flat % 2 + 1}"
        yield f"990100001001{building:06d}", label, f"{60 + number % 90}.{number % 100:02d}", f"0330109{number:011d}"


def write_file(path: Path, count: int) -> None:
    """Write the addresses as an office would send them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("楼幢编码", "房号", "建筑面积", "地址编码"))
        out.writerows(tqdm(addresses(count), total=count, desc="writing the file"))


def plain_rows(url: str, count: int) -> Iterator[tuple[Any, ...]]:
    """The same rows as the table keeps them."""
    found = rows(url, "SELECT code, id, town_id, path FROM area WHERE kind = 'building'")
    buildings = {code: (area_id, town_id, path) for code, area_id, town_id, path in found}
    for number, (code, label, square_metres, address) in enumerate(addresses(count)):
        yield number + 1, *buildings[code], label, square_metres, address


def bare(url: str, made: Iterator[tuple[Any, ...]]) -> float:
    """Load the rows with nothing around the database; return the seconds, without those that making the rows took."""
    if url.startswith("sqlite"):
        return _executemany(url.removeprefix("sqlite:///"), made)
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1)) as server, server.cursor() as cursor:
        seconds = 0.0
        with cursor.copy(f"COPY unit ({COLUMNS}) FROM STDIN") as copy:
            while batch := list(islice(made, BATCH)):
                block = "".join("\t".join(map(str, row)) + "\n" for row in batch)
                begun = perf_counter()
                copy.write(block)
                seconds += perf_counter() - begun
            begun = perf_counter()
        server.commit()
        return seconds + perf_counter() - begun


def _executemany(path: str, made: Iterator[tuple[Any, ...]]) -> float:
    seconds = 0.0
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)
        while batch := list(islice(made, BATCH)):
            begun = perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT INTO unit ({COLUMNS}) VALUES (?,?,?,?,?,?,?)", batch)  # noqa: S608
            connection.execute("COMMIT")
            seconds += perf_counter() - begun
    return seconds


def command(stage: Stage, url: str, file: Path) -> tuple[float, float, str]:
    """Run the command; return its seconds, the most memory it held in MB, and what it said."""
    environment = os.environ | {"DATABASE_URL": url, "INSTANCE_DIR": str(stage.folder / "instance")}
    words = [str(Path(sys.executable).with_name("flask")), "places", "import", str(file), "--kind", "units"]
    begun = perf_counter()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read() if process.stdout else ""
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"The command ended with {process.returncode}: {said}")
    return seconds, usage.ru_maxrss / 1024, said.strip()


def measure(engine: str, count: int) -> list[str]:
    """Run everything on `engine`; return the figures as lines."""

    def fill(app: Flask) -> None:
        with app.app_context(), transaction():
            backfill.add_areas(system_actor("bench"), areas(-(-count // FLATS)))

    with staged(engine, fill) as stage:
        ours, theirs, file = stage.database(), stage.database(), stage.folder / "addresses.csv"
        write_file(file, count)
        seconds, memory, said = command(stage, ours, file)
        there = rows(ours, "SELECT count(*) FROM unit")[0][0]
        again, _memory, said_again = command(stage, ours, file)
        alone = bare(theirs, iter(tqdm(plain_rows(theirs, count), total=count, desc="bare rows")))
        settings = stage.described().partition("; ")[2]
        megabytes = file.stat().st_size / 1e6
    faults = [] if there == count else [f"WRONG: {there:,} of {count:,} rows are there"]
    if memory > MOST_MEMORY_MB:
        faults.append(f"TOO MUCH MEMORY: more than {MOST_MEMORY_MB} MB")
    name = "COPY" if engine == "postgresql" else "executemany"
    return [
        settings,
        f"{count:,} addresses, {megabytes:.0f} MB: {said}",
        f"flask places import  {seconds:8.1f} s  {count / seconds:10,.0f} rows a second  {memory:.0f} MB at most",
        f"plain {name:<14} {alone:8.1f} s  {count / alone:10,.0f} rows a second",
        f"ratio (rate of the import ÷ rate of {name}): {alone / seconds:.2f}",
        f"the same file again  {again:8.1f} s  {said_again}",
        *faults,
    ]


def main() -> Never:
    """Read the arguments, measure, print; ends with 1 when a row is missing or memory ran over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--rows", type=int, default=ADDRESSES)
    asked = parser.parse_args()
    lines = measure(asked.engine, asked.rows)
    print("\n".join(lines))
    sys.exit(any(line.isupper() or line.startswith(("WRONG", "TOO MUCH")) for line in lines))


if __name__ == "__main__":
    main()
