"""What happened to check-ins; rooms above subscribe."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckInFact:
    """A check-in as others may know it: who, where, the instant that counts (UTC) and the grade A–D of its evidence.

    `verified` says whether somebody has checked who the member is.
    """

    checkin_id: uuid.UUID
    member_id: int
    town_id: int
    scope_path: str
    post_id: int
    post_name: str
    team_id: int | None
    used_at: dt.datetime
    grade: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CheckInAccepted(CheckInFact):
    """It counts, at once."""


@dataclass(frozen=True, slots=True)
class CheckInFlagged(CheckInFact):
    """It is kept and waits for a person; `code` names the rule of checkin.md §2.9."""

    code: str


@dataclass(frozen=True, slots=True)
class CheckInSettled(CheckInFact):
    """A flag was decided: by `by_id`, never the member herself, or by the rule of silence (None)."""

    accepted: bool
    by_id: int | None
    reason: str
    # A person's decision may be undone until then: nothing that cannot be taken back follows before.
    not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckInVindicated:
    """An objection was granted elsewhere: a rejected check-in was right after all; `by_id` says so, with a reason."""

    checkin_id: uuid.UUID
    member_id: int
    by_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CheckInReopened(CheckInFact):
    """`by_id` took back what she had settled: the check-in waits again."""

    by_id: int
