import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.messages.queries import announcements
from tests.factories.demo import load_small

pytestmark = pytest.mark.usefixtures("app")


def test_the_district_tells_visitors_something_and_keeps_what_was_withdrawn(frozen_clock: FrozenClock) -> None:
    with transaction():
        load_small()
    titles = [notice.title for notice in announcements.shown_to(None)]
    assert titles[0] == "台风“示例”防御提醒"
    assert "秋季平安志愿者招募" in titles
    assert not {"晚潮苑停水通知", "晚潮苑停电通知", "队长和楼长碰头会"} & set(titles)
    frozen_clock.tick(minutes=3 * 24 * 60)
    assert "晚潮苑停水通知" in [notice.title for notice in announcements.shown_to(None)]
