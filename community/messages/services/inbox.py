"""A line in somebody's inbox, or an outbox row that a job sends after the commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session, upsert
from community.core.errors import NotFound
from community.core.ids import new_id, new_uuid
from community.messages import kinds
from community.messages.models import Message, Outbox


def notify(
    member_id: int,
    kind: str,
    params: Mapping[str, Any],
    link: str | None = None,
    *,
    not_before: dt.datetime | None = None,
) -> int:
    """Put a message of `kind` into the member's inbox, in the current transaction; return its id.

    `params` fill the kind's texts when it is read: text as it is, whole numbers as "1,280", datetimes and dates in the
    reader's language; `kinds.Person` a member, named as she is called when it is read. `link` is a path of this site.
    Nobody sees it before `not_before`, and until then `take_back` may drop it. Raises UnknownKind, KeyError (a missing
    parameter) or ValueError.
    """
    kinds.must_fit(kind, set(params))
    if link is not None and (not link.startswith("/") or link.startswith("//")):
        raise ValueError("a message links to a path of this site")
    message_id = new_id()
    session().execute(
        insert(Message).values(
            id=message_id,
            member_id=member_id,
            kind=kind,
            params=_all_stored(params),
            link=link,
            # When it comes to her: lists show nothing that is still to come.
            created_at=not_before or clock.now(),
        )
    )
    return message_id


def take_back(member_id: int, link: str) -> int:
    """Drop what the member would have been told about `link` and has not seen yet; return how many messages."""
    done = session().execute(
        delete(Message).where(Message.member_id == member_id, Message.link == link, Message.created_at > clock.now())
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def untold(member_ids: Sequence[int], kind: str, params: Mapping[str, Any], *, since: dt.datetime) -> list[int]:
    """Return those of `member_ids` who were sent no message of `kind` with these very `params` at or after `since`."""
    rows = session().execute(
        select(Message.member_id, Message.params).where(
            Message.member_id.in_(member_ids), Message.created_at >= since, Message.kind == kind
        )
    )
    # Compared here: PostgreSQL has no equality for json.
    told = {row.member_id for row in rows if row.params == _all_stored(params)}
    return [member_id for member_id in member_ids if member_id not in told]


def send_later(
    channel: str, dedupe_key: str, payload: Mapping[str, Any], *, not_before: dt.datetime | None = None
) -> None:
    """Let `payload` be sent through `channel` after this transaction's commit, and not before `not_before`.

    The same `dedupe_key` on the same channel is sent once: a second call changes nothing.
    """
    session().execute(
        upsert(Outbox)
        .values(
            id=new_uuid(),
            channel=channel,
            dedupe_key=f"{channel}:{dedupe_key}",
            payload=dict(payload),
            created_at=clock.now(),
            next_try_at=not_before or clock.now(),
            attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
    )


def mark_read(actor: Actor, *, newest_id: int) -> int:
    """Mark the actor's messages as read up to the one she saw on top; return how many were unread.

    What arrived while she was reading stays unread. Raises NotFound when the message is not hers.
    """
    must(actor, Perm.INBOX_READ)
    newest = session().get(Message, newest_id)
    if newest is None or newest.member_id != actor.member_id:
        raise NotFound
    done = session().execute(
        update(Message)
        .where(
            Message.member_id == actor.member_id,
            Message.read_at.is_(None),
            tuple_(Message.created_at, Message.id) <= (newest.created_at, newest.id),
        )
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def open_message(actor: Actor, message_id: int) -> str | None:
    """Mark one of the actor's messages as read and return the path it leads to, if any. Raises NotFound."""
    must(actor, Perm.INBOX_READ)
    message = session().get(Message, message_id)
    if message is None or message.member_id != actor.member_id:
        raise NotFound
    if message.read_at is None:
        message.read_at = clock.now()
    return message.link


def _all_stored(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _stored(value) for name, value in params.items()}


def _stored(value: object) -> Any:
    """JSON has no times: they are kept as marked ISO text and written for the reader later."""
    if isinstance(value, dt.datetime):
        return {"at": value.astimezone(dt.UTC).isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    if isinstance(value, kinds.Person):
        return {"member": value.member_id}
    return value if isinstance(value, (int, str)) else str(value)
