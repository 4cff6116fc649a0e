"""One's monthly statement: read, printed, downloaded, and proved by the script that the site itself gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session
from community.people.models import Member
from community.places.models import Area
from community.points.models import Account
from tests.harness.client import Visitor
from tests.points.months import close_november


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
