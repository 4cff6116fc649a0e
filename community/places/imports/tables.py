"""One door to the kinds of tables: check any of them, take any of them in."""

from __future__ import annotations

from collections.abc import Sequence

from community.core.authz import Perm
from community.places.imports import areas, posts, units
from community.places.imports.cells import Draft
from community.places.imports.plans import Plan, Scope
from community.places.imports.problems import Problem

# The right that a table of a kind asks for, at the area it is for.
PERMS = {
    "areas": Perm.AREA_MANAGE,
    "buildings": Perm.AREA_MANAGE,
    "units": Perm.AREA_MANAGE,
    "posts": Perm.POST_MANAGE,
}


def ordered(kind: str, drafts: Sequence[Draft]) -> list[Draft]:
    """Return the rows in an order in which parts of them can be taken in one after the other."""
    return areas.ordered(kind, drafts) if kind in {"areas", "buildings"} else list(drafts)


def check(kind: str, drafts: Sequence[Draft], scope: Scope) -> Plan:
    """Return what the rows (in the order of `ordered`) would do; nothing is written."""
    whole = [draft for draft in drafts if not draft.wide]
    if kind == "posts":
        plan = posts.check(whole, scope)
    elif kind == "units":
        plan = units.check(whole, scope)
    else:
        plan = areas.check(kind, whole, scope)
    plan.problems += [Problem(draft.line, "", "", "wide") for draft in drafts if draft.wide]
    for listed in (plan.problems, plan.doubts):
        listed.sort(key=lambda problem: problem.line)
    return plan


def apply(kind: str, plan: Plan) -> None:
    """Write what the plan says, in the caller's transaction."""
    {"posts": posts.apply, "units": units.apply}.get(kind, areas.apply)(plan)
