"""What one check-in with its award asks of the database, statement by statement: a golden list.

A statement more is a round trip more for everybody on a rainy evening; it is added here with a reason or not at all.
"""

from __future__ import annotations

import re

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.places import queries as places
from tests.factories.patrols import make_scene
from tests.factories.points import open_books
from tests.harness.client import Visitor

CEILING = 24

CHECKIN = [
    # who she is, what was merged into her and what she may do; locks her, so that her commands run one after the other
    "SELECT member member role_grant role",
    "SELECT idempotency_key",  # was this very request answered before
    "SELECT post_print post",  # what the code stands for
    "SELECT membership team team_area",  # does she serve here
    "SELECT consent",  # did she agree to be recorded
    "SELECT checkin post",  # where was she in the last two hours
    "SELECT checkin",  # who else uses this phone
    "INSERT checkin",
    "INSERT checkin_event",
]
# PostgreSQL writes these five by one statement.
POSTING = [
    "INSERT txn",
    "INSERT transfer",
    "INSERT entry",
    "INSERT lot",
    "INSERT unsealed",
]
AWARD = [
    # which rules of the place and of her kind of team it meets, whether it was awarded before, what is used of the
    # hour, the day and the month, who pays
    "SELECT account txn award rule_usage rule_usage rule_usage rule_version rule team area",
    "INSERT rule_usage",  # takes from the hour and the day, or nothing
    "UPDATE budget_slot budget_slot",  # takes from a slot of the town's budget that nobody holds, or nothing
    "INSERT account",  # opens her account or adds to it, and locks it
    *POSTING,
]
ANSWER = ["INSERT idempotency_key"]

_TABLES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE(?! SET| OF)) +(\w+)")


def shape(statement: str) -> str:
    """The verb and the tables of a statement, in the order they are named."""
    verb = statement.split(maxsplit=1)[0].upper()
    tables = _TABLES.findall(statement.replace("FOR NO KEY UPDATE", "FOR LOCK"))
    return " ".join([verb, *tables])


@pytest.mark.engine
def test_a_checkin_with_its_award_keeps_to_its_statements(
    client_page: Visitor,
    statements: list[str],
    engine_name: str,
    frozen_clock: FrozenClock,
) -> None:
    with transaction():
        scene = make_scene()
        town = places.area(scene.village.town_id or 0)
        assert town
        open_books(town)
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    statements.clear()
    answer = client_page.client.post(form.action, data=form.filled(lat="30.2", lon="120.3", acc="20"))
    assert "/checkins/" in answer.headers["Location"]
    award = AWARD if engine_name == "sqlite" else [*AWARD[: -len(POSTING)], "WITH txn transfer entry lot unsealed"]
    assert [shape(one) for one in statements] == CHECKIN + award + ANSWER
    assert len(statements) + len(("BEGIN", "COMMIT")) <= CEILING
    if engine_name == "postgresql":
        # SQLite begins every transaction that writes by locking all of it (BEGIN IMMEDIATE).
        assert statements[0].rstrip().endswith("FOR NO KEY UPDATE OF member")
