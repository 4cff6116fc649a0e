"""Keys have names, the first of a ring is used, the others still count, and none is shown."""

import pytest
from cryptography.fernet import InvalidToken

from community.core.keys import CipherRing, HashRing, SigningRing, WeakSecret, check_strength

KEY_1, KEY_2 = CipherRing.new_key(), CipherRing.new_key()


def test_a_number_encrypted_before_a_rotation_is_read_after_it() -> None:
    before = CipherRing.parse(f"1={KEY_1}")
    after = CipherRing.parse(f"2={KEY_2};1={KEY_1}")
    token = before.encrypt("+8619900000001")
    assert token.startswith("1.")
    assert after.decrypt(token) == "+8619900000001"
    assert after.encrypt("+8619900000001").startswith("2.")


def test_the_same_number_never_looks_the_same_twice() -> None:
    ring = CipherRing.parse(f"1={KEY_1}")
    assert ring.encrypt("+8619900000001") != ring.encrypt("+8619900000001")


@pytest.mark.parametrize("broken", ["", "1.", "3.abc", "1.abc", "no-dot", "1.gAAAA"])
def test_what_no_key_of_the_ring_made_is_refused(broken: str) -> None:
    with pytest.raises(InvalidToken):
        CipherRing.parse(f"1={KEY_1}").decrypt(broken)


def test_an_altered_token_is_refused() -> None:
    ring = CipherRing.parse(f"1={KEY_1}")
    token = ring.encrypt("+8619900000001")
    flipped = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    with pytest.raises(InvalidToken):
        ring.decrypt(flipped)


def test_the_first_signing_key_signs_and_the_others_have_their_states() -> None:
    ring = SigningRing.parse("c=third; b=second@grace ;a=first@dead;d=fourth")
    assert ring.newest.kid == "c"
    assert {key.kid: key.state for key in ring.keys} == {"c": "active", "b": "grace", "a": "dead", "d": "verify"}
    assert ring.get("x") is None


def test_two_keys_sign_the_same_text_differently() -> None:
    ring = SigningRing.parse("a=first;b=second")
    one, other = ring.keys
    assert SigningRing.mac(one, "x") != SigningRing.mac(other, "x")
    assert SigningRing.mac(one, "x") == SigningRing.mac(one, "x")
    assert len(SigningRing.mac(one, "x")) == 32


def test_rings_do_not_show_their_secrets() -> None:
    assert "topsecret" not in repr(SigningRing.parse("a=topsecret"))
    assert KEY_1 not in repr(CipherRing.parse(f"1={KEY_1}"))


@pytest.mark.parametrize("text", ["", ";", "a", "a=", "a=x;a=y", "A=x", "1=x", "ab=x", "a=x@asleep", "a=x@verify"])
def test_a_malformed_ring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="POSTER_KEYS"):
        SigningRing.parse(text)


def test_a_strong_secret_passes() -> None:
    check_strength("X", "kJ3v9ZpQ0sLx7TqWm2RfYb8NcHd5GaEu1oViXz4=")


@pytest.mark.parametrize(
    "weak", ["kJ3v9ZpQ0sLx7TqWm2RfYb8NcHd5GaE", "kJ3v9ZpQ0sLx7T" * 3, "zyxwvutsrqponmlkjihgfedcba987654"]
)
def test_a_short_or_regular_secret_does_not(weak: str) -> None:
    with pytest.raises(WeakSecret):
        check_strength("X", weak)


def test_a_setting_with_one_bare_secret_is_a_ring_of_one() -> None:
    ring = HashRing.parse("bare secret")
    assert (ring.names, ring.newest) == (("1",), "1")
    assert ring.digests("x") == (ring.digest("x"),) == HashRing.parse("1=bare secret").digests("x")
    # Base64 ends in =, and is no name for that.
    assert HashRing.parse("q2ZtbWFpbg==").names == ("1",)


def test_the_first_hash_key_writes_and_every_one_finds() -> None:
    old, turned = HashRing.parse("1=old one"), HashRing.parse("2=new one; 1=old one")
    assert turned.digests("x") == (turned.digest("x"), old.digest("x"))
    assert turned.digest("x") != old.digest("x")
    assert "new one" not in repr(turned)


@pytest.mark.parametrize("text", ["1=x;1=y", "1=x;bare", "1=x;2=", "1=x;A=y", "1=x;toolongname=y"])
def test_a_malformed_ring_of_hash_keys_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PHONE_HASH_KEY"):
        HashRing.parse(text)


def test_each_hash_key_has_to_be_strong_and_is_named_when_it_is_not() -> None:
    strong = "k3Vq9xWm2Zp7Lr5Tn8Yb4Hd6Js1Fg0Ca"
    assert HashRing.parse(f"2={strong};1={strong[::-1]}", strict=True).names == ("2", "1")
    with pytest.raises(WeakSecret, match="PHONE_HASH_KEY 1 "):
        HashRing.parse(f"2={strong};1=short", strict=True)
