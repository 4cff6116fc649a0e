"""What an announcement must be, and who it is for."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from community.core.errors import DomainError
from community.core.i18n import _
from community.core.slots import Provider
from community.messages.models import AUDIENCES

TITLE_LONGEST: Final = 40
BODY_LONGEST: Final = 2000
WHY_LONGEST: Final = 200
LONGEST = dt.timedelta(days=366)
# Control and direction-changing characters would let words look like others.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ALLOWED = {"\n", "\u200d", "\ufe0f"}


@dataclass(frozen=True, slots=True)
class Words:
    """What is announced: `starts_at` and `until` are aware instants; no `until` means until it is withdrawn."""

    title: str
    body: str
    audience: str
    starts_at: dt.datetime
    until: dt.datetime | None = None
    important: bool = False


def _no_circles(_member_id: int) -> frozenset[str]:
    return frozenset()


# member id → which of "volunteers" and "leaders" she is; the room that keeps the teams knows.
circles: Provider[frozenset[str]] = Provider("announcement_circles", _no_circles)


def check(words: Words, now: dt.datetime) -> Words:
    """Return `words` cleaned; raises DomainError of the field that is wrong."""
    title = " ".join(unicodedata.normalize("NFC", words.title).split())
    body = unicodedata.normalize("NFC", words.body.replace("\r\n", "\n")).strip()
    _check_text(title, "title", TITLE_LONGEST)
    _check_text(body, "body", BODY_LONGEST)
    if words.audience not in AUDIENCES:
        raise DomainError("bad_audience", _("请选择给谁看"), field="audience")
    if words.until is not None and words.until <= max(words.starts_at, now):
        raise DomainError("bad_window", _("结束时间要晚于开始时间，也要晚于现在"), field="until")
    if words.starts_at > now + LONGEST or (words.until and words.until > words.starts_at + LONGEST):
        raise DomainError("bad_window", _("时间太远了，一年以内就好"), field="until" if words.until else "starts_at")
    return replace(words, title=title, body=body)


def audiences(member_id: int | None) -> tuple[str, ...]:
    """Return the audiences that somebody belongs to; `None` is a visitor who is not signed in."""
    if member_id is None:
        return ("everyone",)
    return ("everyone", "members", *sorted(circles(member_id)))


def _check_text(text: str, field: str, longest: int) -> None:
    if not text:
        raise DomainError("missing", _("请填写"), field=field)
    if len(text) > longest:
        raise DomainError("too_long", _("最多 %(count)s 个字", count=longest), field=field)
    if any(unicodedata.category(one) in _HIDDEN and one not in _ALLOWED for one in text):
        raise DomainError("hidden_characters", _("有看不见的字符，请删掉再发"), field=field)
