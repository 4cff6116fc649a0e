"""The database: typed base, session, the one transaction, write guard, triggers and the error mapper.

Comes in: a database URL. Goes out: `session()`, `transaction()`, column types, `locking()`, `append_only()`.
"""

from community.core.db.aging import younger
from community.core.db.base import Base, CanonicalJson, Id, UtcDateTime, int_id, one_of, uuid_id
from community.core.db.engine import configure_engine
from community.core.db.session import (
    NestedTransaction,
    WriteOutsideTransaction,
    bind_for_tests,
    db,
    in_transaction,
    locking,
    one_at_a_time,
    part,
    schema_changes,
    session,
    snapshot,
    transaction,
    upsert,
)
from community.core.db.triggers import (
    BLANK,
    agrees,
    append_only,
    counted,
    final_in,
    final_with,
    frozen_columns,
    moves_by_events,
    never,
    points_once,
    said_once,
    written_while,
)

__all__ = [
    "BLANK",
    "Base",
    "CanonicalJson",
    "Id",
    "NestedTransaction",
    "UtcDateTime",
    "WriteOutsideTransaction",
    "agrees",
    "append_only",
    "bind_for_tests",
    "configure_engine",
    "counted",
    "db",
    "final_in",
    "final_with",
    "frozen_columns",
    "in_transaction",
    "int_id",
    "locking",
    "moves_by_events",
    "never",
    "one_at_a_time",
    "one_of",
    "part",
    "points_once",
    "said_once",
    "schema_changes",
    "session",
    "snapshot",
    "transaction",
    "upsert",
    "uuid_id",
    "written_while",
    "younger",
]
