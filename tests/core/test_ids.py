"""Ids grow with time, say nothing else, and codes are for people."""

import re
import threading
import time
import uuid

import pytest
from hypothesis import given, strategies as st

from community.core.ids import (
    CODE_ALPHABET,
    MAX_ID,
    clean_code,
    is_code,
    new_code,
    new_id,
    new_uuid,
    parse_id,
    parse_uuid,
)


def test_ids_of_one_process_grow_and_fit_63_bits() -> None:
    ids = [new_id() for _number in range(20000)]
    assert ids == sorted(set(ids))
    assert 0 < ids[0] < ids[-1] <= MAX_ID


def test_threads_never_share_an_id() -> None:
    made: list[int] = []

    def make() -> None:
        made.extend([new_id() for _number in range(5000)])

    threads = [threading.Thread(target=make) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 20000


def test_ids_of_two_moments_are_in_their_order() -> None:
    first = new_id()
    time.sleep(0.003)
    assert new_id() - first > 1 << 22


def test_a_uuid_is_version_7_and_ordered_by_time() -> None:
    first = new_uuid()
    time.sleep(0.003)
    second = new_uuid()
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
    assert first < second
    assert abs((first.int >> 80) / 1000 - time.time()) < 5
    assert len({new_uuid() for _number in range(2000)}) == 2000


def test_a_code_has_no_look_alikes_and_uses_its_whole_alphabet() -> None:
    letters = "".join(new_code(50) for _number in range(200))
    assert set(letters) == set(CODE_ALPHABET)
    assert not set("ilou") & set(CODE_ALPHABET)
    assert len(CODE_ALPHABET) == 32


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7K3M 9QXW", "7k3m9qxw"),
        (" 7k3m-9qxw ", "7k3m9qxw"),
        ("oOiIlL", "001111"),
        ("7k3m·9qxw", "7k3m9qxw"),
        ("7k3m\u30009qxw\n", "7k3m9qxw"),
        ("", ""),
        ("７Ｋ３Ｍ　９ＱＸＷ", "7k3m9qxw"),
        ("７ｋ３ｍ－９ｑｘｗ", "7k3m9qxw"),
        ("7k3m—9qxw", "7k3m9qxw"),
        ("Ｏ１Ｉｌ", "0111"),
    ],
)
def test_what_a_person_types_is_read_as_she_meant_it(typed: str, meant: str) -> None:
    assert clean_code(typed) == meant


@given(st.integers(1, 40))
def test_every_code_survives_being_written_in_capitals_and_groups(length: int) -> None:
    code = new_code(length)
    spoken = " ".join(re.findall(".{1,4}", code.upper()))
    assert clean_code(spoken) == code
    assert is_code(code, length)


@given(st.text(max_size=60))
def test_hostile_text_is_no_code_and_no_uuid_and_raises_nothing(text: str) -> None:
    cleaned = clean_code(text)
    assert is_code(cleaned) == (len(cleaned) == 8 and set(cleaned) <= set(CODE_ALPHABET))
    found = parse_uuid(text)
    assert found is None or str(found) == text.lower()


@pytest.mark.parametrize(
    "text", ["{01931f2a-0000-7000-8000-000000000001}", "01931f2a00007000800000000000001", "x" * 36]
)
def test_other_spellings_of_a_uuid_are_refused(text: str) -> None:
    assert parse_uuid(text) is None


@pytest.mark.parametrize("text", [None, "", "0", "-1", "1.0", " 1", "x", "１", str(MAX_ID + 1), "9" * 5000])
def test_what_is_no_id_of_a_row_is_none(text: str | None) -> None:
    assert parse_id(text) is None
    assert (parse_id("1"), parse_id(str(MAX_ID))) == (1, MAX_ID)
