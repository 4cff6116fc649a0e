"""The append-only log of who did what, and of every look at personal data.

Comes in: `record()` from services of all rooms above, inside their transaction. Goes out: the log for auditors.
"""
