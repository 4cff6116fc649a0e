"""Erasing somebody: who she was is gone everywhere, what was done stays and adds up as before. On both engines."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import func, select, text

from community.access.models import RoleGrant
from community.audit.models import AuditEntry
from community.core import clock, events, idempotency
from community.core.authz import system_actor
from community.core.db import Base, session, transaction
from community.core.errors import Forbidden
from community.core.idempotency import Answer, IdempotencyKey
from community.messages.models import AnnouncementRead, Message
from community.messages.services import notify
from community.patrols.models import Attempt, CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.people import consents, erasing, phones, policies, queries, services
from community.people.models import Consent, DoorWait, Member, MemberArea, MemberCard, SignInCode
from community.points.models import Account, Award, Entry, Transfer, Txn
from community.teams.models import Membership, MembershipEvent
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import add_area, give_consent, make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of
from tests.points.invariants import assert_sound

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

PHONE = "+8619900000001"
NAME = "独孤求真"
SYSTEM = system_actor("tests")


def erase(member: Member) -> bool:
    with transaction():
        return erasing.erase(SYSTEM, member.id)


@pytest.fixture
def scene() -> Scene:
    """A member with something in every room: name and number, guardian, home, card, code, inbox, check-ins, points."""
    with transaction():
        made = make_scene(
            member={
                "display_name": NAME,
                "guardian_name": "独孤母亲",
                "guardian_phone_cipher": phones.encrypt("+8619900000002"),
                "password_hash": "x",
                "language": "en",
                "text_size": "large",
                **phones.columns(PHONE),
            }
        )
        open_books(town_of(made.village))
        add_area(made.member, make_village(name="安澜社区"))
        give_consent(made.member, "service", consents.current("service").version)
        make_grant(made.member, "grid_worker", made.village).reason = f"{NAME}熟悉片区"
        fields = {"member_id": made.member.id, "issued_by": made.admin.id, "issued_at": clock.now()}
        session().add(MemberCard(number="abcd2345", kid="a", **fields))
        session().add(
            SignInCode(
                member_id=made.member.id, code_hash="h" * 64, how="printed", made_by=made.admin.id,
                created_at=clock.now(), expires_at=clock.now() + dt.timedelta(minutes=10), why=f"{NAME}忘了密码",
            )
        )  # fmt: skip
        notify(made.member.id, "teams.active", {"team": NAME}, link="/me")
        session().add(Attempt(at=clock.now(), member_id=made.member.id, device=DEVICE, code="no_consent", src="poster"))
        session().add(DoorWait(subject=f"phone:{phones.phone_hash(PHONE)}:*", failures=1, last_at=clock.now()))
        idempotency.store(f"m:{made.member.id}", "k", "a", Answer(303, "/me"))
    with transaction():
        check_in(actor_of(made.member), made.scanned, Evidence("poster", "near"), device=DEVICE)
    return made


def everywhere(words: str) -> list[str]:
    """The columns of all tables in which `words` stand."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            spelled = f"CAST({table.name}.{column.name} AS TEXT)"
            asked = text(f"SELECT COUNT(*) FROM {table.name} WHERE {spelled} LIKE :words")  # noqa: S608 - our own names
            if session().execute(asked, {"words": f"%{words}%"}).scalar_one():
                found.append(f"{table.name}.{column.name}")
    return found


def test_her_name_and_numbers_stand_nowhere_any_more(scene: Scene) -> None:
    assert everywhere(NAME)
    assert erase(scene.member)
    session().expire_all()
    assert everywhere(NAME) == []
    assert everywhere("独孤") == []
    assert everywhere(phones.phone_hash(PHONE)) == []
    assert everywhere(phones.tail_hashes("0001")[0]) == []
    assert everywhere(DEVICE) == []


def test_the_row_keeps_nothing_but_an_age_band_and_dates(scene: Scene) -> None:
    erase(scene.member)
    session().expire_all()
    row = session().get_one(Member, scene.member.id)
    assert (row.display_name, row.status, row.erased_at) == ("已注销用户", "left", clock.now())
    kept = {
        "id",
        "display_name",
        "age_band",
        "status",
        "verified_at",
        "town_id",
        "session_epoch",
        "erased_at",
        "created_at",
    }
    assert {column.name for column in Member.__table__.columns if getattr(row, column.name) not in (None, "")} <= kept


def test_her_sessions_cards_codes_offices_and_memberships_end(scene: Scene) -> None:
    before = scene.member.session_epoch
    erase(scene.member)
    session().expire_all()
    assert session().get_one(Member, scene.member.id).session_epoch > before
    assert session().scalars(select(MemberCard.revoked_at)).one() is not None
    assert session().scalars(select(SignInCode.code_hash)).one() == ""
    assert session().scalars(select(MemberArea.area_id)).all() == []
    assert session().scalars(select(Membership.state)).all() == ["left"]
    last = session().scalars(select(MembershipEvent).order_by(MembershipEvent.id.desc())).first()
    assert last is not None
    assert (last.from_state, last.to_state, last.by_id) == ("active", "left", None)
    grant = session().scalars(select(RoleGrant).where(RoleGrant.member_id == scene.member.id)).one()
    assert (grant.until, grant.reason) == (max(clock.now(), grant.starts_at + dt.timedelta(microseconds=1)), None)


