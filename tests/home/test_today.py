"""The one next step, and the greeting."""

from __future__ import annotations

import pytest

from community.core import clock
from community.home import today

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-22T22:30:00Z", "早上好"),
        ("2026-11-23T04:00:00Z", "中午好"),
        ("2026-11-23T08:00:00Z", "下午好"),
        ("2026-11-23T11:00:00Z", "晚上好"),
        ("2026-11-23T18:00:00Z", "晚上好"),
    ],
)
def test_the_greeting_follows_the_hour_of_this_place(at, said):
    with clock.frozen(at):
        assert str(today.greeting("王桂芬")) == f"{said}，王桂芬"


def test_a_name_with_a_percent_sign_is_greeted_as_it_is():
    with clock.frozen("2026-11-23T11:00:00Z"):
        assert "100%s" in str(today.greeting("100%s好"))
