"""One person, two registrations: what is merged, what stays, and who cannot."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.access.queries import load_actor
from community.audit.models import AuditEntry
from community.core import clock, events
from community.core.authz import Perm
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.patrols import queries as patrols
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import settle
from community.people import merging, phones, queries, requests, services
from community.people.models import Consent, Member
from community.points.models import Award, Txn
from community.points.queries import accounts, awards
from community.points.services import deciding
from community.teams.models import Membership, MembershipEvent
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import make_scene, scan
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of
from tests.factories.teams import make_membership, make_team
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

PHONE = "+8619900000071"


@pytest.fixture
def village():
    with transaction():
        village = make_village()
        open_books(town_of(village))
    return village


@pytest.fixture
def known(village):
    """The verified member."""
    with transaction():
        return make_member(village, display_name="王桂芬", **phones.columns(PHONE))


@pytest.fixture
def twin(village):
    """The registration that somebody typed at a post."""
    with transaction():
        return make_member(village, verified=False, display_name="桂芬", **phones.columns(PHONE))


def admin_of(area, role="village_admin"):
    with transaction():
        member = make_member(area, display_name="陈建国")
        make_grant(member, role, area)
    return member


def merge(by, twin, known, reason="本人到场，手机当面打通"):
    with transaction():
        return merging.merge(actor_of(by), member_id=twin.id, into_id=known.id, reason=reason)


def refused(error, code, by, twin, known):
    with pytest.raises(error) as caught:
        merge(by, twin, known)
    session().rollback()
    assert caught.value.code == code
    assert session().scalars(select(Member.id).where(Member.merged_into.is_not(None))).all() == []


def test_the_old_registration_points_to_the_member_and_the_log_says_why(village, known, twin):
    admin = admin_of(village)
    assert merge(admin, twin, known).id == known.id
    assert (twin.status, twin.merged_into, twin.session_epoch) == ("merged", known.id, 2)
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "people.merge")).one()
    assert (entry.object_id, entry.actor_id, entry.reason) == (str(twin.id), admin.id, "本人到场，手机当面打通")
    assert entry.details == {"into": str(known.id)}
    assert session().scalars(select(Message.kind).where(Message.member_id == known.id)).all() == ["people.merged"]
    assert actor_of(known).ids == (known.id, twin.id) == queries.identity_ids(known.id)


def test_the_phone_of_the_old_registration_is_signed_out_and_not_in(village, known, twin):
    epoch = twin.session_epoch
    merge(admin_of(village), twin, known)
    assert load_actor(twin.id, epoch, lock=False) is None
    assert load_actor(twin.id, twin.session_epoch, lock=False) is None
    assert known.session_epoch == 1, "nobody else's session changed"


def test_the_old_password_opens_neither(village, known):
    with transaction():
        twin = services.register(
            None, name="桂芬", phone=PHONE, age_band="60+", password="saopu-liangcha", home_area_id=village.id
        )
    assert services.sign_in(PHONE, "saopu-liangcha").id == twin.id
    merge(admin_of(village), twin, known)
    with pytest.raises(services.WrongSignIn):
        services.sign_in(PHONE, "saopu-liangcha")


def test_what_waited_is_posted_to_the_member_under_her_own_caps(village, known, twin, frozen_clock):
    with transaction():
        events.emit(accepted(known, village))
        events.emit(accepted(twin, village))  # the same hour: the rule pays it once
    frozen_clock.tick(hours=1)
    with transaction():
        events.emit(accepted(twin, village))
    assert (posted(known), awards.held_points(twin.id)) == (5, 10)
    merge(admin_of(village), twin, known)
    assert (posted(known), posted(twin), awards.held_points(twin.id)) == (10, 0, 0)
    assert waiting(twin) == [("refused", "unverified", "hour"), ("refused", "unverified", "merged")]
    assert {txn.subject_id for txn in session().scalars(select(Txn))} == {known.id}
    assert accounts.balance(known.id).available == 10
    assert_sound()


def test_what_meets_an_empty_budget_waits_in_the_members_name(village, known, twin):
    with transaction():
        town = town_of(make_village(name="荷渚村"))
        open_books(town, budget=0)
        events.emit(accepted(twin, village, town_id=town.id, scope_path=town.path))
    merge(admin_of(village), twin, known)
    assert waiting(known) == [("held", "budget", None)]
    assert waiting(twin) == [("refused", "unverified", "merged")]
    assert_sound()


def test_a_settled_check_in_of_the_old_registration_pays_the_member(frozen_clock):
    with transaction():
        scene = make_scene(member={"verified": False, "display_name": "桂芬", **phones.columns(PHONE)})
        open_books(town_of(scene.village))
        known = make_member(scene.village, display_name="王桂芬", **phones.columns(PHONE))
        make_grant(known, "village_admin", scene.village)
    with transaction():
        check_in(actor_of(scene.member), scan(scene.post, scene.sign), Evidence("poster", "far", 900), device="d" * 32)
    merge(scene.admin, scene.member, known)
    (row,) = patrols.mine(actor_of(known))
    assert row.CheckIn.member_id == scene.member.id, "the old row is untouched and still hers"
    assert patrols.receipt(actor_of(known), row.CheckIn.id)
    with pytest.raises(DomainError) as caught, transaction():
        settle(actor_of(known), checkin_id=row.CheckIn.id, accept=True, reason="是我")
    assert caught.value.code == "own_checkin"
    with transaction():
        settle(actor_of(scene.admin), checkin_id=row.CheckIn.id, accept=True, reason="见过本人")
    frozen_clock.tick(seconds=11)
    with transaction():
        deciding.carry_out(known.id)
    assert posted(known) == 5
    assert_sound()


def test_open_applications_go_on_in_the_members_name_and_are_not_doubled(village, known, twin):
    with transaction():
        team, other = make_team(village), make_team(village, name="橹声红马甲")
        first, second = make_membership(twin, team, state="applied"), make_membership(twin, other, state="applied")
        make_membership(known, other)
    merge(admin_of(village), twin, known)
    session().expire_all()
    assert [(one.state, one.member_id) for one in (first, second)] == [("left", twin.id), ("left", twin.id)]
    hers = session().scalars(select(Membership).where(Membership.member_id == known.id, Membership.team_id == team.id))
    assert [(one.state, one.applied_at) for one in hers] == [("applied", first.applied_at)]


def test_consents_stay_where_they_were_given(village, known, twin):
    with transaction():
        give_consent(twin, "service", "1")
    merge(admin_of(village), twin, known)
    assert session().scalars(select(Consent.member_id)).all() == [twin.id]


# --- who may not ---


def test_a_verified_member_is_merged_into_nobody(village, known):
    with transaction():
        other = make_member(village, display_name="王桂芬")
    refused(Conflict, "not_provisional", admin_of(village), other, known)


def test_nobody_is_merged_into_a_provisional_one_or_into_herself(village, known, twin):
    with transaction():
        third = make_member(village, verified=False, display_name="桂芬")
    admin = admin_of(village)
    refused(Conflict, "not_target", admin, twin, third)
    refused(Conflict, "not_target", admin, twin, twin)


def test_no_chain_and_no_circle(village, known, twin):
    admin = admin_of(village)
    merge(admin, twin, known)
    with transaction():
        third = make_member(village, verified=False, display_name="桂芬", **phones.columns(PHONE))
    with pytest.raises(Conflict), transaction():
        merging.merge(actor_of(admin), member_id=third.id, into_id=twin.id, reason="x")
    with pytest.raises(Conflict), transaction():
        merging.merge(actor_of(admin), member_id=known.id, into_id=third.id, reason="x")
    with pytest.raises(NotFound), transaction():
        merging.merge(actor_of(admin), member_id=twin.id, into_id=known.id, reason="again")
    assert session().get_one(Member, known.id).merged_into is None


def test_the_actor_is_neither_of_the_two(village, known, twin):
    with transaction():
        make_grant(known, "village_admin", village)
    refused(Forbidden, "oneself", known, twin, known)


def test_another_town_sees_nothing_and_merges_nothing(village, known, twin):
    with transaction():
        elsewhere = make_village(name="石埭头村")
        foreign = make_member(elsewhere, display_name="桂芬", **phones.columns("+8619900000072"))
    refused(NotFound, "not_found", admin_of(elsewhere), twin, known)
    refused(NotFound, "not_found", admin_of(village), twin, foreign)
    assert merging.likely(actor_of(admin_of(elsewhere)), twin) == []


def test_two_who_share_neither_number_nor_name_are_not_one(village, twin):
    with transaction():
        other = make_member(village, display_name="赵大海", **phones.columns("+8619900000073"))
    refused(Conflict, "unlike", admin_of(village), twin, other)


def test_a_suspended_registration_does_not_slip_out_by_a_merge(village, known, twin):
    with transaction():
        session().get_one(Member, twin.id).status = "suspended"
    refused(Conflict, "not_provisional", admin_of(village), twin, known)


def test_a_suspended_member_takes_nobody_over(village, known, twin):
    with transaction():
        session().get_one(Member, known.id).status = "suspended"
    refused(Conflict, "not_target", admin_of(village), twin, known)


def test_who_holds_an_office_is_not_merged_away(village, known, twin):
    with transaction():
        make_grant(twin, "grid_worker", village)
    refused(Forbidden, "holds_office", admin_of(village), twin, known)


def test_without_a_reason_or_the_right_nothing_happens(village, known, twin):
    with pytest.raises(DomainError) as caught:
        merge(admin_of(village), twin, known, reason="  ")
    assert caught.value.field == "reason"
    worker = admin_of(village, "grid_worker")
    assert Perm.MEMBER_MERGE not in actor_of(worker).perms
    refused(Forbidden, "forbidden", worker, twin, known)


def test_a_registration_with_posted_points_is_refused(village, known, twin):
    with transaction():
        events.emit(accepted(twin, village, verified=True))  # as a faulty import would have it
    refused(Conflict, "has_points", admin_of(village), twin, known)
    assert_sound()


def test_likely_ones_have_the_number_or_the_name_in_the_same_town(village, known, twin):
    with transaction():
        namesake = make_member(village, display_name="桂芬")
        make_member(make_village(name="别处"), display_name="桂芬")
        make_member(village, display_name="别人")
    found = merging.likely(actor_of(admin_of(village)), queries.known_member(twin.id))
    assert [(one.member.id, one.same_phone, one.same_name) for one in found] == [
        (known.id, True, False),
        (namesake.id, False, True),
    ]
    assert merging.likely(actor_of(admin_of(village)), queries.known_member(known.id)) == []


def test_an_award_that_waits_is_shown_once(village, known, twin):
    with transaction():
        events.emit(flagged(twin, village))
    merge(admin_of(village), twin, known)
    assert [row.Award.subject_id for row in awards.open_awards(known.id)] == [known.id]
    assert awards.open_awards(twin.id) == []
    assert len(session().scalars(select(Award)).all()) == 2


def test_while_a_decision_may_be_undone_nothing_is_merged(village, known, twin):
    with transaction():
        events.emit(flagged(twin, village))
        session().scalars(select(Award)).one().not_before = clock.now() + dt.timedelta(seconds=10)
    refused(Conflict, "just_decided", admin_of(village), twin, known)


@pytest.mark.parametrize("direction", ["into", "member"])
def test_nobody_earns_by_a_merge_on_a_check_in_she_accepted_herself(direction, frozen_clock):
    with transaction():
        scene = make_scene(member={"verified": direction == "member", "display_name": "桂芬", **phones.columns(PHONE)})
        open_books(town_of(scene.village))
        other = make_member(scene.village, verified=direction == "into", display_name="王桂芬", **phones.columns(PHONE))
        office = make_grant(other, "village_admin", scene.village)
    with transaction():
        check_in(actor_of(scene.member), scan(scene.post, scene.sign), Evidence("poster", "far", 900), device="d" * 32)
    (row,) = patrols.mine(actor_of(scene.member))
    with transaction():
        settle(actor_of(other), checkin_id=row.CheckIn.id, accept=True, reason="看过")
    frozen_clock.tick(seconds=11)
    with transaction():
        deciding.carry_out(scene.member.id)
        office.until = clock.now()
    twin, known = (scene.member, other) if direction == "into" else (other, scene.member)
    earned = posted(known)
    refused(Conflict, "decided_herself", scene.admin, twin, known)
    assert posted(known) == earned
    assert_sound()


def test_who_decided_on_the_application_of_the_other_is_another(village, known, twin):
    with transaction():
        team = make_team(village)
        membership = make_membership(twin, team, state="applied")
        session().add(
            MembershipEvent(
                membership_id=membership.id, seq=1, member_id=twin.id, from_state="applied", to_state="refused",
                by_id=known.id, reason="人满了", at=clock.now(),
            )
        )  # fmt: skip
    refused(Conflict, "decided_herself", admin_of(village), twin, known)


def test_who_recorded_the_guardians_word_is_not_the_child(village, known, twin):
    with transaction():
        twin.guardian_by = known.id
    refused(Conflict, "decided_herself", admin_of(village), twin, known)


def test_withdrawing_reaches_what_the_old_registration_agreed_to(village, known, twin):
    with transaction():
        for scope in ("presence", "service"):
            give_consent(twin, scope, "1")
    merge(admin_of(village), twin, known)
    with transaction():
        assert services.withdraw_consent(actor_of(known), "presence") == 1
        assert requests.withdraw_service(actor_of(known)) == 1
    assert None not in session().scalars(select(Consent.withdrawn_at)).all()
