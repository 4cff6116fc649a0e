"""Measurements: how many check-ins a second one small machine takes, beside the same SQL sent directly and bare Flask.

Comes in: an engine and a number of members. Goes out: a table on the terminal; nothing stays behind.
"""
