"""The one scheduler's work on several hosts: jobs registered by their rooms, guarded by leases in the database.

Comes in: `Job`s from `factory`. Goes out: `run_job()`, `start()`, `for_each()`, and the heartbeat that `/readyz` reads.
"""

from community.core.scheduler.items import ItemsFailed, for_each
from community.core.scheduler.lease import HEARTBEAT, Lease, heartbeat_age, holder_name, states, take_slot
from community.core.scheduler.runner import Job, JobResult, registered, run_job, start, wire

__all__ = [
    "HEARTBEAT",
    "ItemsFailed",
    "Job",
    "JobResult",
    "Lease",
    "for_each",
    "heartbeat_age",
    "holder_name",
    "registered",
    "run_job",
    "start",
    "states",
    "take_slot",
    "wire",
]
