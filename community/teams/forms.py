"""Applying for a team, and the desk's decisions about memberships."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Field, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation

from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.web.forms import Form
from community.people import phones
from community.people.policies import MINOR, PASSWORD_LONGEST, UNDER_AGE, check_password, clean_name
from community.teams.models import ROLES
from community.teams.words import ROLES as ROLE_WORDS

AGE_BANDS = [
    SelectChoice("18-59", _("18–59 岁")),
    SelectChoice("60+", _("60 岁以上")),
    SelectChoice(MINOR, _("14–17 岁")),
    SelectChoice(UNDER_AGE, _("未满 14 岁")),
]


@dataclass(frozen=True, slots=True)
class Pick:
    """One option of a select: its value, what people read, and the group it stands in, if any."""

    value: str
    label: Text
    group: str | None = None


def options(picks: Sequence[Pick]) -> list[SelectChoice]:
    """Return the options of a select for `picks`, below the invitation to choose."""
    first = SelectChoice("", _("请选择"))
    return [first, *(SelectChoice(pick.value, pick.label, optgroup=pick.group) for pick in picks)]


class Refusable(Form):
    """A form that shows a service's refusal, and a lost session, in words of ours."""

    def blame(self, error: DomainError) -> None:
        """Show `error` at its field, or above the form when it has none."""
        self.put({error.field or "": told(error)})

    def put(self, said: Mapping[str, str]) -> None:
        """Show refusals by the fields that they belong to, those of no field of this form above it."""
        for name, text in said.items():
            if name in self._fields:
                self._fields[name].errors = [text]
            else:
                self.form_errors.append(text)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields; a token that no longer fits says that nothing was lost and one more tap is needed."""
        fine = bool(super().validate(extra_validators))
        token = self._fields.get("csrf_token")
        if token is not None and token.errors:
            token.errors = []
            self.form_errors.append(plain(_("页面放久了，填的内容都还在，请再点一次“提交”。")))
        return fine


class Introducing(Refusable):
    """Who somebody new is. What registering would refuse is told at every field at once, not one field a try.

    Her guardian is asked for only once she says that she is under age, and then both fields have to be filled in.
    """

    name = StringField(_("怎么称呼您"), [InputRequired(_("请填写称呼"))])
    phone = StringField(_("手机号"), [InputRequired(_("请填写手机号"))])
    age_band = RadioField(_("您的年龄"), [InputRequired(_("请选择年龄段"))], choices=AGE_BANDS)
    guardian_name = StringField(_("监护人怎么称呼"))
    guardian_phone = StringField(_("监护人手机号"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.minor:
            self.guardian_name.flags.required = self.guardian_phone.flags.required = True

    @property
    def minor(self) -> bool:
        """Whether the guardian is asked for."""
        return self.text("age_band") == MINOR

    @property
    def child(self) -> bool:
        return self.text("age_band") == UNDER_AGE

    @property
    def guardian_is_new(self) -> bool:
        """Whether the guardian comes up only now: leaving out what nobody had asked is no mistake."""
        return self.minor and "guardian_name" in self._fields and not self.guardian_name.raw_data

    def text(self, name: str) -> str:
        """Return what was typed into the field `name`, "" when it was not asked."""
        return str(self._fields[name].data or "") if name in self._fields else ""

    def validate_name(self, field: Field) -> None:
        _stop_at(lambda: clean_name(field.data))

    def validate_phone(self, field: Field) -> None:
        _stop_at(lambda: phones.parse(field.data))

    def validate_guardian_name(self, field: Field) -> None:
        if self.minor and not self.guardian_is_new:
            _stop_at(lambda: clean_name(field.data or ""), _of_guardian)

    def validate_guardian_phone(self, field: Field) -> None:
        if not self.minor or self.guardian_is_new:
            return
        if not field.data:
            raise StopValidation(plain(_of_guardian(plain(_("请填写手机号")))))
        number = _stop_at(lambda: phones.parse(field.data), _of_guardian)
        try:
            own = phones.parse(self.text("phone"))
        except DomainError:
            return
        if number == own:
            raise StopValidation(plain(_("监护人的手机号不能和自己的一样")))


def _of_guardian(what: str) -> Text:
    return _("监护人：%(what)s", what=what)


def _stop_at(check: Callable[[], str], say: Callable[[str], Text] = lambda what: what) -> str:
    """Return what `check` does; its refusal is the field's one error, in the words that `say` makes of it."""
    try:
        return check()
    except DomainError as error:
        raise StopValidation(plain(say(told(error)))) from None


