"""Forms of the desk's posts. Lengths and words are checked by the policies, so that imports meet the same rules."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import HiddenInput

from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.web.forms import Form
from community.places import geo
from community.places.models import Post
from community.places.policies import AreaDetails, Details, Position, UnitDetails

KINDS = {"patrol": _("巡逻"), "stairwell": _("楼道"), "event": _("活动"), "shop": _("商家")}
OPEN_TO = {"volunteers": _("只限在队志愿者"), "anyone": _("所有登记的居民")}
MAPS = {"wgs84": _("手机定位、天地图（WGS-84）"), "gcj02": _("高德、腾讯地图（GCJ-02）")}


def _picks(words: dict[str, Any]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in words.items()]


def _is_pair(_form: Any, field: Any) -> None:
    if geo.read_pair(field.data or "") is None:
        raise ValidationError(plain(_("请粘贴一对坐标，例如 30.20315,120.30412")))


class DetailsForm(Form):
    """What can be changed about a post without moving it; `seen` marks what the form showed."""

    name = StringField(_("岗点名称"), [InputRequired(_("请填写岗点名称"))])
    number = StringField(_("编号"))
    spot = StringField(_("牌子挂在哪里"))
    kind = RadioField(_("类型"), [InputRequired(_("请选择岗点类型"))], choices=_picks(KINDS), default="patrol")
    open_to = RadioField(
        _("谁可以在这里打卡"),
        [InputRequired(_("请选择谁可以在这里打卡"))],
        choices=_picks(OPEN_TO),
        default="volunteers",
    )
    radius_m = IntegerField(_("范围（米）"), [InputRequired(_("请填写范围，一般 150 米"))], default=150)
    seen = HiddenField()

    def details(self) -> Details:
        return Details(
            name=self.name.data or "",
            number=self.number.data or "",
            spot=self.spot.data or "",
            kind=self.kind.data,
            open_to=self.open_to.data,
            radius_m=self.radius_m.data or 0,
        )


class PlaceForm(Form):
    """Area and position; the choices of areas are the actor's own."""

    # An area outside the choices is refused by the service, in the same words as an unknown one.
    area_id = SelectField(_("区域"), [InputRequired(_("请选择区域"))], coerce=parse_id, validate_choice=False)
    position = StringField(_("坐标"), [InputRequired(_("请填写坐标")), _is_pair])
    crs = RadioField(_("坐标来自"), [InputRequired(_("请选择坐标来自哪种地图"))], choices=_picks(MAPS), default="wgs84")

    def where(self) -> Position:
        lat, lon = geo.read_pair(self.position.data) or (float("nan"), float("nan"))
        return Position(lat, lon, self.crs.data)

    def offer(self, areas: list[tuple[int, str]]) -> None:
        """Let these (id, label) be chosen."""
        choices = [SelectChoice(area_id, label) for area_id, label in areas]
        self.area_id.choices = [SelectChoice("", plain(_("请选择"))), *choices]


class NewPostForm(PlaceForm, DetailsForm):
    """A new post; `sure` says which doubts about it were read."""

    sure = HiddenField()


class MoveForm(PlaceForm):
    """A post's new place; `seen` marks what the form showed."""

    reason = StringField(_("为什么移动"))
    seen = HiddenField()


class PauseForm(Form):
    """Why a post is paused. It shares a page with RetireForm, hence the ids."""

    reason = StringField(_("原因"), [InputRequired(_("请写明原因，扫码的人会看到"))], id="pause-reason")


class HangForm(Form):
    """A picture of the sign where it hangs. What is no picture is refused where it is decoded."""

    photo = FileField(_("照片"), [InputRequired(_("请拍一张牌子的照片"))])
    generation = IntegerField(widget=HiddenInput())


class RetireForm(Form):
    """Why a post is given up."""

    reason = StringField(_("原因"), [InputRequired(_("请写明原因，扫码的人会看到"))], id="retire-reason")


def shown(post: Post) -> str:
    """Return a post's position as the form takes it: exactly, so that sending it back moves nothing."""
    return ",".join(f"{degrees:.7f}".rstrip("0").rstrip(".") for degrees in (post.lat, post.lon))


LEVELS = {"town": _("镇街"), "village": _("村社"), "grid": _("网格"), "building": _("楼幢")}


class AreaForm(Form):
    """What is written about an area; `seen` marks what the form showed."""

    name = StringField(_("名称"), [InputRequired(_("请填写名称"))])
    code = StringField(_("编码"), [InputRequired(_("请填写编码"))])
    title = StringField(_("称呼"))
    population = StringField(_("人口"))
    phone = StringField(_("办公电话"))
    seen = HiddenField()

    def validate_population(self, field: Any) -> None:
        """Refuse what is no whole number; how large it may be is the policies' matter."""
        text = (field.data or "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 12):
            raise ValidationError(plain(_("请只填数字，例如 2610")))

    def details(self) -> AreaDetails:
        return AreaDetails(
            name=self.name.data or "",
            code=self.code.data or "",
            title=self.title.data or "",
            population=int(self.population.data) if (self.population.data or "").strip() else None,
            phone=self.phone.data or "",
        )


class NewAreaForm(AreaForm):
    """A new area; its kind is one that may lie below its parent."""

    kind = RadioField(_("级别"), [InputRequired(_("请选择级别"))], choices=[])

    def offer(self, kinds: tuple[str, ...]) -> None:
        """Let these kinds be chosen."""
        self.kind.choices = [SelectChoice(kind, LEVELS[kind]) for kind in kinds]
        if len(kinds) == 1 and not self.kind.data:
            self.kind.data = kinds[0]


class MoveAreaForm(Form):
    """An area's new parent; `seen` marks what the form showed."""

    parent_id = SelectField(_("移到"), [InputRequired(_("请选择上级"))], coerce=parse_id, validate_choice=False)
    reason = StringField(_("为什么移动"))
    seen = HiddenField()

    def offer(self, areas: list[tuple[int, str]]) -> None:
        """Let these (id, label) be chosen."""
        choices = [SelectChoice(area_id, label) for area_id, label in areas]
        self.parent_id.choices = [SelectChoice("", plain(_("请选择"))), *choices]


class MoveUnitForm(Form):
    """A unit's new building; `seen` marks what the form showed."""

    building_id = SelectField(_("移到"), [InputRequired(_("请选择楼幢"))], coerce=parse_id, validate_choice=False)
    reason = StringField(_("为什么移动"), [InputRequired(_("请写明原因"))])
    seen = HiddenField()

    def offer(self, buildings: list[tuple[int, str]]) -> None:
        """Let these (id, label) be chosen."""
        choices = [SelectChoice(area_id, label) for area_id, label in buildings]
        self.building_id.choices = [SelectChoice("", plain(_("请选择"))), *choices]


class UnitForm(Form):
    """A flat or shop; `seen` marks what the form showed."""

    label = StringField(_("房号"), [InputRequired(_("请填写房号"))])
    area_m2 = StringField(_("建筑面积（平方米）"))
    address_code = StringField(_("地址编码"))
    seen = HiddenField()

    def details(self) -> UnitDetails:
        return UnitDetails(self.label.data or "", self.area_m2.data or "", self.address_code.data or "")
