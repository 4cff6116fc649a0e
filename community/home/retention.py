"""What is kept how long: one line for each kind of thing, with the job that lets it go (product.md §5.14).

The sheet of compliance and the table in docs/operations.md say the same lines; a test holds them together.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from community.core import idempotency
from community.core.i18n import Text, _
from community.core.uploads import keeping
from community.home import jobs as desk
from community.messages import forgetting
from community.patrols import jobs as patrols
from community.people import jobs as people, waits
from community.people.erasing import COOLING_OFF
from community.people.requests import COPY_OPEN
from community.places import fakes
from community.points.queries import cases
from community.points.services import retiring


@dataclass(frozen=True)
class Term:
    """`what` is kept for `span` after `since`, then `job` takes it away; `job` is empty for what nothing deletes."""

    key: str
    what: Text
    span: dt.timedelta | None
    since: Text
    job: str = ""

    @property
    def minutes(self) -> int:
        return int(self.span.total_seconds() // 60) if self.span else 0

    @property
    def hours(self) -> int:
        return self.minutes // 60

    @property
    def days(self) -> int:
        return self.hours // 24


TERMS: tuple[Term, ...] = (
    Term("erasure", _("要求注销的人的姓名和号码"), COOLING_OFF, _("从申请算起"), "erase_due"),
    Term("unconfirmed", _("没有人核对过的登记"), people.UNCONFIRMED_KEPT, _("从登记算起"), "erase_unconfirmed"),
    Term("consents", _("同意和撤回的时间"), people.CONSENTS_KEPT, _("从注销算起"), "forget_consents"),
    Term("codes", _("一次性登录码的记录（码本身过期就清空）"), people.CODES_KEPT, _("从过期算起"), "forget_codes"),
    Term("offers", _("提出代办的码"), people.OFFERS_KEPT, _("从用过或过期算起"), "forget_mandates"),
    Term("told", _("积分到期的提醒记录和家庭码"), retiring.NOTICES_KEPT, _("从到期或用过算起"), "forget_told"),
    Term("papers", _("代办授权签字纸的照片"), people.PAPERS_KEPT, _("从授权结束算起"), "forget_mandates"),
    Term("waits", _("输错密码或口令的次数"), waits.FORGOTTEN, _("从最后一次算起"), "forget_waits"),
    Term("attempts", _("没有成功的扫码"), patrols.ATTEMPTS_KEPT, _("从扫码算起"), "forget_attempts"),
    Term("fakes", _("假码报告：码和地点，不记是谁报的"), fakes.KEPT, _("从报告算起"), "forget_fake_signs"),
    Term("taps", _("提交过的操作（防止重复）"), idempotency.KEPT, _("从提交算起"), "forget_keys"),
    Term("read", _("读过的消息和公告的阅读记录"), forgetting.READ_KEPT, _("从读过算起"), "forget_read"),
    Term("unread", _("没有读的消息"), forgetting.UNREAD_KEPT, _("从收到算起"), "forget_read"),
    Term("runs", _("工作台上一次办了哪些事的回执"), desk.RUNS_KEPT, _("从办的时候算起"), "forget_runs"),
    Term("sent", _("发出的短信和通知的内容"), forgetting.SENT_KEPT, _("从发出算起"), "forget_sent"),
    Term("dead", _("没有发出去的短信和通知的内容"), forgetting.DEAD_KEPT, _("从放弃算起"), "forget_sent"),
    Term("pictures", _("删除的照片，和没有归处的照片"), keeping.ORPHAN_AGE, _("从删除或上传算起"), "sweep_uploads"),
    Term("evidence", _("补记和更正的凭证照片"), cases.PICTURE_KEPT, _("从决定算起"), "forget_evidence"),
    Term("copies", _("导出的压缩包：现做现发，不留文件，链接到时失效"), COPY_OPEN, _("从申请算起")),
    Term("audit", _("审计记录和查看个人资料的记录：只增不减，至少 12 个月"), None, ""),
    Term("mandates", _("代办授权和代办了什么：至少十年，注销后不带姓名"), None, ""),
    Term("ledger", _("积分账目和打卡记录：至少十年，注销后不带姓名"), None, ""),
)
