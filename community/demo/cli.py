"""`flask demo`: load the demo district from a terminal, with a progress bar."""

from __future__ import annotations

from time import perf_counter

import click
from flask.cli import with_appcontext
from tqdm import tqdm

from community.core.authz import system_actor
from community.core.config import settings
from community.core.db import transaction
from community.core.errors import DomainError
from community.core.i18n import plain
from community.demo import services


@click.command("demo")
@click.option("--people", type=click.IntRange(min=1), help="How many people to make (300).")
@click.option("--days", type=click.IntRange(min=1), help="How many days of check-ins to make (460).")
@with_appcontext
def demo(people: int | None, days: int | None) -> None:
    """Load the demo district into an empty database; everything or, when interrupted, nothing."""
    _refuse_beside_production()
    begun = perf_counter()
    try:
        loaded = load_with_bar(people=people, days=days)
    except DomainError as error:
        said = [plain(text) for text in (error.message, error.next_step) if text is not None]
        raise click.ClickException("\n".join(said)) from error
    click.echo(
        f"{loaded.people} people, {loaded.teams} teams, {loaded.posts} posts, {loaded.days} days: "
        f"{loaded.check_ins} check-ins, {loaded.awards.posted} awards in {perf_counter() - begun:.1f} s"
    )


def _refuse_beside_production() -> None:
    if settings().mode == "production":
        raise click.ClickException("The demo district has no place in production: start `make run` or `python app.py`.")
    # A plain command does not know what it stands beside; secrets in the environment say that it is no demo's folder.
    if settings().mode == "tools" and settings().secrets_given:
        raise click.ClickException(
            "This environment gives the secrets of a production: the demo district has no place there. "
            "If it is for trying out, say so: LINLI_MODE=demo flask demo"
        )


def load_with_bar(*, people: int | None = None, days: int | None = None) -> services.Summary:
    """Load the demo district in one transaction, with a bar on a terminal and silently elsewhere."""
    total = days or services.usual_size()[1]
    with tqdm(total=total, unit="day", desc="demo district", disable=None) as bar, transaction():
        return services.load_demo(system_actor("demo"), people=people, days=days, progress=bar.update)
