"""Higher rooms show and answer what lower rooms only name."""

from collections.abc import Iterator

import pytest

from community.core import slots
from community.core.slots import Provider, Slot


@pytest.fixture(autouse=True)
def _own_names() -> Iterator[None]:
    before = dict(slots._slots), dict(slots._providers)
    yield
    slots._slots.clear()
    slots._providers.clear()
    slots._slots.update(before[0])
    slots._providers.update(before[1])


def test_panels_are_shown_in_their_order_and_empty_ones_left_out() -> None:
    place = Slot("t.place")
    place.register(lambda page: f"one {page}")
    place.register(lambda _page: None)
    place.register(lambda _page: "")
    place.register(lambda page: f"two {page}")
    assert slots.slot("t.place").render("x") == ["one x", "two x"]


def test_a_panel_registered_twice_is_shown_once() -> None:
    def panel(_page: object) -> str:
        return "x"

    place = Slot("t.place")
    for _app in range(2):
        place.register(panel)
    assert place.render(None) == ["x"]


def test_a_place_nobody_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        slots.slot("t.never")


def test_a_provider_answers_neutrally_until_the_higher_room_does() -> None:
    minutes: Provider[int] = Provider("t.minutes", lambda _member: 0)
    assert minutes(7) == 0
    minutes.register(lambda member: member * 10)
    assert minutes(7) == 70
    assert slots.all_providers()["t.minutes"] is minutes
