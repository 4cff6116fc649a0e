"""How migrations run: on the app's own engine, in one transaction, one host at a time, never waiting long for a lock.

SQLite runs DDL inside transactions like PostgreSQL here, because core.db begins them itself; a migration that fails
leaves the database as it was on both engines. Batch mode stays off: it rewrites tables and loses their triggers.
"""

from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.operations import MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from community.core.db import Base, UtcDateTime, db, schema_changes

# Any number, the same on every host: whoever holds it migrates, the others wait and find nothing left to do.
MIGRATION_LOCK = 4_811_960_117


def number_revisions(_context: Any, _revision: Any, directives: Iterable[MigrationScript]) -> None:
    """Name a new revision by the next number: 0001, 0002, …"""
    script = ScriptDirectory.from_config(context.config)
    for directive in directives:
        head = script.get_current_head()
        directive.rev_id = f"{int(head or 0) + 1:04d}"


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as the plain ones they stand for: a revision must not change with today's code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def prepare(connection: Connection) -> None:
    """Take the migrations' lock; on PostgreSQL also refuse to queue behind (and so block) the running app for long."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '4s'"))
        connection.execute(text("SET LOCAL statement_timeout = '15min'"))


def run_online() -> None:
    """Migrate the database of the current app."""
    with schema_changes(), db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transactional_ddl=True,
            render_as_batch=False,
            compare_type=True,
            compare_server_default=True,
            render_item=render_item,
            process_revision_directives=number_revisions,
        )
        with context.begin_transaction():
            prepare(connection)
            context.run_migrations()


def run_offline() -> None:
    """Print the SQL for a database administrator to run: `flask db upgrade --sql`."""
    context.configure(
        url=db.engine.url.render_as_string(hide_password=True),
        target_metadata=Base.metadata,
        literal_binds=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
