"""Telephone numbers: what is read, what is refused, what is kept and shown."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken

from community.core.errors import DomainError
from community.people import phones

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("19900000001", "+8619900000001"),
        (" 199 0000 0001 ", "+8619900000001"),
        ("199-0000-0001", "+8619900000001"),
        ("+86 199 0000 0001", "+8619900000001"),
        ("8619900000001", "+8619900000001"),
        ("１９９００００　０００１", "+8619900000001"),
        ("17012345678", "+8617012345678"),
        ("+852 9123 4567", "+85291234567"),
        ("+1 (650) 253-0000", "+16502530000"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, number):
    assert phones.parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "   ",
            "12",
            "10086",
            "1990000000",
            "199000000011",
            "1990000000l",
            "王桂芬",
            "9" * 5000,
            "+",
            "-19900000001",
        ),
        *("++8619900000001", "\u202e19900000001", "<script>", "19900000001;19900000002", "19900000001\x00"),
        *("+999 123456789", "-19900000001"),
    ],
)
def test_what_is_no_number_is_refused_at_its_field(text):
    with pytest.raises(DomainError) as caught:
        phones.parse(text, field="guardian_phone")
    assert (caught.value.code, caught.value.field) == ("not_a_phone", "guardian_phone")
    assert "11 位" in str(caught.value.next_step)


@pytest.mark.parametrize("text", ["010-62345678", "0571 8765 4321", "+44 20 7946 0018", "400 820 8820"])
def test_a_landline_is_refused_in_its_own_words(text):
    with pytest.raises(DomainError) as caught:
        phones.parse(text)
    assert caught.value.code == "phone_landline"


def test_a_number_is_kept_under_cipher_and_found_by_keyed_hashes():
    kept = phones.columns("+8619900000001")
    again = phones.columns("+8619900000001")
    assert kept["phone_cipher"] != again["phone_cipher"]
    assert kept["phone_hash"] == again["phone_hash"] == phones.phone_hash("+8619900000001")
    assert kept["phone_tail_hash"] == phones.tail_hashes("0001")[0]
    assert phones.phone_hash("+8619900000001") != phones.phone_hash("+8619900000002")
    assert all(len(text) <= 300 and "0001" not in text for text in kept.values())
    assert phones.columns(None) == dict.fromkeys(kept)


def test_an_altered_cipher_is_refused():
    token = phones.encrypt("+8619900000001")
    with pytest.raises(InvalidToken):
        phones.decrypt(token[:-4] + "AAAA")
    with pytest.raises(InvalidToken):
        phones.decrypt("9." + token.partition(".")[2])


def test_staff_see_a_masked_number_and_its_owner_the_whole_one():
    home, abroad = phones.encrypt("+8619900000001"), phones.encrypt("+85291234567")
    assert phones.masked(home) == "199****0001"
    assert phones.masked(abroad) == "+852****4567"
    assert phones.masked(None) == phones.whole(None) == ""
    assert phones.whole(home) == "199 0000 0001"
    assert phones.whole(abroad) == "+852 9123 4567"