def test_inbox_refused_scans_and_taps_are_deleted_and_consents_stay_withdrawn(scene: Scene) -> None:
    erase(scene.member)
    for model in (Message, AnnouncementRead, Attempt, IdempotencyKey):
        assert session().execute(select(func.count()).select_from(model)).scalar_one() == 0, model
    withdrawn = session().execute(select(Consent.scope, Consent.withdrawn_at)).all()
    assert sorted(row.scope for row in withdrawn) == ["presence", "service"]
    assert all(row.withdrawn_at == clock.now() for row in withdrawn)


def test_check_ins_stay_without_the_phone_that_made_them(scene: Scene) -> None:
    erase(scene.member)
    session().expire_all()
    row = session().scalars(select(CheckIn)).one()
    assert (row.member_id, row.status, row.device) == (scene.member.id, "accepted", "")


def test_it_is_written_down_without_her_name(scene: Scene) -> None:
    erase(scene.member)
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "people.erase")).one()
    assert (entry.object_id, entry.actor_name, entry.reason) == (str(scene.member.id), "tests", None)


def test_what_was_merged_into_her_goes_with_her(scene: Scene) -> None:
    with transaction():
        old = make_member(scene.village, verified=False, display_name=NAME, **phones.columns(PHONE))
        old.status, old.merged_into = "merged", scene.member.id
    erase(scene.member)
    session().expire_all()
    assert everywhere(NAME) == []
    row = session().get_one(Member, old.id)
    assert (row.status, row.merged_into, row.phone_hash) == ("merged", scene.member.id, None)


def test_erasing_twice_changes_nothing(scene: Scene, frozen_clock) -> None:
    assert erase(scene.member)
    at = clock.now()
    frozen_clock.tick(hours=1)
    assert not erase(scene.member)
    session().expire_all()
    assert session().get_one(Member, scene.member.id).erased_at == at


def test_a_person_cannot_erase_by_herself_without_the_job(scene: Scene) -> None:
    with pytest.raises(Forbidden), transaction():
        erasing.erase(actor_of(scene.admin), scene.member.id)


def test_the_last_who_administers_a_place_is_not_erased_even_when_it_is_due(scene: Scene) -> None:
    assert not erase(scene.admin)
    session().expire_all()
    assert session().get_one(Member, scene.admin.id).erased_at is None


def test_her_number_registers_anew_and_knows_nothing_of_the_old(scene: Scene) -> None:
    erase(scene.member)
    with transaction():
        new = services.register(None, name="王桂芬", phone="199 0000 0001", age_band="60+", password="四个不相干的词语")
    assert new.id != scene.member.id
    assert new.verified_at is None
    assert queries.with_phone(phones.phone_hashes(PHONE), 5) == [new]
    assert not queries.verified_phone_taken(new)
    assert not policies.offices(new.id)
    for table in (Membership, CheckIn):
        assert session().execute(select(func.count()).where(table.member_id == new.id)).scalar_one() == 0
    assert session().execute(select(func.count()).where(Account.subject_id == new.id)).scalar_one() == 0


# --- the ledger, whatever happened before ---

STEPS = st.lists(
    st.tuples(st.sampled_from(("scan", "flag")), st.integers(0, 2), st.sampled_from((10, 70, 26 * 60))), max_size=12
)


def ledger() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the books, as it is; only the salts go, which lead from a person to her sealed lines."""
    tables = (Account, Txn, Transfer, Entry)
    return {
        model.__tablename__: [
            tuple(row)
            for row in session().execute(
                select(*(column for column in model.__table__.c if column.name != "salt")).order_by(text("1, 2"))
            )
        ]
        for model in tables
    }


# An example walks every room three times: fewer of them than usual.
@settings(max_examples=settings.default.max_examples // 8)
@given(STEPS)
def test_the_books_are_untouched_by_any_erasure(frozen_clock, steps: list[tuple[str, int, int]]) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=35)
        members = [make_member(village, verified=number > 0) for number in range(3)]
    for what, who, minutes in steps:
        with transaction():
            make = accepted if what == "scan" else flagged
            events.emit(make(members[who], village, verified=who > 0))
        frozen_clock.tick(minutes=minutes)
    before = ledger()
    for member in members:
        assert erase(member)
        assert_sound()
    assert ledger() == before
    held = session().scalars(select(Award.state).where(Award.subject_id.in_([one.id for one in members])))
    assert "held" not in set(held)
