"""What people ask about their data, what staff may ask for them, and what nobody may."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from community.audit.models import AuditEntry
from community.core import clock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.web import display
from community.messages.models import Message
from community.messages.wording import words
from community.people import consents, erasing, requests
from community.people.models import Consent, Member, PrivacyRequest
from tests.factories.access import actor_of, make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return make_member(village)


@pytest.fixture
def admin(village):
    with transaction():
        made = make_member(village, display_name="周敏", age_band="18-59")
        make_grant(made, "village_admin", village)
    return made


def ask_for(admin, member, how="看了证件"):
    with transaction():
        return requests.ask_erasure_for(actor_of(admin), member.id, how)


def test_a_copy_opens_for_half_an_hour_and_is_written_down(member, frozen_clock) -> None:
    with transaction():
        made = requests.ask_copy(actor_of(member))
    assert requests.open_copy(actor_of(member), made.id).state == "done"
    assert requests.newest_copy(member.id) == made
    assert session().scalars(select(AuditEntry.act)).one() == "people.ask_export"
    frozen_clock.tick(minutes=30)
    assert requests.newest_copy(member.id) is None
    with pytest.raises(NotFound):
        requests.open_copy(actor_of(member), made.id)


def test_a_request_to_be_erased_opens_no_copy(member) -> None:
    with transaction():
        made = requests.ask_erasure(actor_of(member))
    with pytest.raises(NotFound):
        requests.open_copy(actor_of(member), made.id)


def test_asking_to_be_erased_again_gives_the_same_promise(member, frozen_clock) -> None:
    with transaction():
        first = requests.ask_erasure(actor_of(member))
    assert first.due_at == clock.now() + erasing.COOLING_OFF
    frozen_clock.tick(hours=3)
    with transaction():
        assert requests.ask_erasure(actor_of(member)).id == first.id
    assert session().scalar(select(func.count()).select_from(PrivacyRequest)) == 1


def test_the_only_admin_and_the_suspended_are_told_what_comes_first(admin, member) -> None:
    with pytest.raises(Conflict) as refused, transaction():
        requests.ask_erasure(actor_of(admin))
    assert "唯一" in str(refused.value.next_step)
    with transaction():
        session().execute(update(Member).where(Member.id == member.id).values(status="suspended"))
    with pytest.raises(Conflict) as refused, transaction():
        requests.ask_erasure(actor_of(member))
    assert "暂停" in str(refused.value.next_step)


def test_staff_ask_for_who_stands_before_them_and_say_how_they_know_her(admin, member) -> None:
    with pytest.raises(DomainError) as refused:
        ask_for(admin, member, "  ")
    assert refused.value.field == "how"
    made = ask_for(admin, member)
    assert made.details == {"asked_by": str(admin.id), "how": "看了证件"}
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "people.ask_erase")).one()
    assert (entry.actor_id, entry.object_id, entry.reason) == (admin.id, str(member.id), "看了证件")
    with transaction():
        assert requests.keep_for(actor_of(admin), member.id)
    assert requests.waiting_erasure(member.id) is None


def test_whose_erasure_staff_asked_for_is_told_and_takes_it_back_herself(admin, member) -> None:
    made = ask_for(admin, member)
    (told,) = session().scalars(select(Message).where(Message.member_id == member.id))
    assert (told.kind, told.link) == ("people.erasure_asked", "/me/erase")
    assert display.instant(made.due_at) in words(told.kind, told.params)[1]
    with transaction():
        assert requests.keep(actor_of(member))
    assert requests.waiting_erasure(member.id) is None


def test_of_her_own_wish_nobody_writes_to_her(member) -> None:
    with transaction():
        requests.ask_erasure(actor_of(member))
    assert session().scalars(select(Message)).all() == []


def test_staff_never_take_back_what_she_asked_for_herself(admin, member) -> None:
    with transaction():
        requests.ask_erasure(actor_of(member))
    with pytest.raises(Forbidden), transaction():
        requests.keep_for(actor_of(admin), member.id)
    assert requests.waiting_erasure(member.id) is not None


def test_nobody_erases_herself_at_the_desk_nor_a_foreign_member_nor_a_higher_office(admin, member, village) -> None:
    with transaction():
        foreign = make_member(make_village(name="安澜社区"))
        higher = make_member(village)
        make_grant(higher, "system_admin", village)
        session().execute(update(Member).where(Member.id == higher.id).values(home_path=village.path))
    for other, error in ((admin, Forbidden), (foreign, NotFound)):
        with pytest.raises(error):
            ask_for(admin, other)
    with pytest.raises(Forbidden), transaction():
        requests.ask_erasure_for(actor_of(member), admin.id, "x")


def test_withdrawing_service_keeps_the_row_as_proof_of_the_time(member) -> None:
    with transaction():
        give_consent(member, "service", consents.current("service").version)
    with transaction():
        assert requests.withdraw_service(actor_of(member)) == 1
    assert session().scalars(select(Consent.withdrawn_at)).one() == clock.now()
    with transaction():
        assert requests.withdraw_service(actor_of(member)) == 0
