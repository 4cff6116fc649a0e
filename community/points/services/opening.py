"""Opening balances: what people had in a paper book or another system, as lots of their own.

A file is taken as a whole: one bad row, and nothing of it is written. Written again, no row gives anything twice: the
natural key is the book, the person, the asset and the day until which it is valid.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from community.core import clock
from community.core.authz import Actor, must_be_system
from community.core.errors import DomainError, NotFound
from community.core.i18n import Text, _
from community.people import phones, queries as people
from community.places.imports.reading import Row, Table, read
from community.points.services import adjusting, journal
from community.points.services.posting import By

COLUMNS: Mapping[str, Text] = {
    "phone": _("手机号"),
    "name": _("姓名"),
    "points": _("积分"),
    "minutes": _("服务分钟"),
    "until": _("有效期到"),
}
# More than that in one row is a slip of the finger.
_MOST = 1_000_000
_BOOK = re.compile(r"[A-Za-z0-9-]{1,20}")
_WHOLE = re.compile(r"[0-9]{1,9}")
# 2028-06-30, 2028/6/30, 2028.6.30, or with the Chinese signs of year, month and day (as code points: no text to read).
_DAY = re.compile(r"([0-9]{4})[-/.\u5e74]([0-9]{1,2})[-/.\u6708]([0-9]{1,2})\u65e5?(?: 00:00:00)?")
REASON = "opening"


@dataclass(frozen=True, slots=True)
class Gift:
    """What one row gives of one asset."""

    line: int
    member_id: int
    asset: str
    amount: int
    until: dt.date | None
    # It was written before.
    done: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in which row."""

    line: int
    what: Text


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would write, and what is wrong with it; with one problem nothing is written."""

    book: str
    gifts: Sequence[Gift]
    problems: Sequence[Problem]

    def total(self, asset: str) -> int:
        """Return how much of the asset is still to be written."""
        return sum(gift.amount for gift in self.gifts if gift.asset == asset and not gift.done)

    @property
    def todo(self) -> Sequence[Gift]:
        return [gift for gift in self.gifts if not gift.done]


def check(town_id: int, book: str, data: bytes) -> Plan:
    """Return what the file would write for the town. Raises BadFile, DomainError for a book's name or the columns."""
    if not _BOOK.fullmatch(book):
        raise DomainError("book", _("账本代号只能用字母、数字和短横线，最多 20 个"), field="book")
    rows = iter(_rows(read(data)))
    columns = _columns(next(rows, None))
    gifts: list[Gift] = []
    problems: list[Problem] = []
    seen: set[tuple[int, str, dt.date | None]] = set()
    for row in rows:
        try:
            for gift in _gifts(town_id, book, row, columns):
                key = (gift.member_id, gift.asset, gift.until)
                if key in seen:
                    raise DomainError("twice", _("同一个人、同一个有效期写了两行，请合成一行"))
                seen.add(key)
                gifts.append(gift)
        except DomainError as error:
            problems.append(Problem(row.line, error.message))
    return Plan(book, gifts, problems)


def write(actor: Actor, town_id: int, book: str, gift: Gift, resolution: str) -> int:
    """Give what a row says, as `resolution` decided; returns the posting. Needs `transaction()`, one for each row.

    For commands only.
    """
    must_be_system(actor)
    return adjusting.adjust(
        town_id,
        gift.member_id,
        gift.asset,
        gift.amount,
        expires_on=gift.until,
        by=By(0),
        evidence_ref=_evidence(book, gift.until),
        reason_code=REASON,
        explain={"book": book, "row": gift.line, "words": resolution},
    )


def _rows(table: Table) -> Iterator[Row]:
    return (row for row in table.rows if any(row.cells))


def _columns(head: Row | None) -> dict[str, int]:
    """Return column → where it stands, by its Chinese or English name."""
    names = [cell.strip().lower() for cell in head.cells] if head else []
    found: dict[str, int] = {}
    for key, word in COLUMNS.items():
        for name in (key, str(word)):
            if name in names:
                found[key] = names.index(name)
    missing = [str(COLUMNS[key]) for key in ("phone", "name", "points") if key not in found]
    if missing:
        raise DomainError("columns", _("第一行缺少列：%(names)s", names="、".join(missing)), field="file")
    return found


def _gifts(town_id: int, book: str, row: Row, columns: Mapping[str, int]) -> Iterator[Gift]:
    cells = {key: row.cells[at].strip() if at < len(row.cells) else "" for key, at in columns.items()}
    member_id = _member(cells["phone"], cells["name"])
    amounts = {asset: _amount(cells.get(asset, "")) for asset in ("minutes", "points")}
    if not any(amounts.values()):
        raise DomainError("amount", _("积分和服务分钟都没有填"))
    for asset, amount in amounts.items():
        if amount:
            # Minutes of service never expire.
            until = _until(cells.get("until", "")) if asset == "points" else None
            key = adjusting.key_of(REASON, asset, _evidence(book, until), member_id)
            yield Gift(row.line, member_id, asset, amount, until, journal.known(town_id, key) is not None)


def _member(phone: str, name: str) -> int:
    try:
        member = people.verified_with(phones.parse(phone))
    except NotFound as error:
        raise DomainError("nobody", error.message) from None
    if member.display_name != name:
        # Whose number it is, is not told to who has the file.
        raise DomainError("name", _("姓名和这个手机号登记的不一样"))
    return member.id


def _amount(text: str) -> int:
    if not text:
        return 0
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= _MOST:
        raise DomainError("amount", _("“%(typed)s”不是整数，或者太大", typed=text[:20]))
    return int(text)


def _until(text: str) -> dt.date:
    found = _DAY.fullmatch(text)
    try:
        until = dt.date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        until = None
    if until is None:
        raise DomainError("until", _("请写有效期到哪一天，例如 2028-06-30"))
    if until < clock.today():
        raise DomainError("until", _("有效期已经过了"))
    return until


def _evidence(book: str, until: dt.date | None) -> str:
    return f"opening:{book}:{until.isoformat() if until else 'never'}"
