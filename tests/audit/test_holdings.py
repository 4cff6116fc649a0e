"""What the log says of somebody: looks apart from decisions, her own acts without whom they concerned."""

import pytest

from community.audit import holdings, services
from community.core.authz import Actor
from community.core.db import transaction
from community.core.holdings import copy

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

HER, STAFF = Actor(100), Actor(7)


def told(key: str) -> list[dict[str, object]]:
    kept = next(one for one in holdings.HELD.kept if one.key == key)
    return list(copy(kept, [HER.member_id]))


def test_looks_decisions_and_her_own_acts_are_three_lists() -> None:
    with transaction():
        services.record_look(STAFF, 100, "people.desk_person", reason="回访")
        services.record(STAFF, "people.verify", "member", 100, reason="看了证件")
        services.record(HER, "people.verify", "member", 555)
        services.record(STAFF, "people.verify", "post", 100)
    assert [(row["who"], row["reason"]) for row in told("looks")] == [(7, "回访")]
    assert [(row["act"], row["reason"]) for row in told("acts_about_you")] == [("people.verify", "看了证件")]
    assert [(row["act"], row["kind_of_thing"]) for row in told("acts_by_you")] == [("people.verify", "member")]
    assert "555" not in str(told("acts_by_you"))
