"""Every check of the ledger has its promise in words."""

from __future__ import annotations

from community.points import checked
from community.points.models import ASSETS
from community.points.queries import invariants, months


def test_each_invariant_has_words() -> None:
    assert set(checked.PROMISES) == {name.split()[0] for name in invariants.NAMES}


def test_each_sum_and_asset_has_words() -> None:
    assert set(checked.SUMS) == {"opening", "closing", *(word for word, _sign in months.FLOWS.values())}
    assert set(checked.SIGNS) == set(checked.SUMS) - {"opening", "closing"}
    assert set(checked.ASSETS) == set(ASSETS)
