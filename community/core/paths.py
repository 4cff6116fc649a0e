"""Area paths that tables store: rewritten where they lie below an area that moved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult, func, update
from sqlalchemy.orm import InstrumentedAttribute

from community.core.authz import under
from community.core.db import session


def rewrite(columns: tuple[InstrumentedAttribute[Any], ...], old_path: str, new_path: str) -> int:
    """Let every path in `columns` (of models) that starts with `old_path` start with `new_path`; return how many did.

    One statement for each column, in the caller's transaction. Loaded rows are forgotten and read anew.
    """
    changed = 0
    for column in columns:
        moved = (
            update(column.class_)
            .where(under(column, (old_path,)))
            .values({column.key: new_path + func.substr(column, len(old_path) + 1)})
            .execution_options(synchronize_session=False)
        )
        done = session().execute(moved)
        changed += done.rowcount if isinstance(done, CursorResult) else 0
    session().expire_all()
    return changed
