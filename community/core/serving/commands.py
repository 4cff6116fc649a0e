"""The operators' commands: `flask serve`, `flask worker`, `flask doctor`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn, cast

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext

from community.core import scheduler
from community.core.config import Mode, settings
from community.core.serving import doctor, server

log = structlog.get_logger(__name__)

_SIGNS = {"ok": "ok  ", "note": "note", "mend": "MEND"}


@click.command()
@with_appcontext
def serve() -> NoReturn:
    """Serve the site (production): Granian, SERVE_WORKERS processes, on HOST:PORT."""
    current = settings()
    try:
        server.check_port(current)
    except server.PortTaken as taken:
        sys.exit(f"Linli does not start: {taken}")
    server.serve(current, scheduler_inside=False)


@click.command()
@with_appcontext
def worker() -> None:
    """Run the scheduled work; of several such processes on one database, one acts at a time."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    running = scheduler.start(app)
    log.info("worker_started", holder=scheduler.holder_name(), jobs=len(scheduler.registered()))
    stop.wait()
    running.shutdown(wait=True)
    log.info("worker_stopped")


def doctor_command(checks: tuple[doctor.Check, ...]) -> click.Command:
    """Return `flask doctor` with the checks that the rooms add."""

    @click.command("doctor")
    @with_appcontext
    def examine() -> None:
        """Tell what is configured, what is missing and how to mend it; fails when something must be mended."""
        mode = cast("Mode", os.environ.get("LINLI_MODE") or "production")
        found = doctor.examine(mode, checks)
        for finding in found:
            click.echo(f"{_SIGNS[finding.state]}  {finding.subject}: {finding.text}")
            if finding.how:
                click.echo(f"      -> {finding.how}")
        wrong = sum(finding.state == "mend" for finding in found)
        click.echo(f"\n{wrong} to mend." if wrong else "\nEverything is in order.")
        sys.exit(1 if wrong else 0)

    return examine
