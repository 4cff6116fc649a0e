"""`flask points fund` registers a budget that was decided; `flask points verify` looks the ledger over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup
from tqdm import tqdm

from community.audit import services as audit
from community.core.authz import system_actor
from community.core.db import transaction
from community.core.i18n import _, plain
from community.places import queries as places
from community.points.queries import awards, chain, invariants, replay
from community.points.services import awarding, budget, checking, sealing

group = AppGroup("points", help="Points: budgets and the soundness of the ledger.")

FUND = "flask points fund"
# More than that follow by the job.
_AT_ONCE = 2000
# How many broken rows of an invariant are printed.
_SHOWN = 20


@group.command("fund")
@click.argument("town_code")
@click.argument("year", type=click.IntRange(2020, 2100))
@click.argument("amount", type=click.IntRange(min=0))
@click.option("--reason", required=True, help="The resolution that decided it.")
def fund(town_code: str, year: int, amount: int, reason: str) -> None:
    """Set the budget of the town with TOWN_CODE for YEAR to AMOUNT points in all, and post what waited for it."""
    actor = system_actor(FUND)
    town = next((found for found in places.within("town") if found.code == town_code), None)
    if town is None:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=town_code)))
    try:
        with transaction():
            budget.fund(actor, town.id, year, amount)
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


@group.command("verify")
@click.option("--town", "town_code", help="Only the town with this code.")
@click.option("--record", is_flag=True, help="Seal what waits, and keep the result as the town's latest check.")
def verify(town_code: str | None, *, record: bool) -> None:
    """Check every invariant (I1-I15), the chains and the published months; ends with 1 and the rows on a break."""
    if record:
        with transaction():
            sealing.seal_all()
    towns = [town for town in places.within("town") if town_code in {None, town.code} and town.id in chain.towns()]
    if town_code and not towns:
        raise click.ClickException(plain(_("没有代码是 %(code)s 的镇街。", code=town_code)))
    sound = [_verify(town.id, town.name, record=record) for town in towns]
    if not all(sound):
        raise SystemExit(1)
    click.echo(plain(_("账本没有发现问题。")))


def _verify(town_id: int, name: str, *, record: bool) -> bool:
    """Look one town over with a bar, print what is broken, and return whether it is sound."""
    found: dict[str, Sequence[Any]] = {}
    total = len(invariants.NAMES) + chain.length(town_id) + replay.size(town_id)
    with tqdm(total=total, desc=name, disable=None) as bar:
        for title, rows in invariants.look_over(town_id, lambda _title, count: bar.update(count)):
            bar.update(1)
            found[title] = rows
    for title, broken in found.items():
        if broken:
            click.echo(f"{name}: {title}: {len(broken)}")
            for row in broken[:_SHOWN]:
                click.echo(f"  {row}")
    if record:
        with transaction():
            checking.keep(town_id, found)
    return not any(found.values())
