"""Numbers under new keys: everybody is found all the while, nothing is found twice, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.authz import Actor, system_actor
from community.core.config import settings
from community.core.db import db, session, transaction
from community.core.errors import DomainError
from community.core.keys import CipherRing, HashRing
from community.people import backfill, codes, details, merging, phones, queries, rekeying, services, waits
from community.people.models import DoorWait, Member
from community.places.models import Area
from tests.conftest import SECRETS
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.processes import Process, together
from tests.people.hosts import keys

pytestmark = pytest.mark.engine

ONE = SECRETS["PHONE_HASH_KEY"]
TWO = "a newer one for tests: 7e19"
# Of one host before a rotation, of hosts that are told the new key, of hosts that write under it, and afterwards.
BEFORE, TOLD, TURNED, AFTER = f"1={ONE}", f"1={ONE};2={TWO}", f"2={TWO};1={ONE}", f"2={TWO}"
NUMBER, OTHER = "+8619900000001", "+8619900000002"
PASSWORD = "plum rain 2026"


@pytest.fixture
def village(app: Flask) -> Area:
    with transaction():
        return make_village()


@pytest.fixture
def admin(village: Area) -> Actor:
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    return actor_of(member)


def joins(village: Area, phone: str = NUMBER, name: str = "王桂芬") -> int:
    """Let somebody register; return her id."""
    with transaction():
        made = services.register(
            None, name=name, phone=phone, age_band="60+", home_area_id=village.id, password=PASSWORD
        )
    return made.id


def verifies(admin: Actor, member_id: int) -> str:
    """Let the admin verify her; return the code of the refusal, "" without one."""
    try:
        with transaction():
            services.verify(admin, member_id=member_id)
    except DomainError as refused:
        return refused.code
    return ""


def rotate(app: Flask) -> str:
    told = app.test_cli_runner().invoke(args=["people", "rotate"])
    assert told.exit_code == 0, told.output
    return told.output


def kids() -> dict[str | None, int]:
    return dict(session().execute(select(Member.phone_kid, func.count()).group_by(Member.phone_kid)).all())


def test_who_registered_under_an_older_key_comes_in_at_every_step(app: Flask, village: Area) -> None:
    member = joins(village)
    for ring in (BEFORE, TOLD, TURNED):
        with keys(ring):
            assert services.sign_in("19900000001", PASSWORD).id == member
    with keys(TURNED):
        rotate(app)
    for ring in (TOLD, TURNED, AFTER):
        with keys(ring):
            assert services.sign_in("19900000001", PASSWORD).id == member
    with keys(BEFORE), pytest.raises(services.WrongSignIn):
        services.sign_in("19900000001", PASSWORD)


def test_the_desk_finds_the_last_four_digits_under_every_key(village: Area, admin: Actor) -> None:
    joins(village)
    with keys(TURNED):
        joins(village, "+8619900010001", "陈阿婆")
        assert {row.display_name for row in queries.people(admin, text="0001").rows} == {"王桂芬", "陈阿婆"}


def test_a_number_is_verified_once_whatever_key_it_was_written_with(village: Area, admin: Actor) -> None:
    first = joins(village)
    assert verifies(admin, first) == ""
    with keys(TURNED):
        second = joins(village)
        assert session().get_one(Member, second).phone_kid == "2"
        assert verifies(admin, second) == "phone_taken"
    with keys(TOLD):
        assert verifies(admin, second) == "phone_taken"


def test_a_number_is_verified_once_after_the_rotation_too(app: Flask, village: Area, admin: Actor) -> None:
    first, second = joins(village), joins(village)
    with keys(TURNED):
        assert verifies(admin, second) == ""
        rotate(app)
    with keys(AFTER):
        assert verifies(admin, first) == "phone_taken"


def test_two_registrations_of_one_number_are_alike_across_keys(village: Area, admin: Actor) -> None:
    first = joins(village)
    assert verifies(admin, first) == ""
    with keys(TURNED):
        second = joins(village, name="王奶奶")
        with transaction():
            (found,) = merging.likely(admin, queries.known_member(second))
            _member, alike = merging.pair(admin, member_id=second, into_id=first)
    assert (found.member.id, found.same_phone, found.same_name) == (first, True, False)
    assert alike.same_phone


def test_the_limits_of_a_number_count_across_keys(village: Area) -> None:
    for _ in range(services.REGISTRATIONS - 1):
        joins(village)
    with keys(TURNED):
        last = joins(village)
        with pytest.raises(DomainError) as often:
            joins(village)
        other = joins(village, OTHER)
        with transaction(), pytest.raises(DomainError) as held:
            details.correct(Actor(other), name="王桂芬", phone=NUMBER)
    assert (often.value.code, held.value.code) == ("phone_often", "phone_often")
    assert session().get_one(Member, last).phone_kid == "2"


def test_the_same_number_under_another_key_is_no_correction(village: Area) -> None:
    member = joins(village)
    with keys(TURNED), transaction():
        assert details.correct(Actor(member), name="王桂芬", phone="199 0000 0001").phone_kid == "1"


def test_a_code_made_before_the_key_changed_still_signs_in(village: Area, admin: Actor) -> None:
    member = joins(village)
    with transaction():
        made = codes.make(admin, member_id=member, how="read_out", why="忘了密码", checked=True)
        _row, _member, digits = codes.shown(admin, made.id)
    with keys(TURNED), transaction():
        found = codes.redeem("19900000001", digits)
    assert found
    assert found.id == member


def test_waits_of_a_number_are_seen_lifted_and_erased_across_keys(village: Area, admin: Actor) -> None:
    member = joins(village)
    with keys(TURNED):
        door = waits.number_at(phones.phone_hash(NUMBER), None)
        for _ in range(waits.PHONE_FREE):
            with transaction():
                waits.count(door)
        row = session().get_one(Member, member)
        hashes = phones.held_hashes(row.phone_cipher, row.phone_hash)
        assert row.phone_hash != phones.phone_hash(NUMBER)
        assert waits.until(*hashes)
        with transaction():
            services.lift_waits(admin, member_id=member)
        assert waits.until(*hashes) is None
    assert session().scalar(select(func.count()).select_from(DoorWait)) == 0


def test_an_import_takes_no_number_that_is_verified_under_another_key(village: Area, admin: Actor) -> None:
    assert verifies(admin, joins(village)) == ""
    row = session().scalars(select(Member).where(Member.phone_kid == "1")).one()
    past = backfill.PastMember(
        77, "陈阿婆", NUMBER, "60+", village.id, village.path, village.town_id, row.created_at,
        verified=backfill.Verified(row.created_at, None),
    )  # fmt: skip
    with keys(TURNED), pytest.raises(services.PhoneTaken), transaction():
        backfill.add_members(system_actor("test"), [past])


# --- the rotation ---


def test_a_rotation_writes_hashes_and_ciphers_anew_and_a_second_one_nothing(
    app: Flask, village: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 2)
    with transaction():
        for number in range(5):
            make_member(village, **phones.columns(f"+861990000010{number}"))
        minor = make_member(
            village, verified=False, age_band="14-17", guardian_name="李", guardian_phone_cipher=phones.encrypt(OTHER)
        )
    new_cipher = f"2={CipherRing.new_key()};{SECRETS['PHONE_CIPHER_KEYS']}"
    with keys(TURNED, new_cipher):
        assert rotate(app) == "6 written anew, 0 left.\n"
        session().expire_all()
        assert kids() == {"2": 5, None: 1}
        for row in session().scalars(select(Member).where(Member.phone_kid == "2")):
            number = phones.decrypt(row.phone_cipher)
            assert row.phone_cipher.startswith("2.")
            assert (row.phone_hash, row.phone_tail_hash) == (
                phones.phone_hash(number), phones.tail_hashes(phones.tail(number))[0],
            )  # fmt: skip
        guarded = session().get_one(Member, minor.id)
        assert (guarded.guardian_phone_cipher[:2], guarded.phone_hash) == ("2.", None)
        assert phones.decrypt(guarded.guardian_phone_cipher) == OTHER
        assert rotate(app) == "0 written anew, 0 left.\n"


def test_a_rotation_that_was_stopped_goes_on_where_it_was(app: Flask, village: Area) -> None:
    with transaction():
        for number in range(5):
            make_member(village, **phones.columns(f"+861990000010{number}"))
    with keys(TURNED):
        with transaction():
            first = rekeying.rekey(system_actor("test"), after=0, limit=2)
        assert (first.done, kids()) == (2, {"1": 3, "2": 2})
        assert rotate(app) == "3 written anew, 0 left.\n"


# --- races ---


def test_one_number_verified_on_two_hosts_under_two_orders_of_keys_has_one_owner(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    """One host writes under the old key still, the other under the new one already: no unique index joins the two."""
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            admins = [make_member(village), make_member(village)]
            for admin in admins:
                make_grant(admin, "village_admin", village)
        numbers = [f"+861990000{number:04}" for number in range(20)]
        pairs = [[joins(village, number) for number in numbers]]
        known = settings()
        turned = replace(known.need_secrets(), hashes=HashRing.parse(TURNED))
        app.extensions["linli_settings"] = replace(known, secrets=turned)
        pairs.append([joins(village, number) for number in numbers])
        said = together(
            race_database, "tests.people.hosts:verify_all", rings=[TOLD, TURNED],
            admins=[admin.id for admin in admins], members=pairs,
        )  # fmt: skip
        session().expire_all()
        owners = session().scalars(
            select(Member).where(Member.verified_at.is_not(None), Member.phone_cipher.is_not(None))
        )
        assert sorted(phones.decrypt(one.phone_cipher) for one in owners) == numbers
        assert [sorted(both) for both in zip(*said, strict=True)] == [["", "phone_taken"]] * len(numbers)
        db.engine.dispose()


def test_an_import_and_a_desk_that_take_one_number_at_once_make_one_owner(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context():
        with transaction():
            village = make_village()
            admin = make_member(village)
            make_grant(admin, "village_admin", village)
        numbers = [f"+861990000{number:04}" for number in range(12)]
        joined = [joins(village, number) for number in numbers]
    desk = Process(
        race_database, "tests.people.hosts:verify_all", rings=[TOLD], admins=[admin.id], members=[joined]
    )  # fmt: skip
    imports = Process(race_database, "tests.people.hosts:import_all", ring=TURNED, village=village.id, numbers=numbers)
    try:
        for racer in (desk, imports):
            racer.wait_for("ready")
        for racer in (desk, imports):
            racer.go()
        said = [desk.result(), imports.result()]
    finally:
        desk.kill()
        imports.kill()
    assert [sorted(both) for both in zip(*said, strict=True)] == [["", "phone_taken"]] * len(numbers)


def test_who_registers_on_an_older_host_while_numbers_are_rotated_is_lost_to_nobody(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction():
        village = make_village()
        for number in range(300):
            make_member(village, **phones.columns(f"+861991000{number:04}"))
    racers = [
        Process(race_database, "tests.people.hosts:register_many", ring=TOLD, village=village.id, count=40),
        Process(race_database, "tests.people.hosts:rotate", ring=TURNED),
    ]
    try:
        for racer in racers:
            racer.wait_for("ready")
        for racer in racers:
            racer.go()
        registered, _rotated = [racer.result() for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
    with app.app_context():
        known = settings()
        turned = replace(known.need_secrets(), hashes=HashRing.parse(TURNED))
        app.extensions["linli_settings"] = replace(known, secrets=turned)
        for member_id, number in registered:
            (found,) = queries.with_phone(phones.phone_hashes(number), 5)
            assert found.id == member_id
        rotate(app)
        app.extensions["linli_settings"] = replace(known, secrets=replace(turned, hashes=HashRing.parse(AFTER)))
        session().expire_all()
        for member_id, number in registered:
            (found,) = queries.with_phone(phones.phone_hashes(number), 5)
            assert found.id == member_id
        assert kids() == {"2": 340}
        db.engine.dispose()
