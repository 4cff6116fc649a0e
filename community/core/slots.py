"""Slots and providers: how a lower room shows, and asks for, what a higher room knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Panel = Callable[[Any], str | None]

_slots: dict[str, Slot] = {}
_providers: dict[str, Provider[Any]] = {}


class Slot:
    """A named place on a page: higher rooms register functions from its object to a rendered fragment or None."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.panels: list[Panel] = []
        _slots[name] = self

    def register(self, panel: Panel) -> None:
        """Add `panel`; adding the same one again changes nothing."""
        if panel not in self.panels:
            self.panels.append(panel)

    def render(self, page: object) -> list[str]:
        """Return the fragments for `page`, in the order of registration, empty ones left out."""
        return [fragment for panel in self.panels if (fragment := panel(page))]


class Provider(Generic[T]):
    """A value that a lower room needs from a higher one; answers `default` until the higher room registers."""

    def __init__(self, name: str, default: Callable[..., T]) -> None:
        self.name = name
        self._default = default
        self._function: Callable[..., T] | None = None
        _providers[name] = self

    def register(self, function: Callable[..., T]) -> None:
        """Let `function` answer from now on."""
        self._function = function

    @property
    def function(self) -> Callable[..., T]:
        return self._function or self._default

    def __call__(self, *args: Any, **kwargs: Any) -> T:
        return self.function(*args, **kwargs)


def slot(name: str) -> Slot:
    """Return the slot called `name`; raises KeyError for one that no room declares."""
    return _slots[name]


def all_slots() -> dict[str, Slot]:
    """Return every declared slot, for templates and the golden file."""
    return dict(_slots)


def all_providers() -> dict[str, Provider[Any]]:
    """Return every declared provider, for the golden file."""
    return dict(_providers)
