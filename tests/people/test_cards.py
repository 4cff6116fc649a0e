"""Member cards: who gets one from whom, what their code proves, and when it proves nothing any more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy import select, text

from community.audit.models import AuditEntry
from community.core.authz import Actor
from community.core.config import settings
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.keys import SigningRing
from community.people import cards, queries
from community.people.models import Member, MemberCard
from community.places import codes
from community.places.codes import KeyGone, TokenBad
from tests.factories.access import actor_of, make_grant
from tests.factories.people import give_consent, make_card, make_member
from tests.factories.places import make_post, make_print, make_village

pytestmark = pytest.mark.usefixtures("app")
HOSTS = ("linli.test",)


@dataclass
class Desk:
    admin: Actor
    member: Member
    staff: Member


@pytest.fixture
def desk() -> Desk:
    with transaction():
        village = make_village()
        staff = make_member(village, display_name="周敏")
        make_grant(staff, "village_admin", village)
        return Desk(actor_of(staff), make_member(village), staff)


def token_of(card: MemberCard) -> str:
    return cards.url_of(card).rpartition("/")[2]


def issue(desk: Desk, *, agreed: bool = True) -> MemberCard:
    with transaction():
        return cards.issue(desk.admin, desk.member.id, agreed=agreed)


def test_a_card_is_issued_with_the_consent_on_paper(desk: Desk) -> None:
    card = issue(desk)
    assert cards.read(token_of(card), HOSTS) == cards.CardRef(card.id, desk.member.id)
    assert queries.consented(desk.member.id, "presence", "1")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "people.card_issue")).one()
    assert entry.details == {"card": str(card.id), "agreed_on_paper": True}
    assert card.number not in str(entry.details)


def test_without_consent_no_card_and_with_an_earlier_one_no_paper(desk: Desk) -> None:
    with pytest.raises(DomainError) as refused:
        issue(desk, agreed=False)
    assert refused.value.field == "agreed"
    with transaction():
        give_consent(desk.member, "presence", "1")
    assert issue(desk, agreed=False).number


def test_a_new_card_revokes_the_older_one(desk: Desk) -> None:
    old, new = issue(desk), issue(desk)
    with pytest.raises(cards.CardRevoked):
        cards.read(token_of(old), HOSTS)
    assert cards.read(token_of(new), HOSTS).card_id == new.id
    assert [card.revoked_why for card in cards.cards_of(desk.member.id)] == [None, cards.REISSUED]


def test_a_revoked_card_says_so_at_once(desk: Desk) -> None:
    card = issue(desk)
    with pytest.raises(DomainError), transaction():
        cards.revoke(desk.admin, desk.member.id, reason="  ")
    with transaction():
        cards.revoke(desk.admin, desk.member.id, reason="卡丢了")
    with pytest.raises(cards.CardRevoked):
        cards.read(token_of(card), HOSTS)
    with pytest.raises(Conflict), transaction():
        cards.revoke(desk.admin, desk.member.id, reason="又丢了")
    with pytest.raises(NotFound):
        cards.in_force(desk.admin, desk.member.id)


def test_nobody_issues_a_card_to_herself_nor_to_a_stranger_nor_without_the_right(desk: Desk) -> None:
    with transaction():
        far = make_member(make_village(name="别处"))
        new = make_member(make_village(name="别处"), verified=False)
        new.home_path = desk.member.home_path
    for actor, member_id, error in (
        (desk.admin, desk.staff.id, Forbidden),
        (desk.admin, far.id, NotFound),
        (desk.admin, new.id, Conflict),
        (actor_of(desk.member), far.id, Forbidden),
    ):
        with pytest.raises(error), transaction():
            cards.issue(actor, member_id, agreed=True)
        with pytest.raises((Forbidden, NotFound, Conflict)), transaction():
            cards.revoke(actor, member_id, reason="x")
    assert not session().scalars(select(MemberCard)).all()


def test_nobody_issued_a_card_to_herself_even_in_sql(desk: Desk) -> None:
    issue(desk)
    with pytest.raises(Exception, match=r"issued_by_another|frozen"), transaction():
        session().execute(text("UPDATE member_card SET issued_by = member_id"))


@pytest.mark.parametrize("change", ["number", "mac", "cut", "long", "empty"])
def test_a_card_that_was_altered_never_reaches_the_database(desk: Desk, statements: list[str], change: str) -> None:
    token = token_of(issue(desk))
    number, mac = token.split(".")
    other = "0" if mac[0] != "0" else "1"
    bad = {
        "number": f"{'0' if number[0] != '0' else '1'}{number[1:]}.{mac}",
        "mac": f"{number}.{other}{mac[1:]}",
        "cut": token[:-1],
        "long": token * 9,
        "empty": "",
    }[change]
    statements.clear()
    with pytest.raises(cards.CardBad):
        cards.read(bad, HOSTS)
    assert not statements


def test_a_card_holds_on_its_own_host_alone_and_is_no_sign(desk: Desk) -> None:
    card = issue(desk)
    with pytest.raises(cards.CardBad):
        cards.read(token_of(card), ("evil.test",))
    with pytest.raises(TokenBad):
        codes.resolve(token_of(card), HOSTS)
    with transaction():
        post = make_post()
        sign = make_print(post)
    sign_mac = codes.print_url(post, sign).rpartition(".")[2]
    with pytest.raises(cards.CardBad):
        cards.read(f"{post.code8}.{sign_mac}", HOSTS)
    assert cards.read(token_of(card).upper(), HOSTS).card_id == card.id


def test_an_older_key_still_reads_a_dead_one_does_not(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token, known = token_of(issue(desk)), settings()

    def rotate(state: str) -> None:
        ring = SigningRing.parse(f"b=a newer key for tests 77aa;a=tests only: 51c09d7e8ab3f246@{state}")
        rotated = replace(known, secrets=replace(known.need_secrets(), signing=ring))
        monkeypatch.setitem(app.extensions, "linli_settings", rotated)

    for state in ("verify", "grace"):
        rotate(state)
        assert cards.read(token, HOSTS).member_id == desk.member.id
    rotate("dead")
    with pytest.raises(cards.CardRevoked):
        cards.read(token, HOSTS)
    with pytest.raises(KeyGone):
        cards.url_of(session().scalars(select(MemberCard)).one())
    # A leaked old key must not vouch for a card that a newer one signed.
    with transaction():
        newer = make_card(make_member(), desk.staff, kid="b")
    forged = codes.mac16(SigningRing.parse("a=tests only: 51c09d7e8ab3f246").newest, f"m1|linli.test|{newer.number}")
    rotate("verify")
    with pytest.raises(cards.CardBad):
        cards.read(f"{newer.number}.{forged}", HOSTS)


def test_the_day_s_sheet_takes_eight_cards_of_ones_own(desk: Desk) -> None:
    with transaction():
        village = make_village(name="另一社区")
        for _n in range(9):
            make_card(make_member(village), desk.staff)
        other = make_member(village)
        make_card(desk.member, other)
    found = cards.issued_today(desk.admin)
    assert (len(found), {card.issued_by for card in found}) == (8, {desk.staff.id})
