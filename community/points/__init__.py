"""Governance points: rules adopted by vote, and a ledger that explains every number.

Comes in: events of the activities (`CheckInAccepted` …). Goes out: balances, lines, held awards, panels for receipts.
"""
