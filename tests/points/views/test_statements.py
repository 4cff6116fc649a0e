"""One's monthly statement: read, printed, downloaded, and proved by the script that the site itself gives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import zxingcpp
from PIL import Image
from sqlalchemy import select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import Account
from community.points.services import closing
from tests.conftest import PUBLIC_URL
from tests.factories.points import town_of
from tests.harness.client import Visitor
from tests.points.months import MONTH, award_twice, close_november


def test_a_statement_is_read_printed_and_proved(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    month = close_november(village, member, frozen_clock)
    client_page.sign_in(member.id)
    address = f"/points/statements/{_account(member)}/2026-11"
    assert "/points/statements" in client_page.get("/points").links
    assert address in client_page.get("/points/statements").links
    page = client_page.get(address)
    assert "晚潮苑南门岗" in page.text
    assert "只是方便" in page.text
    assert member.display_name in client_page.get(f"{address}/print").text
    answer = client_page.client.get(f"{address}/file")
    assert "attachment" in answer.headers["Content-Disposition"]
    (tmp_path / "mine.json").write_bytes(answer.data)
    (tmp_path / "verify.py").write_bytes(client_page.client.get("/ledger/verify_statement.py").data)
    command = [sys.executable, "-I", "verify.py", "mine.json", "--root", month.root.hex()]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert json.loads(answer.data)["state"] == "published"


def test_the_paper_carries_a_code_that_compares_its_root_with_the_published_one(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    month = close_november(village, member, frozen_clock)
    client_page.sign_in(member.id)
    paper = client_page.get(f"/points/statements/{_account(member)}/2026-11/print")
    host = PUBLIC_URL
    assert f"{host}/ledger/verify_statement.py" in paper.text
    drawn = re.search(
        r'viewBox="0 0 (\d+) \d+" width="([\d.]+)mm".*?aria-label="核对总指纹".*?d="([^"]+)"', client_page.last.text
    )
    assert drawn
    assert float(drawn[2]) > 30
    pixels = render(drawn[3], int(drawn[1]))
    (address,) = [found.text for found in zxingcpp.read_barcodes(pixels)]
    where = f"/ledger/{town_of(village).code}/2026-11"
    assert address == f"{host}{where}?root={month.root.hex()}"
    assert "和您纸上的一样" in client_page.get(address.removeprefix(host)).text
    forged = client_page.get(f"{where}?root={'0' * 64}")
    assert "和您纸上的不一样" in forged.text
    assert "和您纸上的" not in client_page.get(where).text


def test_a_draft_on_paper_says_that_it_is_one_and_carries_no_code(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    award_twice(village, member, frozen_clock)
    with transaction():
        closing.draft(system_actor("tests"), village.town_id, MONTH)
    client_page.sign_in(member.id)
    paper = client_page.get(f"/points/statements/{_account(member)}/2026-11/print")
    assert "公示以后再打印" in paper.text
    assert "核对总指纹" not in client_page.last.text


def render(path: str, side: int, scale: int = 4) -> Image.Image:
    """Draw a code's runs of dark squares ("m4 5v1h7v-1", each from where the last ended) as a camera sees them."""
    picture = Image.new("L", (side * scale, side * scale), 255)
    left = top = 0
    for x, y, width in re.findall(r"m(-?\d+) (-?\d+)v1h(\d+)v-1", path):
        left, top = left + int(x) * scale, top + int(y) * scale
        right = left + int(width) * scale
        picture.paste(0, (left, top, right, top + scale))
        left = right
    return picture


def test_nobody_reads_anothers_statement(
    village: Area, member: Member, leader: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    close_november(village, member, frozen_clock)
    client_page.sign_in(leader.id)
    for part in ("", "/print", "/file"):
        client_page.get(f"/points/statements/{_account(member)}/2026-11{part}", 404)
    assert "还没有月结单" in client_page.get("/points/statements").text


def _account(member: Member) -> int:
    return session().scalars(select(Account.id).where(Account.subject_id == member.id)).one()
