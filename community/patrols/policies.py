"""The decision table of checkin.md §2.9 for online check-ins, as pure functions; our thresholds in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from community.core.slots import Provider


def _nobody(_member_ids: Collection[int]) -> frozenset[int]:
    return frozenset()


# Who is so close to somebody (her ids) that another settles their check-ins: a family that spends together. The room
# points, a higher one, answers.
close_to: Provider[frozenset[int]] = Provider("patrols.close_to", _nobody)

MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Thresholds:
    """Our own limits; times as intervals, speeds in metres a second."""

    double_scan: dt.timedelta = 5 * MINUTE
    resume: dt.timedelta = 10 * MINUTE
    burst_window: dt.timedelta = 10 * MINUTE
    burst_posts: int = 8
    device_window: dt.timedelta = 10 * MINUTE
    device_members: int = 3
    speed_window: dt.timedelta = dt.timedelta(hours=2)
    speed_on_foot: float = 4.0
    speed_rider: float = 12.0
    # A leader's arms reach so far: what she signs for others beyond that, somebody looks at.
    proxies_a_day: int = 30
    # Her own check-in at the post within this time shows that she stood there herself.
    proxy_presence: dt.timedelta = dt.timedelta(hours=2)
    silence: dt.timedelta = dt.timedelta(days=7)
    # When minors are at home (product.md §5.4: daytime events, no night patrol), local wall-clock hours.
    minors_until: int = 21
    minors_from: int = 6


LIMITS = Thresholds()

# In the order of the table: the first one that meets is the row's code.
FLAGS = ("post_paused", "geo_far", "too_fast", "burst", "shared_device", "proxy_many")
NOTES = ("poster_old", "walk_in", "geo_none", "geo_coarse")
# What a phone brings or lacks, and what its scan tells of the sign: nothing of a member whose card a leader holds.
OF_THE_PHONE = ("poster_old", "geo_none", "geo_coarse")
# Rows 20 and 22–24: silence does not settle these (checkin.md §2.9, last paragraph).
NEEDS_A_PERSON = ("geo_far", "too_fast", "tour_fast", "burst", "shared_device", "proxy_many")
REFUSALS = ("suspended", "guardian_needed", "minor_at_night", "not_member", "no_consent")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the phone brought: the source of the code and the band of its position (checkin.md §2.8)."""

    src: str
    band: str
    far_m: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A recent check-in of the same member: where, when (the proved interval), and how many metres from here."""

    post_id: int
    kind: str
    used_at: dt.datetime
    lo: dt.datetime
    hi: dt.datetime
    metres: float


@dataclass(frozen=True, slots=True)
class Proxy:
    """The leader who holds the member's card: `present` says that her own check-in proves her at this very post,
    `today` how many she has checked in for others since midnight."""

    member_id: int
    present: bool
    today: int = 0


def grade_for(evidence: Evidence, proxy: Proxy | None) -> str:
    """Return the grade of a check-in: a second person who is proved to be there confirms it (A), else a list (D)."""
    if proxy is None:
        return grade_of(evidence)
    return "A" if proxy.present else "D"


def grade_of(evidence: Evidence) -> str:
    """Return the evidence grade: B poster with a position near it, C poster only, D typed code (§2.9)."""
    if evidence.src == "typed":
        return "D"
    return "B" if evidence.band in {"near", "compatible"} else "C"


def is_night_for_minors(hour: int) -> bool:
    """Say whether `hour` (0–23, local) lies in the time in which nobody under 18 serves."""
    return hour >= LIMITS.minors_until or hour < LIMITS.minors_from


def is_double(kind: str, post_id: int, at: dt.datetime, earlier: Sequence[Earlier]) -> bool:
    """Row 10: the same post and kind within five minutes."""
    return any(
        one.post_id == post_id and one.kind == kind and abs(at - one.used_at) <= LIMITS.double_scan for one in earlier
    )


def is_too_fast(at: dt.datetime, earlier: Sequence[Earlier], *, rider: bool) -> bool:
    """Row 22: faster between two posts than anyone walks (or rides), by the widest interval the evidence allows."""
    limit = LIMITS.speed_rider if rider else LIMITS.speed_on_foot
    return any(_speed(at, one) > limit for one in earlier)


def _speed(at: dt.datetime, one: Earlier) -> float:
    seconds = max(abs((at - one.lo).total_seconds()), abs((at - one.hi).total_seconds()), 1.0)
    return one.metres / seconds


def is_burst(post_id: int, at: dt.datetime, earlier: Sequence[Earlier]) -> bool:
    """Row 24: more than eight posts within ten minutes."""
    posts = {one.post_id for one in earlier if abs(at - one.used_at) <= LIMITS.burst_window}
    return len(posts | {post_id}) > LIMITS.burst_posts


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is true around the scan, gathered by the service before anything is decided."""

    key_state: str
    post_in_place: bool
    serving: bool
    rider: bool
    device_members: int
    proxied_today: int = 0


def conditions(
    at: dt.datetime, post_id: int, evidence: Evidence, around: Circumstances, earlier: Sequence[Earlier]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (flags, notes) that meet, each in the order of the table. Flags ask for a person, notes do not."""
    met = {
        "poster_old": around.key_state == "grace",
        "post_paused": not around.post_in_place,
        "walk_in": not around.serving,
        "geo_far": evidence.band == "far",
        "geo_none": evidence.band == "none",
        "geo_coarse": evidence.band == "coarse",
        "too_fast": is_too_fast(at, earlier, rider=around.rider),
        "burst": is_burst(post_id, at, earlier),
        "shared_device": around.device_members + 1 >= LIMITS.device_members,
        "proxy_many": around.proxied_today >= LIMITS.proxies_a_day,
    }
    return tuple(flag for flag in FLAGS if met[flag]), tuple(note for note in NOTES if met[note])
