"""`python app.py`: migrate, load the demo district, serve."""

from __future__ import annotations

import sys
from typing import NoReturn

import click
from flask_migrate import upgrade

from community.core.authz import system_actor
from community.core.config import Settings
from community.core.db import db
from community.core.serving import certificate, server
from community.demo import cli as demo_cli
from community.factory.building import create_app
from community.places import (
    backfill as places_backfill,
)


def run_demo() -> NoReturn:
    """Migrate, load the demo district into an empty database, and serve it to this machine's network; never returns."""
    settings = Settings.from_env("demo")
    try:
        server.check_port(settings)
    except server.PortTaken as taken:
        sys.exit(f"Linli does not start: {taken}")
    _prepare(settings)
    addresses = certificate.own_addresses()
    pair = None
    if settings.tls:
        pair = certificate.ensure(settings.instance_dir, ["localhost", "127.0.0.1", *addresses])
    _tell(settings, addresses)
    server.serve(settings, certificate=pair, scheduler_inside=True)


def _prepare(settings: Settings) -> None:
    click.echo("Preparing the database ...")
    app = create_app(settings)
    with app.app_context():
        upgrade()
        if places_backfill.is_empty(system_actor("demo")):
            demo_cli.load_with_bar()
        db.engine.dispose()


def _tell(settings: Settings, addresses: list[str]) -> None:
    scheme = "https" if settings.tls else "http"
    click.echo(f"\nLinli is at {scheme}://localhost:{settings.port}  (stop it with Ctrl+C)")
    if settings.host in {"127.0.0.1", "localhost"}:
        return
    for address in addresses:
        click.echo(f"On a phone in the same network: {scheme}://{address}:{settings.port}")
    if not settings.tls:
        click.echo("Camera and location need https: make run TLS=1 (the phone warns of its own certificate once).")
    else:
        click.echo("The phone warns of the certificate, which this machine made for itself: continue once.")
