"""What happened to members. Past tense, plain facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberVerified:
    """Somebody entitled has checked who she is; `by_id` is 0 for a command or job.

    It may be undone until `not_before`: nothing that cannot be taken back follows earlier.
    """

    member_id: int
    by_id: int
    not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberUnverified:
    """`by_id` took back that she had verified her, `since` when it had held."""

    member_id: int
    by_id: int
    since: dt.datetime


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


@dataclass(frozen=True, slots=True)
class MemberMerged:
    """The registration `member_id` turned out to be the verified member `into_id`: what is hers is read through it."""

    member_id: int
    into_id: int
    by_id: int


@dataclass(frozen=True, slots=True)
class SignInCodeMade:
    """A code that signs the member in was made by `by_id`, who has seen her, and given to her (`how`)."""

    member_id: int
    by_id: int
    how: str


@dataclass(frozen=True, slots=True)
class SignInCodeUsed:
    """A code has signed the member in on a phone."""

    member_id: int
    how: str


@dataclass(frozen=True, slots=True)
class ServiceWithdrawn:
    """She took back the consent to be registered for service: she serves nowhere any more."""

    member_id: int


@dataclass(frozen=True, slots=True)
class ErasureAsked:
    """Her erasure was asked for by `by_id`, herself or staff who saw her; until `due_at` it can be taken back."""

    member_id: int
    by_id: int
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class MemberErased:
    """Who she was is gone; `ids` are her rows, the merged ones included. Each room forgets what names her."""

    member_id: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MandateGiven:
    """`helper_id` may act for `principal_id` up to the end of a day; `by_id` confirmed it: herself or a witness."""

    mandate_id: int
    principal_id: int
    helper_id: int
    by_id: int
    until_on: dt.date


@dataclass(frozen=True, slots=True)
class MandateRunsOut:
    """`helper_id` may act for `principal_id` for a few days more, up to the end of `until_on`."""

    mandate_id: int
    principal_id: int
    helper_id: int
    until_on: dt.date


@dataclass(frozen=True, slots=True)
class MandateEnded:
    """A mandate was ended by `by_id` (0: by a job), with the words of a witness if it was one."""

    mandate_id: int
    principal_id: int
    helper_id: int
    by_id: int
    words: str
