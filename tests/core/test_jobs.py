"""Core's own jobs."""

import pytest
from sqlalchemy import func, select

from community.core import idempotency
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.idempotency import Answer, IdempotencyKey
from community.core.jobs import forget_old_keys


@pytest.mark.usefixtures("app")
def test_all_old_keys_are_forgotten_however_many_batches_it_takes(
    frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        for number in range(7):
            idempotency.store("m:1", str(number), "h", Answer(303, location="/"))
    frozen_clock.tick(days=31)
    forget = idempotency.forget_old
    monkeypatch.setattr(idempotency, "forget_old", lambda: forget(limit=3))
    forget_old_keys()
    assert session().scalar(select(func.count()).select_from(IdempotencyKey)) == 0
    forget_old_keys()
