"""Tokens of printed signs: the published vectors, and everything that is not a sign of ours."""

import dataclasses
import string
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given, strategies as st
from sqlalchemy import event

from community.core import clock
from community.core.db import db, session, transaction
from community.core.ids import CODE_ALPHABET
from community.core.keys import SigningKey, SigningRing
from community.places import codes
from community.places.codes import KeyGone, PosterRevoked, TokenBad, print_url, resolve, sign
from community.places.models import Post, PostPrint
from tests.factories.places import make_post, make_print

pytestmark = pytest.mark.usefixtures("app")

HOST = "linli.test"
HOSTS = (HOST,)

# Published: whoever reads our signs can check a program of theirs against these. The key is no secret.
VECTOR_KEY = SigningKey("a", b"linli published test vector key, not secret")
VECTORS = [
    ("linli.example.cn", "7k3m9qxw", 2, "7k3m9qxw.2a.jttsgfd8yzam93my"),
    ("linli.example.cn", "7k3m9qxw", 3, "7k3m9qxw.3a.q721mx33wkrf6jet"),
    ("127.0.0.1:8000", "00000000", 1, "00000000.1a.rkk00y9t18x8kw1a"),
    ("linli.example.cn", "zzzzzzzz", 999999, "zzzzzzzz.999999a.serrrmxwwtw3skaw"),
]


@pytest.mark.parametrize(("host", "post8", "generation", "token"), VECTORS)
def test_the_published_vectors_hold(host: str, post8: str, generation: int, token: str) -> None:
    assert sign(VECTOR_KEY, host, post8, generation) == token
    assert sign(VECTOR_KEY, host.upper(), post8, generation) == token


@pytest.fixture
def post() -> Post:
    with transaction():
        return make_post(name="晚潮苑南门岗", number="W-01")


@pytest.fixture
def print_(post: Post) -> PostPrint:
    with transaction():
        return make_print(post, 2)


def token_of(post: Post, print_: PostPrint) -> str:
    return print_url(post, print_).rpartition("/")[2]


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    session().connection()  # its BEGIN is no statement of ours
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def ring(app: Flask, text: str) -> Iterator[None]:
    """Let the app hold another key ring."""
    before = app.extensions["linli_settings"]
    secrets = dataclasses.replace(before.need_secrets(), signing=SigningRing.parse(text))
    app.extensions["linli_settings"] = dataclasses.replace(before, secrets=secrets)
    try:
        yield
    finally:
        app.extensions["linli_settings"] = before


OLD = "tests only: 51c09d7e8ab3f246"


@pytest.mark.engine
def test_the_printed_address_leads_to_its_post_in_one_statement(post: Post, print_: PostPrint) -> None:
    url = print_url(post, print_)
    assert url.startswith("http://linli.test/p/")
    with statements() as seen:
        scanned = resolve(url.rpartition("/")[2], HOSTS)
    assert len(seen) == 1
    assert (scanned.post_id, scanned.print_id, scanned.src) == (post.id, print_.id, "poster")
    assert (scanned.name, scanned.number, scanned.scope_path) == (post.name, post.number, post.scope_path)
    assert (scanned.town_id, scanned.area_id, scanned.kind) == (post.town_id, post.area_id, "patrol")
    assert (scanned.lat, scanned.lon, scanned.radius_m) == (post.lat, post.lon, post.radius_m)
    assert (scanned.state, scanned.open_to, scanned.moved) == ("active", "volunteers", False)
    assert scanned.key_state == "active"


@pytest.mark.engine
def test_the_typed_code_leads_to_the_same_post_in_one_statement(post: Post, print_: PostPrint) -> None:
    with statements() as seen:
        scanned = resolve(print_.typed_code, HOSTS)
    assert len(seen) == 1
    assert (scanned.post_id, scanned.print_id, scanned.src) == (post.id, print_.id, "typed")


def test_typed_codes_are_read_as_people_write_them(post: Post) -> None:
    with transaction():
        print_ = make_print(post, 1, typed_code="7k01v9qx")
    for typed in ("7K01V9QX", " 7k01-v9qx ", "7k01 v9qx", "7koiu9qx", "7kOlU9QX", "７ｋ０１ｖ９ｑｘ"):
        assert resolve(typed, HOSTS).print_id == print_.id, typed


def test_upper_case_tokens_are_the_same(post: Post, print_: PostPrint) -> None:
    assert resolve(token_of(post, print_).upper(), HOSTS).print_id == print_.id


