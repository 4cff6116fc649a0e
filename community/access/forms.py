"""Giving an office, and changing or ending one."""

from __future__ import annotations

from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from community.core.i18n import _
from community.core.web.forms import Form


class GrantForm(Form):
    """Which office, where, from when, until when, and why. The view fills in the choices of `role` and `area_id`."""

    role = SelectField(_("职务"), [InputRequired(_("请选择职务"))])
    area_id = SelectField(_("在哪里"), [InputRequired(_("请选择区域"))])
    starts_on = DateField(_("从哪天起"), [InputRequired(_("请填写日期，例如 2027-01-31"))])
    until_on = DateField(_("到哪天为止"), [Optional()])
    reason = StringField(
        _("为什么"), [InputRequired(_("请写明为什么授权，她会看到")), Length(max=200, message=_("最多 200 个字"))]
    )


class EndDateForm(Form):
    """Another last day; none means that it has no end."""

    until_on = DateField(_("到哪天为止"), [Optional()])
    reason = StringField(
        _("为什么"), [InputRequired(_("请写明为什么改日期，她会看到")), Length(max=200, message=_("最多 200 个字"))]
    )


class EndForm(Form):
    """Why it ends now."""

    why = StringField(
        _("为什么"), [InputRequired(_("请写明为什么结束，她会看到")), Length(max=200, message=_("最多 200 个字"))]
    )
