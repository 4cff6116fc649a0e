"""`flask people keys`, `newkey`, `rotate`, and what the doctor says of the keys of phone numbers."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from community.core.config import settings
from community.core.db import session, transaction
from community.core.keys import HashRing
from community.people import cli, phones, services
from community.people.models import Member
from community.places.models import Area
from tests.conftest import SECRETS
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.people.hosts import keys

pytestmark = pytest.mark.engine

ONE = SECRETS["PHONE_HASH_KEY"]
TWO = "a newer one for tests: 7e19"
TURNED, AFTER = f"2={TWO};1={ONE}", f"2={TWO}"
NUMBER, OTHER = "+8619900000001", "+8619900000002"
PASSWORD = "plum rain 2026"


@pytest.fixture
def village(app: Flask) -> Area:
    with transaction():
        return make_village()


def joins(village: Area, phone: str = NUMBER) -> int:
    """Let somebody register; return her id."""
    with transaction():
        made = services.register(
            None, name="王桂芬", phone=phone, age_band="60+", home_area_id=village.id, password=PASSWORD
        )
    return made.id


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["people", *words])


def kids() -> dict[str | None, int]:
    return dict(session().execute(select(Member.phone_kid, func.count()).group_by(Member.phone_kid)).all())


def test_a_number_that_no_key_reads_is_told_and_stops_no_other(app: Flask, village: Area) -> None:
    with transaction():
        make_member(village, **phones.columns(NUMBER) | {"phone_cipher": "9.gone"})
        make_member(village, **phones.columns(OTHER))
    with keys(TURNED):
        told = run(app, "rotate")
    assert (told.exit_code, kids()) == (1, {"1": 1, "2": 1})
    assert "1 written anew, 1 left." in told.output
    assert "PHONE_CIPHER_KEYS" in told.output


def test_a_lost_hash_key_is_mended_by_a_rotation(app: Flask, village: Area) -> None:
    member = joins(village)
    with keys(AFTER):
        assert {one.state for one in cli.phone_keys()} == {"mend"}
        assert run(app, "rotate").exit_code == 0
        assert services.sign_in("19900000001", PASSWORD).id == member
        assert [one.state for one in cli.phone_keys()] == ["ok"]


def test_the_doctor_tells_what_is_left_to_rotate_and_a_key_replaced_under_its_name(village: Area) -> None:
    joins(village)
    assert [(one.state, one.text) for one in cli.phone_keys()] == [("ok", "all under the key 1")]
    with keys(TURNED):
        assert [(one.state, one.text) for one in cli.phone_keys()] == [("note", "1 still under 1")]
    with keys(f"1={TWO}"):
        (wrong,) = cli.phone_keys()
    assert (wrong.state, "another key under an old name" in wrong.text) == ("mend", True)


def test_keys_are_listed_with_how_many_numbers_each_finds(app: Flask, village: Area) -> None:
    joins(village)
    with keys(f"3={TWO};2={ONE}"):
        joins(village, OTHER)
        told = run(app, "keys")
    listed = [line.split() for line in told.output.splitlines()]
    assert listed == [
        ["3", "writes", "1", "number"], ["2", "finds", "0", "numbers"], ["1", "gone", "1", "number"],
    ]  # fmt: skip


def test_a_new_key_is_printed_in_front_or_behind_and_then_brought_to_the_front(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONE_HASH_KEY", ONE)
    behind = run(app, "newkey", "--behind").stdout.strip().removeprefix("PHONE_HASH_KEY=")
    assert HashRing.parse(behind).names == ("1", "2")
    assert HashRing.parse(behind).keys[0] == HashRing.parse(ONE).keys[0]
    monkeypatch.setenv("PHONE_HASH_KEY", behind)
    front = run(app, "newkey").stdout.strip().removeprefix("PHONE_HASH_KEY=")
    assert HashRing.parse(front).keys == HashRing.parse(behind).keys[::-1]
    monkeypatch.setenv("PHONE_HASH_KEY", front)
    third = HashRing.parse(run(app, "newkey").stdout.strip().removeprefix("PHONE_HASH_KEY="))
    assert (third.names, third.keys[1:]) == (("3", "2", "1"), HashRing.parse(front).keys)


def test_the_demos_own_file_gets_the_new_key_and_keeps_its_other_secrets(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHONE_HASH_KEY", raising=False)
    path = settings().instance_dir / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    try:
        told = run(app, "newkey")
        kept = json.loads(path.read_text())
    finally:
        path.unlink()
    assert told.exit_code == 0, told.output
    ring = HashRing.parse(kept.pop("PHONE_HASH_KEY"))
    assert (ring.names, ring.secrets[1]) == (("2", "1"), ONE)
    assert kept == {name: value for name, value in SECRETS.items() if name != "PHONE_HASH_KEY"}
    assert ring.secrets[0] not in told.output


def test_without_a_key_there_is_none_to_change(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHONE_HASH_KEY", raising=False)
    told = run(app, "newkey")
    assert (told.exit_code, "set PHONE_HASH_KEY" in told.output) == (1, True)
