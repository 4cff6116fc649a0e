"""What a database really holds, as plain values that can be compared: CHECKs, triggers and functions included.

Alembic's own comparison does not see a missing CHECK or trigger, so two databases are described the same way, one that
migrations built and one that the models built, and the descriptions must be equal.
"""

import re

from sqlalchemy import Connection, Engine, inspect, text

from community.core.db import Base, schema_changes
from community.core.db.triggers import POSTGRES_FUNCTIONS, all_triggers

Description = dict[str, str]

_POSTGRES = {
    "constraint": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "index": "SELECT tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": """
        SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "function": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "sequence": "SELECT sequencename, '' FROM pg_sequences WHERE schemaname = 'public'",
}


def describe(engine: Engine) -> Description:
    """Every table, column, key, CHECK, index, trigger and function of the database, name → definition."""
    with engine.connect() as connection:
        found = _columns(connection)
        if engine.dialect.name == "postgresql":
            for kind, query in _POSTGRES.items():
                for name, definition in connection.execute(text(query)):
                    found[f"{kind} {name}"] = _plain(definition)
        else:
            found |= _sqlite(connection)
    return {name: what for name, what in found.items() if "alembic_version" not in name}


def build_from_models(engine: Engine) -> None:
    """Make the schema as the models declare it, without migrations."""
    with schema_changes(), engine.begin() as connection:
        Base.metadata.create_all(connection)
        if engine.dialect.name == "postgresql":
            for function in POSTGRES_FUNCTIONS:
                connection.execute(text(function))
        for statement in all_triggers(engine.dialect.name).values():
            connection.execute(text(statement))


def difference(have: Description, wanted: Description) -> list[str]:
    """What is missing, too much or different, readable."""
    return [
        *(f"missing: {name}: {wanted[name]}" for name in sorted(wanted.keys() - have.keys())),
        *(f"too much: {name}: {have[name]}" for name in sorted(have.keys() - wanted.keys())),
        *(
            f"different: {name}: {have[name]} / {wanted[name]}"
            for name in sorted(have.keys() & wanted.keys())
            if have[name] != wanted[name]
        ),
    ]


def _columns(connection: Connection) -> Description:
    inspector = inspect(connection)
    return {
        f"column {table}.{column['name']}": " ".join(
            [
                str(column["type"]),
                "null" if column["nullable"] else "not null",
                f"default {column['default']}" if column.get("default") is not None else "",
                str(column.get("computed") or column.get("identity") or ""),
            ]
        ).strip()
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
    }


def _sqlite(connection: Connection) -> Description:
    inspector, found = inspect(connection), {}
    for table in inspector.get_table_names():
        key = inspector.get_pk_constraint(table)
        found[f"key {table}.{key['name']}"] = str(key["constrained_columns"])
        for foreign in inspector.get_foreign_keys(table):
            columns = ", ".join(foreign["constrained_columns"])
            target = f"{foreign['referred_table']}({', '.join(foreign['referred_columns'])})"
            # Names of keys that came with an added column are not read back from SQLite.
            found[f"foreign key {table}({columns})"] = f"{target} {sorted(foreign['options'].items())}"
        for unique in inspector.get_unique_constraints(table):
            found[f"unique {table}.{unique['name']}"] = str(unique["column_names"])
        for check in inspector.get_check_constraints(table):
            found[f"check {table}.{check['name']}"] = _plain(check["sqltext"])
    for kind, name, table, statement in connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
    ):
        found[f"{kind} {table}.{name}"] = _plain(statement)
    return found


def _plain(definition: str) -> str:
    return re.sub(r"\s+", " ", definition).strip()
