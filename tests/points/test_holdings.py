"""Her points as she reads them: every line, what waits, and what was counted."""

import pytest

from community.core import clock
from community.core.db import transaction
from community.core.events import emit
from community.core.holdings import copy
from community.points import holdings
from community.points.queries import lots
from community.points.services import holding, reminding, showing
from community.points.services.posting import By
from tests.factories.access import actor_of
from tests.factories.ledger import give, make_item, make_order
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


def test_of_an_order_that_two_people_paid_each_reads_her_own_line_and_not_the_other_ones_balance() -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village))
        member, other, keeper = (make_member(village) for _one in range(3))
        give(member, village, 4)
        give(other, village, 90)
        order_id = make_order(member, make_item(village, keeper), 10)
        for who, amount in ((member, 4), (other, 6)):
            holding.hold(town_of(village).id, who.id, amount, order_id=order_id, expires_at=clock.now())
        holding.post(order_id, kind="redeem", by=By(keeper.id), evidence_ref=f"order:{order_id}", explain={})
    assert [(line["delta"], line["balance_after"]) for line in told("lines", member.id)] == [(4, 4), (-4, 0)]
    assert [(line["delta"], line["balance_after"]) for line in told("lines", other.id)] == [(90, 90), (-6, 84)]


def test_she_reads_when_she_was_told_of_what_expires_and_what_she_chose_to_be_called() -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village))
        member, other = make_member(village), make_member(village)
        for one in (member, other):
            give(one, village, 5, days=20)
    with transaction():
        for account_id in lots.to_tell(clock.today()):
            reminding.tell(account_id, clock.today())
        showing.choose(actor_of(member), village.town_id, "巷口的桂花")
    (notice,) = told("notices", member.id)
    assert (notice["expires_on"], notice["days_before"]) == ("2026-12-13", 30)
    assert [row["alias"] for row in told("board", member.id)] == ["巷口的桂花"]
    assert told("board", other.id) == []
