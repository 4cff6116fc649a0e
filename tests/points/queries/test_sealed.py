"""What a seal covers: the whole posting, and nothing that may change later."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from community.core.db import schema_changes, session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Txn
from community.points.queries import sealed
from tests.factories.points import accepted

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


def test_without_its_salt_a_posting_has_no_leaf(posting: int) -> None:
    with schema_changes():
        session().execute(text("UPDATE txn SET salt = NULL"))
        assert sealed.documents(sealed.among([posting]), {})[posting].leaf is None
        session().rollback()
