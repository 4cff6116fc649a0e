"""Forms of a family's pot: how much the others may use, and the code by which somebody comes in."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length

from community.core.i18n import _
from community.core.web.forms import Form


class CapForm(Form):
    """How much of hers the others may use in a month."""

    cap = IntegerField(_("家里人每月最多用我多少分"), [InputRequired(_("请填数字，不让用就填 0"))])


class JoinForm(CapForm):
    """Her yes to those whom the page showed: `roll` is the last of them."""

    sure = BooleanField(_("我看过名单，同意他们用我的积分，不超过上面的数"), [InputRequired(_("请先看名单，再打勾"))])
    roll = HiddenField()


class PotCodeForm(Form):
    """The code that somebody of the family gave."""

    code = StringField(_("8 位家庭码"), [InputRequired(_("请输入家庭码")), Length(max=60, message=_("家庭码是 8 位"))])
