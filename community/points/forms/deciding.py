"""Forms of decisions: an objection and its answer, a manual award, a reversal; and of a look at the past.

The services check what they carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.web.forms import Form
from community.points.services.appealing import LONGEST

_TOO_LONG = Length(max=LONGEST, message=_("最多 500 字"))
_REASON = Length(max=200, message=_("最多 200 字"))
_NONE = SelectChoice("", _("请选择"))


class AppealForm(Form):
    """What a member objects to, in her own words."""

    words = TextAreaField(_("哪里不对"), [InputRequired(_("请写一句：哪里不对")), _TOO_LONG])


class AppealAnswerForm(Form):
    """The answer, which the member reads; `rule` only where something missing is proposed."""

    decision = RadioField(
        _("怎么定"),
        [InputRequired(_("请选“维持”或“更正”"))],
        choices=[SelectChoice("upheld", _("维持原来的决定")), SelectChoice("changed", _("更正"))],
    )
    rule = SelectField(_("按哪条规则补记"), [Optional()], coerce=parse_id, validate_choice=False)
    answer = TextAreaField(_("答复"), [InputRequired(_("请写明怎么看的，对方会看到")), _TOO_LONG])

    def offer(self, rules: Sequence[tuple[int, str]]) -> None:
        """Let these rules be named."""
        self.rule.choices = [_NONE, *(SelectChoice(version_id, label) for version_id, label in rules)]


class _Needed:
    """Says that a file has to be sent; the view, which decodes it, says what is wrong with it."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: object, field: object) -> None:
        """Refuse nothing here."""


class NewAwardForm(Form):
    """A manual award by a named rule, with a picture of what it rests on."""

    rule = SelectField(_("按哪条规则"), [InputRequired(_("请选规则"))], coerce=parse_id, validate_choice=False)
    amount = IntegerField(_("服务了多少分钟"), [Optional()])
    area = SelectField(_("在哪里"), [InputRequired(_("请选在哪里"))], coerce=parse_id, validate_choice=False)
    earned_on = DateField(_("哪一天"), [InputRequired(_("请选哪一天"))])
    reason = StringField(_("做了什么"), [InputRequired(_("请写明做了什么，对方会看到")), _REASON])
    photo = FileField(_("凭证照片"), [_Needed()])
    # Shown when the rule gave something for that day already.
    again = BooleanField(_("是另一件事"))

    def offer(self, rules: Sequence[tuple[int, str]], areas: Sequence[tuple[int, str]]) -> None:
        """Let these rules and areas be chosen."""
        self.rule.choices = [_NONE, *(SelectChoice(version_id, label) for version_id, label in rules)]
        self.area.choices = [SelectChoice(area_id, label) for area_id, label in areas]


class ReverseForm(Form):
    """How much of a wrong award is taken back, and why."""

    amount = IntegerField(_("收回多少"), [InputRequired(_("请填数字"))])
    reason = StringField(_("为什么"), [InputRequired(_("请写明理由，对方会看到")), _REASON])


class ThenForm(Form):
    """Which day of a member's points staff look at, and why."""

    then_on = DateField(_("哪一天"), [InputRequired(_("请选哪一天"))])
    then_why = StringField(_("为什么要看"), [InputRequired(_("请写明为什么要看，对方会看到")), _REASON])


def refused(field: object, words: object) -> None:
    """Show a refusal at its field."""
    field.errors = [plain(words)]  # type: ignore[attr-defined, arg-type]
