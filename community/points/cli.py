"""`flask points fund` registers a budget that was decided; `flask points verify` looks the ledger over."""

from __future__ import annotations

import datetime as dt
import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click
from flask.cli import AppGroup
from tqdm import tqdm

from community.audit import services as audit
from community.core.authz import system_actor
from community.core.db import snapshot, transaction
from community.core.db.beside import readers
from community.core.errors import Conflict, DomainError
from community.core.i18n import _, plain
from community.places import queries as places
from community.points import exporting, rules_file
from community.points.models import RuleSet
from community.points.queries import awards, chain, invariants, journal
from community.points.services import (
    awarding,
    budget,
    checking,
    closing,
    opening,
    sealing,
    simulating,
    terms as town_terms,
)

group = AppGroup("points", help="Points: budgets and the soundness of the ledger.")

FUND, CLOSE, EXPORT = "flask points fund", "flask points close", "flask points export"
IMPORT, TERMS = "flask points import-opening", "flask points terms"
# More than that follow by the job.
_AT_ONCE = 2000
# From how many seals on it is worth the time that processes take to begin.
_LONG = 50_000
# How many broken rows of an invariant are printed.
_SHOWN = 20


@group.command("fund")
@click.argument("town_code")
@click.argument("year", type=click.IntRange(2020, 2100))
@click.argument("amount", type=click.IntRange(min=0))
@click.option("--reason", required=True, help="The resolution that decided it.")
@click.option("--fen", type=click.IntRange(min=1), help="What a point costs, in fen; as before without it.")
def fund(town_code: str, year: int, amount: int, reason: str, fen: int | None) -> None:
    """Set the budget of the town with TOWN_CODE for YEAR to AMOUNT points in all, and post what waited for it."""
    actor = system_actor(FUND)
    town = next((found for found in places.within("town") if found.code == town_code), None)
    if town is None:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=town_code)))
    try:
        with transaction():
            budget.fund(actor, town.id, year, amount, resolution=reason, fen_per_point=fen)
            audit.record(
                actor, "points.fund", "area", town.id, scope_path=town.path, reason=reason,
                details={"year": year, "amount": amount},
            )  # fmt: skip
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    for member_id in awards.payable_members(_AT_ONCE):
        with transaction():
            awarding.release(member_id, "budget")
    click.echo(plain(_("%(town)s %(year)s 年的积分预算：%(amount)s 分。", town=town.name, year=year, amount=amount)))


@group.command("terms")
@click.argument("town_code")
@click.option("--four-eyes", type=int, help="From how many points on two people have to agree.")
@click.option("--appeal-days", type=int, help="Days to answer an objection.")
@click.option("--pick-up-days", type=int, help="Days that a reward is kept for its member.")
@click.option("--reason", required=True, help="The resolution that decided it.")
def terms(
    town_code: str, four_eyes: int | None, appeal_days: int | None, pick_up_days: int | None, reason: str
) -> None:
    """Keep what the town with TOWN_CODE decided about deciding; what is not named stays. Say what holds now."""
    town = next((found for found in places.within("town") if found.code == town_code), None)
    if town is None:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=town_code)))
    try:
        with transaction():
            held = town_terms.decide(
                system_actor(TERMS), town.id, reason,
                four_eyes_from=four_eyes, appeal_days=appeal_days, pick_up_days=pick_up_days,
            )  # fmt: skip
    except DomainError as error:
        raise click.ClickException(f"{error.field}: {plain(error.message)}") from None
    for word, number in (
        (_("两个人才能定，从多少分起"), held["four_eyes_from"]),
        (_("申诉几天内答复"), held["appeal_days"]),
        (_("奖品留几天"), held["pick_up_days"]),
    ):
        click.echo(f"{plain(word)}: {number}")


