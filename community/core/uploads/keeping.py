"""Pictures and their rows: kept, shown to who may see them, forgotten.

Both files are written before the row is committed, so a row always has its picture; what a broken transaction leaves
behind is a file that no row names, which `sweep` removes a day later.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Mapping

from sqlalchemy import select

from community.core import clock
from community.core.authz import Actor
from community.core.db import session
from community.core.errors import NotFound
from community.core.ids import new_uuid
from community.core.uploads import storage
from community.core.uploads.models import Upload
from community.core.uploads.pictures import Picture

FOLDER = "pictures"
# Longer than any transaction: a younger file may still get its row.
ORPHAN_AGE = dt.timedelta(days=1)

Rule = Callable[[Actor | None, Upload], bool]
_rules: dict[str, Rule] = {}


def wire(rules: Mapping[str, Rule]) -> None:
    """Let `rules` (purpose → may this actor see this picture?) decide from now on."""
    _rules.clear()
    _rules.update(rules)


def keep(actor: Actor, purpose: str, picture: Picture) -> Upload:
    """Write the picture's files and add its row; return it. To be called inside a transaction.

    Raises KeyError for a purpose that nobody decides on: its pictures could never be shown.
    """
    if purpose not in _rules:
        raise KeyError(purpose)
    name = secrets.token_hex(16)
    storage.write(_path(name, small=False), picture.full)
    storage.write(_path(name, small=True), picture.thumb)
    row = Upload(
        id=new_uuid(),
        purpose=purpose,
        name=name,
        digest=picture.digest,
        width=picture.width,
        height=picture.height,
        bytes=len(picture.full),
        uploaded_by=actor.member_id,
        created_at=clock.now(),
    )
    session().add(row)
    session().flush()
    return row


def may_see(actor: Actor | None, upload: Upload) -> bool:
    """Say whether the room that took the picture lets `actor` (None: nobody signed in) see it."""
    rule = _rules.get(upload.purpose)
    return rule is not None and rule(actor, upload)


def picture(actor: Actor | None, upload_id: uuid.UUID) -> Upload:
    """Return the picture's row. Raises NotFound for an unknown or deleted one, and for who may not see it."""
    found = session().get(Upload, upload_id)
    if found is None or found.deleted_at is not None or not may_see(actor, found):
        raise NotFound
    return found


def content(upload: Upload, *, small: bool = False) -> bytes:
    """Return the JPEG (`small`: its thumbnail). Raises NotFound when the storage has lost it."""
    try:
        return storage.read(_path(upload.name, small=small))
    except FileNotFoundError:
        raise NotFound from None


def delete(upload: Upload) -> None:
    """Mark the picture as deleted: nobody sees it from now on, and `sweep` removes its files."""
    upload.deleted_at = upload.deleted_at or clock.now()


def sweep() -> int:
    """Remove the files of deleted pictures and those that no row names; return how many. Safe to run twice."""
    removed, too_young = 0, clock.now() - ORPHAN_AGE
    for first in range(256):
        there = list(storage.names(f"{FOLDER}/{first:02x}"))
        kept = _alive({_name(path) for path, _at in there})
        dead = _dead({_name(path) for path, _at in there})
        for path, at in there:
            name = _name(path)
            if name in dead or (name not in kept and at < too_young):
                storage.remove(path)
                removed += 1
    return removed


def _alive(names: set[str]) -> set[str]:
    return set(session().scalars(select(Upload.name).where(Upload.name.in_(names), Upload.deleted_at.is_(None))))


def _dead(names: set[str]) -> set[str]:
    return set(session().scalars(select(Upload.name).where(Upload.name.in_(names), Upload.deleted_at.isnot(None))))


def _path(name: str, *, small: bool) -> str:
    return f"{FOLDER}/{name[:2]}/{name}{'.s' if small else ''}.jpg"


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1].split(".", 1)[0]
