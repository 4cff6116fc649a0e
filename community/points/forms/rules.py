"""Forms of rule sets. None of them has a field for a number below one; words are judged by `proposals`."""

from __future__ import annotations

import datetime as dt

from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from community.core import clock
from community.core.i18n import Text, _
from community.core.ids import parse_id
from community.core.uploads import Paper, Picture
from community.core.web.forms import Form
from community.points import proposals
from community.points.proposals import Proposal
from community.points.queries.rule_sets import NOTICE_DAYS
from community.points.services.proposing import Resolution
from community.teams.words import KINDS

_WHOLE = _("请填 1 以上的整数")


def _picks(words: dict[str, Text]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in words.items()]


class SetForm(Form):
    """Which area's rules, and what the set is called."""

    area_id = SelectField(_("哪里的规则"), [InputRequired(_("请选择片区"))], coerce=parse_id, validate_choice=False)
    title = StringField(_("名称"), [InputRequired(_("请写名称，例如“冬季巡逻规则”"))])


class RuleForm(Form):
    """One rule: what brings how much, on which conditions."""

    trigger = RadioField(
        _("什么时候记"), [InputRequired()], choices=_picks(proposals.TRIGGERS), default="CheckInAccepted"
    )
    asset = RadioField(_("记什么"), [InputRequired()], choices=_picks(proposals.ASSETS), default="points")
    amount = IntegerField(_("每次记多少"), [InputRequired(_WHOLE), NumberRange(1, 720, _WHOLE)])
    once_per = RadioField(_("多久一次"), choices=_picks(proposals.ONCE), default="")
    cap_day = IntegerField(_("每天最多"), [Optional(), NumberRange(1, None, _WHOLE)])
    cap_month = IntegerField(_("每月最多"), [Optional(), NumberRange(1, None, _WHOLE)])
    min_grade = SelectField(
        _("证据至少几级"),
        choices=[SelectChoice(grade, _("%(grade)s 级", grade=grade)) for grade in proposals.GRADES],
        default="D",
    )
    team_kind = SelectField(
        _("哪些队伍"),
        choices=[SelectChoice("", _("所有人")), *(SelectChoice(kind.code, kind.what) for kind in KINDS.values())],
        default="",
    )
    expires_months = IntegerField(_("有效期（月）"), [InputRequired(_WHOLE), NumberRange(1, 120, _WHOLE)], default=24)
    review = BooleanField(_("每一笔先由人复核"))
    text_zh = TextAreaField(_("规则的正文"), [InputRequired(_("请用一句话写清楚"))])
    text_en = TextAreaField(_("英文"), [Optional()])

    def proposal(self) -> Proposal:
        return Proposal(
            trigger=self.trigger.data or "",
            amount=self.amount.data or 0,
            text_zh=self.text_zh.data or "",
            text_en=self.text_en.data or "",
            min_grade=self.min_grade.data or "",
            team_kind=self.team_kind.data or "",
            asset=self.asset.data or "",
            once_per=self.once_per.data or "",
            cap_day=self.cap_day.data,
            cap_month=self.cap_month.data,
            expires_months=self.expires_months.data or 0,
            review=bool(self.review.data),
        )


class PublishForm(Form):
    """The resolution that adopted the set, and from when it holds."""

    resolution_no = StringField(_("决议编号"), [InputRequired(_("请写决议的编号"))])
    resolution_body = StringField(_("哪个会议通过的"), [InputRequired(_("请写哪个会议通过的"))])
    resolution_on = DateField(_("哪天通过的"), [InputRequired(_("请选通过的日期"))])
    effective_on = DateField(_("哪天起施行"), [InputRequired(_("请选施行的日期"))])
    photo = FileField(_("决议的照片或 PDF"), [InputRequired(_("请传上决议的照片或 PDF"))])

    def suggest(self) -> None:
        """Fill in the earliest day that the law of seven days allows."""
        self.effective_on.data = clock.today() + dt.timedelta(days=NOTICE_DAYS + 1)

    def resolution(self, file: Picture | Paper) -> Resolution:
        return Resolution(
            number=self.resolution_no.data or "",
            body=self.resolution_body.data or "",
            on=self.resolution_on.data or clock.today(),
            file=file,
        )


class WithdrawForm(Form):
    """Why a set is taken back."""

    reason = StringField(_("为什么撤回"), [InputRequired(_("请写明原因"))])


class ObjectForm(Form):
    """What somebody objects."""

    words = TextAreaField(_("哪里不合适"), [InputRequired(_("请用 5 到 500 个字说说哪里不合适"))])


class AnswerForm(Form):
    """The answer to an objection, for everybody; once for each row of a page, so the site's own check and no second."""

    class Meta(Form.Meta):
        csrf = False

    answer = TextAreaField(_("答复"), [InputRequired(_("请用 5 到 500 个字答复"))])