@group.command("verify")
@click.option("--town", "town_code", help="Only the town with this code.")
@click.option("--record", is_flag=True, help="Seal what waits, and keep the result as the town's latest check.")
@click.option("--processes", type=click.IntRange(1, 64), help="How many look at once; for long books one a core.")
def verify(town_code: str | None, processes: int | None, *, record: bool) -> None:
    """Check every invariant (I1-I15), the chains and the published months; ends with 1 and the rows on a break."""
    if record:
        with transaction():
            sealing.seal_all()
    towns = _towns(town_code)
    with _uncollected(), _hands(processes, [town.id for town in towns]) as hands:
        sound = [_verify(town.id, town.name, hands, record=record) for town in towns]
    if not all(sound):
        raise SystemExit(1)
    click.echo(plain(_("账本没有发现问题。")))


@group.command("close")
@click.option("--month", required=True, type=click.DateTime(["%Y-%m"]), help="The month to draw up, 2026-10.")
@click.option("--town", "town_code", help="Only the town with this code.")
def close(month: dt.datetime, town_code: str | None) -> None:
    """Draw up a month's statements of each town; a person publishes them at the desk when their window has ended."""
    actor, refused = system_actor(CLOSE), False
    for town in _towns(town_code):
        try:
            with transaction():
                made = closing.draft(actor, town.id, month.date())
        except Conflict as error:
            click.echo(f"{town.name}: {plain(error.message)}", err=True)
            refused = True
            continue
        click.echo(
            plain(
                _(
                    "%(town)s：%(count)s 份月结单，核对到 %(day)s。",
                    town=town.name,
                    count=made.leaves,
                    day=made.window_until,
                )
            )
        )
    if refused:
        raise SystemExit(1)


@group.command("export")
@click.option("--month", required=True, type=click.DateTime(["%Y-%m"]), help="The month to take out, 2026-10.")
@click.option("--town", "town_code", help="Only the town with this code.")
@click.option("--to", "folder", default=".", type=click.Path(path_type=Path, file_okay=False), help="Where to.")
@click.option("--form", "forms", multiple=True, type=click.Choice(exporting.FORMATS), help="All of them without it.")
def export(month: dt.datetime, town_code: str | None, folder: Path, forms: tuple[str, ...]) -> None:
    """Write a month of each town's books as CSV, XLSX, hledger and Beancount journals, without names."""
    folder.mkdir(parents=True, exist_ok=True)
    for town in _towns(town_code):
        wanted = exporting.Month(town.id, town.code, town.name, month.date())
        count, forms = journal.count(town.id, month.date()), forms or exporting.FORMATS
        with tqdm(total=count * len(forms), desc=town.name, disable=None) as bar:
            files = [exporting.write(wanted, form, folder, bar.update) for form in forms]
        with transaction():
            details = {"month": f"{month:%Y-%m}", "rows": count, "form": " ".join(forms)}
            audit.record(system_actor(EXPORT), "points.export", "area", town.id, scope_path=town.path, details=details)
        for file in files:
            click.echo(str(file))


