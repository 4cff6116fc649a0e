"""Checking somebody in by her paper card: a leader does it, never for herself, where both belong (checkin.md §4.11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from community.access.queries import load_actor
from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, can, must
from community.core.errors import DomainError, Forbidden, NotFound
from community.core.i18n import _
from community.patrols import queries
from community.patrols.policies import Evidence, Proxy
from community.patrols.queries import Today
from community.patrols.services.checkin import Outcome, check_in
from community.people import queries as people
from community.people.cards import CardRef
from community.people.queries import Person
from community.places import codes, queries as places
from community.teams import queries as teams

# A longer list is no choice on a phone.
POSTS_SHOWN = 120


@dataclass(frozen=True, slots=True)
class _Serves:
    """A membership, as rights ask for it."""

    scope_path: str
    scope_team_id: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is, as a leader of hers may know: name, teams, today's check-ins."""

    member: Person
    teams: tuple[str, ...]
    today: Sequence[Today]


@dataclass(frozen=True, slots=True)
class PostChoice:
    """A post that the leader may name; `here`: her own check-in there is the last of the past two hours."""

    post_id: int
    name: str
    number: str
    here: bool = False


def holder(actor: Actor, card: CardRef) -> Holder:
    """Return whose card it is; raises NotFound for a leader of another area and another team."""
    must(actor, Perm.CARD_USE)
    member = people.known_member(card.member_id)
    mine = [one for one in teams.my_memberships(member.id) if one.state == "active"]
    things: list[object] = [member, *(_Serves(one.scope_path, one.team_id) for one in mine)]
    if not any(can(actor, Perm.CARD_USE, thing) for thing in things):
        raise NotFound
    since = clock.at_local(clock.today(), dt.time.min)
    return Holder(member, tuple(one.team for one in mine), queries.since(member.id, since))


def posts(actor: Actor) -> list[PostChoice]:
    """Return the posts where the leader may check others in: the one she stands at first, then by number."""
    stood = queries.stood(actor)
    found = [post for scope in _scopes(actor) for post in places.posts(scope)]
    unique = {post.id: PostChoice(post.id, post.name, post.number) for post in found}
    here = unique.pop(stood.post_id, None) if stood else None
    rest = sorted(unique.values(), key=lambda post: post.number)[:POSTS_SHOWN]
    return [PostChoice(here.post_id, here.name, here.number, here=True), *rest] if here else rest


def check_in_for(actor: Actor, card: CardRef, *, post_id: int, device: str) -> Outcome:
    """Check the card's member in at the post, by the leader's word; grade A where she is proved to stand, else D.

    Raises Forbidden for her own card, NotFound outside her areas and teams, DomainError (field "post_id") for a post
    that is not hers to name. What the decision table refuses is an outcome, as for everybody.
    """
    known = holder(actor, card)
    if actor.is_me(known.member.id):
        raise Forbidden(_("不能用自己的卡"), next_step=_("请另一位队长扫您的卡，或自己扫牌子上的码。"), code="own_card")
    stood = queries.stood(actor)
    present = stood is not None and stood.post_id == post_id
    post = codes.at_post(post_id, "poster" if stood and present and stood.src == "poster" else "typed")
    if post is None or not any(post.scope_path.startswith(scope) for scope in _scopes(actor)):
        raise DomainError("post_unknown", _("请选择您管的一个岗点"), field="post_id")
    her = load_actor(known.member.id, known.member.session_epoch, lock=True)
    if her is None:
        raise NotFound
    since = clock.at_local(clock.today(), dt.time.min)
    by = Proxy(actor.member_id, present=present, today=queries.proxied_since(actor.member_id, since))
    outcome = check_in(her, post, Evidence(post.src, "none"), device=device, proxy=by)
    if outcome.checkin_id is not None:
        details = {"checkin": str(outcome.checkin_id), "card": str(card.card_id), "status": outcome.status}
        audit.record(actor, "patrols.proxy", "member", her.member_id, scope_path=post.scope_path, details=details)
    return outcome


def _scopes(actor: Actor) -> list[str]:
    held = [grant for grant in actor.held if Perm.CARD_USE in grant.perms]
    of_teams = teams.areas_of([grant.team_id for grant in held if grant.team_id])
    return sorted({*(grant.area_path for grant in held if grant.area_path), *of_teams})
