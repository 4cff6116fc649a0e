"""What people are told: the in-site inbox, and the outbox of everything that leaves the process.

Comes in: `notify()` and `send_later()` from rooms above, inside their transaction. Goes out: the inbox page; channels,
after the commit, by a job.
"""
