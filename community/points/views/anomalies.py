"""The desk's list of what to look at again. It flags and never takes; each flag is marked with what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm, can
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.web.command import command
from community.core.web.display import mask_name
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import queries as people
from community.places import queries as places
from community.points.queries import anomalies
from community.points.queries.anomalies import Flag, Looked
from community.points.services import anomalies as services
from community.points.services.cases import Place
from community.points.views.blueprint import bp

_WORDS: dict[str, Callable[[Flag, list[str]], Text]] = {
    "pair": lambda flag, names: _(
        "%(one)s 通过的 %(of)s 笔里，有 %(count)s 笔是给 %(other)s 的", one=names[0], other=names[1], **flag.numbers
    ),
    "mutual": lambda flag, names: _(
        "%(one)s 给 %(other)s 通过了 %(count)s 笔，反过来 %(of)s 笔", one=names[0], other=names[1], **flag.numbers
    ),
    "burst": lambda flag, names: _("%(one)s 在 %(day)s 的十分钟里办了 %(count)s 笔", one=names[0], **flag.numbers),
    "long_day": lambda flag, names: _(
        "%(one)s 在 %(day)s 这一天记了 %(minutes)s 分钟服务", one=names[0], **flag.numbers
    ),
    "only_typed": lambda flag, names: _(
        "%(one)s 的 %(minutes)s 分钟服务全是人工补记的（%(count)s 笔），没有一次本人打卡", one=names[0], **flag.numbers
    ),
}
_TITLES: dict[str, Text] = {
    "pair": _("总给同一个人通过"),
    "mutual": _("互相通过"),
    "burst": _("短时间办得很多"),
    "long_day": _("一天记得太长"),
    "only_typed": _("时长全是补记的"),
}


@dataclass(frozen=True)
class Line:
    """A flag in words, its postings, and what was found when it was last looked at, by whom."""

    flag: Flag
    title: Text
    words: Text
    seen: Looked | None
    seen_by: str
    more: bool
    own: bool


@dataclass(frozen=True)
class TownFlags:
    """A town's flags: those to look at, and those that were."""

    id: int
    name: str
    open: Sequence[Line]
    done: Sequence[Line]


@bp.get("/desk/anomalies")
@requires(Perm.ANOMALY_READ)
def anomaly_list() -> str:
    return _page()


@bp.post("/desk/anomalies/<id:town_id>")
@requires(Perm.ANOMALY_READ)
@command()
def look_at_anomaly(town_id: int) -> Response | tuple[str, int]:
    key, words = request.form.get("flag", ""), request.form.get("words", "")
    try:
        services.look(must_be_signed_in(), town_id, key, words)
    except DomainError as error:
        if error.field != "words":
            raise
        return _page(key, words, plain(error.message)), 422
    flash(plain(_("记下了。积分没有变动。")), "ok")
    return redirect(url_for("points.anomaly_list"), 303)


def _page(key: str = "", words: str = "", error: str = "") -> str:
    actor = must_be_signed_in()
    paths = [grant.area_path for grant in actor.held if Perm.ANOMALY_READ in grant.perms and grant.area_path]
    towns = places.within("town", *paths) if paths else []
    return render_template(
        "points/anomalies.html",
        towns=[_town(actor, town.id, town.name) for town in towns],
        days=anomalies.DAYS,
        wrong=(key, words, error),
    )


def _town(actor: Actor, town_id: int, name: str) -> TownFlags:
    flags, looked = anomalies.flags(town_id), anomalies.looked(town_id)
    by = [one.by_id for _size, one in looked.values()]
    names = people.names([*by, *(member for flag in flags for member in flag.members)])
    town = places.area(town_id)
    named = town is not None and can(actor, Perm.MEMBER_READ, Place(town.path))
    lines = [_line(actor, flag, looked.get(flag.key), names, named=named) for flag in flags]
    return TownFlags(
        town_id,
        name,
        [line for line in lines if line.seen is None or line.more],
        [line for line in lines if line.seen is not None and not line.more],
    )


def _line(actor: Actor, flag: Flag, seen: tuple[int, Looked] | None, names: dict[int, str], *, named: bool) -> Line:
    shown = [names.get(member, "") for member in flag.members]
    if not named:
        shown = [mask_name(name) for name in shown]
    size, found = seen or (0, None)
    return Line(
        flag=flag,
        title=_TITLES[flag.kind],
        words=_WORDS[flag.kind](flag, shown),
        seen=found,
        seen_by=names.get(found.by_id, "") if found else "",
        more=found is not None and flag.size > size,
        own=any(actor.is_me(member) for member in flag.members),
    )
