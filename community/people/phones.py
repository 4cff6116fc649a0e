"""Telephone numbers: read as people write them, kept under cipher, found again by keyed hashes, shown masked."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from community.core.config import settings
from community.core.errors import DomainError
from community.core.i18n import Text, _
from community.core.keys import HashRing

HOME = "CN"
# What transactions name that make somebody the owner of a number, one by one or many at once.
OWNERS = "owners of phone numbers"
_WRITTEN = re.compile(r"\+?[0-9][0-9 ()\-.·]{4,28}")
_FIXED = {PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN}


class BadPhone(DomainError):
    """What was typed is no number that this site can keep; the text says what is wrong with it."""

    def __init__(self, code: str, message: Text, next_step: Text, field: str) -> None:
        super().__init__(code, message, next_step=next_step, field=field)


def parse(text: str, *, field: str = "phone") -> str:
    """Return the mobile number that `text` spells, as E.164 ("+8619900000001"); without a country it is a Chinese one.

    Raises BadPhone (a DomainError of the form's `field`): not_a_phone, phone_landline.
    """
    written = " ".join(unicodedata.normalize("NFKC", text).split())
    number = _number(written)
    if number is None or not phonenumbers.is_valid_number(number):
        raise BadPhone(
            "not_a_phone",
            _("这不像一个手机号"),
            _("请填 11 位手机号，例如 199 0000 0001；国外号码请从 + 和国家代码写起。"),
            field,
        )
    if phonenumbers.number_type(number) in _FIXED:
        raise BadPhone("phone_landline", _("这是座机号码"), _("请填手机号；没有手机的邻居可以请楼长帮忙登记。"), field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _number(written: str) -> PhoneNumber | None:
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        return phonenumbers.parse(written, HOME)
    except NumberParseException:
        return None


def phone_hash(e164: str) -> str:
    """Return the keyed hash (64 hex digits) under which a whole number is written: that of the newest key."""
    return _ring().digest(f"phone:{e164}")


def phone_hashes(e164: str) -> tuple[str, ...]:
    """Return the hashes by which a whole number is found, under every key that is alive, the newest first."""
    return _ring().digests(f"phone:{e164}")


def typed_hashes(text: str) -> tuple[str, ...]:
    """Return the hashes of the number that `text` spells, or of the text itself when it spells none."""
    try:
        return phone_hashes(parse(text))
    except DomainError:
        return phone_hashes(text[:60])


def typed_hash(text: str) -> str:
    """Return the first of `typed_hashes`."""
    return typed_hashes(text)[0]


def held_hashes(token: str | None, kept: str | None) -> tuple[str, ...]:
    """Return the hashes by which the number of a row is found: that of the row (`kept`) and those of its cipher.

    While keys change, two rows of one number may keep hashes of different keys; these meet. None without a number.
    """
    if kept is None:
        return ()
    if token is None or len(_ring().keys) == 1:
        return (kept,)
    return tuple(dict.fromkeys((kept, *phone_hashes(decrypt(token)))))


def tail_hashes(digits: str) -> tuple[str, ...]:
    """Return the keyed hashes by which the last four `digits` are found, the newest key's first."""
    return _ring().digests(f"tail:{digits}")


def tail(e164: str) -> str:
    """Return the last four digits."""
    return e164[-4:]


def encrypt(e164: str) -> str:
    """Return the number under the newest cipher key. Raises BadSettings where the process has no keys."""
    return settings().need_secrets().cipher.encrypt(e164)


def decrypt(token: str) -> str:
    """Return the number; raises cryptography's InvalidToken when its key is gone or the text was altered."""
    return settings().need_secrets().cipher.decrypt(token)


def columns(e164: str | None) -> dict[str, str | None]:
    """Return what a member row keeps of a number, by column (None without one): cipher, hashes and their key's name."""
    if e164 is None:
        return dict.fromkeys(("phone_cipher", "phone_hash", "phone_tail_hash", "phone_kid"))
    return {"phone_cipher": encrypt(e164), **hash_columns(e164)}


def hash_columns(e164: str) -> dict[str, str | None]:
    """Return by column what a member row keeps to find a number by, under the newest key, and that key's name."""
    return {
        "phone_hash": phone_hash(e164),
        "phone_tail_hash": tail_hashes(tail(e164))[0],
        "phone_kid": _ring().newest,
    }


def masked(token: str | None) -> str:
    """Return the number under cipher as staff see it: "138****1234", from abroad "+852****1234"; "" without one."""
    if token is None:
        return ""
    e164 = decrypt(token)
    head = e164[3:6] if e164.startswith("+86") else e164[:4]
    return f"{head}****{tail(e164)}"


def whole(token: str | None) -> str:
    """Return the number as its owner reads it: "199 0000 0001"; abroad with its country; "" without one."""
    if token is None:
        return ""
    number = phonenumbers.parse(decrypt(token), None)
    style = phonenumbers.PhoneNumberFormat
    home = number.country_code == phonenumbers.country_code_for_region(HOME)
    return phonenumbers.format_number(number, style.NATIONAL if home else style.INTERNATIONAL)


def _ring() -> HashRing:
    return settings().need_secrets().hashes
