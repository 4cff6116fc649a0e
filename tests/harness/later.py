"""A job of the program on the instance of a running server, in a process of its own whose clock is at a later hour.

later(server, "community.people.jobs:erase_due", at)
"""

from __future__ import annotations

import datetime as dt
import importlib
import subprocess
import sys

from tests.harness.server import ROOT, Server, clean_environment


def later(server: Server, target: str, at: dt.datetime) -> None:
    """Call `target` ("module:function") as if it were `at`; CalledProcessError when it fails."""
    subprocess.run(
        [sys.executable, "-m", "tests.harness.later", target, at.isoformat()],
        cwd=ROOT,
        env=clean_environment(INSTANCE_DIR=str(server.instance), PUBLIC_URL=server.url),
        check=True,
        timeout=120,
    )


def _main(target: str, at: str) -> None:
    from community.core import clock  # noqa: PLC0415 - in the process only
    from community.core.config import Settings  # noqa: PLC0415
    from community.factory import create_app  # noqa: PLC0415

    app = create_app(Settings.from_env("demo"))
    module, _, function = target.partition(":")
    with app.app_context(), clock.frozen(at):
        getattr(importlib.import_module(module), function)()


if __name__ == "__main__":
    _main(*sys.argv[1:])
