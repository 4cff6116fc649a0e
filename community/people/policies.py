"""What a name, a password and an age must be, and who may decide about whom."""

from __future__ import annotations

import itertools
import unicodedata
from typing import Final

from community.core.authz import Actor, Held, Perm
from community.core.errors import DomainError, Forbidden
from community.core.i18n import Text, _
from community.core.slots import Provider
from community.people.models import AGE_BANDS, Member

NAME_LONGEST: Final = 40
PASSWORD_SHORTEST: Final = 8
PASSWORD_LONGEST: Final = 128
MINOR: Final = "14-17"
UNDER_AGE: Final = "under14"

# Area paths at which a member holds a role, now or from a day to come; `access`, a higher room, answers.
offices: Provider[tuple[str, ...]] = Provider("people.offices", lambda _member_id: ())
# What a member holds, now or from a day to come, for an area or a team; `access` answers.
held: Provider[tuple[Held, ...]] = Provider("people.held", lambda _member_id: ())
# The areas each team works in (id → paths); `teams` answers. A team it does not name stands nowhere.
team_paths: Provider[dict[int, tuple[str, ...]]] = Provider("people.team_paths", lambda _ids: {})
# Whom a member leads or looks after (id → the team or house); `teams` answers.
led_by: Provider[dict[int, str]] = Provider("people.led_by", lambda _member_id: {})
# Whether she holds a place in a team, which rests on her being known; `teams` answers.
placed: Provider[bool] = Provider("people.placed", lambda _member_id: False)
# Whether texts can be sent, and asking for one with a code: a number under cipher, the phones' known members, a key.
texts_ready: Provider[bool] = Provider("people.texts_ready", lambda: False)
ask_for_text: Provider[None] = Provider("people.ask_for_text", lambda _cipher, _known, _key: None)

# Whether the site could not go on without her (the last administrator); `access` answers.
indispensable: Provider[bool] = Provider("people.indispensable", lambda _member_id: False)
REASON_SHORTEST: Final = 4
REASON_LONGEST: Final = 200

# What breaks first when somebody tries: the commonest ones of eight characters and more.
_COMMON = {
    "password", "password1", "passw0rd", "iloveyou", "qwertyui", "qwerty123", "1q2w3e4r", "1qaz2wsx", "1234qwer",
    "abcd1234", "abc12345", "a1234567", "a12345678", "woaini520", "woaini1314", "5201314520", "admin123", "admin888",
    "88888888", "66668888", "12344321", "11223344", "123123123", "147258369", "qazwsxedc", "zhongguo", "xiaoshan",
}  # fmt: skip


