"""What the room holds on a member, as she reads it; what was merged into her registration is hers."""

import pytest

from community.core import clock
from community.core.db import session, transaction
from community.core.holdings import Kept, copy
from community.people import holdings, phones, requests
from community.people.models import MemberCard
from tests.factories.access import actor_of
from tests.factories.people import add_area, give_consent, make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def told(key: str, *ids: int) -> list[dict[str, object]]:
    kept: Kept = next(one for one in holdings.HELD.kept if one.key == key)
    return list(copy(kept, ids))


def test_she_reads_her_whole_number_and_never_a_hash_or_a_password() -> None:
    with transaction():
        member = make_member(make_village(), password_hash="x", **phones.columns("+8619900000001"))
    (row,) = told("person", member.id)
    assert (row["phone"], row["home"], row["has_password"]) == ("199 0000 0001", "晚潮社区", True)
    assert phones.phone_hash("+8619900000001") not in str(row)


def test_a_merged_registration_is_told_with_hers_and_another_members_never() -> None:
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village, display_name="陈新")
        old = make_member(village, verified=False, display_name="桂芬", status="merged", merged_into=member.id)
        give_consent(old, "service", "1")
        give_consent(other, "presence", "1")
    assert [row["display_name"] for row in told("person", member.id)] == ["王桂芬", "桂芬"]
    assert [row["scope"] for row in told("consents", member.id, old.id)] == ["service"]


def test_areas_cards_and_requests_are_told() -> None:
    with transaction():
        village = make_village()
        member, admin = make_member(village), make_member(village)
        add_area(member, make_village(name="安澜社区"))
        fields = {"member_id": member.id, "issued_by": admin.id, "issued_at": clock.now()}
        session().add(MemberCard(number="abcd2345", kid="a", **fields))
    with transaction():
        requests.ask_erasure(actor_of(member))
    assert [row["area"] for row in told("areas", member.id)] == ["安澜社区"]
    assert [row["number"] for row in told("cards", member.id)] == ["abcd2345"]
    assert [(row["kind"], row["state"]) for row in told("requests", member.id)] == [("erase", "asked")]
