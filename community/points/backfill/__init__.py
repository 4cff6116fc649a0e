"""Awards for many acts of the past at once, as an import gives them: the online rules and rows, counted in memory.

What comes in: acts in the order of their instants, with what was decided on the flagged ones. What goes out: what they
cost, or the rows of the ledger in batches.
"""
