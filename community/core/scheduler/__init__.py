"""The one scheduler's work on several hosts: jobs registered by their rooms, guarded by leases in the database.

Comes in: `Job`s from `factory`. Goes out: `run_job()`, `start()`, and the heartbeat that `/readyz` reads.
"""

from community.core.scheduler.lease import HEARTBEAT, Lease, heartbeat_age, holder_name, states, take_slot
from community.core.scheduler.runner import Job, JobResult, registered, run_job, start, wire

__all__ = [
    "HEARTBEAT",
    "Job",
    "JobResult",
    "Lease",
    "heartbeat_age",
    "holder_name",
    "registered",
    "run_job",
    "start",
    "states",
    "take_slot",
    "wire",
]
