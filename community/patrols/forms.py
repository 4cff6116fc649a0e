"""Forms of the desk: settling a flag. The check-in form itself is parsed by `scan.read`."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from community.core.i18n import _
from community.core.web.forms import Form


class SettleForm(Form):
    """A decision needs a reason that the member reads."""

    reason = StringField(
        _("理由"), validators=[InputRequired(_("请写明理由，对方会看到")), Length(max=200, message=_("最多 200 字"))]
    )
