"""Sign-in, password and the desk's decisions about a member."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

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


class CodeForm(Form):
    """Telephone number and one-time code; asking for a text goes without the code."""

    phone = StringField(_("手机号"), [InputRequired(_("请填写手机号")), Length(max=60, message=_("这不像一个手机号"))])
    code = StringField(_("8 位口令"), [InputRequired(_("请填写口令")), Length(max=60, message=_("口令是 8 位数字"))])
    next = HiddenField(validators=[Length(max=2000)])
    kept = HiddenField(validators=[Length(max=KEPT_LONGEST)])

    def __init__(self, *args: Any, without_code: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if without_code:
            self.code.validators = [Optional()]


class HelpForm(Form):
    """Making somebody a one-time code: seen in person, how it is handed over, why."""

    checked = BooleanField(_("我当面见到了本人，确认是她（他）"), [InputRequired(_("请先当面确认是本人，再打勾"))])
    how = RadioField(
        _("怎么交给她"),
        [InputRequired(_("请选怎么交给她"))],
        choices=[SelectChoice("read_out", _("读给她听")), SelectChoice("printed", _("打印成小条"))],
        default="read_out",
    )
    why = StringField(_("为什么要口令"), [InputRequired(_("请写明原因")), Length(max=200, message=_("最多 200 个字"))])


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


class CallForm(Form):
    """Why staff need to see a whole telephone number."""

    why = StringField(
        _("为什么要打电话"),
        [InputRequired(_("请写明为什么要打这个电话，她会看到")), Length(max=200, message=_("最多 200 个字"))],
    )


class MergeForm(Form):
    """How it was checked that two registrations are one person."""

    reason = StringField(
        _("怎样核对的"), [InputRequired(_("请写明怎样核对是同一个人")), Length(max=200, message=_("最多 200 个字"))]
    )
    sure = BooleanField(_("我核对过，这两份登记是同一个人"), [InputRequired(_("请先核对，再打勾"))])


class ErasureForm(Form):
    """How staff made sure that it is she who wants to be erased."""

    how = StringField(
        _("怎样核对了本人"),
        [InputRequired(_("请写明怎样核对了本人")), Length(max=200, message=_("最多 200 个字"))],
    )


class MandateAskForm(Form):
    """What somebody offers to do for another, and how long."""

    may_redeem = BooleanField(_("替她兑换、取货、取消"), default=True)
    may_appeal = BooleanField(_("替她申诉"), default=True)
    days = RadioField(
        _("多久"),
        [InputRequired(_("请选多久"))],
        choices=[SelectChoice("90", _("三个月")), SelectChoice("180", _("半年")), SelectChoice("365", _("一年"))],
        default="180",
    )


class MandateCodeForm(Form):
    """The code that the other one gave."""

    code = StringField(_("8 位代办码"), [InputRequired(_("请输入代办码")), Length(max=60, message=_("代办码是 8 位"))])


class MandateConfirmForm(Form):
    """Her yes: she knows who it is."""

    known = BooleanField(_("我认识这个人，是我请来帮忙的"), [InputRequired(_("请先确认认识这个人，再打勾"))])


class MandatePaperForm(Form):
    """What a witness writes down for who has no phone: the helper's code and the signed paper."""

    code = StringField(
        _("代办人的 8 位码"), [InputRequired(_("请输入代办码")), Length(max=60, message=_("代办码是 8 位"))]
    )
    photo = FileField(_("签字的纸"), [InputRequired(_("请拍一张签字的纸"))])
    seen = BooleanField(_("我当面见到了本人，念给她听过，她同意并签了字"), [InputRequired(_("请先当面确认，再打勾"))])


def blamed(form: Any, error: DomainError) -> Any:
    """Return `form` with the refusal at the field that it names (the first one if it names none of the form's)."""
    field = form[error.field] if error.field in form else form[next(iter(form._fields))]
    field.errors = [_told(error)]
    return form


def warned(form: Any, error: DomainError) -> Any:
    """Return `form` with a refusal that is no mistake in any field: it is told once, above them."""
    form.form_errors = [*form.form_errors, _told(error)]
    return form


def _told(error: DomainError) -> str:
    text = plain(error.message)
    return plain(_("%(what)s。%(next)s", what=text, next=plain(error.next_step))) if error.next_step else text
