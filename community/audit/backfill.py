"""Write past looks at people's data, as an import does; the log takes them and never gives them back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from community.audit.models import AuditEntry
from community.audit.services import LOOK
from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id


@dataclass(frozen=True, slots=True)
class PastLook:
    """Somebody looked at a member's data on the page `why`; `scope_path` is where the member lives."""

    at: dt.datetime
    by_id: int
    member_id: int
    why: str
    scope_path: str
    reason: str | None = None


def add_looks(actor: Actor, looks: Sequence[PastLook]) -> None:
    """Write looks, oldest first; nobody looks at herself."""
    must_be_system(actor)
    rows = [
        {
            "id": new_id(), "at": look.at, "actor_id": look.by_id, "actor_name": "", "act": LOOK,
            "object_type": "member", "object_id": str(look.member_id), "scope_path": look.scope_path,
            "reason": look.reason, "details": {"why": look.why},
        }
        for look in sorted(looks, key=lambda one: one.at)
        if look.by_id != look.member_id
    ]  # fmt: skip
    if rows:
        session().execute(insert(AuditEntry), rows)
