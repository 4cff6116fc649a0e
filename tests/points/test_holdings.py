"""Her points as she reads them: every line, what waits, and what was counted."""

import pytest

from community.core.db import transaction
from community.core.events import emit
from community.core.holdings import copy
from community.points import holdings
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def told(key: str, *ids: int) -> list[dict[str, object]]:
    return list(copy(next(one for one in holdings.HELD.kept if one.key == key), ids))


def test_lines_add_up_to_the_account_and_what_waits_stands_beside_it(frozen_clock) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village))
        member, other = make_member(village), make_member(village)
        emit(accepted(member, village))
        emit(accepted(other, village))
    frozen_clock.tick(minutes=70)
    with transaction():
        emit(flagged(member, village))
    (account,) = told("accounts", member.id)
    lines = told("lines", member.id)
    assert account["posted"] == sum(line["delta"] for line in lines) == 5
    assert lines[-1]["balance_after"] == 5
    assert [(one["amount"], one["state"], one["reason_code"]) for one in told("awards", member.id)] == [
        (5, "held", "flagged")
    ]
    assert told("caps", member.id)