def told(error: DomainError) -> str:
    """Return a refusal in one text: what happened, and what to do next."""
    text = plain(error.message)
    return plain(_("%(what)s。%(next)s", what=text, next=plain(error.next_step))) if error.next_step else text


class ApplyForm(Introducing):
    """An application. What is not asked of this person in this team is taken out by `for_`."""

    home_area_id = SelectField(_("您住在哪个社区"), [InputRequired(_("请选择您住在哪个社区"))])
    building_id = SelectField(_("您想看哪幢楼"), [InputRequired(_("请选择您要看的那幢楼"))])
    password = PasswordField(_("设一个密码"), [Length(max=PASSWORD_LONGEST, message=_("密码最多 128 位"))])
    agrees = BooleanField(_("我看过上面的说明，同意"), [InputRequired(_("请先看一看说明，同意后打勾"))])

    @classmethod
    def for_(cls, *, known: bool, buildings: Sequence[Pick] | None, homes: Sequence[Pick], agreed: bool) -> ApplyForm:
        """Return the form as this person meets it: `known` members are not asked who they are, only captains
        (`buildings`) which building, nobody twice for consent."""
        form = cls()
        if known:
            for name in ("name", "phone", "age_band", "guardian_name", "guardian_phone", "password"):
                del form[name]
        if buildings is None:
            del form["building_id"]
        else:
            form.building_id.choices = options(buildings)
        if known or buildings is not None:
            del form["home_area_id"]
        else:
            form.home_area_id.choices = options(homes)
        if agreed:
            del form["agrees"]
        return form

    def validate_password(self, field: Field) -> None:
        if field.data:
            number, name = "".join(filter(str.isdigit, self.text("phone"))), " ".join(self.text("name").split())
            _stop_at(lambda: check_password(field.data, phone=number, name=name))

    def number(self, name: str) -> int | None:
        """Return the id chosen in the field `name`, or None."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


class RowForm(Refusable):
    """A form that a page of the desk shows once for each row, told apart by its prefix; the site's own check, not the
    form, asks for the token."""

    class Meta:
        csrf = False


class RefuseForm(RowForm):
    """Why an application is refused or a place ends."""

    reason = TextAreaField(_("原因"), [InputRequired(_("请写明原因，申请人会看到"))])


class GuardianForm(RowForm):
    """How a guardian agreed."""

    how = StringField(_("监护人怎样同意的"), [InputRequired(_("请写明监护人怎样表示同意"))])


class RoleForm(RowForm):
    """What somebody is in her team."""

    role = SelectField(
        _("职务"), [InputRequired(_("请选择职务"))], choices=[SelectChoice(role, ROLE_WORDS[role]) for role in ROLES]
    )

    @classmethod
    def of(cls, membership_id: int, role: str, *, leads: bool) -> RoleForm | None:
        """Return the form of a row as `role` stands; None for a leader whom the actor may not replace.

        `leads` says whether she may name this team's leader.
        """
        if role == "leader" and not leads:
            return None
        form = cls(formdata=None, prefix=str(membership_id), data={"role": role})
        form.role.choices = [SelectChoice(one, ROLE_WORDS[one]) for one in ROLES if leads or one != "leader"]
        return form
