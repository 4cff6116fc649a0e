"""The door. `python app.py` migrates, loads the demo district on first run and serves; a server imports `app:app`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

sys.path.insert(0, str(Path(__file__).resolve().parent))

from community.core.config import BadSettings, Mode, Settings
from community.factory import create_app as build

if TYPE_CHECKING:
    from flask import Flask

_made: dict[str, Flask] = {}


def mode() -> Mode:
    """Return what this process is: LINLI_MODE says so, the flask command means tools, any server means production."""
    named = os.environ.get("LINLI_MODE")
    if named:
        return cast("Mode", named)
    return "tools" if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else "production"


def __getattr__(name: str) -> Flask:
    """Build `app` at first use, so that importing this module to serve the demo builds nothing twice."""
    if name != "app":
        raise AttributeError(name)
    if name not in _made:
        try:
            _made[name] = build(Settings.from_env(mode()))
        except BadSettings as error:
            sys.exit(f"Linli does not start: {error}")
    return _made[name]


if __name__ == "__main__":
    from community.factory import run_demo

    run_demo()