def clean_name(text: str, *, field: str = "name") -> str:
    """Return the name that `text` gives: NFC, no blanks around or doubled. Raises DomainError of the form's `field`.

    1 to 40 characters that a person can see and read out: control, invisible and direction-changing characters, emoji
    and piles of accents are refused. Anything else, angle brackets included, is text.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    problem = _name_problem(name)
    if problem:
        code, message = problem
        raise DomainError(code, message, next_step=_("称呼会印在证书和名册上，写平时别人怎么叫您就行。"), field=field)
    return name


def _name_problem(name: str) -> tuple[str, Text] | None:
    kinds = [unicodedata.category(character) for character in name]
    if not name:
        return "name_empty", _("请填写称呼")
    if len(name) > NAME_LONGEST:
        return "name_long", _("称呼最多 40 个字")
    if any(kind in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for kind in kinds):
        return "name_hidden", _("称呼里有看不见的字符，请重新输入一遍")
    if any(kind in {"So", "Sk"} for kind in kinds):
        return "name_emoji", _("称呼里请不要用表情符号")
    if not any(kind.startswith("L") for kind in kinds):
        return "name_letters", _("称呼里至少要有一个字")
    if any(kinds[at : at + 3] == ["Mn", "Mn", "Mn"] for at in range(len(kinds))):
        return "name_marks", _("称呼里的附加符号太多")
    return None


def check_password(password: str, *, phone: str = "", name: str = "", shortest: int = PASSWORD_SHORTEST) -> str:
    """Return `password`, or raise DomainError (field "password") when it is too short, too long or easily guessed.

    `phone` (E.164) and `name` are what others know of her: they make no password.
    """
    lowered = password.casefold()
    if len(password) < shortest:
        raise _bad_password("password_short", _("密码至少要 %(count)s 位", count=shortest))
    if len(password) > PASSWORD_LONGEST:
        raise _bad_password("password_long", _("密码最多 128 位"))
    own_number = bool(phone) and phone[-8:] in lowered
    own_name = bool(name) and not lowered.replace(name.casefold(), "")
    if own_number or own_name or lowered in _COMMON or _is_regular(lowered):
        raise _bad_password("password_weak", _("这个密码太容易被猜到"))
    return password


def _bad_password(code: str, message: Text) -> DomainError:
    return DomainError(code, message, next_step=_("可以用三四个不相干的词连起来，好记又难猜。"), field="password")


def _is_regular(text: str) -> bool:
    # 11111111, 1234567890, abcdefgh, 87654321, and a short piece said again and again.
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    if text.isdecimal():
        steps = {step + 10 if step == -9 else step - 10 if step == 9 else step for step in steps}
    return steps in ({0}, {1}, {-1}) or len(set(text)) <= 2 or text in (text + text)[1:-1]


def check_age(age_band: str) -> str:
    """Return the band; raises DomainError (field "age_band") under 14 (product.md §5.4) and for no band at all."""
    if age_band == UNDER_AGE:
        raise DomainError(
            "under_14",
            _("谢谢你想帮忙！未满 14 岁还不能自己登记"),
            next_step=_("可以和家长一起参加活动，由家长登记；等你满 14 岁，队伍欢迎你。我们没有保存你刚才填的内容。"),
            field="age_band",
        )
    if age_band not in AGE_BANDS:
        raise DomainError("age_band", _("请选择年龄段"), field="age_band")
    return age_band


def must_not_be_herself(actor_id: int, member: Member) -> None:
    """Raise Forbidden when the actor would decide about herself."""
    if actor_id == member.id:
        raise Forbidden(_("不能给自己办这件事，请由另一位管理员来办"), code="oneself")


def decides_at(actor: Actor, path: str) -> bool:
    """Say whether the actor may decide about people at the area `path`."""
    return any(
        Perm.MEMBER_VERIFY in held.perms and held.area_path and path.startswith(held.area_path) for held in actor.held
    )


def reaches(actor: Actor, perm: Perm, member: Member) -> bool:
    """Say whether the actor holds `perm` where the member lives; who has no home is reached where she belongs."""
    paths = (member.home_path,) if member.home_path else member.scope_paths
    mine = [held.area_path for held in actor.held if perm in held.perms and held.area_path]
    return any(path.startswith(area) for path in paths for area in mine)


def covers_home(actor: Actor, member: Member) -> bool:
    """Say whether the actor may decide where the member lives; who has no home is everybody's whose area she is in."""
    return bool(actor.system) or not member.home_path or decides_at(actor, member.home_path)


def needs_guardian(member: Member) -> bool:
    """Say whether the consent of her guardian is still missing."""
    return member.age_band == MINOR and member.guardian_at is None


def reason(text: str, *, missing: Text, field: str = "reason") -> str:
    """Return a reason as it is kept; raises DomainError of the form's `field` for none and for one over 200."""
    told = " ".join(text.split())
    if not told:
        raise DomainError("reason_missing", missing, field=field)
    if len(told) > REASON_LONGEST:
        raise DomainError("reason_long", _("最多 200 个字"), field=field)
    return told


def told_reason(text: str, *, missing: Text, field: str) -> str:
    """Return a reason that says something: four characters at least, three of them different. Else as `reason`."""
    told = reason(text, missing=missing, field=field)
    said = [character for character in told.lower() if character.isalnum()]
    if len(said) < REASON_SHORTEST or len(set(said)) < REASON_SHORTEST - 1:
        raise DomainError("reason_short", _("请写清楚一点，她会看到，例如：通知她周三开会"), field=field)
    return told
