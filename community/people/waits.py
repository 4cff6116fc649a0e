"""Gentle locks on the doors of sign-in: wrong tries are counted in the database, and each further one waits longer.

A try is counted before it is judged, so that many at once are as many as one after the other; what was right is taken
off again. A number has one count for strange phones and one for each phone that knows its verified member: who types
her number elsewhere does not lock her out of her own phone. Nobody is told whose number it is, or whether it is
anybody's. Anybody may register with any number: what such a member types right pays for none of her wrong tries.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, false, func, or_, select, update

from community.core import clock
from community.core.db import locking, session
from community.core.db.session import upsert
from community.core.errors import DomainError
from community.core.i18n import _, ngettext
from community.people.models import DoorWait

# Ours: after the free tries each wrong one waits this many minutes, the last for all that follow.
MINUTES = (1, 2, 5, 15, 30, 60)
FORGOTTEN = dt.timedelta(hours=12)
PHONE_FREE = 5
# A family's phone, or the table of a community's office.
DEVICE_FREE = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """Who tries at which door, under a name without a number in the clear, and how many wrong tries cost nothing."""

    name: str
    free: int


class MustWait(DomainError):
    """Too many wrong tries; `until` is when the next one counts."""

    status = 429
    final = False

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        minutes = minutes_until(until)
        super().__init__(
            "must_wait",
            ngettext("试了好几次都不对，请等 %(num)s 分钟再试", "试了好几次都不对，请等 %(num)s 分钟再试", minutes),
            next_step=_("您的账号没有问题。着急的话，请楼长、队长或社区当面给您一个一次性口令。"),
        )


def minutes_until(until: dt.datetime) -> int:
    """Return how many minutes are left until an instant, rounded up; at least one."""
    return max(1, -(-int((until - clock.now()).total_seconds()) // 60))


def number_at(phone_hash: str, device: str | None) -> Subject:
    """Return the subject of a number: at the phone `device` that knows it, or (None) at all strange ones together."""
    return Subject(f"phone:{phone_hash}:{device or '*'}", PHONE_FREE)


def code_at(phone_hash: str, device: str) -> Subject:
    """Return the subject of one-time codes typed with a number on the phone `device`."""
    return Subject(f"code:{phone_hash}:{device}", PHONE_FREE)


def text_at(phone_hash: str, device: str | None) -> Subject:
    """Return the subject of texts asked for a number: on the phone `device` that knows it, or on all strange ones."""
    return Subject(f"text:{phone_hash}:{device or '*'}", 1)


def phone_itself(device: str) -> Subject:
    """Return the subject of a phone, whatever numbers are typed on it."""
    return Subject(f"device:{device}", DEVICE_FREE)


def count(*subjects: Subject) -> None:
    """Count a try of each subject before it is judged. Raises MustWait, and counts nothing, while one has to wait."""
    now = clock.now()
    for subject in sorted(subjects, key=lambda one: one.name):
        fresh = upsert(DoorWait).values(subject=subject.name, failures=0, last_at=now).on_conflict_do_nothing()
        session().execute(fresh)
    names = [subject.name for subject in subjects]
    found = locking(select(DoorWait).where(DoorWait.subject.in_(names)).order_by(DoorWait.subject))
    rows = {row.subject: row for row in session().scalars(found.execution_options(populate_existing=True))}
    if until := max((row.until for row in rows.values() if row.until and row.until > now), default=None):
        raise MustWait(until)
    for subject in subjects:
        row = rows[subject.name]
        row.failures = 1 if row.last_at < now - FORGOTTEN else row.failures + 1
        row.last_at, row.until = now, _until(row.failures, subject.free, now)
    session().flush()


def _until(failures: int, free: int, now: dt.datetime) -> dt.datetime | None:
    over = failures - free
    return None if over < 0 else now + dt.timedelta(minutes=MINUTES[min(over, len(MINUTES) - 1)])


def right(*tried: Subject, forget: Subject | None) -> None:
    """Take a right try off again: the counts of `tried` lose this one and keep the others.

    `forget` is the count of a number whose verified member came in: her wrong tries are forgotten. None for who is not
    verified: she may be a stranger who typed the number of somebody else.
    """
    if forget is not None:
        session().execute(delete(DoorWait).where(DoorWait.subject == forget.name))
    session().execute(
        update(DoorWait)
        .where(DoorWait.subject.in_([one.name for one in tried]), DoorWait.failures > 0)
        .values(failures=DoorWait.failures - 1, until=None)
        .execution_options(synchronize_session=False)
    )


def until(*phone_hashes: str) -> dt.datetime | None:
    """Return until when strange phones wait with a number, by its hashes, or None."""
    if not phone_hashes:
        return None
    names = [number_at(one, None).name for one in phone_hashes]
    found = session().scalar(select(func.max(DoorWait.until)).where(DoorWait.subject.in_(names)))
    return found if found and found > clock.now() else None


def lift(*phone_hashes: str) -> None:
    """Forget every wrong try with a number, by its hashes, and every text asked for it, on whatever phone."""
    starts = [
        DoorWait.subject.startswith(f"{kind}:{one}:", autoescape=True)
        for kind in ("phone", "text", "code")
        for one in phone_hashes
    ]
    session().execute(delete(DoorWait).where(or_(false(), *starts)))


def forget_old(limit: int = 5000) -> int:
    """Delete up to `limit` counts that nobody tried again for half a day; return how many went."""
    now = clock.now()
    old = select(DoorWait.subject).where(
        DoorWait.last_at < now - FORGOTTEN, or_(DoorWait.until.is_(None), DoorWait.until < now)
    )
    names = list(session().scalars(old.limit(limit)))
    session().execute(delete(DoorWait).where(DoorWait.subject.in_(names)))
    return len(names)
