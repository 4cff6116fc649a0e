"""What can be read of points: rules in force, balances and lines, waiting awards, budgets, invariants."""
