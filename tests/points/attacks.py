"""What an insider does first: take the triggers off that refuse to change what was written."""

from __future__ import annotations

from sqlalchemy import text

from community.core.db import session
from community.core.db.triggers import all_triggers


def drop_triggers(engine_name: str) -> None:
    """Drop every trigger, inside `schema_changes()`; roll back to have them again."""
    for name, made in all_triggers(engine_name).items():
        table = made.split(" ON ", 1)[1].split()[0]
        session().execute(text(f"DROP TRIGGER {name}" + (f" ON {table}" if engine_name == "postgresql" else "")))
