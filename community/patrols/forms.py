"""Settling a flag at the desk, and what a first visitor fills in. The check-in form itself is read by `views.scan`."""

from __future__ import annotations

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from community.core.i18n import _
from community.core.web.forms import Form
from community.people.policies import MINOR, UNDER_AGE
from community.teams.forms import AGE_BANDS, Refusable


class SettleForm(Form):
    """A decision needs a reason that the member reads."""

    decision = RadioField(
        _("结果"),
        choices=[SelectChoice("accept", _("有效")), SelectChoice("reject", _("无效"))],
        validators=[InputRequired(_("请选“有效”或“无效”"))],
    )
    reason = StringField(
        _("理由"), validators=[InputRequired(_("请写明理由，对方会看到")), Length(max=200, message=_("最多 200 字"))]
    )


class FirstForm(Refusable):
    """Who a first visitor is. Her guardian is asked for only once she says that she is under age."""

    name = StringField(_("怎么称呼您"), [InputRequired(_("请填写称呼")), Length(max=60, message=_("称呼最多 40 个字"))])
    phone = StringField(_("手机号"), [InputRequired(_("请填写手机号")), Length(max=60, message=_("这不像一个手机号"))])
    age_band = RadioField(_("您的年龄"), [InputRequired(_("请选择年龄段"))], choices=AGE_BANDS)
    guardian_name = StringField(_("监护人怎么称呼"), [Length(max=60, message=_("称呼最多 40 个字"))])
    guardian_phone = StringField(_("监护人手机号"), [Length(max=60, message=_("这不像一个手机号"))])

    @property
    def minor(self) -> bool:
        return bool(self.age_band.data == MINOR)

    @property
    def child(self) -> bool:
        return bool(self.age_band.data == UNDER_AGE)
