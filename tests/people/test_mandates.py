"""Mandates: who may act for whom, confirmed by whom, until when; and every way around that."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass

import pytest
from PIL import Image
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from community.audit.models import AuditEntry
from community.core import clock, uploads
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.uploads import Picture
from community.messages.models import Message
from community.people import erasing, jobs, mandates, services, standing
from community.people.models import Mandate, MandateAct, MandateRequest, Member
from community.places.models import Area
from tests.factories.access import actor_of, make_grant
from tests.factories.mandates import make_mandate, offer_of
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@dataclass
class Street:
    """An old woman, her daughter, an admin of the village, and one of another town."""

    village: Area
    elder: Member
    daughter: Member
    admin: Member
    stranger: Member


@pytest.fixture
def street() -> Street:
    with transaction():
        village = make_village()
        elsewhere = make_village(name="安澜社区")
        elder = make_member(village, display_name="何秀珍")
        daughter = make_member(elsewhere, display_name="何敏", age_band="18-59")
        admin, stranger = make_member(village), make_member(elsewhere)
        make_grant(admin, "village_admin", village)
        make_grant(stranger, "village_admin", elsewhere)
    return Street(village, elder, daughter, admin, stranger)


def paper() -> Picture:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(file, "JPEG")
    return uploads.prepare(file.getvalue())


def given(street: Street, **offered: object) -> Mandate:
    with transaction():
        code = offer_of(street.daughter, **offered)  # type: ignore[arg-type]
    with transaction():
        return mandates.confirm(actor_of(street.elder), code)


def registered(street: Street, by: Member | None = None, **changed: object) -> Mandate:
    with transaction():
        code = offer_of(street.daughter)
    asked: dict[str, object] = {"code": code, "picture": paper(), "seen": True}
    with transaction():
        return mandates.register(actor_of(by or street.admin), street.elder.id, **(asked | changed))  # type: ignore[arg-type]


def code_of(error: pytest.ExceptionInfo[DomainError]) -> str:
    return error.value.code


# --- given ---


def test_a_person_confirms_by_the_code_and_both_sides_are_told(street: Street) -> None:
    mandate = given(street)
    assert (mandate.how, mandate.witnessed_by, mandate.from_on) == ("own", None, clock.today())
    assert mandate.until_on == clock.today() + dt.timedelta(days=180)
    told = session().execute(select(Message.member_id, Message.kind)).all()
    assert {tuple(row) for row in told} == {
        (street.elder.id, "people.mandate_given"),
        (street.daughter.id, "people.mandate_helper"),
    }
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "people.mandate_give")).one()
    assert (entry.actor_id, entry.object_id) == (street.elder.id, str(street.elder.id))


def test_typed_with_blanks_and_look_alikes_the_code_is_the_same(street: Street) -> None:
    with transaction():
        code = offer_of(street.daughter)
    shown = mandates.to_confirm(actor_of(street.elder), f" {code[:4].upper()} - {code[4:]} ".replace("0", "o"))
    assert shown.helper_id == street.daughter.id


@pytest.mark.parametrize("typed", ["", "00000000", "x" * 4000, "🙂" * 8, "'; DROP TABLE mandate"])
def test_other_codes_open_nothing(street: Street, typed: str) -> None:
    with pytest.raises(NotFound):
        mandates.to_confirm(actor_of(street.elder), typed)


def test_a_code_is_good_once_for_three_days_and_only_the_newest(street: Street, frozen_clock: FrozenClock) -> None:
    with transaction():
        first = offer_of(street.daughter)
    with transaction():
        second = offer_of(street.daughter)
    with transaction(), pytest.raises(NotFound):
        mandates.confirm(actor_of(street.elder), first)
    with transaction():
        mandates.confirm(actor_of(street.elder), second)
    with transaction(), pytest.raises(NotFound):
        mandates.confirm(actor_of(street.elder), second)
    with transaction():
        third = offer_of(street.daughter)
    frozen_clock.tick(days=3)
    with pytest.raises(NotFound):
        mandates.to_confirm(actor_of(street.elder), third)


def test_a_declined_code_is_worth_nothing(street: Street) -> None:
    with transaction():
        code = offer_of(street.daughter)
    with transaction():
        mandates.decline(actor_of(street.elder), code)
    with pytest.raises(NotFound):
        mandates.to_confirm(actor_of(street.elder), code)
    assert session().scalar(select(func.count()).select_from(Mandate)) == 0


def test_a_new_one_of_the_same_two_replaces_the_old(street: Street) -> None:
    old, new = given(street), given(street, redeem=False)
    session().refresh(old)
    assert (old.state, new.state, new.may_redeem) == ("ended", "in_force", False)


# --- who may not ---


def test_nobody_gives_herself_a_mandate(street: Street) -> None:
    with transaction():
        code = offer_of(street.daughter)
    with pytest.raises(Conflict) as error:
        mandates.to_confirm(actor_of(street.daughter), code)
    assert code_of(error) == "oneself"
    with pytest.raises(DBAPIError), transaction():
        make_mandate(street.elder, street.elder)


@pytest.mark.parametrize(
    "fields",
    [{"verified": False}, {"status": "suspended"}, {"age_band": "14-17", "guardian_at": dt.datetime.now(dt.UTC)}],
)
def test_who_is_unknown_stopped_or_a_minor_acts_for_nobody(street: Street, fields: dict[str, object]) -> None:
    with transaction():
        helper = make_member(street.village, **fields)  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            offer_of(helper)


def test_who_was_never_seen_gives_no_mandate(street: Street) -> None:
    with transaction():
        code = offer_of(street.daughter)
        unseen = make_member(street.village, verified=False)
    with pytest.raises(Forbidden) as error:
        mandates.to_confirm(actor_of(unseen), code)
    assert code_of(error) == "not_verified"


def test_a_minor_confirms_nothing_herself_and_her_guardian_signs_at_the_desk(street: Street) -> None:
    with transaction():
        code = offer_of(street.daughter)
        minor = make_member(street.village, age_band="14-17", guardian_at=clock.now())
    with pytest.raises(Forbidden) as error:
        mandates.to_confirm(actor_of(minor), code)
    assert code_of(error) == "guardian_only"
    with transaction():
        made = mandates.register(actor_of(street.admin), minor.id, code=code, picture=paper(), seen=True)
    assert (made.how, made.minor) == ("guardian", True)
    for how in ("own", "paper"):
        with pytest.raises(DBAPIError), transaction():
            make_mandate(minor, street.daughter, how=how, minor=True, state="ended", ended_at=clock.now())


def test_nobody_under_fourteen_is_a_member_at_all() -> None:
    with transaction(), pytest.raises(DomainError) as error:
        services.register(None, name="小宝", phone="199 0000 0001", age_band="under14")
    assert code_of(error) == "under_14"


def test_three_helpers_are_the_most_and_ten_people_a_helper(street: Street) -> None:
    with transaction():
        for _again in range(mandates.HELPERS_MOST):
            make_mandate(street.elder, make_member(street.village))
    with pytest.raises(Conflict) as error:
        given(street)
    assert code_of(error) == "helpers_many"
    with transaction():
        for _again in range(mandates.HELPED_MOST):
            make_mandate(make_member(street.village), street.daughter)
        other = make_member(street.village)
        code = offer_of(street.daughter)
    with transaction(), pytest.raises(Conflict) as error:
        mandates.confirm(actor_of(other), code)
    assert code_of(error) == "helped_many"


# --- written down by a third person ---


def test_an_admin_writes_down_a_signed_paper(street: Street) -> None:
    mandate = registered(street)
    assert (mandate.how, mandate.witnessed_by) == ("paper", street.admin.id)
    kept = session().get_one(uploads.Upload, mandate.upload_id)
    for reader in (street.elder, street.admin):
        assert standing.paper(actor_of(reader), mandate.mandate_id)[1].id == kept.id
    for reader in (street.daughter, street.stranger):
        with pytest.raises(NotFound):
            standing.paper(actor_of(reader), mandate.mandate_id)
    with pytest.raises(NotFound):
        uploads.picture(actor_of(street.admin), kept.id)  # no look would be written down there


def test_of_those_who_lead_her_only_the_writer_sees_the_paper(street: Street) -> None:
    with transaction():
        team = make_team(street.village)
        writer, deputy = make_member(street.village), make_member(street.village)
        make_membership(writer, team, role="leader")
        make_membership(deputy, team, role="deputy")
        make_membership(street.elder, team)
    mandate = registered(street, by=writer)
    assert standing.paper(actor_of(writer), mandate.mandate_id)
    assert standing.one(actor_of(deputy), mandate.mandate_id)
    with pytest.raises(NotFound):
        standing.paper(actor_of(deputy), mandate.mandate_id)


def test_who_leads_her_team_writes_it_down_too_and_a_neighbour_does_not(street: Street) -> None:
    with transaction():
        team = make_team(street.village)
        leader = make_member(street.village)
        make_membership(leader, team, role="leader")
        make_membership(street.elder, team)
    assert registered(street, by=leader).witnessed_by == leader.id
    with transaction():
        neighbour = make_member(street.village)
    with pytest.raises(NotFound):
        registered(street, by=neighbour)


def test_staff_of_another_town_write_nothing_down(street: Street) -> None:
    with pytest.raises(NotFound):
        registered(street, by=street.stranger)


@pytest.mark.parametrize(("changed", "field"), [({"seen": False}, "seen"), ({"code": "0" * 8}, "code")])
def test_what_is_missing_is_said_at_its_field(street: Street, changed: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as error:
        registered(street, **changed)
    assert error.value.field == field


def test_the_witness_is_neither_of_the_two(street: Street) -> None:
    with transaction():
        code = offer_of(street.admin)
    with transaction(), pytest.raises(DomainError) as error:
        mandates.register(actor_of(street.admin), street.elder.id, code=code, picture=paper(), seen=True)
    assert error.value.field == "code"
    with transaction(), pytest.raises(Forbidden):
        mandates.register(actor_of(street.admin), street.admin.id, code=code, picture=paper(), seen=True)
    kept = registered(street).upload_id
    for witness in (street.elder, street.daughter):
        with pytest.raises(DBAPIError), transaction():
            make_mandate(
                street.elder, street.daughter, how="paper", witnessed_by=witness.id, upload_id=kept,
                state="ended", ended_at=clock.now(),
            )  # fmt: skip
    with pytest.raises(DBAPIError), transaction():
        make_mandate(
            street.elder, street.daughter, how="paper", witnessed_by=street.admin.id, state="ended",
            ended_at=clock.now(),
        )  # fmt: skip


# --- ended ---


@pytest.mark.parametrize("side", ["elder", "daughter"])
def test_either_side_ends_it_at_once_without_a_reason(street: Street, side: str) -> None:
    mandate = given(street)
    assert standing.in_place_of(actor_of(street.daughter), street.elder.id).name == "何秀珍"
    with transaction():
        mandates.end(actor_of(getattr(street, side)), mandate.mandate_id)
    with pytest.raises(NotFound):
        standing.in_place_of(actor_of(street.daughter), street.elder.id)
    other = street.daughter if side == "elder" else street.elder
    told = session().scalars(select(Message.member_id).where(Message.kind == "people.mandate_ended")).all()
    assert told == [other.id]


def test_a_witness_ends_it_with_a_reason_and_strangers_never(street: Street) -> None:
    mandate = given(street)
    with transaction(), pytest.raises(DomainError) as error:
        mandates.end(actor_of(street.admin), mandate.mandate_id)
    assert error.value.field == "reason"
    with transaction(), pytest.raises(NotFound):
        mandates.end(actor_of(street.stranger), mandate.mandate_id, words="不该")
    with transaction():
        mandates.end(actor_of(street.admin), mandate.mandate_id, words="本人来说不用了")
    session().refresh(mandate)
    assert (mandate.ended_by, mandate.end_words) == (street.admin.id, "本人来说不用了")


def test_an_ended_one_never_changes_and_takes_no_act(street: Street) -> None:
    mandate = given(street)
    with transaction():
        mandates.end(actor_of(street.elder), mandate.mandate_id)
    for change in ("state = 'in_force', ended_at = NULL", "end_words = 'x'"):
        with pytest.raises(DBAPIError), transaction():
            session().execute(text(f"UPDATE mandate SET {change}"))  # noqa: S608 - changes of this test
    with pytest.raises(DBAPIError), transaction():
        session().add(act_row(mandate))


@pytest.mark.parametrize("change", ["until_on = '2099-01-01'", "may_redeem = true", "helper_id = principal_id"])
def test_its_terms_never_change(street: Street, change: str) -> None:
    given(street, redeem=False)
    with pytest.raises(DBAPIError), transaction():
        session().execute(text(f"UPDATE mandate SET {change}"))  # noqa: S608 - changes of this test
    with pytest.raises(DBAPIError), transaction():
        session().execute(text("DELETE FROM mandate"))


def act_row(mandate: Mandate, **changed: object) -> MandateAct:
    fields: dict[str, object] = {
        name: getattr(mandate, name)
        for name in ("mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal")
    }
    fields |= {"done_on": clock.today(), "act": "redeem", "about_ref": "order:x", "at": clock.now()}
    return MandateAct(**(fields | changed))


@pytest.mark.parametrize("days", [-1, 181])
def test_the_database_keeps_no_act_outside_its_days(street: Street, days: int) -> None:
    mandate = given(street)
    with pytest.raises(DBAPIError), transaction():
        session().add(act_row(mandate, done_on=clock.today() + dt.timedelta(days=days)))
    with transaction():
        session().add(act_row(mandate, done_on=mandate.until_on))


@pytest.mark.parametrize(("offered", "act"), [({"redeem": False}, "redeem"), ({"appeal": False}, "appeal")])
def test_the_database_keeps_no_act_that_it_does_not_cover(street: Street, offered: dict[str, bool], act: str) -> None:
    mandate = given(street, **offered)
    with pytest.raises(DBAPIError), transaction():
        session().add(act_row(mandate, act=act))
    with pytest.raises(DBAPIError), transaction():  # nor with other terms than it has
        session().add(act_row(mandate, act=act, may_redeem=True, may_appeal=True))


def test_erasing_either_side_ends_it_and_takes_the_paper_away(street: Street) -> None:
    mandate = registered(street)
    with transaction():
        erasing.erase(system_actor("test"), street.elder.id)
    session().refresh(mandate)
    assert (mandate.state, mandate.ended_by) == ("ended", None)
    assert session().get_one(uploads.Upload, mandate.upload_id).deleted_at is not None


def test_the_job_forgets_offers_and_papers_in_time(street: Street, frozen_clock: FrozenClock) -> None:
    mandate = registered(street)
    with transaction():
        offer_of(street.daughter)
    frozen_clock.tick(days=4)
    jobs.forget_mandates()
    assert session().scalar(select(func.count()).where(MandateRequest.closed_at.is_(None))) == 0
    frozen_clock.tick(days=31)
    jobs.forget_mandates()
    assert session().scalar(select(func.count()).select_from(MandateRequest)) == 0
    upload = session().get_one(uploads.Upload, mandate.upload_id, populate_existing=True)
    assert upload.deleted_at is None
    frozen_clock.tick(days=180 - 35 + 91)
    jobs.forget_mandates()
    assert session().get_one(uploads.Upload, mandate.upload_id, populate_existing=True).deleted_at is not None


def test_both_hear_once_that_it_runs_out_a_week_before(street: Street, frozen_clock: FrozenClock) -> None:
    mandate = given(street, days=90)
    frozen_clock.tick(days=82)
    jobs.tell_mandates()
    assert told_of_the_end() == set()
    frozen_clock.tick(days=3)  # the server stood still on the very day
    for _twice in range(2):
        jobs.tell_mandates()
    assert told_of_the_end() == {
        (street.elder.id, "people.mandate_runs_out", 1),
        (street.daughter.id, "people.mandate_runs_out_helper", 1),
    }
    assert session().get_one(Mandate, mandate.mandate_id, populate_existing=True).reminded_at == clock.now()


def test_nobody_hears_of_the_last_day_of_what_has_ended(street: Street, frozen_clock: FrozenClock) -> None:
    mandate = given(street, days=90)
    frozen_clock.tick(days=84)
    soon = mandates.running_out()
    with transaction():
        mandates.end(actor_of(street.elder), mandate.mandate_id)
        mandates.tell_runs_out(soon[0])  # ended while the job was on its way
    jobs.tell_mandates()
    frozen_clock.tick(days=30)
    jobs.tell_mandates()
    assert told_of_the_end() == set()


def told_of_the_end() -> set[tuple[int, str, int]]:
    said = select(Message.member_id, Message.kind, func.count()).where(Message.kind.startswith("people.mandate_runs"))
    return {tuple(row) for row in session().execute(said.group_by(Message.member_id, Message.kind))}  # type: ignore[misc]
