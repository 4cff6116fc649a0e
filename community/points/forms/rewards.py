"""Forms of the shop's books. Lengths, words and what points may never gate are checked by `rewards`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from wtforms import DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError

from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.web.forms import Form
from community.points import rewards
from community.points.models import RewardItem
from community.points.rewards import Details

_YUAN = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,2})?")


class RewardForm(Form):
    """What is written about a reward. Its cost is typed in yuan and kept in fen."""

    name_zh = StringField(_("名称"), [InputRequired(_("请填写名称"))])
    name_en = StringField(_("英文名称"))
    about_zh = TextAreaField(_("说明"))
    about_en = TextAreaField(_("英文说明"))
    points = IntegerField(_("要多少分"), [InputRequired(_("请填写要多少分"))])
    yuan = StringField(_("每份成本（元）"), default="0")
    per_month = IntegerField(_("每人每月最多几份"), [Optional()])
    pick_up = StringField(_("哪里领、几点开门"))
    until_on = DateField(_("兑换到哪天"), [Optional()])
    supplier_id = SelectField(_("由谁提供"), [Optional()], coerce=parse_id, validate_choice=False)

    def validate_yuan(self, field: Any) -> None:
        """Refuse what is no amount of money."""
        if field.data and not _YUAN.fullmatch(field.data.strip()):
            raise ValidationError(plain(_("请填金额，例如 15 或 15.80")))

    def offer_suppliers(self, suppliers: list[tuple[int, str]]) -> None:
        """Let these (id, name) be chosen, or nobody: the town itself."""
        own = SelectChoice("", plain(_("镇街自己")))
        self.supplier_id.choices = [own, *(SelectChoice(one, name) for one, name in suppliers)]

    def details(self) -> Details:
        return Details(
            name_zh=self.name_zh.data or "",
            name_en=self.name_en.data or "",
            about_zh=self.about_zh.data or "",
            about_en=self.about_en.data or "",
            points=self.points.data or 0,
            fen=int(Decimal((self.yuan.data or "0").strip()) * 100),
            per_month=self.per_month.data,
            pick_up=self.pick_up.data or "",
            until_on=self.until_on.data,
            supplier_id=self.supplier_id.data,
        )

    def show(self, item: RewardItem) -> RewardForm:
        """Fill the form with what is written now."""
        for name in (
            "name_zh",
            "name_en",
            "about_zh",
            "about_en",
            "points",
            "per_month",
            "pick_up",
            "until_on",
            "supplier_id",
        ):
            self[name].data = getattr(item, name)
        self.yuan.data = f"{item.fen // 100}.{item.fen % 100:02d}"
        return self


class NewRewardForm(RewardForm):
    """A new reward: where it is offered and what kind it is cannot change later."""

    area_id = SelectField(
        _("哪里提供的"), [InputRequired(_("请选一个镇街或村社"))], coerce=parse_id, validate_choice=False
    )
    kind = RadioField(
        _("种类"),
        [InputRequired(_("请从列出的里面选一个"))],
        choices=[SelectChoice(value, label) for value, label in rewards.KINDS.items()],
        default="goods",
    )

    def offer_places(self, areas: list[tuple[int, str]]) -> None:
        """Let these (id, name) be chosen."""
        self.area_id.choices = [SelectChoice(one, name) for one, name in areas]
        if self.area_id.data is None and areas:
            self.area_id.data = areas[0][0]


class StockForm(Form):
    """Pieces that came or were counted, and why."""

    pieces = IntegerField(_("多少份"), [InputRequired(_("请填多少份"))])
    words = StringField(_("说明"))


class SupplierForm(Form):
    """Who provides rewards of a town, and how staff reach them."""

    town_id = SelectField(_("哪个镇街"), [InputRequired(_("请选一个镇街"))], coerce=parse_id, validate_choice=False)
    name = StringField(_("名称"), [InputRequired(_("请填写名称"))])
    contact = StringField(_("联系人和电话（只有工作人员看得到）"))

    def offer_towns(self, towns: list[tuple[int, str]]) -> None:
        """Let these (id, name) be chosen."""
        self.town_id.choices = [SelectChoice(one, name) for one, name in towns]
        if self.town_id.data is None and towns:
            self.town_id.data = towns[0][0]
