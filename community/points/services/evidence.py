"""Pictures that cases rest on are not kept for ever. Needs `transaction()`."""

from __future__ import annotations

import uuid

from community.audit import services as audit
from community.core import uploads
from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.uploads import Upload
from community.points.models import PointsCase
from community.points.queries import cases


def retire(actor: Actor, case_id: uuid.UUID) -> bool:
    """Delete the picture of a case that was decided long ago; says whether there was one to delete. For the job.

    Its row stays with the digest of what it was: whoever has the picture can still prove that it is the same.
    """
    must_be_system(actor)
    case = session().get_one(PointsCase, case_id)
    if not cases.pictures_due(case_id) or case.upload_id is None:
        return False
    uploads.delete(session().get_one(Upload, case.upload_id))
    session().flush()
    audit.record(actor, "points.forget_evidence", "points_case", case_id, scope_path=case.scope_path)
    return True