def test_an_altered_token_is_not_ours_and_never_reaches_the_database(post: Post, print_: PostPrint) -> None:
    token = token_of(post, print_)
    with statements() as seen:
        for place, character in enumerate(token):
            other = next(candidate for candidate in "2345a." if candidate != character)
            with pytest.raises(TokenBad):
                resolve(token[:place] + other + token[place + 1 :], HOSTS)
    assert seen == []


def test_a_truncated_token_is_not_ours_and_never_reaches_the_database(post: Post, print_: PostPrint) -> None:
    token = token_of(post, print_)
    lengths = [length for length in range(len(token)) if length != 8]  # eight characters may be a typed code
    with statements() as seen:
        for length in lengths:
            with pytest.raises(TokenBad):
                resolve(token[:length], HOSTS)
    assert seen == []


def test_the_posts_own_code_is_no_typed_code(post: Post) -> None:
    with pytest.raises(TokenBad):
        resolve(post.code8, HOSTS)


def test_a_code_made_for_another_host_fails(post: Post, print_: PostPrint) -> None:
    foreign = print_url(post, print_, base="https://linli.evil.test").rpartition("/")[2]
    with statements() as seen, pytest.raises(TokenBad):
        resolve(foreign, HOSTS)
    assert seen == []
    assert resolve(foreign, (HOST, "linli.evil.test")).post_id == post.id
    with pytest.raises(TokenBad):
        resolve(token_of(post, print_), ("other.test",))
    with pytest.raises(TokenBad):
        resolve(token_of(post, print_), ())


def test_the_port_belongs_to_the_host(post: Post, print_: PostPrint) -> None:
    token = print_url(post, print_, base="http://127.0.0.1:8000").rpartition("/")[2]
    assert resolve(token, ("127.0.0.1:8000",)).post_id == post.id
    with pytest.raises(TokenBad):
        resolve(token, ("127.0.0.1",))


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        ".",
        "..",
        "x" * 10_000,
        "7k3m9qxw." * 1200,
        "7k3m9qxw.1a." + "0" * 10_000,
        "7k3m9qxw.1a.0000000000000000\x00",
        "7k3m9qxw\x00",
        "7k3m9qxw.-1a.0000000000000000",
        "7k3m9qxw.01a.0000000000000000",
        "7k3m9qxw.0a.0000000000000000",
        "7k3m9qxw.9999999999999999999a.0000000000000000",
        "7k3m9qxw.a.0000000000000000",
        "7k3m9qxw.11.0000000000000000",
        "7k3m9qxw.1a.000000000000000",
        "7k3m9qxw.1a.00000000000000000",
        "7k3m9qxw.٢a.0000000000000000",
        "<script>",
        "' OR 1=1--",
        "🙂" * 8,
        "王芳王芳王芳王芳",
        "\u202e7k3m9qxw",
    ],
)
def test_what_is_no_token_at_all_is_refused_without_a_question(hostile: str) -> None:
    with statements() as seen, pytest.raises(TokenBad):
        resolve(hostile, HOSTS)
    assert seen == []


@given(text=st.one_of(st.text(max_size=60), st.text(alphabet=string.printable, max_size=60)))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(TokenBad):
        resolve(text, HOSTS)


def test_an_unknown_post_with_a_true_mac_is_not_ours() -> None:
    with pytest.raises(TokenBad):
        resolve(sign(SigningKey("a", OLD.encode()), HOST, "00000000", 1), HOSTS)


def test_a_generation_that_was_never_printed_is_not_ours(post: Post, print_: PostPrint) -> None:
    with pytest.raises(TokenBad):
        resolve(sign(SigningKey("a", OLD.encode()), HOST, post.code8, print_.generation + 1), HOSTS)


def test_an_unknown_typed_code_says_so() -> None:
    with pytest.raises(TokenBad, match="token_bad") as refused:
        resolve("00000000", HOSTS)
    assert refused.value.status == 404
    assert "8 位码" in str(refused.value.message)


@pytest.mark.engine
def test_a_retired_print_is_revoked_scanned_and_typed(post: Post) -> None:
    with transaction():
        old = make_print(post, 1, retired_at=clock.now(), retired_why="reprinted")
        make_print(post, 2)
    for code in (token_of(post, old), old.typed_code):
        with pytest.raises(PosterRevoked) as refused:
            resolve(code, HOSTS)
        assert (refused.value.status, refused.value.code) == (410, "poster_revoked")
        assert refused.value.post.post_id == post.id
        assert post.name in str(refused.value.message)


