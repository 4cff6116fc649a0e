"""What the scheduler does for places: taking confirmed tables in, and dropping those that nobody confirmed."""

from __future__ import annotations

import structlog

from community.core.db import transaction
from community.places import fakes
from community.places.imports import runs

log = structlog.get_logger(__name__)


def import_tables() -> None:
    """Take confirmed tables in, a part per transaction, one table after the other; a broken one stops no other."""
    for run_id in runs.waiting():
        try:
            while _part(run_id):
                pass
        except Exception:
            log.exception("import_failed", run=run_id)
            with transaction():
                runs.fail(run_id)
    with transaction():
        runs.drop_forgotten()


def forget_fake_signs() -> None:
    """Delete reports of fake signs older than a year."""
    with transaction():
        fakes.forget()


def _part(run_id: int) -> bool:
    with transaction():
        return runs.take_part(run_id)
