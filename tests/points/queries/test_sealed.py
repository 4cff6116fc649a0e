"""What a seal covers: the whole posting, and nothing that may change later."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Text, cast, delete, select, text, update

from community.core import chain
from community.core.db import schema_changes, session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Entry, Lot, Transfer, Txn, Unsealed
from community.points.queries import sealed
from tests.factories.points import accepted
from tests.points.attacks import drop_triggers

pytestmark = pytest.mark.engine


@pytest.fixture
def posting(village: Area, member: Member) -> int:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    return session().scalars(select(Txn.id)).one()


def test_the_document_names_everything_about_a_posting(posting: int, member: Member, village: Area) -> None:
    one = sealed.documents(sealed.among([posting]), sealed.rule_hashes())[posting]
    assert one.document["subject"] == str(member.id)
    assert one.document["town"] == str(village.town_id)
    assert one.document["recorded_at"] == "2026-11-23T13:07:00.000000+00:00"
    assert one.document["rule"] in sealed.rule_hashes().values()
    (transfer,) = one.document["transfers"]
    assert (transfer["asset"], transfer["amount"], transfer["uses"]) == ("points", 5, [])
    assert [line["after"] for line in transfer["lines"]] == [5]
    assert [lot["granted"] for lot in transfer["lots"]] == [5]
    assert one.leaf
    assert len(one.leaf) == 32


def test_a_rules_end_is_set_later_and_changes_no_hash(posting: int) -> None:
    before = sealed.rule_hashes()
    with transaction():
        session().execute(text("UPDATE rule_version SET ends_on = '2027-01-01'"))
    assert sealed.rule_hashes() == before


def test_without_its_salt_a_posting_has_no_leaf(posting: int, member: Member) -> None:
    with schema_changes():
        session().execute(text("UPDATE txn SET salt = NULL"))
        assert sealed.documents(sealed.among([posting]), {})[posting].leaf is None
        assert sealed.leaves(sealed.among([posting]), {})[posting] == sealed.Leaf(member.id, None)
        session().rollback()


def test_an_explanation_is_stored_as_it_is_hashed(posting: int) -> None:
    explain, stored = session().execute(select(Txn.explain, cast(Txn.explain, Text).label("stored"))).one()
    assert stored == chain.spelled(explain)
    assert posting


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"evidence_ref": 'x:"\\, 岗点\n\x07', "reason_code": "</script>"},
        {"kind": "adjust", "subject_id": None, "approver_id": Txn.subject_id, "actor_id": 0},
        {"rule_version_id": None, "reverses_txn_id": Txn.id},
        {"effective_on": dt.date(2024, 2, 29), "recorded_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        {"explain": {"z": ["岗", 1.5, None], "a": {"c": True, "b": '"'}, "": 10**17}},
    ],
)
def test_the_quick_way_to_a_leaf_gives_the_same(posting: int, change: dict[str, Any], engine_name: str) -> None:
    with schema_changes():
        drop_triggers(engine_name)
        session().execute(update(Txn).values({"reason_code": Txn.reason_code} | change))
        for which in (sealed.among([posting]), sealed.among([])):
            slow, quick = sealed.documents(which, sealed.rule_hashes()), sealed.leaves(which, sealed.rule_hashes())
            assert {one: made.leaf for one, made in slow.items()} == {one: made.leaf for one, made in quick.items()}
        session().rollback()


def test_a_posting_that_moves_nothing_has_a_leaf_too(posting: int, engine_name: str) -> None:
    with schema_changes():
        drop_triggers(engine_name)
        for table in (Lot, Entry, Unsealed, Transfer):
            session().execute(delete(table))
        one = sealed.documents(sealed.among([posting]), {})[posting]
        assert one.document["transfers"] == []
        assert sealed.leaves(sealed.among([posting]), {})[posting].leaf == one.leaf
        session().rollback()
