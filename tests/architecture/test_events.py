"""Who hears what, who shows what where, who answers for whom, which jobs run: one list, reviewed like code."""

from collections.abc import Callable

import pytest
from flask import Flask

from community.core import events, scheduler, slots
from community.points import proposals, subscribers
from tests.architecture import golden


def name(thing: object) -> str:
    """`module.name` of a class or function."""
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__name__)}"


def listed() -> list[str]:
    """Events with their handlers, slots with their panels, providers with their functions, jobs with their beat."""
    lines = []
    for event, handlers in sorted(events.wired().items(), key=lambda item: name(item[0])):
        lines += [f"event {name(event)}", *(f"  -> {name(handler)}" for handler in handlers)]
    for label, slot in sorted(slots.all_slots().items()):
        lines += [f"slot {label}", *(f"  <- {name(panel)}" for panel in slot.panels)]
    for label, provider in sorted(slots.all_providers().items()):
        lines += [f"provider {label}", f"  <- {name(provider.function)}"]
    for trigger in proposals.TRIGGERS:
        # Rules name these; every event that is one must reach `award` by its handler above.
        lines += [f"rule trigger {trigger}"]
    for _label, job in sorted(scheduler.registered().items()):
        lines += [f"job {job.name}", f"  {job.func} every {job.every}"]
    return lines


def test_events_slots_providers_and_jobs_are_the_reviewed_ones(make_app: Callable[..., Flask]) -> None:
    make_app(mode="demo")
    golden.check("events.txt", listed())


def test_every_event_that_rules_may_name_is_heard_by_points(make_app: Callable[..., Flask]) -> None:
    make_app()
    heard = {event.__name__ for event, handlers in events.wired().items() if subscribers.award_checkin in handlers}
    assert set(proposals.TRIGGERS) == heard | {"Manual"}, "a rule about an event that nobody hears would never award"


def test_every_job_names_a_function_that_exists(make_app: Callable[..., Flask]) -> None:
    make_app()
    assert all(callable(job.load()) for job in scheduler.registered().values())


def test_the_golden_file_sees_a_new_handler(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    make_app()
    before = listed()

    class Planted:
        pass

    monkeypatch.setitem(events._handlers, Planted, (name,))
    assert [line for line in listed() if line not in before] == [f"event {name(Planted)}", f"  -> {name(name)}"]
