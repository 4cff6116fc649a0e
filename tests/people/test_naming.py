"""Names are the same however they are written: blanks, dots, case and width say nothing."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people import naming
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.mark.parametrize("written", ["Anna Lee", "anna-lee", "ＡＮＮＡ·ＬＥＥ", " ANNA.LEE "])
def test_however_it_is_written_it_is_hers(written: str) -> None:
    with transaction():
        village = make_village()
        anna = make_member(village, display_name="Anna Lee")
    assert naming.folded(written) == "annalee"
    assert naming.is_somebodys(written, village.town_id, [])
    assert not naming.is_somebodys(written, village.town_id, [anna.id])


@pytest.mark.parametrize("other", ["Anna", "Anna Leech", "", "·"])
def test_a_part_of_a_name_is_nobodys(other: str) -> None:
    with transaction():
        village = make_village()
        make_member(village, display_name="Anna Lee")
    assert not naming.is_somebodys(other, village.town_id, [])
