"""The board: what a published month keeps of its groups, and a member's choice to be named. Need `transaction()`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import Text, _
from community.messages import kinds, services as messages
from community.people import naming, queries as people
from community.people.policies import told_reason
from community.places import queries as places
from community.points.models import Account, AliasRefusal, BoardName, MonthGroup, PeriodClose
from community.points.queries import groups

ALIAS_SHORTEST, ALIAS_LONGEST = 2, 12
# Letters of any script, up to four digits in all, a dot or a dash between them: no number to call, nothing unseen.
_ALIAS = re.compile(r"(?!(?:.*\d){5})[^\W_](?:[^\W_]|[·・-](?=[^\W_])| (?=[^\W_]))*")


_DOWN = "points.alias_down"

kinds.register(
    _DOWN,
    _("您在邻里榜上的化名撤下来了"),
    _("“%(alias)s”不再显示，现在是您的姓和星号。原因：%(reason)s。您可以另取一个。"),
)


def _taken() -> DomainError:
    return Conflict("alias_taken", _("这个化名有人用了"), next_step=_("请换一个。"))


on_constraint("uq_board_name_alias", _taken)


def keep_groups(month: PeriodClose) -> None:
    """Write down what may be shown of a month's teams and grids, in the transaction that publishes it."""
    rows = [
        {
            "town_id": month.town_id, "month_on": month.month_on, "kind": kind, "group_id": one.group_id,
            "name": one.name[:60], "points": one.points, "people": len(one.people),
        }
        for kind, found in groups.counted(month.town_id, month.month_on).items()
        for one in found
    ]  # fmt: skip
    if rows:
        session().execute(insert(MonthGroup.__table__), rows)  # type: ignore[arg-type]


def choose(actor: Actor, town_id: int, alias: str) -> None:
    """Name the actor on the board of a town where she has points, from now on: as `alias`, or else by a masked name.

    Chosen again, the alias changes. Raises DomainError (field "alias") for one that will not do, Conflict for one that
    is taken and for minors and whoever is not verified, NotFound without points there.
    """
    must(actor, Perm.POINTS_READ)
    account_id = _account(actor, town_id)
    _must_be_shown(actor)
    name = _checked(actor, town_id, alias)
    key = naming.folded(name) if name else None
    taken = select(BoardName.member_id).where(
        BoardName.town_id == town_id, BoardName.alias_key == key, BoardName.member_id != actor.member_id
    )
    if key is not None and session().scalar(taken) is not None:
        raise DomainError("alias_taken", _("这个化名有人用了，请换一个"), field="alias")
    found = session().get(BoardName, (town_id, actor.member_id))
    if found is None:
        found = BoardName(
            town_id=town_id, member_id=actor.member_id, account_id=account_id, chosen_at=clock.now()
        )  # fmt: skip
        session().add(found)
    found.alias, found.alias_key = name, key
    session().flush()


def take_down(actor: Actor, town_id: int, alias: str, words: str) -> None:
    """Take an alias off the board of a town that the actor closes the months of: the member stays on it by her masked
    name, hears why, and nobody in the town takes that word again. Whose it is the actor neither says nor learns.

    Raises NotFound outside the actor's areas and when nobody is called so there, Forbidden, DomainError (field
    "reason").
    """
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    must(actor, Perm.MONTH_CLOSE, town)
    reason = told_reason(words, missing=_("请写明理由，对方会看到"), field="reason")
    key = naming.folded(alias)
    shown = locking(select(BoardName).where(BoardName.town_id == town_id, BoardName.alias_key == key))
    found = session().scalars(shown.execution_options(populate_existing=True)).one_or_none()
    if found is None or found.alias is None:
        raise NotFound
    digest = _digest(town_id, found.alias)
    if session().get(AliasRefusal, (town_id, digest)) is None:
        session().add(AliasRefusal(town_id=town_id, digest=digest, by_id=actor.member_id, at=clock.now()))
    messages.notify(found.member_id, _DOWN, {"alias": found.alias, "reason": reason}, link="/points/board")
    found.alias, found.alias_key = None, None
    session().flush()
    audit.record(actor, "points.alias_down", "member", found.member_id, scope_path=town.path, reason=reason)


def leave(actor: Actor, town_id: int) -> None:
    """Take the actor off the board of a town, at once and without a trace; again changes nothing.

    Raises NotFound where she has no points.
    """
    must(actor, Perm.POINTS_READ)
    _account(actor, town_id)
    _forget(actor.ids, town_id)


def forget(member_ids: Iterable[int]) -> None:
    """Take whoever is erased off every board."""
    _forget(member_ids, None)


def _forget(member_ids: Iterable[int], town_id: int | None) -> None:
    hers = delete(BoardName).where(BoardName.member_id.in_(list(member_ids)))
    if town_id is not None:
        hers = hers.where(BoardName.town_id == town_id)
    session().execute(hers.execution_options(synchronize_session="fetch"))


def _must_be_shown(actor: Actor) -> None:
    if actor.minor:
        raise Conflict("minor", _("未满 18 岁不上榜"), next_step=_("您的积分照记，团队和网格的总数里也有您。"))
    if not actor.verified or actor.status != "active":
        raise Conflict("not_verified", _("核对身份以后才能上榜"), next_step=_("请带上证件去社区办理。"))


def _checked(actor: Actor, town_id: int, alias: str) -> str | None:
    """Return the alias as it is shown, None for none; raises DomainError of the field."""
    name = " ".join(unicodedata.normalize("NFKC", alias).split())
    if not name:
        return None
    if not ALIAS_SHORTEST <= len(name) <= ALIAS_LONGEST or not _ALIAS.fullmatch(name):
        raise DomainError(
            "alias", _("请写 2 到 12 个字：文字，最多 4 个数字"), field="alias"
        )  # fmt: skip
    if naming.folded(people.known_member(actor.member_id).display_name) in naming.folded(name):
        said: Text = _("请用化名，不要用真名；不写就只显示姓和星号")
        raise DomainError("real_name", said, field="alias")
    # Another's real name, or what the desk took down: said alike, so that nobody learns who is registered here.
    if naming.is_somebodys(name, town_id, actor.ids) or _is_refused(town_id, name):
        raise DomainError("alias_refused", _("这个化名不能用，请换一个"), field="alias")
    return name


def _is_refused(town_id: int, name: str) -> bool:
    return session().get(AliasRefusal, (town_id, _digest(town_id, name))) is not None


def _digest(town_id: int, name: str) -> str:
    return hashlib.sha256(f"{town_id}:{naming.folded(name)}".encode()).hexdigest()


def _account(actor: Actor, town_id: int) -> int:
    account = Account.__table__.c
    found = session().scalar(
        select(account.id).where(
            account.town_id == town_id, account.asset == "points", account.subject_id == actor.member_id,
            account.kind == "resident",
        )
    )  # fmt: skip
    if found is None:
        raise NotFound
    return int(found)
