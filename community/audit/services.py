"""Writing the log: what was decided, and every look of staff at a person's data, in the transaction of the act."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor
from community.core.db import session
from community.core.ids import new_id

LOOK = "audit.look"


def record(
    actor: Actor,
    act: str,
    obj_type: str,
    obj_id: object,
    *,
    scope_path: str = "",
    reason: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write one entry and return its id. Needs the act's transaction, so that no act is kept without its entry.

    `act` is "room.verb", `scope_path` the area the object lies in (who may read the entry), `before` and `after` the
    changed fields: only their digests are kept. `details` are kept as they are and hold no personal data. Who acts in
    somebody's place is named as the doer, with the mandate beside it.
    """
    entry_id = new_id()
    session().execute(
        insert(AuditEntry).values(
            id=entry_id,
            at=clock.now(),
            actor_id=actor.doer_id,
            actor_name=actor.system[:60],
            act=act,
            object_type=obj_type,
            object_id=str(obj_id),
            scope_path=scope_path,
            reason=reason,
            before_digest=None if before is None else digest(before),
            after_digest=None if after is None else digest(after),
            details=dict(details or {}) | _in_her_place(actor),
        )
    )
    return entry_id


def _in_her_place(actor: Actor) -> dict[str, str]:
    """Return what an entry says of an act done for somebody else: whose, and by which mandate."""
    if actor.instead is None:
        return {}
    return {"instead": "mandate", "for": str(actor.member_id), "mandate": str(actor.instead.mandate_id)}


def record_look(actor: Actor, member_id: int, why: str, *, scope_path: str = "", reason: str | None = None) -> int:
    """Write that `actor` looked at the data of the member, and on which page (`why`); return the entry's id.

    `reason` are her own words, where the page asks for them.
    """
    return record(actor, LOOK, "member", member_id, scope_path=scope_path, reason=reason, details={"why": why})


def digest(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of `fields`, whatever their order; times and other values count as their text."""
    canonical = json.dumps(dict(fields), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
