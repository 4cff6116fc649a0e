"""The room's repeated work: erasing who asked for it, and forgetting what need not be kept."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, delete, or_, select, update

from community.core import clock, uploads
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.scheduler import for_each
from community.core.uploads import Upload
from community.people import mandates, requests, waits
from community.people.erasing import erase
from community.people.models import Consent, Mandate, MandateRequest, Member, SignInCode

# Nobody has checked who they are, and nothing came of it.
UNCONFIRMED_KEPT = dt.timedelta(days=365)
# Life and three years more (product.md §5.14): the proof that we asked.
CONSENTS_KEPT = dt.timedelta(days=3 * 365)
CODES_KEPT = dt.timedelta(days=30)
OFFERS_KEPT = dt.timedelta(days=30)
# Long enough to object to what was done at the end.
PAPERS_KEPT = dt.timedelta(days=90)
BATCH = 500


def erase_due() -> None:
    """Erase the members whose day to think is over, one transaction each; who is still needed waits on."""
    actor = system_actor("people.erase_due")
    for_each(requests.due_erasures(), lambda member_id: erase(actor, member_id))


def erase_unconfirmed() -> None:
    """Erase the registrations that nobody has confirmed within a year."""
    actor = system_actor("people.erase_unconfirmed")
    old = (
        select(Member.id)
        .where(
            Member.verified_at.is_(None),
            Member.status == "active",
            Member.erased_at.is_(None),
            Member.created_at < clock.now() - UNCONFIRMED_KEPT,
        )
        .order_by(Member.id)
        .limit(BATCH)
    )
    for_each(session().scalars(old).all(), lambda member_id: erase(actor, member_id))


def forget_codes() -> None:
    """Empty the sign-in codes that are over, and delete them after thirty days."""
    now = clock.now()
    with transaction():
        dead = update(SignInCode).where(SignInCode.expires_at < now, SignInCode.code_hash != "")
        session().execute(dead.values(code_hash="").execution_options(synchronize_session=False))
        session().execute(delete(SignInCode).where(SignInCode.expires_at < now - CODES_KEPT))


def forget_consents() -> None:
    """Delete the consents of members who were erased three years ago."""
    gone = select(Member.id).where(Member.erased_at < clock.now() - CONSENTS_KEPT)
    with transaction():
        session().execute(
            delete(Consent)
            .where(Consent.member_id.in_(gone), Consent.withdrawn_at.is_not(None))
            .execution_options(synchronize_session=False)
        )


def forget_mandates() -> None:
    """Close offers nobody answered, delete old ones, and the photos of papers whose mandate is long over."""
    now = clock.now()
    with transaction():
        late = update(MandateRequest).where(MandateRequest.expires_at < now, MandateRequest.closed_at.is_(None))
        session().execute(late.values(closed_at=now).execution_options(synchronize_session=False))
        session().execute(delete(MandateRequest).where(MandateRequest.closed_at < now - OFFERS_KEPT))
        for upload in session().scalars(_old_papers(now)):
            uploads.delete(upload)
        session().flush()


def tell_mandates() -> None:
    """Tell both sides of a mandate that it runs out in a few days, once, each pair in a transaction of its own."""
    for_each(mandates.running_out(), mandates.tell_runs_out)


def _old_papers(now: dt.datetime) -> Select[Upload]:
    over = or_(Mandate.ended_at < now - PAPERS_KEPT, Mandate.until_on < clock.local(now - PAPERS_KEPT).date())
    return select(Upload).join(Mandate, Mandate.upload_id == Upload.id).where(over, Upload.deleted_at.is_(None))


def forget_waits() -> None:
    """Forget wrong tries at the doors after half a day, a batch a transaction."""
    while True:
        with transaction():
            if not waits.forget_old():
                return
