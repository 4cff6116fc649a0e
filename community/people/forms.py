"""Sign-in, password and the desk's decisions about a member."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web.forms import Form
from community.people.policies import PASSWORD_LONGEST

# A kept form travels in a hidden field; longer ones are not kept.
KEPT_LONGEST = 16 * 1024


class SignInForm(Form):
    """Telephone number and password; `next` and `kept` lead on afterwards."""

    phone = StringField(_("手机号"), [InputRequired(_("请填写手机号")), Length(max=60, message=_("这不像一个手机号"))])
    password = PasswordField(_("密码"), [InputRequired(_("请填写密码"))])
    next = HiddenField(validators=[Length(max=2000)])
    kept = HiddenField(validators=[Length(max=KEPT_LONGEST)])


class PasswordForm(Form):
    """A new password, twice, and the present one when there is one (`had`)."""

    current_password = PasswordField(_("现在的密码"), [Length(max=PASSWORD_LONGEST, message=_("密码最多 128 位"))])
    password = PasswordField(_("新密码"), [InputRequired(_("请填写新密码"))])
    password_again = PasswordField(_("再输一遍新密码"), [InputRequired(_("请再输一遍新密码"))])

    def same_twice(self) -> bool:
        """Say whether the new password was typed the same way twice, and note it at the field if not."""
        if self.password.data == self.password_again.data:
            return True
        self.password_again.errors = [_("两次输入的密码不一样")]
        return False


class DetailsForm(Form):
    """What a member corrects about herself; the number goes (`keep_phone`) once somebody has verified her."""

    name = StringField(_("怎么称呼您"), [InputRequired(_("请填写称呼"))])
    phone = StringField(_("手机号"), [InputRequired(_("请填写手机号")), Length(max=60, message=_("这不像一个手机号"))])

    def keep_phone(self) -> DetailsForm:
        """Take the field of the number out and return the form."""
        del self.phone
        return self


class GuardianForm(Form):
    """How a guardian agreed."""

    how = TextAreaField(
        _("监护人怎样同意的"),
        [InputRequired(_("请写明监护人怎样表示同意")), Length(max=200, message=_("最多 200 个字"))],
    )


class ReasonForm(Form):
    """Why a member is suspended or reinstated."""

    reason = StringField(_("原因"), [InputRequired(_("请写明原因")), Length(max=200, message=_("最多 200 个字"))])


def blamed(form: Any, error: DomainError) -> Any:
    """Return `form` with the refusal at the field that it names (the first one if it names none of the form's)."""
    field = form[error.field] if error.field in form else form[next(iter(form._fields))]
    field.errors = [" ".join(plain(part) for part in (error.message, error.next_step) if part)]
    return form
