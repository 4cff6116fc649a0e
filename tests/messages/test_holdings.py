"""Her inbox as it was written to her: words, not codes."""

import pytest

from community.core.db import transaction
from community.core.holdings import copy
from community.messages import holdings
from community.messages.services import notify
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_messages_are_told_in_words_and_a_kind_of_the_past_does_no_harm() -> None:
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village)
        notify(member.id, "teams.refused", {"team": "夜巡队", "reason": "名额满了"})
        notify(other.id, "teams.active", {"team": "别人的队"})
    inbox = holdings.HELD.kept[0]
    (row,) = copy(inbox, [member.id])
    assert (row["title"], row["body"], row["read_at"]) == ("夜巡队没有通过您的申请", "原因：名额满了", None)
