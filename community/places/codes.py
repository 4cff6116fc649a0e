"""Codes on signs: the signed token in a QR code, the 8 characters under it, and what a scanned or typed one means.

A token is `<post8>.<generation><kid>.<mac16>`: `mac16` is the first 80 bits of HMAC-SHA256(key[kid],
"p1|HOST|post8|generation") in Crockford's base 32 (checkin.md §2.1). The host is inside the MAC, so a code copied to
another domain fails. A forged token never reaches the database; a typed code has no MAC and always does.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import Row, Select, bindparam, select

from community.core.config import settings
from community.core.db import session
from community.core.errors import Gone, NotFound
from community.core.i18n import _
from community.core.ids import CODE_ALPHABET, clean_code, is_code
from community.core.keys import KeyState, SigningKey, SigningRing
from community.places.models import Post, PostPrint

Source = Literal["poster", "typed"]

MAC_LENGTH = 16
# The longest honest token has 8 + 1 + 6 + 1 + 1 + 16 characters; a typed code may carry blanks and dashes.
_LONGEST = 40
_TOKEN = re.compile(rf"([{CODE_ALPHABET}]{{8}})\.([1-9][0-9]{{0,5}})([a-z])\.([{CODE_ALPHABET}]{{{MAC_LENGTH}}})")


_POST = Post.__table__.c
_PRINT = PostPrint.__table__.c
# Built once: every scan asks one of them, and building a statement costs more than sending it.
_SIGN: Select[Any] = select(
    _POST.id,
    _PRINT.id.label("print_id"),
    _POST.area_id,
    _POST.town_id,
    _POST.scope_path,
    _POST.name,
    _POST.number,
    _POST.lat,
    _POST.lon,
    _POST.radius_m,
    _POST.open_to,
    _POST.state,
    _POST.kind,
    _POST.spot,
    _POST.state_why,
    _POST.moved_at,
    _PRINT.printed_at,
    _PRINT.retired_at,
    _PRINT.kid,
    _PRINT.installed_photo,
).join(Post.__table__, _POST.id == _PRINT.post_id)
# The print's own key is part of the question: a leaked old key must not vouch for signs that a newer one signed.
_SCANNED = _SIGN.where(
    _POST.code8 == bindparam("post8"), _PRINT.generation == bindparam("generation"), _PRINT.kid == bindparam("kid")
)
_TYPED = _SIGN.where(_PRINT.typed_code == bindparam("code"))


@dataclass(frozen=True, slots=True)
class ScannedPost:
    """The post that a code stands for. Position in WGS-84 degrees; `moved`: the sign was printed before the post's last
    move; `key_state` "grace": accepted, and the sign should be printed again."""

    post_id: int
    print_id: int
    area_id: int
    town_id: int
    scope_path: str
    name: str
    number: str
    lat: float
    lon: float
    radius_m: int
    open_to: str
    state: str
    moved: bool
    src: Source
    key_state: KeyState
    kind: str = "patrol"
    spot: str = ""
    state_why: str | None = None
    # Whether a picture shows the sign where it hangs.
    pictured: bool = False


class TokenBad(NotFound):
    """No sign of ours: altered, cut off, made for another host, or a typed code that no sign carries."""

    def __init__(self, *, typed: bool = False) -> None:
        self.typed = typed
        super().__init__(
            _("没有牌子用这个 8 位码") if typed else _("这不是本平台的牌子"),
            next_step=_("请对照牌子再输一次：没有字母 i、l、o、u。")
            if typed
            else _("请勿在它打开的页面输入任何信息。可以输入牌子上的 8 位码，或告诉队长、社区这里有假码。"),
            code="token_bad",
        )


class PosterRevoked(Gone):
    """A sign of ours that no longer counts: printed anew, taken down, or its key is dead. `post` says whose it was."""

    def __init__(self, post: ScannedPost) -> None:
        super().__init__(
            "poster_revoked",
            _("这张牌子已停用：%(name)s", name=post.name),
            next_step=_("请扫旁边的新牌子，或请队长代签。"),
        )
        self.post = post


class Printed(Protocol):
    """A generation of a sign, as its token needs it."""

    generation: int
    kid: str


class Coded(Protocol):
    """A post, as its token needs it."""

    code8: str


def sign(key: SigningKey, host: str, post8: str, generation: int) -> str:
    """Return the token of a post's generation, signed with `key` for `host` (with its port, if any)."""
    return f"{post8}.{generation}{key.kid}.{_mac16(key, host, post8, str(generation))}"


