"""Names as people mix them up: without blanks, dots, case and width."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, func, select

from community.core.db import session
from community.people.models import Member

# What may stand between the parts of a name and says nothing.
_BETWEEN = (" ", "·", "・", "•", "‧", "-", "—", ".", "'")


def folded(name: str) -> str:
    """Return a name without what lets one word be written in many ways; "" when nothing is left."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in plain if character.isalnum())


def is_somebodys(name: str, town_id: int, besides: Collection[int]) -> bool:
    """Say whether a member of the town, none of `besides`, is called so, however it is written."""
    wanted = folded(name)
    there = select(Member.id).where(
        Member.town_id == town_id, Member.status.in_(("active", "suspended")), Member.id.not_in(list(besides)),
        func.length(Member.display_name) >= len(wanted), _bare(Member.display_name) == wanted,
    )  # fmt: skip
    return bool(wanted) and session().scalar(there.limit(1)) is not None


def _bare(column: Any) -> ColumnElement[str]:
    """The column without what stands between: names are kept in one form already (`policies.clean_name`)."""
    bare: ColumnElement[str] = reduce(lambda text, one: func.replace(text, one, ""), _BETWEEN, column)
    return func.lower(bare)
