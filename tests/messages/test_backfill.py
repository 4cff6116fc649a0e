import datetime as dt

import pytest
from flask import Flask

from community.core import clock
from community.core.authz import system_actor
from community.core.db import transaction
from community.core.errors import DomainError, Forbidden
from community.messages.backfill import PastAnnouncement, add_announcements
from community.messages.policies import Words
from community.messages.queries import announcements
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.factories.places import make_village


def past(area: object, by_id: int, title: str = "老公告") -> PastAnnouncement:
    begun = clock.now() - dt.timedelta(days=3)
    words = Words(title, "三天前说的。", "everyone", begun, begun + dt.timedelta(days=9))
    return PastAnnouncement(area.id, area.town_id, area.path, by_id, words)  # type: ignore[attr-defined]


@pytest.mark.engine
def test_what_was_announced_in_the_past_is_shown_as_if_it_had_been(app: Flask) -> None:
    assert app is not None
    with transaction():
        village = make_village()
        member = make_member(village)
        add_announcements(system_actor("demo"), [past(village, member.id)])
        add_announcements(system_actor("demo"), [])
    (shown,) = announcements.shown_to(None)
    assert shown.title == "老公告"
    assert shown.starts_at < clock.now() - dt.timedelta(days=2)
    with transaction(), pytest.raises(Forbidden):
        add_announcements(actor_of(member), [past(village, member.id)])
    with transaction(), pytest.raises(DomainError):
        add_announcements(system_actor("demo"), [past(village, member.id, "")])
