"""`flask points fund` registers a budget that was decided; `flask points check` looks the ledger over."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from community.audit import services as audit
from community.core.authz import system_actor
from community.core.db import transaction
from community.core.i18n import _, plain
from community.places import queries as places
from community.points.queries import awards
from community.points.queries.invariants import broken
from community.points.services import awarding, budget

group = AppGroup("points", help="Points: budgets and the soundness of the ledger.")

FUND = "flask points fund"
# More than that follow by the job.
_AT_ONCE = 2000


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


@group.command("check")
def check() -> None:
    """Check the ledger's invariants; ends with 1 and the broken ones when it is not sound."""
    found = broken()
    for name, rows in found.items():
        click.echo(f"{name}: {len(rows)}, {rows[:3]}")
    if found:
        raise SystemExit(1)
    click.echo(plain(_("账本没有发现问题。")))