@group.command("import-opening")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--town", "town_code", required=True, help="The code of the town whose points they become.")
@click.option("--book", default="paper", help="Short name of the older book; the same one gives nothing twice.")
@click.option("--reason", required=True, help="The resolution that decided to take the balances over.")
@click.option("--write", is_flag=True, help="Write it; without this the file is only checked.")
def import_opening(file: Path, town_code: str, book: str, reason: str, *, write: bool) -> None:
    """Take balances of an older book over from an XLSX or CSV FILE; one bad row, and nothing of it is written."""
    town, actor = _towns(town_code)[0], system_actor(IMPORT)
    try:
        plan = opening.check(town.id, book, file.read_bytes())
    except DomainError as error:
        raise click.ClickException(plain(error.message)) from None
    for problem in plan.problems:
        click.echo(plain(_("第 %(line)s 行：%(what)s", line=problem.line, what=plain(problem.what))), err=True)
    if plan.problems:
        raise click.ClickException(plain(_("有问题，什么都没有写入。")))
    counted = {"rows": len(plan.todo), "points": plan.total("points"), "minutes": plan.total("minutes")}
    if write and plan.todo:
        for gift in tqdm(plan.todo, desc=town.name, disable=None):
            with transaction():
                opening.write(actor, town.id, book, gift, reason)
        with transaction():
            details = {**counted, "book": book}
            audit.record(
                actor, "points.import_opening", "area", town.id, scope_path=town.path, reason=reason, details=details
            )
    said = plain(_("%(rows)s 笔，%(points)s 分，%(minutes)s 分钟。", **counted))
    click.echo(plain(_("写好了：%(said)s", said=said) if write else _("检查通过：%(said)s", said=said)))
    if len(plan.gifts) > len(plan.todo):
        click.echo(plain(_("以前写过、这次跳过的有 %(count)s 笔。", count=len(plan.gifts) - len(plan.todo))))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles inside: among millions of rows there are none, and looking took a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _towns(code: str | None) -> list[Any]:
    """Return the towns that keep books, or the one with `code`; ends the command when there is none."""
    kept = set(chain.towns())
    found = [town for town in places.within("town") if code in {None, town.code} and town.id in kept]
    if code and not found:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=code)))
    return found


@contextmanager
def _hands(processes: int | None, town_ids: Sequence[int]) -> Iterator[invariants.Hands]:
    """Have the books looked over by so many processes; short ones by this one alone, unless told."""
    if processes is None:
        processes = 1 if sum(map(chain.length, town_ids)) < _LONG else os.cpu_count() or 1
    if processes == 1:
        yield invariants.one_by_one
        return
    with readers(processes) as made:
        yield made.each


def _verify(town_id: int, name: str, hands: invariants.Hands, *, record: bool) -> bool:
    """Look one town over with a bar, print what is broken, and return whether it is sound."""
    with snapshot():
        todo = invariants.pieces(town_id)
        with tqdm(total=sum(piece.size for piece in todo), desc=name, disable=None) as bar:
            found = invariants.look_over(todo, bar.update, hands)
    for title, broken in found.items():
        if broken:
            click.echo(f"{name}: {title}: {len(broken)}")
            for row in broken[:_SHOWN]:
                click.echo(f"  {row}")
    if record:
        with transaction():
            checking.keep(town_id, found)
    return not any(found.values())


@group.command("simulate")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--town", "town_code", required=True, help="The code of the town whose last ninety days are tried.")
def simulate(file: TextIO, town_code: str) -> None:
    """Try the rules of a YAML FILE on a town's last ninety days; nothing is changed. Ends with 1 over the budget."""
    town = next((found for found in places.within("town") if found.code == town_code), None)
    if town is None:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=town_code)))
    try:
        with transaction():
            drafts = rules_file.read(file.read(), town.id)
            tried = RuleSet(town_id=town.id, area_id=town.id, resolution_body="", resolution_no="")
            found = simulating.simulate(
                tried, drafts, progress=lambda acts: tqdm(acts, unit="act", desc="simulate", disable=None)
            )
    except DomainError as error:
        raise click.ClickException(plain(error.message)) from None
    for name in ("points", "minutes", "reviews", "gini", "top"):
        click.echo(f"{name}: {found[name][0]} -> {found[name][1]}")
    click.echo(f"members: {found['members']}, gain {found['gain']}, lose {found['lose']}, same {found['same']}")
    for kind, groups in found["groups"].items():
        for name, members, before, after, gain, lose in groups:
            click.echo(f"{kind} {name or '-'}: {members} members, {before} -> {after}, gain {gain}, lose {lose}")
    budget_now = found["budget"]
    click.echo(f"budget {budget_now['year']}: left {budget_now['left']}, needed {budget_now['need'][1]}")
    if budget_now["breach"]:
        raise SystemExit(1)
