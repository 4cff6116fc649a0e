"""Redeeming over HTTP: members reserve a reward, keepers hand it over; every request as a phone sends it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select

from bench import village
from bench.stage import HOST
from bench.village import Phone
from community.access import backfill as access
from community.access.backfill import PastGrant
from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.ids import new_uuid
from community.people.models import Member
from community.places.models import Area
from tests.factories.ledger import make_item

KEEPERS = 8
POINTS = 5  # what everybody earned yesterday
PLENTY = 1_000_000


@dataclass(frozen=True, slots=True)
class Shop:
    """Members with their phones, the reward of each one's town, and keepers who may hand over everywhere."""

    phones: Sequence[Phone]
    items: dict[int, str]
    towns: dict[int, int]
    keepers: Sequence[Phone]

    def reserve(self, phone: Phone, item_id: str = "") -> bytes:
        """Return the request by which a member takes a piece of her town's reward."""
        wanted = item_id or self.items[self.towns[phone.member_id]]
        return post(phone, f"/shop/items/{wanted}/redeem", quantity="1")

    def hand_over(self, number: int, location: str) -> bytes:
        """Return the request by which a keeper hands over what `location` (the answer to a reservation) names."""
        order_id = location.rsplit("/orders/", 1)[1].split("/", maxsplit=1)[0]
        return post(self.keepers[number % len(self.keepers)], f"/desk/rewards/orders/{order_id}/hand")


def fill(app: Flask, members: int, *, on_hand: int = PLENTY) -> Shop:
    """Write members with five points each, a reward for five in each town, and keepers of the district."""
    phones = village.build(app, members + KEEPERS)
    phones, keepers = phones[:members], phones[members:]
    with app.app_context(), transaction():
        district = session().scalars(select(Area).where(Area.kind == "district")).one()
        since = clock.now() - dt.timedelta(days=1)
        access.add_grants(
            system_actor("bench"),
            [
                PastGrant(one.member_id, "shop_keeper", district.name, since, district.id, district.path)
                for one in keepers
            ],
        )
        by = session().get_one(Member, keepers[0].member_id)
        towns = session().scalars(select(Area).where(Area.kind == "town")).all()
        items = {town.id: str(make_item(town, by, points=POINTS, on_hand=on_hand).id) for town in towns}
        homes = {row.id: row.town_id for row in session().execute(select(Member.id, Member.town_id))}
    return Shop(phones, items, homes, keepers)


def post(phone: Phone, path: str, **fields: str) -> bytes:
    """Return one form as this phone posts it behind a proxy, with a command key of its own."""
    body = urlencode({"csrf_token": phone.csrf, "command_key": str(new_uuid()), **fields})
    head = f"""POST {path} HTTP/1.1
Host: {HOST}
User-Agent: Mozilla/5.0 (Linux; Android 12; Mobile) AppleWebKit/537.36 Chrome/107 MicroMessenger/8.0.50
Accept: text/html,application/xhtml+xml
Accept-Language: zh-CN,zh;q=0.9
Accept-Encoding: gzip, deflate, br
Content-Type: application/x-www-form-urlencoded
Content-Length: {len(body)}
Origin: https://{HOST}
Referer: https://{HOST}/shop
Cookie: {phone.cookies}
X-Forwarded-For: 127.0.0.1
X-Forwarded-Proto: https

"""
    return head.replace("\n", "\r\n").encode() + body.encode()
