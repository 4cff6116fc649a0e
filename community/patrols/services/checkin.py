"""Checking in at a post, online: the decision table of checkin.md §2.9, one row and its event."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import insert

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.events import emit
from community.core.ids import new_id, new_uuid
from community.patrols import policies, queries
from community.patrols.events import CheckInAccepted, CheckInFact, CheckInFlagged
from community.patrols.models import Attempt, CheckIn, CheckInEvent
from community.patrols.policies import Circumstances, Evidence, Proxy
from community.people import consents, queries as people, services as people_services
from community.places.codes import ScannedPost
from community.teams import queries as teams

# Built once: every check-in sends both, and building a statement costs more than sending it.
_INSERT_CHECKIN, _INSERT_EVENT = insert(CheckIn.__table__), insert(CheckInEvent.__table__)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scan: "accepted", "flagged", "duplicate" (all with a check-in) or "refused" (with a `code`)."""

    status: str
    checkin_id: uuid.UUID | None = None
    code: str = ""


def check_in(
    actor: Actor,
    post: ScannedPost,
    evidence: Evidence,
    *,
    device: str,
    at: dt.datetime | None = None,
    agrees: bool = False,
    kind: str = "pass",
    proxy: Proxy | None = None,
) -> Outcome:
    """Record that `actor` was at `post`, at the proved instant `at` (default: now), and emit what happened.

    `proxy` is the leader who does it for her by her card; the phone is the leader's then, and says nothing of hers.
    `device` is the phone's own id (32 hex digits). `agrees` says that she tapped the button below the consent text.
    A refusal leaves an attempt without an owner's coordinates and no check-in. Needs `transaction()`; the command has
    locked the member, so two scans of hers are decided one after the other.
    """
    must(actor, Perm.CHECKIN_MAKE)
    now = clock.now()
    at = at or now
    serving = teams.serving(actor.member_id, post.scope_path)
    refusal = _refusal(actor, post, at, serving=serving is not None, agrees=agrees)
    if refusal:
        return refuse(refusal, device=device, src=evidence.src, member_id=actor.member_id, post=post)
    earlier = queries.earlier(actor.member_id, at, post.lat, post.lon)
    if policies.is_double(kind, post.post_id, at, earlier):
        return Outcome("duplicate", queries.first_scan(actor.member_id, post.post_id, kind, at), "double_scan")
    around = Circumstances(
        key_state=post.key_state,
        post_in_place=post.state == "active" and not post.moved,
        serving=serving is not None,
        rider=serving is not None and serving.kind == "riders",
        device_members=0 if proxy else queries.others_on_device(device, actor.member_id, at),
        proxied_today=proxy.today if proxy else 0,
    )
    flags, notes = policies.conditions(at, post.post_id, evidence, around, earlier)
    if proxy:
        notes = tuple(note for note in notes if note not in policies.OF_THE_PHONE)
    made = CheckInFact(
        checkin_id=new_uuid(),
        member_id=actor.member_id,
        town_id=post.town_id,
        scope_path=post.scope_path,
        post_id=post.post_id,
        post_name=post.name,
        team_id=serving.team_id if serving else None,
        used_at=at,
        grade=policies.grade_for(evidence, proxy),
        verified=actor.verified,
    )
    _write(made, post, evidence, flags, notes, kind=kind, device=device, now=now, by=proxy)
    _tell(made, flags)
    return Outcome("flagged" if flags else "accepted", made.checkin_id, (flags + notes + ("",))[0])


def refuse(
    code: str, *, device: str, src: str, member_id: int | None = None, post: ScannedPost | None = None
) -> Outcome:
    """Note a refused scan for thirty days (which rule, where if known; no coordinates, no token)."""
    session().execute(
        insert(Attempt.__table__).values(  # type: ignore[arg-type]
            at=clock.now(),
            member_id=member_id,
            device=device,
            post_id=post.post_id if post else None,
            scope_path=post.scope_path if post else "",
            code=code,
            src=src,
        )
    )
    return Outcome("refused", None, code)


def _refusal(actor: Actor, post: ScannedPost, at: dt.datetime, *, serving: bool, agrees: bool) -> str:
    """Row 8: suspended, a minor without her guardian or at night, no member where not anyone may, no consent."""
    if actor.status == "suspended":
        return "suspended"
    if not actor.guarded:
        return "guardian_needed"
    if actor.minor and policies.is_night_for_minors(clock.local(at).hour):
        return "minor_at_night"
    if not serving and post.open_to != "anyone":
        return "not_member"
    text = consents.current("presence")
    agreed, withdrawn = people.may_record(actor.member_id, actor.ids, text.scope, text.version, consents.SERVICE)
    if withdrawn:
        return "not_member"  # nothing more is written of her; who applies to a team agrees anew
    if not agreed:
        if not agrees:
            return "no_consent"
        people_services.give_consent(actor.member_id, text.scope)
    return ""


def _write(
    made: CheckInFact,
    post: ScannedPost,
    evidence: Evidence,
    flags: tuple[str, ...],
    notes: tuple[str, ...],
    *,
    kind: str,
    device: str,
    now: dt.datetime,
    by: Proxy | None = None,
) -> None:
    status = "flagged" if flags else "accepted"
    session().execute(
        _INSERT_CHECKIN,
        {
            "id": made.checkin_id,
            "member_id": made.member_id,
            "post_id": post.post_id,
            "print_id": post.print_id,
            "team_id": made.team_id,
            "town_id": post.town_id,
            "scope_path": post.scope_path,
            "kind": kind,
            "used_at": made.used_at,
            # Online the server's own clock is the proof: the interval is the instant.
            "lo": made.used_at,
            "hi": made.used_at,
            "claimed_at": None,
            "received_at": now,
            "band": evidence.band,
            "far_m": evidence.far_m if evidence.band == "far" else None,
            "grade": made.grade,
            "first_status": status,
            "status": status,
            "code": (flags + notes + ("",))[0],
            "notes": " ".join(flags + notes),
            "src": evidence.src,
            "device": device,
            "proxy_id": by.member_id if by else None,
        },
    )
    session().execute(
        _INSERT_EVENT,
        {
            "id": new_id(),
            "checkin_id": made.checkin_id,
            "member_id": made.member_id,
            "from_status": "new",
            "to_status": status,
            "by_id": by.member_id if by else made.member_id,
            "at": now,
        },
    )


def _tell(made: CheckInFact, flags: tuple[str, ...]) -> None:
    fields = {name: getattr(made, name) for name in CheckInFact.__dataclass_fields__}
    emit(CheckInFlagged(**fields, code=flags[0]) if flags else CheckInAccepted(**fields))
