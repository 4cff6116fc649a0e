"""What `district.yaml` says of rule sets, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SetRulePlan:
    """A rule of a set: the fields of a proposal, and the code of the rule that it changes."""

    code: str
    terms: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ObjectionPlan:
    """What somebody of the cast objects, and the answer if there is one."""

    by: str
    words: str
    answer: str


@dataclass(frozen=True, slots=True)
class RuleSetPlan:
    """A rule set: drafted `days` ago, published a day later by another, withdrawn for a reason or not."""

    area_code: str
    by: str
    days: int
    title: str
    published_by: str
    resolution_body: str
    resolution_no: str
    withdrawn: str
    objections: tuple[ObjectionPlan, ...]
    rules: tuple[SetRulePlan, ...]


def read_rule_set(row: dict[str, Any], area_code: str) -> RuleSetPlan:
    """Return one entry of `rule_sets` for the area that it names."""
    body, number = row.get("resolution", ("", ""))
    return RuleSetPlan(
        area_code=area_code,
        by=row["by"],
        days=row["days"],
        title=row["title"],
        published_by=row.get("published_by", ""),
        resolution_body=body,
        resolution_no=number,
        withdrawn=row.get("withdrawn", ""),
        objections=tuple(ObjectionPlan(o["by"], o["words"], o.get("answer", "")) for o in row.get("objections", ())),
        rules=tuple(
            SetRulePlan(rule.get("code", ""), {name: rule[name] for name in rule if name != "code"})
            for rule in row["rules"]
        ),
    )
