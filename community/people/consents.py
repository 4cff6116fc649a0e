"""The texts that people agree to, by scope and version.

A changed text gets a new version: those who agreed to the old one are asked again. What is kept of a consent is the
version and the digest of the very words that were on the screen, in the language they were shown in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from community.core.errors import NotFound
from community.core.i18n import Text, _, plain

SERVICE = "service"
PRESENCE = "presence"


@dataclass(frozen=True)
class ConsentText:
    """One version of a text: what it is about, its title and its paragraphs."""

    scope: str
    version: str
    title: Text
    paragraphs: tuple[Text, ...]

    @property
    def text(self) -> str:
        """The paragraphs in the reader's language, one a line."""
        return "\n".join(plain(paragraph) for paragraph in self.paragraphs)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of title and text as the reader sees them."""
        return hashlib.sha256(f"{plain(self.title)}\n{self.text}".encode()).hexdigest()


_CURRENT = {
    SERVICE: ConsentText(
        SERVICE,
        "1",
        _("参加志愿服务前，请您知道"),
        (
            _("参加是自愿的，没有报酬，随时可以退出，退出不影响您的任何权利。"),
            _("我们保存您的称呼、手机号、年龄段、所在社区和加入的队伍，只用来组织志愿服务、发放积分和联系您。"),
            _("手机号加密保存，工作人员只看到中间打星号的号码；公开的地方只显示“王**”。"),
            _("我们不收集身份证号、宗教、健康、民族和信访情况，也不跟踪您的行踪。"),
            _("管理员每次查看您的个人页面都会留下记录。您可以在“我的”里查看、更正、撤回同意。"),
        ),
    ),
    # Presence at a place is sensitive personal information (PIPL art. 28) and asks for a consent of its own (art. 29).
    PRESENCE: ConsentText(
        PRESENCE,
        "1",
        _("打卡会记下您在哪个岗点"),
        (
            _("打卡时我们记下岗点、时间，以及您离岗点的大致远近（按 100 米取整）。不保存坐标，不连续定位。"),
            _("这些记录用来证明您的服务、发放积分和核对争议，只有您、您的队长和负责本片区的管理员看得到。"),
            _("不给定位也能打卡，最多降一级凭证。您可以随时在“我的”里撤回，撤回后不再记新的打卡。"),
        ),
    ),
}


def current(scope: str) -> ConsentText:
    """Return the version in force of the text for `scope`; raises NotFound for a scope that has none."""
    try:
        return _CURRENT[scope]
    except KeyError:
        raise NotFound from None


def scopes() -> tuple[str, ...]:
    """Return every scope that has a text, in the order people meet them."""
    return tuple(_CURRENT)


def titles() -> dict[str, Text]:
    """Return scope → title of the text in force."""
    return {scope: text.title for scope, text in _CURRENT.items()}
