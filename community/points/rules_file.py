"""Rules in a YAML file, for trying them from a terminal: what `flask points simulate` reads.

rules:
- {code: P01, amount: 6, cap_day: 12}      # a rule that is there already: what is not named stays
- {code: P01, ends: true}
- {trigger: CheckInAccepted, amount: 2, text_zh: …}
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import yaml

from community.core import clock
from community.core.errors import DomainError
from community.core.i18n import _
from community.points import proposals
from community.points.models import RuleDraft
from community.points.proposals import Proposal
from community.points.queries import rule_sets
from community.points.queries.rule_sets import InForceRule

_KNOWN = {one.name for one in fields(Proposal)} | {"code", "ends"}


def read(text: str, town_id: int) -> list[RuleDraft]:
    """Return the file's rules as drafts that no database knows. Raises DomainError that says which entry is wrong."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DomainError("yaml", _("这不是 YAML 文件：%(error)s", error=str(error)[:200])) from None
    entries = found.get("rules") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not entries:
        raise DomainError("rules", _("文件里要有一个 rules 列表"))
    held = {rule.code: rule for rule in rule_sets.in_force_on(town_id, clock.today())}
    return [_draft(number, entry, held) for number, entry in enumerate(entries, start=1)]


def _draft(number: int, entry: Any, held: dict[str, InForceRule]) -> RuleDraft:
    if not isinstance(entry, dict) or set(entry) - _KNOWN:
        unknown = ", ".join(sorted(set(entry) - _KNOWN)) if isinstance(entry, dict) else str(entry)[:40]
        raise DomainError("entry", _("第 %(number)s 条里有不认识的：%(unknown)s", number=number, unknown=unknown))
    told = dict(entry)
    code, ends = str(told.pop("code", "") or f"NEW{number}"), bool(told.pop("ends", False))
    rule = held.get(code)
    if ends and rule is None:
        raise DomainError("entry", _("第 %(number)s 条：没有规则 %(code)s", number=number, code=code))
    try:
        wanted = replace(rule.terms, **told) if rule else Proposal(**told)
        wanted = wanted if ends else proposals.check(wanted)
    except (DomainError, TypeError, AttributeError) as error:
        why = error.message if isinstance(error, DomainError) else str(error)[:200]
        raise DomainError("entry", _("第 %(number)s 条：%(why)s", number=number, why=why)) from None
    return RuleDraft(rule_id=rule.rule_id if rule else None, code=code, ends=ends, **asdict(wanted))
