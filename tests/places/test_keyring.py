"""The ring of keys: what hangs under each, and turning it without a sign falling out of force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from community.core.authz import system_actor
from community.core.config import parse_secrets
from community.core.db import transaction
from community.core.errors import Forbidden
from community.core.keys import SigningRing
from community.places import keyring
from tests.conftest import SECRETS
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print

RING = "b=a newer key for tests 77aa;a=tests only: 51c09d7e8ab3f246@grace"


def test_keys_are_listed_with_what_hangs_under_each(app: Flask) -> None:
    with transaction():
        make_print(make_post(), kid="a")
        make_print(make_post(), kid="z")
        make_print(make_post(state="retired"), kid="a")
        member = make_member()
    found = keyring.lines(system_actor("test"), SigningRing.parse(RING))
    assert [(line.kid, line.state, line.prints) for line in found] == [
        ("b", "active", 0),
        ("a", "grace", 1),
        ("z", "gone", 1),
    ]
    with pytest.raises(Forbidden):
        keyring.lines(actor_of(member), SigningRing.parse(RING))


def test_a_turned_ring_signs_with_a_new_key_and_takes_the_old_ones() -> None:
    ring = SigningRing.parse(keyring.rotated("a=tests only: 51c09d7e8ab3f246"), strict=False)
    assert [(key.kid, key.state) for key in ring.keys] == [("b", "active"), ("a", "grace")]
    assert ring.keys[1].secret == b"tests only: 51c09d7e8ab3f246"
    again = SigningRing.parse(keyring.rotated(keyring.rotated(f"{RING};c=tests only: 0011@dead")))
    assert [(key.kid, key.state) for key in again.keys] == [
        ("e", "active"), ("d", "grace"), ("b", "grace"), ("a", "grace"), ("c", "dead"),
    ]  # fmt: skip
    assert len({key.secret for key in again.keys}) == 5


def test_a_ring_that_wears_every_letter_says_so() -> None:
    full = ";".join(f"{letter}=tests only {letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(ValueError, match="dead one"):
        keyring.rotated(full)


def test_the_file_of_secrets_keeps_the_rest_and_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    keyring.store(path, keyring.rotated(SECRETS["POSTER_KEYS"]))
    kept = json.loads(path.read_text())
    assert {name: kept[name] for name in kept if name != "POSTER_KEYS"} == {
        name: SECRETS[name] for name in SECRETS if name != "POSTER_KEYS"
    }
    assert parse_secrets(kept, strict=False).signing.newest.kid == "b"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


def test_the_commands_list_and_turn_the_ring(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = app.test_cli_runner()
    with transaction():
        make_print(make_post())
    assert runner.invoke(args=["places", "keys"]).output == "a  active  1 sign\n"
    monkeypatch.setenv("POSTER_KEYS", SECRETS["POSTER_KEYS"])
    printed = runner.invoke(args=["places", "rotate"]).output.splitlines()[0]
    ring = SigningRing.parse(printed.removeprefix("POSTER_KEYS="))
    assert [(key.kid, key.state) for key in ring.keys] == [("b", "active"), ("a", "grace")]
    monkeypatch.delenv("POSTER_KEYS")
    refused = runner.invoke(args=["places", "rotate"])
    assert (refused.exit_code, "no ring to turn" in refused.output) == (1, True)
    path = Path(app.instance_path) / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    try:
        assert runner.invoke(args=["places", "rotate"]).exit_code == 0
        assert SigningRing.parse(keyring.stored(path)).newest.kid == "b"
    finally:
        path.unlink()
