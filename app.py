"""The door. `python app.py` migrates, loads the demo district on first run and serves; a server imports `app:app`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

sys.path.insert(0, str(Path(__file__).resolve().parent))

from community.core import scheduler
from community.core.config import BadSettings, Mode, Settings
from community.core.serving import server
from community.factory import create_app as build, run_demo

if TYPE_CHECKING:
    from flask import Flask

MODES = ("demo", "production", "tools")
# The commands of `flask` that serve people; the others are tools, which start without secrets.
FOR_PEOPLE = {"serve", "worker"}

_made: dict[str, Flask] = {}


def mode() -> Mode:
    """Return what this process is: LINLI_MODE says so, the flask command means tools, any server means production."""
    named = os.environ.get("LINLI_MODE")
    if named:
        if named not in MODES:
            raise BadSettings(f"LINLI_MODE must be one of {', '.join(MODES)}, not {named!r}")
        return cast("Mode", named)
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        return "production"
    return "production" if set(sys.argv[1:]) & FOR_PEOPLE else "tools"


def __getattr__(name: str) -> Flask:
    """Build `app` at first use, so that importing this module to serve the demo builds nothing twice."""
    if name != "app":
        raise AttributeError(name)
    if name not in _made:
        try:
            settings = Settings.from_env(mode())
        except BadSettings as error:
            sys.exit(f"Linli does not start: {error}")
        if settings.secrets is None:
            print("Linli: no secrets in the environment; what needs them will say so.", file=sys.stderr)  # noqa: T201
        _made[name] = build(settings)
        if os.environ.get(server.SCHEDULER_INSIDE):
            scheduler.start(_made[name])
    return _made[name]


if __name__ == "__main__":
    try:
        run_demo()
    except BadSettings as error:
        sys.exit(f"Linli does not start: {error}")
