"""A condition of triggers that goes by the calendar: a row is kept for so many days after a day of its own.

`triggers.frozen_columns` takes it as `kept_while`. The database's own clock counts, not the program's.
"""

from __future__ import annotations


def younger(column: str, days: int) -> dict[str, str]:
    """Return engine → SQL that holds on OLD until its day in `column` lies more than so many days back, in UTC."""
    return {
        "sqlite": f"OLD.{column} >= date('now', '-{days} days')",
        "postgresql": f"OLD.{column} >= (now() AT TIME ZONE 'UTC')::date - {days}",
    }
