"""Registering, consent, verifying, passwords and suspending; what each refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from community.access.queries import load_actor
from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people import consents, merging, phones, queries, services
from community.people.models import Consent, Member
from tests.factories.access import actor_of, make_grant
from tests.factories.people import add_area, make_card, make_member
from tests.factories.places import make_area, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

PHONE = "199 0000 0001"
PASSWORD = "saopu-liangcha"


def register(**changed):
    fields = {"name": "王桂芬", "phone": PHONE, "age_band": "60+", "password": PASSWORD}
    with transaction():
        return services.register(None, **(fields | changed))


def refused(code, **changed):
    with pytest.raises(DomainError) as caught:
        register(**changed)
    assert caught.value.code == code
    assert session().execute(select(Member.id)).all() == []
    return caught.value


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def admin(village):
    """A village admin of `village`."""
    with transaction():
        member = make_member(village, display_name="陈建国")
        make_grant(member, "village_admin", village)
    return actor_of(member)


# --- joining ---


def test_who_registers_is_provisional_and_can_sign_in():
    member = register()
    assert member.verified_at is None
    assert services.sign_in(PHONE, PASSWORD).id == member.id
    assert "19900000001" not in f"{member.phone_cipher}{member.phone_hash}{member.phone_tail_hash}"
    assert phones.decrypt(member.phone_cipher) == "+8619900000001"


def test_home_gives_path_and_town(village):
    member = register(home_area_id=village.id)
    assert (member.home_path, member.town_id) == (village.path, village.town_id)


def test_an_unknown_home_is_refused():
    assert refused("home_area", home_area_id=12345).field == "home_area_id"


def test_under_fourteen_is_refused_kindly_and_nothing_is_kept():
    error = refused("under_14", age_band="under14")
    assert error.field == "age_band"
    assert "家长" in str(error.next_step)


def test_an_age_band_that_nobody_offers_is_refused():
    assert refused("age_band", age_band="99+").field == "age_band"


def test_a_minor_names_a_guardian_with_a_number_of_her_own():
    assert refused("guardian_missing", age_band="14-17").field == "guardian_name"
    assert refused("guardian_missing", age_band="14-17", guardian_name="妈妈").field == "guardian_phone"
    own = refused("guardian_phone", age_band="14-17", guardian_name="妈妈", guardian_phone="19900000001")
    assert own.field == "guardian_phone"
    bad = refused("not_a_phone", age_band="14-17", guardian_name="妈妈", guardian_phone="123")
    assert bad.field == "guardian_phone"
    minor = register(age_band="14-17", guardian_name="妈妈", guardian_phone="19900000002")
    assert minor.guardian_at is None
    assert phones.decrypt(minor.guardian_phone_cipher) == "+8619900000002"


def test_registering_oneself_needs_a_number():
    assert refused("phone_missing", phone="").field == "phone"


def test_a_captain_may_register_a_neighbour_without_a_phone(admin, village):
    with transaction():
        member = services.register(
            admin, name="李奶奶", phone=None, age_band="60+", home_area_id=village.id, password=None
        )
    assert member.phone_hash is None
    entry = session().scalars(select(AuditEntry)).one()
    assert (entry.act, entry.actor_id, entry.object_id) == ("people.register", admin.member_id, str(member.id))


def test_a_weak_password_is_refused_at_its_field():
    assert refused("password_weak", password="12345678").field == "password"


def test_a_typed_number_makes_another_provisional_member_and_neither_signs_in_nor_reveals_the_first():
    first = register()
    second = register(name="李四", password="bieren-de-mima")
    assert second.id != first.id
    assert second.phone_hash == first.phone_hash
    assert services.sign_in(PHONE, PASSWORD).id == first.id
    assert services.sign_in(PHONE, "bieren-de-mima").id == second.id


def register_others(times, day=0):
    for number in range(times):
        register(name="坏人" + "甲乙丙丁"[number], password=f"horse-battery-{day}-{number}")


def test_strangers_who_type_a_number_first_do_not_keep_its_owner_out():
    register_others(services.REGISTRATIONS - 1)
    member = register()
    assert services.sign_in(PHONE, PASSWORD).id == member.id


def test_strangers_who_type_a_number_for_days_keep_its_owner_from_no_phone_that_knows_her(frozen_clock):
    member = register()
    for day in range(3):
        frozen_clock.tick(days=1, minutes=1)
        register_others(services.REGISTRATIONS, day)
    assert services.sign_in(PHONE, PASSWORD, known=(member.id,)).id == member.id


def test_a_phone_that_knows_a_member_still_asks_for_her_password():
    member = register()
    with pytest.raises(services.WrongSignIn):
        services.sign_in(PHONE, "not-this-one", known=(member.id,))
    with pytest.raises(services.WrongSignIn):
        services.sign_in("199 0000 0009", PASSWORD, known=(member.id,))


@pytest.mark.parametrize("owner", [None, "verified", "provisional"])
def test_a_number_is_registered_so_many_times_a_day_whoever_has_it(frozen_clock, owner):
    if owner:
        with transaction():
            make_member(verified=owner == "verified", password_hash="x", **phones.columns("+8619900000001"))
        frozen_clock.tick(days=1, minutes=1)
    register_others(services.REGISTRATIONS)
    with pytest.raises(DomainError) as caught:
        register()
    assert (caught.value.code, caught.value.field) == ("phone_often", "phone")
    register(phone="199 0000 0002")
    frozen_clock.tick(days=1, minutes=1)
    assert register().id


def test_staff_registers_a_number_however_often_it_was_typed(admin, village):
    register_others(services.REGISTRATIONS)
    with transaction():
        assert services.register(admin, name="王桂芬", phone=PHONE, age_band="60+", home_area_id=village.id).id


# --- consent ---


def test_consent_keeps_the_version_and_the_digest_of_the_words_shown():
    member = register()
    with transaction():
        services.give_consent(member.id, consents.SERVICE)
        services.give_consent(member.id, consents.SERVICE)
    kept = session().scalars(select(Consent)).one()
    text = consents.current(consents.SERVICE)
    assert (kept.version, kept.text_digest) == (text.version, text.digest)
    assert queries.consented(member.id, "service", text.version)
    assert not queries.consented(member.id, "presence", text.version)


def test_consent_to_a_text_that_does_not_exist_is_refused():
    member = register()
    with pytest.raises(NotFound), transaction():
        services.give_consent(member.id, "marketing")


def test_withdrawn_consent_stays_as_a_row_and_counts_no_more():
    member = register()
    with transaction():
        services.give_consent(member.id, consents.PRESENCE)
    with transaction():
        assert services.withdraw_consent(actor_of(member), consents.PRESENCE) == 1
    assert not queries.consented(member.id, "presence", consents.current("presence").version)
    assert session().scalars(select(Consent)).one().withdrawn_at is not None
    with transaction():
        services.give_consent(member.id, consents.PRESENCE)
    assert queries.consented(member.id, "presence", consents.current("presence").version)


# --- signing in ---


@pytest.mark.parametrize("phone", ["199 0000 0001", "199 0000 0009", "", "12", "9" * 5000, "＋８６199"])
def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(phone):
    register()
    with pytest.raises(services.WrongSignIn) as caught:
        services.sign_in(phone, "not-this-one")
    assert str(caught.value.message) == "手机号或密码不对"


@pytest.mark.parametrize("phone", ["199 0000 0001", "199 0000 0009", "nonsense"])
def test_every_sign_in_does_the_same_work(monkeypatch, phone):
    register()
    register(name="李四", password="bieren-de-mima")
    done = []
    monkeypatch.setattr(services, "_hasher", Counting(done))
    with pytest.raises(services.WrongSignIn):
        services.sign_in(phone, "not-this-one")
    assert len(done) == services.CANDIDATES
    done.clear()
    if phone == "199 0000 0001":
        services.sign_in(phone, PASSWORD)
        assert len(done) == services.CANDIDATES


class Counting:
    """A hasher that counts what is verified."""

    def __init__(self, done):
        self.done, self.real = done, services._hasher

    def verify(self, stored, password):
        self.done.append(stored)
        return self.real.verify(stored, password)


def test_who_left_or_was_merged_cannot_sign_in_and_who_is_suspended_can():
    member = register()
    for status, enters in (("suspended", True), ("left", False), ("merged", False)):
        with transaction():
            session().execute(update(Member).values(status=status))
        session().expire_all()
        if enters:
            assert services.sign_in(PHONE, PASSWORD).id == member.id
        else:
            with pytest.raises(services.WrongSignIn):
                services.sign_in(PHONE, PASSWORD)


def test_changing_the_password_asks_for_the_old_one_and_ends_every_session():
    member = register()
    actor = actor_of(member)
    with pytest.raises(DomainError) as caught, transaction():
        services.set_password(actor, member.id, "xin-de-mima-9", current="wrong")
    assert caught.value.field == "current_password"
    with transaction():
        changed = services.set_password(actor, member.id, "xin-de-mima-9", current=PASSWORD)
    assert changed.session_epoch == 2
    assert services.sign_in(PHONE, "xin-de-mima-9").id == member.id
    with pytest.raises(services.WrongSignIn):
        services.sign_in(PHONE, PASSWORD)


def test_nobody_sets_the_password_of_another(admin):
    member = register()
    with pytest.raises(NotFound), transaction():
        services.set_password(admin, member.id, "xin-de-mima-9")


# --- decisions about others ---


def test_an_admin_verifies_a_member_of_her_area(admin, village):
    member = register(home_area_id=village.id)
    with transaction():
        services.verify(admin, member_id=member.id)
        services.verify(admin, member_id=member.id)
    assert member.verified_by == admin.member_id
    assert [entry.act for entry in session().scalars(select(AuditEntry))] == ["people.verify"]


def test_nobody_verifies_herself(village):
    with transaction():
        member = make_member(village, verified=False)
        make_grant(member, "village_admin", village)
    with pytest.raises(Forbidden) as caught, transaction():
        services.verify(actor_of(member), member_id=member.id)
    assert caught.value.code == "oneself"


def test_the_database_refuses_a_member_verified_by_herself(village):
    with transaction():
        member = make_member(village, verified=False)
    with pytest.raises(IntegrityError), transaction():
        session().execute(
            update(Member).where(Member.id == member.id).values(verified_at=member.created_at, verified_by=member.id)
        )


def test_an_area_elsewhere_does_not_exist_for_an_admin(admin):
    with transaction():
        elsewhere = make_village(make_town("平桥街道"))
    member = register(home_area_id=elsewhere.id)
    for act in (
        lambda: services.verify(admin, member_id=member.id),
        lambda: services.suspend(admin, member_id=member.id, reason="x"),
        lambda: services.confirm_guardian(admin, member_id=member.id, how="x"),
        lambda: services.reinstate(admin, member_id=member.id, reason="x"),
    ):
        with pytest.raises(NotFound), transaction():
            act()


def test_a_plain_member_decides_nothing(village):
    member = register(home_area_id=village.id)
    with transaction():
        other = make_member(village)
    with pytest.raises(Forbidden), transaction():
        services.verify(actor_of(other), member_id=member.id)


def test_a_second_verified_member_with_the_same_number_is_refused_in_words(admin, village):
    first = register(home_area_id=village.id)
    second = register(home_area_id=village.id, name="李四")
    with transaction():
        services.verify(admin, member_id=first.id)
    with pytest.raises(services.PhoneTaken), transaction():
        services.verify(admin, member_id=second.id)


def test_the_database_refuses_two_verified_members_with_one_number_and_the_refusal_has_words(village):
    first = register(home_area_id=village.id)
    second = register(home_area_id=village.id, name="李四")
    with transaction():
        session().execute(update(Member).where(Member.id == first.id).values(verified_at=first.created_at))
    with pytest.raises(services.PhoneTaken), transaction():
        session().execute(update(Member).where(Member.id == second.id).values(verified_at=first.created_at))


def test_a_minor_is_verified_only_after_her_guardian_agreed(admin, village):
    minor = register(age_band="14-17", guardian_name="妈妈", guardian_phone="19900000002", home_area_id=village.id)
    with pytest.raises(DomainError) as caught, transaction():
        services.verify(admin, member_id=minor.id)
    assert caught.value.code == "guardian_first"
    with pytest.raises(DomainError) as caught, transaction():
        services.confirm_guardian(admin, member_id=minor.id, how="  ")
    assert caught.value.field == "how"
    with transaction():
        services.confirm_guardian(admin, member_id=minor.id, how="电话里同意，妈妈 11 月 20 日")
        services.verify(admin, member_id=minor.id)
    assert (minor.guardian_by, minor.verified_by) == (admin.member_id, admin.member_id)


@pytest.mark.parametrize("values", [{"verified_at": True}, {"guardian_at": True, "guardian_by": "self"}])
def test_the_database_refuses_a_verified_minor_without_guardian_and_a_guardian_of_herself(village, values):
    minor = register(age_band="14-17", guardian_name="妈妈", guardian_phone="19900000002", home_area_id=village.id)
    written = {name: minor.id if value == "self" else minor.created_at for name, value in values.items()}
    with pytest.raises(IntegrityError), transaction():
        session().execute(update(Member).where(Member.id == minor.id).values(**written))


def test_an_adult_needs_no_guardian(admin, village):
    member = register(home_area_id=village.id)
    with pytest.raises(Conflict), transaction():
        services.confirm_guardian(admin, member_id=member.id, how="电话")


def test_suspending_takes_rights_away_and_reinstating_gives_them_back(village):
    with transaction():
        member = make_member(village)
        make_grant(member, "grid_worker", village)
        boss = make_member(village)
        make_grant(boss, "town_admin", session().get(type(village), village.town_id))
    with pytest.raises(DomainError), transaction():
        services.suspend(actor_of(boss), member_id=member.id, reason="")
    with transaction():
        services.suspend(actor_of(boss), member_id=member.id, reason="核实中")
    assert actor_of(member).held == ()
    with pytest.raises(Conflict), transaction():
        services.suspend(actor_of(boss), member_id=member.id, reason="again")
    with transaction():
        services.reinstate(actor_of(boss), member_id=member.id, reason="已核实")
    assert actor_of(member).held


def test_an_office_above_ones_own_area_cannot_be_suspended(admin, village):
    with transaction():
        district = make_area("district", "另一区")
        official = make_member(village)
        make_grant(official, "district_office", district)
    with pytest.raises(Forbidden) as caught, transaction():
        services.suspend(admin, member_id=official.id, reason="x")
    assert caught.value.code == "higher_office"


def test_who_works_in_a_town_through_a_team_is_suspended_at_her_home_only(admin, village):
    with transaction():
        town = make_town("平桥街道")
        home = make_village(town)
        guest = make_member(home, verified=False)
        add_area(guest, village)
        boss = make_member(home)
        make_grant(boss, "town_admin", town)
    for act in (services.suspend, services.reinstate):
        with pytest.raises(Forbidden) as caught, transaction():
            act(admin, member_id=guest.id, reason="核实中")
        assert caught.value.code == "another_home"
        assert "所在镇街" in str(caught.value.next_step)
    with transaction():
        services.suspend(actor_of(boss), member_id=guest.id, reason="核实中")
        services.reinstate(actor_of(boss), member_id=guest.id, reason="核实过了")
        assert queries.for_desk(admin, guest.id).status == "active"
        assert services.verify(admin, member_id=guest.id).verified_by == admin.member_id


def test_who_has_no_home_is_suspended_where_she_works(admin, village):
    with transaction():
        guest = make_member()
        add_area(guest, village)
        services.suspend(admin, member_id=guest.id, reason="核实中")
    assert guest.status == "suspended"


def test_a_suspension_ends_her_sessions_and_tells_her_why(village, admin):
    with transaction():
        member = make_member(village)
    epoch = member.session_epoch
    with transaction():
        services.suspend(admin, member_id=member.id, reason="和别人共用账号，请来说明")
    assert load_actor(member.id, epoch, lock=False) is None
    anew = load_actor(member.id, member.session_epoch, lock=False)
    assert anew
    assert (anew.status, anew.held) == ("suspended", ())
    (told,) = session().scalars(select(Message).where(Message.member_id == member.id))
    assert (told.kind, told.params) == ("people.suspended", {"reason": "和别人共用账号，请来说明"})
    with transaction():
        services.reinstate(admin, member_id=member.id, reason="说清楚了")
    assert (member.status, member.status_reason) == ("active", None)


def test_a_verification_that_others_were_merged_on_is_not_undone(village, admin):
    with transaction():
        known = services.register(None, name="王桂芬", phone=PHONE, age_band="60+", home_area_id=village.id)
        twin = services.register(None, name="桂芬", phone=PHONE, age_band="60+", home_area_id=village.id)
    with transaction():
        services.verify(admin, member_id=known.id, undoable=True)
    with transaction():
        merging.merge(admin, member_id=twin.id, into_id=known.id, reason="同一个人")
    with pytest.raises(Conflict) as caught, transaction():
        services.undo_verify(admin, member_id=known.id)
    assert caught.value.code == "undo_late"
    assert known.verified_at is not None


@pytest.mark.parametrize("rests", ["office", "card"])
def test_a_verification_that_an_office_or_a_card_rests_on_is_not_undone(rests, village, admin):
    with transaction():
        member = make_member(village, verified=False)
    with transaction():
        services.verify(admin, member_id=member.id, undoable=True)
    with transaction():
        if rests == "office":
            make_grant(member, "grid_worker", village)
        else:
            make_card(member, session().get_one(Member, admin.member_id))
    with pytest.raises(Conflict) as caught, transaction():
        services.undo_verify(admin, member_id=member.id)
    assert caught.value.code == "undo_late"
    session().expire_all()
    assert session().get_one(Member, member.id).verified_at is not None


def test_a_verification_that_nothing_rests_on_is_undone(village, admin):
    with transaction():
        member = make_member(village, verified=False)
    with transaction():
        services.verify(admin, member_id=member.id, undoable=True)
    with transaction():
        services.undo_verify(admin, member_id=member.id)
    assert member.verified_at is None
