"""What printing asks: whose number stands on a sign; which signs are needed and made is told in test_signs."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.places import printing
from tests.factories.places import make_area, make_town, make_village

pytestmark = pytest.mark.usefixtures("app")


def test_a_sign_names_the_closest_office_that_has_a_number() -> None:
    with transaction():
        town = make_town()
        town.phone = "0571-5550 0001"
        village, silent = make_village(town), make_village(town, name="安澜社区")
        village.phone = "0571-5550 0002"
        grid = make_area("grid", "第一网格", village)
        far = make_village(name="别处")
    found = printing.phones([grid.path, village.path, silent.path, far.path, "nowhere/"])
    assert found == {
        grid.path: "0571-5550 0002",
        village.path: "0571-5550 0002",
        silent.path: "0571-5550 0001",
        far.path: "",
        "nowhere/": "",
    }
