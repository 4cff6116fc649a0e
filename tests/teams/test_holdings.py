"""Her places in teams and how each came about, as she reads them."""

import pytest

from community.core.db import transaction
from community.core.holdings import copy, written
from community.teams import holdings
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_each_place_is_told_with_its_moves_and_nobody_elses() -> None:
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village)
        team = make_team(village)
        make_membership(member, team, reason="自己退出", state="left")
        make_membership(other, team)
    places, moves = holdings.HELD.kept
    (row,) = copy(places, [member.id])
    assert (row["team"], row["state"], row["reason"], row["building"]) == ("晚潮夜巡队", "left", "自己退出", None)
    assert written(places, "state", row["state"]) == "已退出"
    assert [(one["from_state"], one["to_state"]) for one in copy(moves, [member.id])] == [("new", "applied")]
