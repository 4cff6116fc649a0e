"""What the site holds on one person, room by room: declared where the tables are, told, counted and copied in one way.

Each room declares its holdings; the factory puts them into order. A person's page about her data and the copy she may
take are made of them, and a test holds them against the tables: no column that refers to her is forgotten.
"""

from __future__ import annotations

import datetime as dt
import importlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from community.core import clock
from community.core.db import session
from community.core.i18n import Text, _, plain
from community.core.idempotency import IdempotencyKey
from community.core.uploads import Document, Upload

# The statement of what is kept, whatever its columns are.
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Kept:
    """A group of rows about a person, in her words: what it is, why it is kept, how long, who sees it.

    `rows` returns the select of what is kept about the members with these ids (her own and what was merged into it);
    its column names are the keys of `words`, which say what each column is, and `choices` puts stored codes into words.
    `told` makes a row readable where a stored value is not. `endpoint` is the page with her own list, if there is one.
    """

    key: str
    title: Text
    why: Text
    how_long: Text
    seen_by: Text
    words: Mapping[str, Text]
    rows: Callable[[Sequence[int]], Rows]
    choices: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    told: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    endpoint: str = ""


@dataclass(frozen=True)
class Room:
    """The holdings of one room under a heading."""

    key: str
    title: Text
    kept: tuple[Kept, ...] = field(default=())


_rooms: list[Room] = []


def wire(rooms: Iterable[str]) -> None:
    """Replace all holdings by those of the rooms named, each `HELD` of its module `holdings`; the factory calls it."""
    _rooms[:] = [importlib.import_module(f"community.{room}.holdings").HELD for room in rooms]


def rooms() -> tuple[Room, ...]:
    """Return the rooms with their holdings, in the order people read them."""
    return tuple(_rooms)


def count(kept: Kept, ids: Sequence[int]) -> int:
    """Return how many rows are held on the members `ids`."""
    return session().execute(select(func.count()).select_from(kept.rows(ids).order_by(None).subquery())).scalar_one()


def copy(kept: Kept, ids: Sequence[int], *, batch: int = 500) -> Iterator[dict[str, Any]]:
    """Yield what is held on the members `ids`, row by row, as texts, numbers, truths and None."""
    for row in session().execute(kept.rows(ids).execution_options(yield_per=batch)).mappings():
        readable = {name: spelled(row[name]) for name in kept.words}
        yield kept.told(readable) if kept.told else readable


def spelled(value: Any) -> Any:
    """Return a stored value as JSON can keep it: instants with their offset in local time, ids as text."""
    match value:
        case dt.datetime():
            return clock.local(value).isoformat(timespec="seconds")
        case dt.date():
            return value.isoformat()
        case uuid.UUID() | Decimal():
            return str(value)
        case bytes():
            return value.hex()
        case int() if not isinstance(value, bool) and abs(value) >= 1 << 53:
            # Longer than what a script reads as a number without losing digits.
            return str(value)
    return value


def written(kept: Kept, column: str, value: Any) -> str:
    """Return a copied value as a person reads it: codes in words, "2026-11-23 21:07", 是 and 否, — for nothing."""
    match value:
        case None | "":
            return "—"
        case bool():
            return plain(_("是") if value else _("否"))
        case str() if value in kept.choices.get(column, {}):
            return plain(kept.choices[column][value])
        case str() if column.endswith(("_at", "until")) and len(value) > 16:
            return value[:16].replace("T", " ")
    return str(value)


def _commands(ids: Sequence[int]) -> Rows:
    return (
        select(IdempotencyKey.created_at, IdempotencyKey.status, IdempotencyKey.location.label("led_to"))
        .where(IdempotencyKey.actor_key.in_([f"m:{one}" for one in ids]))
        .order_by(IdempotencyKey.created_at)
    )


def _pictures(ids: Sequence[int]) -> Rows:
    return (
        select(Upload.purpose, Upload.width, Upload.height, Upload.bytes, Upload.created_at, Upload.deleted_at)
        .where(Upload.uploaded_by.in_(ids))
        .order_by(Upload.created_at)
    )


def _papers(ids: Sequence[int]) -> Rows:
    return (
        select(Document.purpose, Document.bytes, Document.created_at, Document.deleted_at)
        .where(Document.uploaded_by.in_(ids))
        .order_by(Document.created_at)
    )


HELD = Room(
    "core",
    _("您点过的和传过的"),
    (
        Kept(
            key="taps",
            title=_("最近提交过的操作"),
            why=_("网络不好时重复提交也只算一次"),
            how_long=_("30 天后删除；注销时全部删除"),
            seen_by=_("没有人看；只由程序核对"),
            words={"created_at": _("时间"), "status": _("结果代码"), "led_to": _("之后打开的页面")},
            rows=_commands,
        ),
        Kept(
            key="pictures",
            title=_("您传的照片"),
            why=_("证明牌子挂好了，或者给补记作凭证"),
            how_long=_("牌子换掉后由管理员删除，凭证在决定一年后删除；照片里不存位置"),
            seen_by=_("您自己；负责这里的管理员"),
            words={
                "purpose": _("用途"),
                "width": _("宽"),
                "height": _("高"),
                "bytes": _("字节"),
                "created_at": _("上传时间"),
                "deleted_at": _("删除时间"),
            },
            rows=_pictures,
        ),
        Kept(
            key="papers",
            title=_("您传的文件"),
            why=_("规则是哪份决议通过的，谁都能查"),
            how_long=_("和规则一起一直保留，不带您的名字"),
            seen_by=_("公示后所有人"),
            words={
                "purpose": _("用途"),
                "bytes": _("字节"),
                "created_at": _("上传时间"),
                "deleted_at": _("删除时间"),
            },
            rows=_papers,
        ),
    ),
)
