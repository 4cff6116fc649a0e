"""No table that leaves the site holds a formula, and what is read back is what was written."""

import pytest
from hypothesis import given, strategies as st

from community.core.spreadsheets import bare, safe

SIGNS = "=+-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05"


@pytest.mark.parametrize("ahead", ["", " ", "\u3000", "\u00a0 ", "\t", "\r", "\n"])
@pytest.mark.parametrize("sign", SIGNS)
def test_a_formula_is_led_by_an_apostrophe(sign: str, ahead: str) -> None:
    assert safe(f"{ahead}{sign}1+1") == f"'{ahead}{sign}1+1"


@pytest.mark.parametrize("cell", ["南门岗", "0100", "1-2", "a=b", "", "5%"])
def test_ordinary_text_stays_as_it_is(cell: str) -> None:
    assert safe(cell) == bare(cell) == cell


def test_nothing_is_an_empty_cell_and_a_number_its_digits() -> None:
    assert (safe(None), safe(30.5), safe(-1)) == ("", "30.5", "'-1")


@given(st.text(st.sampled_from(SIGNS + "' \t\r\nab岗"), max_size=8) | st.text(max_size=20))
def test_no_cell_is_calculated_and_each_is_read_back_as_it_was(text: str) -> None:
    assert safe(text).strip()[:1] not in set(SIGNS)
    assert bare(safe(text)) == text
