"""What every room stands on and no domain word enters: database, transactions, idempotency, rights vocabulary,
clock, ids, errors, events, slots, texts, web edge and scheduler.

Comes in: nothing of Linli (core imports no other room). Goes out: the vocabulary that all rooms share.
"""
