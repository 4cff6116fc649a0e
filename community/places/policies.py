"""What a post's name, number, position and radius must be, and which states may follow which."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from community.core.errors import Conflict, DomainError
from community.core.i18n import Text, _
from community.places import geo
from community.places.models import OPEN_TO, POST_KINDS, Post

NAME_LONGEST: Final = 40
NUMBER_LONGEST: Final = 12
SPOT_LONGEST: Final = 80
WHY_LONGEST: Final = 200
RADIUS: Final = (20, 2000)
# Invisible and direction-changing characters: on a sign they would make a name look like another.
_HIDDEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # inside emoji and some scripts they belong to the letter

# retired is final: a post that comes back is a new post with a new code.
MOVES: Final = {"active": {"paused", "retired"}, "paused": {"active", "retired"}, "retired": set[str]()}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a post is, as typed from some map: degrees in the system `crs`."""

    lat: float
    lon: float
    crs: str = "wgs84"


@dataclass(frozen=True, slots=True)
class Details:
    """What can be changed about a post without moving it. An empty `number` asks for the next free one."""

    name: str
    number: str = ""
    spot: str = ""
    kind: str = "patrol"
    open_to: str = "volunteers"
    radius_m: int = 150


def clean_line(text: str) -> str:
    """Return `text` as one line of composed characters, blanks trimmed and single."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def check_details(details: Details) -> Details:
    """Return `details` with clean texts; raises DomainError of the field that is wrong."""
    checked = Details(
        name=_line(details.name, "name", NAME_LONGEST, needed=_("请填写点位名称")),
        number=_line(details.number, "number", NUMBER_LONGEST).upper(),
        spot=_line(details.spot, "spot", SPOT_LONGEST),
        kind=details.kind,
        open_to=details.open_to,
        radius_m=details.radius_m,
    )
    if checked.kind not in POST_KINDS:
        raise DomainError("kind", _("请选择点位类型"), field="kind")
    if checked.open_to not in OPEN_TO:
        raise DomainError("open_to", _("请选择谁可以在这里打卡"), field="open_to")
    low, high = RADIUS
    if not low <= checked.radius_m <= high:
        raise DomainError("radius", _("范围要在 %(low)s 到 %(high)s 米之间", low=low, high=high), field="radius_m")
    return checked


def check_position(position: Position) -> tuple[float, float]:
    """Return latitude and longitude in WGS-84, to seven decimals; raises DomainError (field "position").

    Latitude and longitude in the wrong order, or a place outside China, are told apart from plain nonsense.
    """
    if position.crs not in geo.CRS:
        raise DomainError("crs", _("请选择坐标来自哪种地图"), field="crs")
    if not geo.on_globe(position.lat, position.lon):
        swapped = geo.on_globe(position.lon, position.lat)
        raise DomainError(
            "position",
            _("纬度和经度写反了，请把 30 左右的数写在前面") if swapped else _("这不是一个坐标"),
            field="position",
        )
    lat, lon = geo.to_wgs84(position.lat, position.lon, position.crs)
    return round(lat, 7), round(lon, 7)


def check_why(text: str, *, needed: bool = True) -> str:
    """Return the reason; raises DomainError (field "reason") for none where one is needed, or one too long."""
    return _line(text, "reason", WHY_LONGEST, needed=_("请写明原因，扫码的人会看到") if needed else None)


def must_be_allowed(post: Post, state: str) -> None:
    """Raise Conflict unless the post may go to `state` from where it is."""
    if state not in MOVES[post.state]:
        raise Conflict(
            "post_state", _("这个点位的状态已经变了"), next_step=_("可能有人刚处理过。请回到点位页面看现在的状态。")
        )


def must_be_in_use(post: Post) -> None:
    """Raise Conflict for a retired post: nothing about it changes any more."""
    if post.state == "retired":
        raise Conflict("post_retired", _("这个点位已经撤销"), next_step=_("如果要恢复，请新建一个点位。"))


def _line(text: str, field: str, longest: int, *, needed: Text | None = None) -> str:
    line = clean_line(text)
    if not line and needed is not None:
        raise DomainError(f"{field}_empty", needed, field=field)
    if len(line) > longest:
        raise DomainError(f"{field}_long", _("最多 %(count)s 个字", count=longest), field=field)
    if any(_hidden(character) for character in line):
        raise DomainError(f"{field}_hidden", _("里面有看不见的字符，请重新输入一遍"), field=field)
    return line


def _hidden(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in _HIDDEN or (kind == "Cf" and character not in _JOINERS)
