"""Starting Granian: this process becomes the server's parent, so that signals and process ids mean what they say."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import NoReturn

from community.core.config import ROOT, Settings

METRICS = "PROMETHEUS_MULTIPROC_DIR"
# Tells `app:app` to run the scheduler in each worker, lease guarded: the demo is one command.
SCHEDULER_INSIDE = "LINLI_SCHEDULER_INSIDE"


class PortTaken(RuntimeError):
    """Another program listens where this one should."""


def serve(settings: Settings, *, certificate: tuple[Path, Path] | None = None, scheduler_inside: bool) -> NoReturn:
    """Replace this process by the server; returns never. Call `check_port()` before anything slow."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(  # noqa: S606 - our own interpreter and arguments, no shell
        sys.executable, command(settings, certificate), environment(settings, scheduler_inside=scheduler_inside)
    )


def command(settings: Settings, certificate: tuple[Path, Path] | None = None) -> list[str]:
    """Return the server's command line: SERVE_WORKERS processes of SERVE_THREADS threads each."""
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"]
    words += ["--host", settings.host, "--port", str(settings.port)]
    words += ["--workers", str(settings.serve_workers), "--blocking-threads", str(settings.serve_threads)]
    # A worker that was killed is replaced; one that hangs at the end of its life is not waited for for ever.
    words += ["--respawn-failed-workers", "--respawn-interval", "1", "--workers-kill-timeout", "8"]
    if certificate:
        # Older phones in WeChat's browser speak TLS 1.2.
        words += ["--ssl-certificate", str(certificate[0]), "--ssl-keyfile", str(certificate[1])]
        words += ["--ssl-protocol-min", "tls1.2"]
    return [*words, "app:app"]


def environment(settings: Settings, *, scheduler_inside: bool) -> dict[str, str]:
    """Return the server's environment: the mode, and an empty folder where its workers add up their metrics."""
    folder = settings.instance_dir / f"metrics-{settings.port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    added = {"LINLI_MODE": settings.mode, METRICS: str(folder)}
    if scheduler_inside:
        added[SCHEDULER_INSIDE] = "1"
    # Meant for the `flask` command only; the server is none.
    return {name: value for name, value in os.environ.items() if name != "FLASK_RUN_FROM_CLI"} | added


def check_port(settings: Settings) -> None:
    """Raise PortTaken when the address is in use or not ours to use."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortTaken(
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
                f"choose another port: PORT={settings.port + 1}"
            ) from error
