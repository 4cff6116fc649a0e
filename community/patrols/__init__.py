"""Patrols: check-ins at posts, graded by evidence, flagged for a person to settle.

Comes in: scans and typed codes. Goes out: receipts, `CheckInAccepted`, `CheckInFlagged`, `CheckInSettled`.
"""
