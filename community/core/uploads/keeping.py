"""Pictures and papers and their rows: kept, shown to who may see them, forgotten.

The files are written before the row is committed, so a row always has its file; what a broken transaction leaves
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
from community.core.uploads.models import Document, Upload
from community.core.uploads.papers import Paper
from community.core.uploads.pictures import Picture

FOLDER, PAPERS = "pictures", "papers"
# Longer than any transaction: a younger file may still get its row.
ORPHAN_AGE = dt.timedelta(days=1)

Rule = Callable[[Actor | None, Upload], bool]
PaperRule = Callable[[Actor | None, Document], bool]
_rules: dict[str, Rule] = {}
_paper_rules: dict[str, PaperRule] = {}


def wire(rules: Mapping[str, Rule], papers: Mapping[str, PaperRule] | None = None) -> None:
    """Let `rules` (purpose → may this actor see this picture?) decide from now on; `papers`, if given, about papers."""
    _rules.clear()
    _rules.update(rules)
    if papers is not None:
        _paper_rules.clear()
        _paper_rules.update(papers)


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


def keep_paper(actor: Actor, purpose: str, paper: Paper) -> Document:
    """Write the paper's file and add its row; return it. As `keep` otherwise."""
    if purpose not in _paper_rules:
        raise KeyError(purpose)
    name = secrets.token_hex(16)
    storage.write(_paper_path(name), paper.data)
    row = Document(
        id=new_uuid(),
        purpose=purpose,
        name=name,
        digest=paper.digest,
        bytes=len(paper.data),
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


def paper(actor: Actor | None, document_id: uuid.UUID) -> Document:
    """Return the paper's row. Raises as `picture`."""
    found = session().get(Document, document_id)
    rule = _paper_rules.get(found.purpose) if found is not None else None
    if found is None or found.deleted_at is not None or rule is None or not rule(actor, found):
        raise NotFound
    return found


def content(upload: Upload | Document, *, small: bool = False) -> bytes:
    """Return the JPEG (`small`: its thumbnail) or the PDF. Raises NotFound when the storage has lost it."""
    path = _paper_path(upload.name) if isinstance(upload, Document) else _path(upload.name, small=small)
    try:
        return storage.read(path)
    except FileNotFoundError:
        raise NotFound from None


def delete(upload: Upload | Document) -> None:
    """Mark the picture or paper as deleted: nobody sees it from now on, and `sweep` removes its files."""
    upload.deleted_at = upload.deleted_at or clock.now()


def sweep() -> int:
    """Remove the files of what was deleted and those that no row names; return how many. Safe to run twice."""
    return _sweep(FOLDER, Upload) + _sweep(PAPERS, Document)


def _sweep(folder: str, model: type[Upload] | type[Document]) -> int:
    removed, too_young = 0, clock.now() - ORPHAN_AGE
    for first in range(256):
        there = list(storage.names(f"{folder}/{first:02x}"))
        known = _known(model, {_name(path) for path, _at in there})
        kept = {name for name, deleted in known.items() if not deleted}
        dead = {name for name, deleted in known.items() if deleted}
        for path, at in there:
            name = _name(path)
            if name in dead or (name not in kept and at < too_young):
                storage.remove(path)
                removed += 1
    return removed


def _known(model: type[Upload] | type[Document], names: set[str]) -> dict[str, bool]:
    """Return name → was it deleted, for the names that a row knows."""
    rows = session().execute(select(model.name, model.deleted_at.isnot(None)).where(model.name.in_(names)))
    return {name: bool(deleted) for name, deleted in rows}


def _path(name: str, *, small: bool) -> str:
    return f"{FOLDER}/{name[:2]}/{name}{'.s' if small else ''}.jpg"


def _paper_path(name: str) -> str:
    return f"{PAPERS}/{name[:2]}/{name}.pdf"


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1].split(".", 1)[0]
