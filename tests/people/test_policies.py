"""Names, passwords and ages."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from community.core.errors import DomainError, Forbidden
from community.people import policies
from community.people.models import Member

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("王桂芬", "王桂芬"),
        ("  王  桂芬 ", "王 桂芬"),
        ("\u3000王桂芬\u3000", "王桂芬"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("𠮷田", "𠮷田"),
        ("Zoe\u0308 O'Neil-Smith", "Zoë O'Neil-Smith"),
        ("3号楼王阿姨", "3号楼王阿姨"),
        ("<b>王</b>", "<b>王</b>"),
        ("王" * 40, "王" * 40),
    ],
)
def test_names_are_kept_as_people_say_them(text, name):
    assert policies.clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "name_empty"),
        (" \t\u3000", "name_empty"),
        ("王" * 41, "name_long"),
        ("x" * 100, "name_long"),
        ("王芳😀", "name_emoji"),
        ("👩‍👧", "name_hidden"),
        ("\u202e芬桂王", "name_hidden"),
        ("王\u200b芳", "name_hidden"),
        ("王\x00芳", "name_hidden"),
        ("王\ue000", "name_hidden"),
        ("\u2066王\u2069", "name_hidden"),
        ("12345", "name_letters"),
        ("--", "name_letters"),
        ("Z" + "\u0301" * 12 + "a", "name_marks"),
    ],
)
def test_names_that_mislead_are_refused_at_their_field(text, code):
    with pytest.raises(DomainError) as caught:
        policies.clean_name(text, field="guardian_name")
    assert (caught.value.code, caught.value.field) == (code, "guardian_name")


@given(st.text(max_size=60))
def test_a_name_that_is_taken_fits_and_stays_as_it_is(text):
    try:
        name = policies.clean_name(text)
    except DomainError:
        return
    assert 1 <= len(name) <= 40
    assert policies.clean_name(name) == name
    assert name.isprintable()


@pytest.mark.parametrize("password", ["saopu-liangcha", "chuntian 9 hao", "四个不相干的词语", "x9!kQ2pz"])
def test_passwords_that_are_hard_to_guess_are_taken(password):
    assert policies.check_password(password, phone="+8619900000001", name="王桂芬") == password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_short"),
        ("1234567", "password_short"),
        ("x" * 129, "password_long"),
        ("12345678", "password_weak"),
        ("1234567890", "password_weak"),
        ("9876543210", "password_weak"),
        ("aaaaaaaa", "password_weak"),
        ("abababab", "password_weak"),
        ("abcabcabc", "password_weak"),
        ("abcdefgh", "password_weak"),
        ("Password1", "password_weak"),
        ("19900000001", "password_weak"),
        ("my00000001", "password_weak"),
        ("王桂芬王桂芬王桂芬", "password_weak"),
    ],
)
def test_passwords_that_others_guess_are_refused(password, code):
    with pytest.raises(DomainError) as caught:
        policies.check_password(password, phone="+8619900000001", name="王桂芬")
    assert (caught.value.code, caught.value.field) == (code, "password")


def test_ages():
    assert policies.check_age("14-17") == "14-17"
    for band, code in (("under14", "under_14"), ("", "age_band"), ("13", "age_band")):
        with pytest.raises(DomainError) as caught:
            policies.check_age(band)
        assert (caught.value.code, caught.value.field) == (code, "age_band")


def test_nobody_decides_about_herself():
    member = Member(id=5, display_name="x", age_band="60+")
    policies.must_not_be_herself(6, member)
    with pytest.raises(Forbidden):
        policies.must_not_be_herself(5, member)
