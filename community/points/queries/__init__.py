"""What can be read of points: rules in force, balances and lines, waiting awards, budgets, invariants."""

from community.points.queries.accounts import Balance, balance

__all__ = ["Balance", "balance"]
