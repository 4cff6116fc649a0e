"""The form of an announcement. What its words must be is checked by the policies."""

from __future__ import annotations

import datetime as dt

from wtforms import BooleanField, DateTimeLocalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from community.core import clock
from community.core.i18n import Text, _
from community.core.ids import parse_id
from community.core.web.forms import Form
from community.messages.policies import Words

AUDIENCES: dict[str, Text] = {
    "everyone": _("所有人（不登录也能看）"),
    "members": _("登记过的居民"),
    "volunteers": _("在队的志愿者"),
    "leaders": _("队长和楼长"),
}


def _instant(local: dt.datetime | None) -> dt.datetime | None:
    return clock.at_local(local.date(), local.time()) if local else None


class AnnouncementForm(Form):
    """Title, words, who it is for and when it is shown."""

    area_id = SelectField(_("给哪一片"), [InputRequired(_("请选择片区"))], coerce=parse_id, validate_choice=False)
    audience = RadioField(
        _("给谁看"),
        [InputRequired(_("请选择给谁看"))],
        choices=[SelectChoice(value, label) for value, label in AUDIENCES.items()],
        default="everyone",
    )
    title = StringField(_("标题"), [InputRequired(_("请填写标题"))])
    body = TextAreaField(_("内容"), [InputRequired(_("请填写内容"))])
    important = BooleanField(_("重要：排在最前面"))
    starts_at = DateTimeLocalField(_("从几时起（不填就是现在）"), [Optional()])
    until = DateTimeLocalField(_("到几时止（不填就一直放着）"), [Optional()])

    def words(self) -> Words:
        return Words(
            title=self.title.data or "",
            body=self.body.data or "",
            audience=self.audience.data or "",
            starts_at=_instant(self.starts_at.data) or clock.now(),
            until=_instant(self.until.data),
            important=bool(self.important.data),
        )


class WithdrawForm(Form):
    """Why an announcement is taken back."""

    reason = StringField(_("为什么撤回"), [InputRequired(_("请写明原因"))])