def test_a_sign_of_a_retired_post_is_revoked() -> None:
    with transaction():
        gone = make_post(state="retired")
        print_ = make_print(gone)
    with pytest.raises(PosterRevoked):
        resolve(token_of(gone, print_), HOSTS)


def test_a_sign_of_a_paused_post_still_resolves() -> None:
    with transaction():
        paused = make_post(state="paused")
        print_ = make_print(paused)
    assert resolve(token_of(paused, print_), HOSTS).state == "paused"


@pytest.mark.parametrize("state", ["verify", "grace"])
def test_an_older_key_still_counts_and_is_named(app: Flask, post: Post, print_: PostPrint, state: str) -> None:
    token = token_of(post, print_)
    with ring(app, f"b=a newer key of the tests;a={OLD}@{state}"):
        assert resolve(token, HOSTS).key_state == state
        assert resolve(print_.typed_code, HOSTS).key_state == state


def test_a_dead_key_revokes_its_signs(app: Flask, post: Post, print_: PostPrint) -> None:
    token = token_of(post, print_)
    with ring(app, f"b=a newer key of the tests;a={OLD}@dead"):
        for code in (token, print_.typed_code):
            with pytest.raises(PosterRevoked) as refused:
                resolve(code, HOSTS)
            assert refused.value.post.name == post.name
        with pytest.raises(KeyGone):
            print_url(post, print_)


def test_a_key_that_left_the_ring_vouches_for_nothing(app: Flask, post: Post, print_: PostPrint) -> None:
    token = token_of(post, print_)
    with ring(app, "b=a newer key of the tests"):
        with pytest.raises(TokenBad):
            resolve(token, HOSTS)
        with pytest.raises(PosterRevoked):
            resolve(print_.typed_code, HOSTS)


def test_a_leaked_old_key_cannot_vouch_for_a_sign_that_a_newer_one_signed(app: Flask, post: Post) -> None:
    with transaction():
        make_print(post, 1, kid="b")
    forged = sign(SigningKey("a", OLD.encode()), HOST, post.code8, 1)
    with ring(app, f"b=a newer key of the tests;a={OLD}"), pytest.raises(TokenBad):
        resolve(forged, HOSTS)


def test_the_state_of_a_key_says_nothing_about_another_key(app: Flask, post: Post) -> None:
    with ring(app, f"b=a newer key of the tests;a={OLD}@dead"):
        with transaction():
            print_ = make_print(post, 1, kid="b")
        assert resolve(token_of(post, print_), HOSTS).key_state == "active"


@pytest.mark.engine
def test_a_sign_printed_before_the_last_move_is_told_apart(post: Post, print_: PostPrint) -> None:
    with transaction():
        session().get_one(Post, post.id).moved_at = clock.now() + timedelta(minutes=1)
    assert resolve(token_of(post, print_), HOSTS).moved
    with transaction():
        newer = make_print(post, 3, printed_at=clock.now() + timedelta(minutes=2))
    assert not resolve(token_of(post, newer), HOSTS).moved


def test_only_the_demo_accepts_the_host_that_was_asked(app: Flask) -> None:
    assert codes.accepted_hosts("192.168.1.5:8000") == (HOST,)
    before = app.extensions["linli_settings"]
    app.extensions["linli_settings"] = dataclasses.replace(before, mode="demo")
    try:
        assert codes.accepted_hosts("Phone.Local:8000") == (HOST, "phone.local:8000")
    finally:
        app.extensions["linli_settings"] = before


@given(
    post8=st.text(alphabet=CODE_ALPHABET, min_size=8, max_size=8),
    generation=st.integers(min_value=1, max_value=999_999),
    kid=st.sampled_from(string.ascii_lowercase),
)
def test_every_token_reads_back_and_has_its_form(post8: str, generation: int, kid: str) -> None:
    token = sign(SigningKey(kid, b"any key at all"), HOST, post8, generation)
    assert token.startswith(f"{post8}.{generation}{kid}.")
    mac = token.rpartition(".")[2]
    assert len(mac) == codes.MAC_LENGTH
    assert set(mac) <= set(CODE_ALPHABET)
    assert token.isascii()
    assert token == token.lower()
