"""Asking for a text: the same work and words for every number, and longer waits each time."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.core.errors import DomainError
from community.people import phones, policies, texts, waits
from community.people.waits import MustWait
from tests.factories.people import make_member

NUMBER, OTHER = "+8619900000001", "+8619900000002"


@pytest.fixture
def asked(app, frozen_clock, monkeypatch):
    """What the room above is asked for: (number, members known on the phone)."""
    found = []
    monkeypatch.setattr(
        policies.ask_for_text, "_function", lambda cipher, known, _key: found.append((phones.decrypt(cipher), known))
    )
    return found


def ask(number, device="d" * 32, known=()):
    with transaction():
        texts.ask(number, known=known, device=device)


def test_what_is_asked_for_does_not_depend_on_whose_number_it_is(asked, statements):
    with transaction():
        make_member(**phones.columns(NUMBER))
    sent = []
    for number in (NUMBER, OTHER):
        statements.clear()
        ask(number, device=number[-1] * 32, known=[7])
        sent.append(list(statements))
    assert sent[0] == sent[1]
    assert asked == [(NUMBER, [7]), (OTHER, [7])]


def test_each_further_text_waits_longer(asked, frozen_clock):
    for minutes in (1, 2, 5):
        ask(NUMBER)
        with pytest.raises(MustWait) as refused:
            ask(NUMBER)
        assert (refused.value.until - frozen_clock.now()).total_seconds() == minutes * 60
        frozen_clock.tick(minutes=minutes)


def test_texts_that_strangers_ask_for_do_not_hold_up_her_own_phone(asked):
    with transaction():
        hers = make_member(**phones.columns(NUMBER))
        typed = make_member(verified=False, **phones.columns(NUMBER))
    ask(NUMBER, device="e" * 32)
    ask(NUMBER, known=[hers.id])
    with pytest.raises(MustWait):
        ask(NUMBER, device="f" * 32, known=[typed.id])


def test_lifting_the_waits_of_a_number_lets_a_text_be_asked_for_at_once(asked):
    ask(NUMBER)
    ask(OTHER, device="e" * 32)
    with transaction():
        waits.lift(phones.phone_hash(NUMBER))
    ask(NUMBER)
    with pytest.raises(MustWait):
        ask(OTHER, device="f" * 32)


def test_one_phone_asks_for_few_numbers(asked):
    for place in range(texts.DEVICE_FREE):
        ask(f"199000010{place:02d}")
    with pytest.raises(MustWait):
        ask(NUMBER)
    ask(NUMBER, device="e" * 32)


def test_what_is_no_number_counts_nothing(asked):
    with pytest.raises(DomainError, match="not_a_phone"):
        ask("12")
    assert asked == []
