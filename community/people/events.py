"""What happened to members. Past tense, plain facts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberVerified:
    """Somebody entitled has checked who she is; `by_id` is 0 for a command or job."""

    member_id: int
    by_id: int


@dataclass(frozen=True, slots=True)
class GuardianConfirmed:
    """The consent of a minor's guardian was recorded by `by_id`."""

    member_id: int
    by_id: int


@dataclass(frozen=True, slots=True)
class MemberSuspended:
    """She may no longer act until she is reinstated."""

    member_id: int
    by_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class MemberReinstated:
    """She may act again."""

    member_id: int
    by_id: int
    reason: str