def at_post(post_id: int, src: Source) -> ScannedPost | None:
    """Return a post as its newest valid sign would give it, for who stands there without scanning; None without one."""
    wanted = _SIGN.where(_POST.id == post_id, _PRINT.retired_at.is_(None)).order_by(_PRINT.generation.desc()).limit(1)
    row = session().execute(wanted).one_or_none()
    if row is None:
        return None
    try:
        return _judge(row, src)
    except PosterRevoked:
        return None


def print_url(post: Coded, print_: Printed, *, base: str | None = None) -> str:
    """Return the address in the QR code of one generation, below `base` (default: PUBLIC_URL).

    Raises KeyGone when the key that signed this generation has left the ring or is dead.
    """
    key = _ring().get(print_.kid)
    if key is None or key.state == "dead":
        raise KeyGone
    base = base or settings().public_url
    return f"{base}/p/{sign(key, host_of(base), post.code8, print_.generation)}"


class KeyGone(Gone):
    """The sign can no longer be shown: its key has been withdrawn."""

    def __init__(self) -> None:
        super().__init__("key_gone", _("这一版牌子的签名密钥已作废"), next_step=_("请打印新的一版。"))


def host_of(url: str) -> str:
    """Return host and port of an absolute address, in lower case."""
    return url.split("://", 1)[1].split("/", 1)[0].lower()


def accepted_hosts(own: str) -> tuple[str, ...]:
    """Return the hosts whose codes count: PUBLIC_URL's, and in demo mode also `own`, the host that was asked."""
    configured = settings()
    return (configured.public_host, own.lower()) if configured.demo else (configured.public_host,)


def resolve(token: str, hosts: Iterable[str]) -> ScannedPost:
    """Return the post that `token` (scanned, or the 8 typed characters) stands for, in one statement.

    Upper and lower case are the same. Raises TokenBad (404) for what is no code of ours, PosterRevoked (410,
    with `.post`) for a sign that no longer counts.
    """
    if len(token) > _LONGEST:
        raise TokenBad
    # Chinese keyboards easily leave full-width letters and digits behind.
    token = unicodedata.normalize("NFKC", token).strip()
    typed = clean_code(token)
    if is_code(typed):
        return _typed(typed)
    return _scanned(token.lower(), hosts)


def _scanned(token: str, hosts: Iterable[str]) -> ScannedPost:
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise TokenBad
    post8, generation, kid, mac = parts.groups()
    key = _ring().get(kid)
    # Every host is compared: how long it takes says nothing about which one fits.
    fits = [key is not None and _same(mac, _mac16(key, host, post8, generation)) for host in hosts]
    if key is None or not any(fits):
        raise TokenBad
    asked = {"post8": post8, "generation": int(generation), "kid": kid}
    row = session().execute(_SCANNED, asked).one_or_none()
    if row is None:
        raise TokenBad
    return _judge(row, "poster")


def _typed(code: str) -> ScannedPost:
    row = session().execute(_TYPED, {"code": code}).one_or_none()
    if row is None:
        raise TokenBad(typed=True)
    return _judge(row, "typed")


def _judge(row: Row[Any], src: Source) -> ScannedPost:
    key = _ring().get(row.kid)
    post = ScannedPost(
        post_id=row.id,
        print_id=row.print_id,
        area_id=row.area_id,
        town_id=row.town_id,
        scope_path=row.scope_path,
        name=row.name,
        number=row.number,
        lat=row.lat,
        lon=row.lon,
        radius_m=row.radius_m,
        open_to=row.open_to,
        state=row.state,
        moved=row.moved_at is not None and row.printed_at < row.moved_at,
        src=src,
        key_state=key.state if key else "dead",
        kind=row.kind,
        spot=row.spot,
        state_why=row.state_why,
        pictured=row.installed_photo is not None,
    )
    if row.retired_at is not None or post.state == "retired" or post.key_state == "dead":
        raise PosterRevoked(post)
    return post


def _ring() -> SigningRing:
    return settings().need_secrets().signing


def _mac16(key: SigningKey, host: str, post8: str, generation: str) -> str:
    return mac16(key, f"p1|{host.lower()}|{post8}|{generation}")


def mac16(key: SigningKey, message: str) -> str:
    """Return the first 80 bits of the MAC of `message` in the alphabet of codes; its beginning says what it is for."""
    digest = SigningRing.mac(key, message)
    bits = int.from_bytes(digest[:10], "big")
    return "".join(CODE_ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
