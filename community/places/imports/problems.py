"""What is wrong with a row: where, what stands there, and, in the reader's language, what it is and how to mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from community.core.i18n import Text, _

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a row. `column` is the key of the column, "" for the row as a whole."""

    line: int
    column: str
    value: str
    code: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return it as a run keeps it: short, without what cannot be shown."""
        return {
            "line": self.line,
            "column": self.column,
            "value": shown(self.value),
            "code": self.code,
            "more": {key: shown(str(value)) for key, value in self.more.items()},
        }


def shown(text: str) -> str:
    """Return a cell as it may be shown: without invisible and direction-changing signs, cut short."""
    kept = "".join(" " if _hides(sign) else sign for sign in text[: _SHOWN * 4])
    return kept if len(kept) <= _SHOWN else kept[: _SHOWN - 1] + "…"


def _hides(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


_Words = tuple[Text, Text]
_WORDS: dict[str, Callable[[Mapping[str, Any]], _Words]] = {
    "empty": lambda _more: (_("这一格要填"), _("请补上；这一行不要就整行删掉。")),
    "long": lambda more: (_("太长，最多 %(most)s 个字", most=more.get("most", "")), _("请缩短。")),
    "hidden": lambda _more: (_("里面有看不见的字符"), _("请清空这一格，重新输入一遍。")),
    "code": lambda _more: (_("编码只能用数字、字母和短横线"), _("请去掉空格和其他符号。")),
    "lost_digits": lambda _more: (
        _("编码被表格软件改成了科学记数，后面的数字已经丢了"),
        _("请把这一列设为“文本”格式，从原始资料重新粘贴。"),
    ),
    "lost_zeros": lambda more: (
        _("开头的 0 丢了，应该是 %(found)s", found=more.get("found", "")),
        _("请把这一列设为“文本”格式，补上开头的 0。"),
    ),
    "code_number": lambda _more: (
        _("这一格是数字格式，看不出开头有没有 0"),
        _("请把这一列设为“文本”格式再填，或改用 CSV。"),
    ),
    "twice": lambda more: (
        _("和第 %(line)s 行重复", line=more.get("line", "")),
        _("请只留一行。"),
    ),
    "twice_far": lambda _more: (_("前面已经有同一户"), _("请只留一行。")),
    "word": lambda more: (
        _("没有这个选项"),
        _("可以填：%(choices)s", choices=more.get("choices", "")),
    ),
    "parent": lambda _more: (_("没有这个编码的区域，或者不在您的范围里"), _("请核对编码；上级要先导入。")),
    "outside": lambda _more: (_("这个编码已经用在别处"), _("请核对编码；别处的区域请那里的管理员来改。")),
    "nesting": lambda _more: (_("这一级不能放在这个上级下面"), _("顺序是：镇街、村社、网格、楼幢。")),
    "level": lambda _more: (_("这个编码已经是另一级的区域"), _("请核对编码和级别。")),
    "parent_other": lambda more: (
        _("系统里它在 %(found)s 下面", found=more.get("found", "")),
        _("导入不移动区域。请在区域页面上移动，或改回原来的上级。"),
    ),
    "closed": lambda _more: (_("它已经停用"), _("请先在页面上恢复，或删掉这一行。")),
    "population": lambda _more: (_("人口要是 0 或更大的整数"), _("只填数字，不要写“人”。")),
    "phone": lambda _more: (_("这不像一个电话号码"), _("例如 0571-8200 0001；请填办公电话，不要填个人手机。")),
    "area_m2": lambda _more: (_("面积要是大于 0 的数，最多两位小数"), _("例如 89.5，不要写单位。")),
    "building": lambda _more: (_("这个编码不是一幢楼"), _("请填楼幢的编码。")),
    "code_elsewhere": lambda more: (
        _("这个地址编码已经是 %(found)s 的", found=more.get("found", "")),
        _("一个地址编码只能给一户，请核对。"),
    ),
    "position": lambda _more: (_("这不是一个坐标"), _("纬度在前约 30，经度在后约 120，小数点后至少 4 位。")),
    "swapped": lambda _more: (_("纬度和经度写反了"), _("请把两列对调。")),
    "date": lambda more: (
        _("编号被表格软件改成了日期，原来可能是 %(found)s", found=more.get("found", "")),
        _("请把这一列设为“文本”格式，重新填编号。"),
    ),
    "radius": lambda _more: (_("范围要在 20 到 2000 米之间"), _("一般填 150。")),
    "no_town": lambda _more: (_("岗点要放在一个镇街里"), _("请填村社或网格的编码。")),
    "other_town": lambda _more: (_("系统里这个岗点在别的镇街"), _("岗点不能换镇街，请用新的编号。")),
    "retired": lambda _more: (_("这个编号的岗点已经撤销"), _("请换一个编号。")),
    # Doubts: somebody may say that it is right.
    "zeros": lambda more: (
        _("开头的 0 可能丢了，是不是 %(found)s？", found=more.get("found", "")),
        _("丢了就补上再上传；编号本来就这样，确认时打勾。"),
    ),
    "far": lambda more: (
        _("离别的岗点约 %(km)s 公里", km=more.get("km", "")),
        _("请核对纬度和经度；真在那里，确认时打勾。"),
    ),
    "abroad": lambda _more: (_("这个坐标不像在本地"), _("请核对纬度和经度；真在那里，确认时打勾。")),
    "wide": lambda _more: (_("这一行的格数比第一行多"), _("是不是多了逗号？请用双引号把带逗号的字包起来。")),
}


def words(code: str, more: Mapping[str, Any]) -> _Words:
    """Return what is wrong and how to mend it."""
    made = _WORDS.get(code)
    return made(more) if made else (_("这一行有问题"), _("请核对后再导入。"))
