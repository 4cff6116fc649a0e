"""What a key stands for, and how long it is kept."""

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from community.core import clock, idempotency
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.idempotency import Answer, IdempotencyKey, KeyReuse, find, forget_old, request_hash, store

FIELDS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6)


@given(FIELDS, st.randoms())
def test_the_order_of_fields_does_not_matter(fields: list[tuple[str, str]], chance: object) -> None:
    shuffled = list(fields)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert request_hash("/x", fields) == request_hash("/x", shuffled)


@given(FIELDS, FIELDS)
def test_other_fields_are_another_request(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    assert (request_hash("/x", one) == request_hash("/x", other)) == (sorted(one) == sorted(other))


def test_nothing_can_be_moved_between_name_value_and_path() -> None:
    hashes = {
        request_hash("/x", [("a", "bc")]),
        request_hash("/x", [("ab", "c")]),
        request_hash("/xa", [("", "bc")]),
        request_hash("/x", [("a", "b"), ("c", "")]),
        request_hash("/x", [("a", 'b","c')]),
    }
    assert len(hashes) == 5


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("answer", [Answer(303, location="/done"), Answer(200, body={"n": 1, "好": [None, True]})])
def test_an_answer_comes_back_as_it_was_kept(answer: Answer) -> None:
    with transaction():
        assert find("m:1", "k", "h") is None
        store("m:1", "k", "h", answer)
    assert find("m:1", "k", "h") == answer
    assert find("m:2", "k", "h") is None
    with pytest.raises(KeyReuse):
        find("m:1", "k", "other")


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_old_keys_go_in_batches_and_young_ones_stay(frozen_clock: FrozenClock) -> None:
    with transaction():
        for number in range(7):
            store("m:1", str(number), "h", Answer(303, location="/"))
    frozen_clock.tick(days=30, seconds=1)
    with transaction():
        store("m:1", "young", "h", Answer(303, location="/"))
        assert forget_old(limit=5) == 5
    with transaction():
        assert forget_old(limit=5) == 2
        assert forget_old(limit=5) == 0
    (left,) = session().query(IdempotencyKey).all()
    assert left.key == "young"
    assert left.created_at == clock.now()
    assert dt.timedelta(days=30) == idempotency.KEPT
