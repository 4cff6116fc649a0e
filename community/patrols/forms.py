"""Settling a flag at the desk, and what a first visitor fills in. The check-in form itself is read by `views.scan`."""

from __future__ import annotations

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from community.core.i18n import _
from community.core.web.forms import Form
from community.teams.forms import Introducing


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


class FirstForm(Introducing):
    """Who a first visitor is."""
