"""`flask audit check` tells an export from a forgery."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from community.audit import exporting
from community.audit.queries import Filter
from community.audit.services import record
from community.core.authz import system_actor
from community.core.db import transaction


def test_a_file_is_told_and_a_changed_one_is_refused(app: Flask, tmp_path: Path) -> None:
    job = system_actor("tests")
    with transaction():
        record(job, "demo.load", "area", 1)
        file = exporting.export(job, Filter(), form="csv")
    path = tmp_path / "log.csv"
    path.write_bytes(file.content)
    told = app.test_cli_runner().invoke(args=["audit", "check", str(path)])
    assert told.exit_code == 0
    assert file.number in told.output
    path.write_bytes(file.content.replace(b"\r\n", b"\n"))
    assert app.test_cli_runner().invoke(args=["audit", "check", str(path)]).exit_code == 1
