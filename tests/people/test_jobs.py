"""What the room forgets, each thing on its day and not before."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select, update

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.people import erasing, jobs, requests, services
from community.people.models import Consent, Member, PrivacyRequest, SignInCode
from tests.factories.access import actor_of, make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

DAY = 24 * 60


def count(model: type) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


def erased(member: Member) -> bool:
    session().expire_all()
    return session().get_one(Member, member.id).erased_at is not None


def test_who_asked_is_erased_when_the_day_is_over_and_not_before(frozen_clock) -> None:
    with transaction():
        member = make_member(make_village())
    with transaction():
        requests.ask_erasure(actor_of(member))
    frozen_clock.tick(minutes=DAY - 1)
    jobs.erase_due()
    assert not erased(member)
    frozen_clock.tick(minutes=1)
    jobs.erase_due()
    assert erased(member)
    made = session().scalars(select(PrivacyRequest)).one()
    assert (made.state, made.done_at) == ("done", clock.now())


def test_who_became_the_only_admin_meanwhile_waits_until_somebody_takes_over(frozen_clock) -> None:
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village)
    with transaction():
        requests.ask_erasure(actor_of(member))
    with transaction():
        make_grant(member, "village_admin", village)
    frozen_clock.tick(minutes=DAY)
    jobs.erase_due()
    assert not erased(member)
    assert [line[0].state for line in requests.for_desk(actor_of(member))[0]] == ["asked"]
    with transaction():
        make_grant(other, "village_admin", village)
    jobs.erase_due()
    assert erased(member)


def test_a_suspension_stops_what_she_asked_for_and_the_desk_may_still_do_it(frozen_clock) -> None:
    with transaction():
        village = make_village()
        member, admin = make_member(village), make_member(village)
        make_grant(admin, "village_admin", village)
    with transaction():
        requests.ask_erasure(actor_of(member))
    with transaction():
        services.suspend(actor_of(admin), member_id=member.id, reason="查假打卡")
    frozen_clock.tick(minutes=DAY)
    jobs.erase_due()
    assert not erased(member)
    with transaction():
        requests.ask_erasure_for(actor_of(admin), member.id, "看了证件")
    frozen_clock.tick(minutes=DAY)
    jobs.erase_due()
    assert erased(member)


def test_her_own_wish_goes_on_when_she_is_reinstated(frozen_clock) -> None:
    with transaction():
        member = make_member(make_village(), status="suspended")
    with transaction():
        session().add(
            PrivacyRequest(
                member_id=member.id, kind="erase", state="asked", asked_at=clock.now(), due_at=clock.now(), details={}
            )
        )
    jobs.erase_due()
    assert not erased(member)
    with transaction():
        session().execute(update(Member).values(status="active"))
    jobs.erase_due()
    assert erased(member)


def test_two_hundred_who_wait_for_something_do_not_stop_the_next_one(frozen_clock) -> None:
    with transaction():
        village = make_village()
        stopped = [make_member(village, status="suspended") for _ in range(200)]
        last = make_member(village)
        for late, member in enumerate([*stopped, last]):
            due = clock.now() + dt.timedelta(seconds=late)
            session().add(
                PrivacyRequest(
                    member_id=member.id, kind="erase", state="asked", asked_at=clock.now(), due_at=due, details={}
                )
            )
    frozen_clock.tick(minutes=DAY)
    jobs.erase_due()
    assert erased(last)
    assert not erased(stopped[0])


def test_a_registration_that_nobody_confirmed_goes_after_a_year(frozen_clock) -> None:
    with transaction():
        village = make_village()
        stranger, known = make_member(village, verified=False), make_member(village)
    frozen_clock.tick(minutes=365 * DAY)
    jobs.erase_unconfirmed()
    assert not erased(stranger)
    frozen_clock.tick(minutes=1)
    jobs.erase_unconfirmed()
    assert (erased(stranger), erased(known)) == (True, False)


def test_a_sign_in_code_is_emptied_when_it_is_over_and_deleted_after_thirty_days(frozen_clock) -> None:
    with transaction():
        member = make_member(make_village())
        ten = clock.now() + dt.timedelta(minutes=10)
        session().add(
            SignInCode(member_id=member.id, code_hash="h" * 64, how="sms", created_at=clock.now(), expires_at=ten)
        )
    jobs.forget_codes()
    assert session().scalars(select(SignInCode.code_hash)).one() == "h" * 64
    frozen_clock.tick(minutes=11)
    jobs.forget_codes()
    assert session().scalars(select(SignInCode.code_hash)).one() == ""
    frozen_clock.tick(minutes=30 * DAY - 2)
    jobs.forget_codes()
    assert count(SignInCode) == 1
    frozen_clock.tick(minutes=2)
    jobs.forget_codes()
    assert count(SignInCode) == 0


def test_consents_outlive_the_member_by_three_years_and_those_of_others_stay(frozen_clock) -> None:
    with transaction():
        village = make_village()
        gone, stays = make_member(village), make_member(village)
        for member in (gone, stays):
            give_consent(member, "service", "1")
    with transaction():
        session().execute(update(Consent).where(Consent.member_id == stays.id).values(withdrawn_at=clock.now()))
        erasing.erase(system_actor("tests"), gone.id)
    frozen_clock.tick(minutes=3 * 365 * DAY)
    jobs.forget_consents()
    assert count(Consent) == 2
    frozen_clock.tick(minutes=1)
    jobs.forget_consents()
    assert session().scalars(select(Consent.member_id)).all() == [stays.id]


def test_every_job_may_run_twice(frozen_clock) -> None:
    with transaction():
        member = make_member(make_village(), verified=False)
    frozen_clock.tick(minutes=400 * DAY)
    for _twice in range(2):
        jobs.erase_unconfirmed()
        jobs.erase_due()
        jobs.forget_codes()
        jobs.forget_consents()
    assert erased(member)
