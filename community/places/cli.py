"""`flask places import`: a district's tables from a file, units by the million; `keys`, `rotate`: the signing ring."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import AppGroup
from tqdm import tqdm

from community.core.authz import system_actor
from community.core.config import settings
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.spreadsheets import safe
from community.places import keyring, queries
from community.places.imports import columns, exporting, runs, streaming, tables
from community.places.imports.cells import drafts as rows_of
from community.places.imports.plans import Plan, Scope
from community.places.imports.problems import Problem, shown, words
from community.places.imports.reading import read
from community.places.models import Area

group = AppGroup("places", help="Places: tables of areas, buildings, units and posts; keys of printed codes.")

IMPORT = "flask places import"
# Beside units everything of a district fits into memory many times over.
_MOST_ROWS = 200_000


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(sorted(tables.PERMS)), required=True)
@click.option("--area", "code", help="The area the table is for, by its code (the district).")
@click.option("--bad", type=click.Path(dir_okay=False, path_type=Path), help="Where bad rows go (FILE.bad.csv).")
@click.option("--check", is_flag=True, help="Only check; write nothing. Not for units.")
@click.option("--sure", is_flag=True, help="Rows in doubt were looked at and are right.")
def import_table(*, file: Path, kind: str, code: str | None, bad: Path | None, check: bool, sure: bool) -> None:
    """Take FILE in. Areas, buildings and posts: whole or not at all. Units: in batches that are taken up again.

    Taking the same file in twice changes nothing the second time. Ends with 1 when rows were bad, or in doubt without
    --sure.
    """
    bad = bad or file.with_name(f"{file.name}.bad.csv")
    try:
        scope = _scope(code)
        if kind == "units" and not check:
            faults = _units(file, scope, bad)
        else:
            faults = _whole(file, kind, scope, bad, write=not check, sure=sure)
    except DomainError as error:
        raise click.ClickException("\n".join(plain(one) for one in (error.message, error.next_step) if one)) from None
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: {error}") from None
    if faults:
        click.echo(plain(_("%(count)s 处有问题，见 %(file)s", count=faults, file=str(bad))))
        raise SystemExit(1)


def _scope(code: str | None) -> Area:
    tops = queries.within("district")
    area = queries.area_by_code(code) if code else (tops[0] if len(tops) == 1 else None)
    if area is None:
        raise click.ClickException(plain(_("没有这个编码的区域；请用 --area 指明导入到哪里。")))
    return area


def _whole(file: Path, kind: str, scope: Area, bad: Path, *, write: bool, sure: bool) -> int:
    drafts = tables.ordered(kind, list(rows_of(kind, read(file.read_bytes(), most_rows=_MOST_ROWS))))
    with transaction():
        plan = tables.check(kind, drafts, Scope(scope.path))
        listed = plan.problems + ([] if sure else plan.doubts)
        if write and not listed:
            tables.apply(kind, plan)
            runs.record(system_actor(IMPORT), scope, kind, plan.counts())
    _tell(plan, listed, write=write)
    if listed:
        with bad.open("w", encoding="utf-8", newline="") as out:
            _Faults(out, kind).add(listed)
    return len(listed)


def _tell(plan: Plan, listed: list[Problem], *, write: bool) -> None:
    if listed:
        click.echo(plain(_("有问题，什么都没有写入。")))
        if not plan.problems:
            click.echo(plain(_("这些行只是有疑问：核对后没有错，加上 --sure 再运行。")))
        return
    counted = plan.counts()
    said = _("新建 %(new)s，更新 %(changed)s，没有变化 %(same)s。", **counted)
    click.echo(plain(said) if write else plain(_("检查通过：%(said)s", said=plain(said))))


def _units(file: Path, scope: Area, bad: Path) -> int:
    source, actor = streaming.Source.open(file), system_actor(IMPORT)
    with transaction():
        run = streaming.begin(actor, source, scope)
        run_id, done, first_id = run.id, run.done, run.id
    known, faults, read_bytes = streaming.Buildings(Scope(scope.path)), 0, 0
    size = file.stat().st_size
    with (
        bad.open("a" if done else "w", encoding="utf-8", newline="") as out,
        tqdm(total=size, unit="B", unit_scale=True, desc=file.name, disable=None) as bar,
        streaming.uncollected() as collect,
    ):
        listed = _Faults(out, "units", head=not done)
        for batch, position in source.batches(done, streaming.BATCH):
            with transaction():
                told = streaming.take(run_id, first_id, batch, known)
            listed.add(told.problems)
            faults += len(told.problems)
            bar.update(position - read_bytes)
            read_bytes = position
            collect()
    with transaction():
        streaming.finish(run_id)
        counts = runs.record_run(actor, run_id)
    click.echo(plain(_("新建 %(new)s，更新 %(changed)s，没有变化 %(same)s。", **counts)))
    if not faults and not done:
        bad.unlink()
    return faults


class _Faults:
    """The file of bad rows: safe to open in a spreadsheet."""

    _HEADS: tuple[Text, ...] = (_("行"), _("列"), _("填的是"), _("哪里不对"), _("怎么改"))

    def __init__(self, out: IO[str], kind: str, *, head: bool = True) -> None:
        self._out = csv.writer(out)
        self._names = {column.key: column.zh for column in columns.columns(kind)}
        if head:
            out.write(exporting.BOM)
            self._write(plain(word) for word in self._HEADS)

    def add(self, problems: Iterable[Problem]) -> None:
        """Write faults, one a line."""
        for one in problems:
            what, mend = words(one.code, one.more)
            name = self._names.get(one.column, "")
            self._write((one.line, name, shown(one.value), plain(what), plain(mend)))

    def _write(self, cells: Iterable[Any]) -> None:
        self._out.writerow([safe(cell) for cell in cells])


# --- the ring of keys ---


@group.command("keys")
def keys() -> None:
    """List the keys that sign printed codes, and how many signs in force hang under each."""
    for line in keyring.lines(system_actor("flask places keys"), settings().need_secrets().signing):
        click.echo(f"{line.kid}  {line.state:<6}  {line.prints} {'sign' if line.prints == 1 else 'signs'}")


@group.command("rotate")
def rotate() -> None:
    """Make a new signing key; the one that signed until now goes into grace.

    With POSTER_KEYS in the environment its new value is printed, to be put there by hand; the demo's own file is
    rewritten. Both count after the next start.
    """
    given, path = os.environ.get("POSTER_KEYS"), settings().instance_dir / "secrets.json"
    if not given and not path.exists():
        raise click.ClickException("There is no ring to turn: set POSTER_KEYS, or run `make run` once.")
    try:
        ring = keyring.rotated(given or keyring.stored(path))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if given:
        click.echo(f"POSTER_KEYS={ring}")
        click.echo("Put this line where the old one is, and start serve and worker again.", err=True)
    else:
        keyring.store(path, ring)
        click.echo(f"{path} has the new key; start the program again.", err=True)
    click.echo("Signs under older keys hold, and wait on the desk to be printed anew (flask places keys).", err=True)
