"""What posts, areas and units must be: names, numbers, codes, positions, what nests in what, which state follows."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
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
        name=_line(details.name, "name", NAME_LONGEST, needed=_("请填写岗点名称")),
        number=_line(details.number, "number", NUMBER_LONGEST).upper(),
        spot=_line(details.spot, "spot", SPOT_LONGEST),
        kind=details.kind,
        open_to=details.open_to,
        radius_m=details.radius_m,
    )
    if checked.kind not in POST_KINDS:
        raise DomainError("kind", _("请选择岗点类型"), field="kind")
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
            "post_state", _("这个岗点的状态已经变了"), next_step=_("可能有人刚处理过。请回到岗点页面看现在的状态。")
        )


def must_be_in_use(post: Post) -> None:
    """Raise Conflict for a retired post: nothing about it changes any more."""
    if post.state == "retired":
        raise Conflict("post_retired", _("这个岗点已经撤销"), next_step=_("如果要恢复，请新建一个岗点。"))


def _line(text: str, field: str, longest: int, *, needed: Text | None = None) -> str:
    line = clean_line(text)
    if not line and needed is not None:
        raise DomainError(f"{field}_empty", needed, field=field)
    if len(line) > longest:
        raise DomainError(f"{field}_long", _("最多 %(count)s 个字", count=longest), field=field)
    if has_hidden(line):
        raise DomainError(f"{field}_hidden", _("里面有看不见的字符，请重新输入一遍"), field=field)
    return line


def has_hidden(text: str) -> bool:
    """Say whether `text` holds a sign that cannot be seen, or that turns the others round."""
    return not text.isprintable() and any(_hidden(character) for character in text)


def _hidden(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in _HIDDEN or (kind == "Cf" and character not in _JOINERS)


# --- areas ---

CODE_LONGEST: Final = 30
AREA_NAME_LONGEST: Final = 60
TITLE_LONGEST: Final = 10
PHONE_LONGEST: Final = 30
PATH_LONGEST: Final = 200
MOST_PEOPLE: Final = 100_000_000
# Official codes are digits; letters are for what has none of its own. A slash would break paths.
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{3,26}[0-9](?:[\u8f6cxX#][0-9]{1,6})?")
# Which kind may lie right below which; a village without grids holds its buildings itself.
BELOW: Final = {
    "district": ("town",),
    "town": ("village",),
    "village": ("grid", "building"),
    "grid": ("building",),
    "building": (),
}


@dataclass(frozen=True, slots=True)
class AreaDetails:
    """What is written about an area. `code` is text: official codes may begin with a zero."""

    name: str
    code: str
    title: str = ""
    population: int | None = None
    phone: str = ""


def check_area(details: AreaDetails) -> AreaDetails:
    """Return `details` with clean texts; raises DomainError of the field that is wrong."""
    checked = AreaDetails(
        name=_line(details.name, "name", AREA_NAME_LONGEST, needed=_("请填写名称")),
        code=check_code(details.code),
        title=_line(details.title, "title", TITLE_LONGEST),
        population=details.population,
        phone=check_phone(details.phone),
    )
    if checked.population is not None and not 0 <= checked.population <= MOST_PEOPLE:
        raise DomainError("population", _("人口要是 0 或更大的整数"), field="population")
    return checked


def check_code(text: str) -> str:
    """Return an area's code; raises DomainError (field "code") for none and for other signs than letters and digits."""
    code = _line(unicodedata.normalize("NFKC", text), "code", CODE_LONGEST, needed=_("请填写编码"))
    if not _CODE.fullmatch(code):
        raise DomainError("code", _("编码只能用数字、字母和短横线"), field="code")
    return code


def check_phone(text: str) -> str:
    """Return an office's number as it is printed, "" for none; raises DomainError (field "phone")."""
    phone = _line(unicodedata.normalize("NFKC", text), "phone", PHONE_LONGEST)
    if phone and not is_phone(phone):
        raise DomainError("phone", _("这不像一个电话号码，例如 0571-8200 0001"), field="phone")
    return phone


def is_phone(text: str) -> bool:
    """Say whether `text` is written like a telephone number."""
    return bool(_PHONE.fullmatch(unicodedata.normalize("NFKC", text)))


def must_nest(kind: str, parent_kind: str) -> None:
    """Raise DomainError (field "parent_id") unless a `kind` may lie right below a `parent_kind`."""
    if kind not in BELOW[parent_kind]:
        raise DomainError("nesting", _("这一级不能放在所选的上级下面"), field="parent_id")


# --- units ---

LABEL_LONGEST: Final = 40
ADDRESS_CODE_LONGEST: Final = 40
LARGEST_M2: Final = Decimal(1_000_000)
_SQUARE_METRES: Final = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class UnitDetails:
    """What is written about a flat or shop. `area_m2` as typed, in square metres; the address code is text."""

    label: str
    area_m2: str = ""
    address_code: str = ""


@dataclass(frozen=True, slots=True)
class CheckedUnit:
    """The same, checked."""

    label: str
    area_m2: Decimal | None
    address_code: str | None


def check_unit(details: UnitDetails) -> CheckedUnit:
    """Return the details, clean; raises DomainError of the field that is wrong."""
    label = _line(details.label, "label", LABEL_LONGEST, needed=_("请填写房号"))
    code = _line(unicodedata.normalize("NFKC", details.address_code), "address_code", ADDRESS_CODE_LONGEST)
    if code and not _CODE.fullmatch(code):
        raise DomainError("address_code", _("编码只能用数字、字母和短横线"), field="address_code")
    return CheckedUnit(label, check_m2(details.area_m2), code or None)


def check_m2(text: str) -> Decimal | None:
    """Return square metres, None for nothing; raises DomainError (field "area_m2")."""
    typed = unicodedata.normalize("NFKC", text).strip()
    if not typed:
        return None
    wrong = DomainError("area_m2", _("面积要是大于 0 的数，最多两位小数，例如 89.5"), field="area_m2")
    if not _SQUARE_METRES.fullmatch(typed):
        raise wrong
    square_metres = Decimal(typed)
    if not 0 < square_metres <= LARGEST_M2:
        raise wrong
    return square_metres
