"""Areas, buildings, units and posts from tables that offices keep: reading, checking, taking in, giving out.

Comes in: a CSV or XLSX file and the area it is for. Goes out: every bad row by line, column and what is wrong; a plan
of what is new and changed; rows written in one transaction or in batches that can be taken up again.
"""
