"""What a member corrects about herself, and what she cannot."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden
from community.people import details, phones, services
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

PHONE = "199 0000 0001"
OTHER = "199 0000 0002"


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return services.register(None, name="王桂芬", phone=PHONE, age_band="60+", home_area_id=village.id)


def correct(member, name="王桂芬", phone=None):
    with transaction():
        return details.correct(actor_of(member), name=name, phone=phone)


def entries():
    return session().scalars(select(AuditEntry).where(AuditEntry.act == "people.correct")).all()


def test_who_is_not_verified_corrects_name_and_number_and_the_log_keeps_neither(member, village):
    correct(member, "  王  桂花 ", "19900000002")
    assert (member.display_name, phones.whole(member.phone_cipher)) == ("王 桂花", OTHER)
    assert member.phone_hash == phones.phone_hash("+8619900000002")
    assert member.phone_tail_hash == phones.tail_hashes("0002")[0]
    (entry,) = entries()
    assert entry.details == {"fields": ["name", "phone"]}
    assert (entry.before_digest, entry.after_digest, entry.reason) == (None, None, None)
    assert (entry.actor_id, entry.object_id, entry.scope_path) == (member.id, str(member.id), village.path)


def test_what_is_the_same_changes_nothing(member):
    before = member.phone_cipher
    correct(member, "王桂芬", "+86 199 0000 0001")
    assert member.phone_cipher == before
    assert entries() == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": " "}, "name"), ({"name": "😀"}, "name"), ({"name": "字" * 41}, "name"), ({"phone": "12345"}, "phone"),
     ({"phone": ""}, "phone"), ({"phone": "0571 8288 0000"}, "phone")],
)  # fmt: skip
def test_what_registering_refuses_is_refused_here(member, changed, field):
    with pytest.raises(DomainError) as caught:
        correct(member, **changed)
    assert caught.value.field == field
    assert (member.display_name, phones.whole(member.phone_cipher)) == ("王桂芬", PHONE)
    assert entries() == []


def test_a_number_that_was_checked_in_person_stays_and_the_name_may_change(village):
    with transaction():
        member = make_member(village, **phones.columns("+8619900000001"))
    with pytest.raises(Conflict) as caught:
        correct(member, "王桂花", OTHER)
    assert caught.value.code == "phone_verified"
    assert correct(member, "王桂花", PHONE).display_name == "王桂花"


def test_who_is_suspended_corrects_nothing(village):
    with transaction():
        member = make_member(village, verified=False, status="suspended", status_reason="核实中")
    with pytest.raises(Forbidden) as caught:
        correct(member, "王桂花")
    assert (caught.value.code, "请联系社区" in str(caught.value.next_step)) == ("suspended", True)


def test_a_minor_cannot_take_her_guardians_number(village):
    with transaction():
        minor = services.register(
            None, name="俞子涵", phone=PHONE, age_band="14-17", guardian_name="妈妈", guardian_phone=OTHER,
            home_area_id=village.id,
        )  # fmt: skip
    with pytest.raises(DomainError) as caught:
        correct(minor, "俞子涵", OTHER)
    assert caught.value.field == "phone"


def test_unverified_members_cannot_gather_on_somebodys_number(village):
    with transaction():
        strangers = [make_member(village, verified=False) for _number in range(details.HOLDERS + 1)]
    for stranger in strangers[:-1]:
        correct(stranger, phone=OTHER)
    with pytest.raises(DomainError) as caught:
        correct(strangers[-1], phone=OTHER)
    assert (caught.value.code, caught.value.field) == ("phone_often", "phone")


def test_an_approval_that_the_number_stopped_goes_through_after_the_correction(member, village):
    with transaction():
        make_member(village, **phones.columns("+8619900000001"))
        boss = make_member(village)
        make_grant(boss, "village_admin", village)
    with pytest.raises(services.PhoneTaken) as caught, transaction():
        services.verify(actor_of(boss), member_id=member.id)
    assert "“我的”" in str(caught.value.next_step)
    correct(member, phone=OTHER)
    with transaction():
        assert services.verify(actor_of(boss), member_id=member.id).verified_at
