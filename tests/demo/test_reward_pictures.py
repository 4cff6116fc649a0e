"""The demo's rewards look like something, and always the same."""

from __future__ import annotations

from community.core.uploads import prepare
from community.demo import reward_pictures


def test_what_has_a_shape_is_drawn_and_the_rest_has_no_picture() -> None:
    drawn = reward_pictures.reward("rice")
    assert drawn
    assert drawn == reward_pictures.reward("rice") != reward_pictures.reward("towel")
    assert prepare(drawn).width == reward_pictures.WIDE
    assert reward_pictures.reward("haircut") is None
