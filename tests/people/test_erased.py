"""An erasure counts when the log has it."""

from __future__ import annotations

from community.core import clock
from community.core.authz import system_actor
from community.core.db import transaction
from community.people import erased, erasing
from tests.factories.people import make_member
from tests.factories.places import make_village


def test_a_date_alone_is_no_erasure(app: object) -> None:
    assert app
    with transaction():
        village = make_village()
        member, leader = make_member(village), make_member(village)
    with transaction():
        leader.erased_at = clock.now()
        assert erasing.erase(system_actor("tests"), member.id)
    assert (erased.was_erased(member.id), erased.was_erased(leader.id)) == (True, False)
    assert erased.among([member.id, leader.id, 7]) == {member.id, leader.id}
