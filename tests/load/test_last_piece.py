"""Five hundred requests for the last piece, over HTTP, through the real server: one is told that it is hers.

On PostgreSQL, where they meet. The embedded database, whose writers queue, is raced by processes in
`tests/points/whole/test_ledger_races.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench import redeeming
from bench.phones import full_speed
from bench.stage import environment, program, serve_command
from community.core.db import db, session
from community.core.idempotency import IdempotencyKey
from community.points import jobs
from community.points.models import Account, Hold, RewardItem, RewardOrder
from community.points.queries.invariants import broken
from tests.harness.server import Server

REQUESTS, LINES = 500, 32


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
@pytest.mark.slow
@pytest.mark.faults
def test_of_500_requests_over_http_for_the_last_piece_one_wins_and_the_others_are_told(
    race_database: str, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    given = environment(race_database, tmp_path / "instance")
    app = program(given)
    shop = redeeming.fill(app, 100, on_hand=1)
    town, item = next(iter(shop.items.items()))
    crowd = [phone for phone in shop.phones if shop.towns[phone.member_id] == town]
    requests = [shop.reserve(crowd[number % len(crowd)]) for number in range(REQUESTS)]
    server = start_server(command=serve_command(), ready="/healthz", **given)

    run = full_speed(server.port, requests, lines=LINES)

    told = Counter((answer.status, answer.location.rpartition("/")[2]) for answer in run.answers)
    assert told == {(303, "pick-up"): 1, (409, ""): REQUESTS - 1}
    with app.app_context():
        orders = session().execute(select(RewardOrder.item_id, RewardOrder.member_id)).all()
        assert [str(order.item_id) for order in orders] == [item]
        assert session().scalar(select(func.count()).select_from(Hold)) == 1
        stock = select(RewardItem.on_hand, RewardItem.reserved).where(RewardItem.id == orders[0].item_id)
        assert session().execute(stock).one() == (1, 1)
        held = select(Account.subject_id, Account.held).where(Account.held > 0)
        assert session().execute(held).all() == [(orders[0].member_id, redeeming.POINTS)]
        # Every refusal is an answer: the same request sent again is told the same.
        assert session().scalar(select(func.count()).select_from(IdempotencyKey)) == REQUESTS
        jobs.seal_due()
        session().rollback()
        assert broken() == {}
        db.engine.dispose()
