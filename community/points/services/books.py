"""Opening a town's books: the accounts of the system, the rules that were adopted, the budget. For commands only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import insert

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id
from community.points.models import ASSETS, Account, Rule, RuleVersion
from community.points.services.budget import fund

# A resident's account is opened by her first award.
_SYSTEM_ACCOUNTS = ("issuance", "budget", "redeemed", "expired", "reversed", "adjustment")


@dataclass(frozen=True, slots=True)
class NewRule:
    """The first version of a rule as it was adopted; fields as in `RuleVersion`."""

    code: str
    version: str
    trigger: str
    min_grade: str
    amount: int
    once_per: str
    cap_day: int | None
    expires_months: int
    text_zh: str
    text_en: str
    resolution: str
    published_on: dt.date
    effective_on: dt.date
    asset: str = "points"
    team_kind: str = ""
    cap_month: int | None = None
    review: bool = False


def set_up_town(actor: Actor, town_id: int, *, rules: Sequence[NewRule] = (), budgets: Mapping[int, int]) -> None:
    """Open the town's books with `rules` and a budget for each year in `budgets`.

    Raises IntegrityError when they are open already, Forbidden for a person. Needs `transaction()`.
    """
    must_be_system(actor)
    accounts = [
        {"id": new_id(), "town_id": town_id, "asset": asset, "kind": kind, "posted": 0, "held": 0, "seq": 0}
        for asset in ASSETS
        for kind in _SYSTEM_ACCOUNTS
    ]
    session().execute(insert(Account.__table__), accounts)  # type: ignore[arg-type]
    for rule in rules:
        rule_id, version = new_id(), asdict(rule)
        session().execute(
            insert(Rule.__table__), {"id": rule_id, "town_id": town_id, "code": version.pop("code")}  # type: ignore[arg-type]
        )  # fmt: skip
        session().execute(insert(RuleVersion.__table__), {"id": new_id(), "rule_id": rule_id, **version})  # type: ignore[arg-type]
    for year, amount in budgets.items():
        fund(actor, town_id, year, amount, resolution=rules[0].resolution if rules else "")
