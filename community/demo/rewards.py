"""The demo's rewards shop: what there is, and orders in every state, made through the rooms' services."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import yaml

from community.access import queries as access
from community.core import clock, uploads
from community.core.authz import Actor, must_be_system, system_actor
from community.demo import reward_pictures
from community.demo.loading import Loaded
from community.people import queries as people
from community.points.queries import accounts
from community.points.rewards import Details
from community.points.services import handing, ordering, stocking

_FILE = Path(__file__).parent / "rewards.yaml"
_OPENING = dt.time(9, 40)


def load_rewards(actor: Actor, loaded: Loaded) -> dict[str, uuid.UUID]:
    """Fill the shop of the demo's first town and let its people use it; returns the rewards by their keys.

    What moves points happens now, after everything that was posted before; what only reserves them may lie back.
    """
    must_be_system(actor)
    with _FILE.open(encoding="utf-8") as lines:
        plan = yaml.safe_load(lines)
    shop = _Shop(loaded, plan)
    shop.fill()
    for order in plan["orders"]:
        shop.order(order)
    return shop.items


class _Shop:
    """One shop: its admin, its keeper, and what was made so far."""

    def __init__(self, loaded: Loaded, plan: dict[str, Any]) -> None:
        self.loaded, self.plan = loaded, plan
        self.admin, self.keeper = self._cast(plan["by"]), self._cast(plan["keeper"])
        self.areas = {area.name: area.code for area in reversed(loaded.district.areas)}
        self.items: dict[str, uuid.UUID] = {}
        self.now = clock.now()

    def fill(self) -> None:
        """Write down who provides rewards, the rewards, and their stock."""
        with clock.frozen(self._back(45)):
            town = self._area(self.plan["town"])
            suppliers = {
                row["name"]: stocking.add_supplier(self.admin, town, row["name"], row["contact"])
                for row in self.plan["suppliers"]
            }
        for row in self.plan["items"]:
            with clock.frozen(self._back(row["days"])):
                self.items[row["key"]] = self._item(row, suppliers)
            if "count" in row:
                with clock.frozen(self._back(2)):
                    stocking.count(self.admin, self.items[row["key"]], *row["count"])

    def _item(self, row: dict[str, Any], suppliers: dict[str, int]) -> uuid.UUID:
        details = Details(
            name_zh=row["zh"],
            name_en=row["en"],
            about_zh=row.get("about", ""),
            about_en=row.get("about_en", ""),
            points=row["points"],
            fen=row["fen"],
            per_month=row.get("per_month"),
            pick_up=row.get("pick_up", ""),
            supplier_id=suppliers.get(row.get("supplier", "")),
        )
        made = stocking.create(self.admin, self._area(row["area"]), row["kind"], details)
        if row["stock"]:
            stocking.deliver(self.admin, made, row["stock"], "")
        drawn = reward_pictures.reward(row["key"])
        if drawn:
            stocking.show(self.admin, made, uploads.prepare(drawn))
        if not row.get("draft"):
            stocking.open_(self.admin, made)
        if row.get("closed"):
            stocking.close(self.admin, made)
        return made

    def order(self, row: dict[str, Any]) -> None:
        """Let somebody of the cast order, and let it end as the file says; who has too little orders nothing."""
        member, item_id = self._cast(row["who"]), self.items[row["item"]]
        quantity = row.get("quantity", 1)
        if not self._affords(member, row, quantity):
            return
        if row.get("end") == "donated":
            with clock.frozen(self._latest(member)):
                ordering.donate(member, item_id, quantity=quantity)
            return
        begun = self._back(row["days"])
        with clock.frozen(begun):
            order_id = ordering.reserve(member, item_id, quantity=quantity)
        self._end(member, order_id, begun, row)

    def _end(self, member: Actor, order_id: uuid.UUID, begun: dt.datetime, row: dict[str, Any]) -> None:
        later = begun + dt.timedelta(days=row.get("after", 0), hours=2)
        if row.get("end") == "cancelled":
            with clock.frozen(later):
                ordering.cancel(member, order_id)
        elif row.get("end") == "refused":
            with clock.frozen(later):
                handing.refuse(self.keeper, order_id, reason=row["words"])
        elif row.get("end") == "collected":
            with clock.frozen(self._latest(member)):
                handing.hand_over(self.keeper, order_id)
        elif row.get("end") == "expired":
            with clock.frozen(begun + dt.timedelta(days=ordering.pick_up_days(member.town_id or 0) + 1, hours=2)):
                handing.expire(system_actor("expire_orders"), order_id)

    def _affords(self, member: Actor, row: dict[str, Any], quantity: int) -> bool:
        price = next(one["points"] for one in self.plan["items"] if one["key"] == row["item"])
        town = self._area(self.plan["town"])
        free = {purse.town_id: purse.available for purse in accounts.balance(member.member_id).purses}
        return bool(free.get(town, 0) >= price * quantity)

    def _latest(self, member: Actor) -> dt.datetime:
        """Return the instant for a posting: lately, and after all that her account knows of."""
        lately = self.now - dt.timedelta(minutes=95)
        for purse in accounts.balance(member.member_id).purses:
            for line in accounts.statement(purse.account_id, limit=1).lines:
                lately = max(lately, line.recorded_at + dt.timedelta(seconds=30))
        return min(lately, self.now)

    def _back(self, days: int) -> dt.datetime:
        at = clock.at_local(clock.local(self.now).date() - dt.timedelta(days=days), _OPENING)
        return min(at, self.now - dt.timedelta(minutes=100))

    def _area(self, name: str) -> int:
        return self.loaded.areas[self.areas[name]].id

    def _cast(self, key: str) -> Actor:
        member_id = self.loaded.members[self.loaded.population.by_key(key).number]
        found = access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
        if found is None:
            raise LookupError(f"the demo's {key} cannot act")
        return found
