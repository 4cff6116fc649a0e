"""What no table, choice, form or address may hold (the refusals of the design). Every room is read, later ones too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table
from wtforms import Form as AnyForm

from community.core.db import Base
from tests.architecture.sources import Source, broken, programs, sources, templates

# Sensitive matters that nothing here needs, and what would single people out. Whole words of a name.
PRIVATE = frozenset(
    """
    religion religious faith church temple belief ethnicity ethnic race minority nationality minzu health
    illness disease sick disabled disability diagnosis medical mental hiv pregnant petition petitions petitioner
    xinfang shangfang politics political party sexual sex orientation criminal crime conviction offender addict
    convict idcard passport biometric face fingerprint iris income poverty debt
    """.split()  # noqa: SIM905 - read as a text
)
# Numbers or lists that judge a person.
JUDGING = frozenset(
    """
    score scores scoring risk risks rating rank ranking credit trust trustworthy danger dangerous suspicion
    suspect suspects blacklist watchlist watch blocklist penalty penalties demerit deduction deducted fine fines
    punish punishment warning warnings hit hits offence profile behaviour behavior loyalty reliability
    """.split()  # noqa: SIM905 - read as a text
)
# Kinds and categories that accuse a person instead of naming a place, a thing or a need.
ACCUSING = frozenset(
    """
    thief suspect stranger tenant migrant petitioner fugitive offender addict vagrant beggar prostitute gambler
    troublemaker blacklisted dangerous informer informant tip denunciation nuisance_person suspicious_person
    """.split()  # noqa: SIM905 - read as a text
)
# Said on pages or in data about people. The promise not to do it may be made, word for word, where it is made.
SAID = re.compile(
    "黑名单|红黑榜|重点人|重点人员|上访|信访|嫌疑|可疑人|流动人口|外来人口|排行榜|排名|举报人员|失信|劣迹"
)
PROMISES = {
    "community/home/compliance.py": ("没有自己报名的不排名次",),
    # Words that the sheet tries in vain to write into a rule.
    "community/home/tried.yaml": ("上访, 言论",),
    "community/people/consents.py": ("我们不收集身份证号、宗教、健康、民族和信访情况",),
}
WHERE = frozenset({"lat", "lon", "lng", "latitude", "longitude", "accuracy", "geom", "position", "track", "route"})
SECTION = re.compile(r"[^a-z0-9]+")

Rule = Callable[[MetaData], Iterator[str]]


def words(name: str) -> set[str]:
    """The words of a name: "risk_score", "riskScore" → risk, score."""
    return set(SECTION.split(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())) - {""}


def about_people(table: Table) -> bool:
    """Whether rows of the table are about members: it is theirs, or refers to one of them as its subject."""
    told = {"member_id", "subject_id", "person_id", "resident_id", "about_id", "owner_id"}
    return table.name == "member" or any(
        column.name in told or (_refers_to_member(column) and not _signature(column.name)) for column in table.columns
    )


def _refers_to_member(column: Column[object]) -> bool:
    return any(key.target_fullname.startswith("member.") for key in column.foreign_keys)


def _signature(name: str) -> bool:
    """`decided_by`, `approver_id`: who did it, not whom it is about."""
    return name.endswith("_by") or name in {"by_id", "actor_id", "approver_id", "verified_by", "guardian_by"}


def private_columns(metadata: MetaData) -> Iterator[str]:
    """No field for religion, health, ethnicity, petition history and their like, on any table."""
    for table in metadata.tables.values():
        for name in [table.name, *(column.name for column in table.columns)]:
            if found := words(name) & PRIVATE:
                yield f"{table.name}.{name}: {', '.join(sorted(found))}"


def judged_people(metadata: MetaData) -> Iterator[str]:
    """No row about a person carries a number, level or list that judges her; no watch-list, no model about persons."""
    for table in metadata.tables.values():
        if not about_people(table):
            continue
        for name in [table.name, *(column.name for column in table.columns)]:
            if found := words(name) & (JUDGING | {"model"}):
                yield f"{table.name}.{name}: {', '.join(sorted(found))}"


def followed_people(metadata: MetaData) -> Iterator[str]:
    """No raw coordinates beside a person: a check-in keeps a band and a distance, never where somebody stood."""
    for table in metadata.tables.values():
        if about_people(table):
            for column in table.columns:
                if words(column.name) & WHERE:
                    yield f"{table.name}.{column.name}"


def accusing_choices(metadata: MetaData) -> Iterator[str]:
    """No kind, category or reason among the stored choices accuses a person."""
    for table in metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint):
                for choice in re.findall(r"'([^']+)'", str(constraint.sqltext)):
                    if words(choice) & (ACCUSING | PRIVATE):
                        yield f"{table.name}: {choice!r}"


# Amounts that are nobody's: what a town may give in a year goes up and down.
NOBODYS = {"budget_move"}


def takes_points(metadata: MetaData) -> Iterator[str]:
    """Every amount is held above zero by the database: nothing can be told to take points away."""
    for table in metadata.tables.values():
        if table.name in NOBODYS:
            continue
        checks = " ; ".join(
            str(constraint.sqltext) for constraint in table.constraints if isinstance(constraint, CheckConstraint)
        )
        for column in table.columns:
            if column.name in {"amount", "points", "granted"} and isinstance(column.type, Integer):
                # Directly, or above another column that has the floor.
                kept = (r"\b{0} >=? 0", r"0 <= \w+ .*<= {0}", r">= 0 AND \w+ <= {0}")
                if not any(re.search(floor.format(column.name), checks) for floor in kept):
                    yield f"{table.name}.{column.name} has no floor"


RULES: tuple[Rule, ...] = (private_columns, judged_people, followed_people, accusing_choices, takes_points)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_table_breaks_the_refusal(rule: Rule) -> None:
    assert len(Base.metadata.tables) > 20, "the rooms are not loaded: the rule would hold for nothing"
    assert not list(rule(Base.metadata))


def planted(name: str, *columns: Column[object], check: str = "") -> MetaData:
    """A schema with one table in it, about members unless told otherwise."""
    metadata = MetaData()
    Table("member", metadata, Column("id", Integer, primary_key=True))
    table = Table(name, metadata, Column("id", Integer, primary_key=True), *columns)
    if check:
        table.append_constraint(CheckConstraint(check))
    return metadata


def about(name: str = "member_id") -> Column[object]:
    return Column(name, Integer, ForeignKey("member.id"))


@pytest.mark.parametrize(
    ("rule", "metadata"),
    [
        (private_columns, planted("visit", Column("religion", String))),
        (private_columns, planted("visit", Column("health_notes", String))),
        (private_columns, planted("petition_history", about())),
        (private_columns, planted("visit", Column("isEthnicMinority", String))),
        (judged_people, planted("standing", about(), Column("risk_level", Integer))),
        (judged_people, planted("standing", about("whom"), Column("credit", Integer))),
        (judged_people, planted("watchlist", about())),
        (judged_people, planted("warning_model", about("subject_id"))),
        (followed_people, planted("scan", about(), Column("lat", Integer))),
        (followed_people, planted("scan", about(), Column("last_position", String))),
        (accusing_choices, planted("report", check="kind IN ('lamp', 'stranger')")),
        (accusing_choices, planted("report", check="reason IN ('health', 'noise')")),
        (takes_points, planted("penalty_rule", Column("amount", Integer))),
        (takes_points, planted("penalty_rule", Column("points", Integer), check="points <> 0")),
    ],
)
def test_planted_tables_are_found(rule: Rule, metadata: MetaData) -> None:
    assert list(rule(metadata))


@pytest.mark.parametrize(
    ("rule", "metadata"),
    [
        (judged_people, planted("lamp_warning", Column("risk_score", Integer), about("decided_by"))),
        (followed_people, planted("post", Column("lat", Integer), about("printed_by"))),
        (accusing_choices, planted("report", check="kind IN ('lamp', 'noise', 'fire_lane')")),
        (takes_points, planted("prize", Column("amount", Integer), check="amount > 0")),
    ],
)
def test_places_things_and_signatures_are_left_alone(rule: Rule, metadata: MetaData) -> None:
    assert not list(rule(metadata))


# --- forms, addresses, words ---


def form_fields() -> Iterator[tuple[str, str]]:
    """(form, field) of every form of the program."""
    waiting: list[type] = [AnyForm]
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            if form.__module__.startswith("community."):
                yield from ((form.__name__, name) for name in vars(form) if not name.startswith("_"))


@pytest.mark.usefixtures("app")
def test_no_form_asks_for_what_is_nobodys_business() -> None:
    fields = list(form_fields())
    assert fields, "no form is loaded: the rule would hold for nothing"
    assert not [(form, name) for form, name in fields if words(name) & PRIVATE]


def ranked_addresses(addresses: Iterable[str]) -> list[str]:
    """Addresses that speak of ranking people. When rankings come, they are of teams, or of those who asked to be in."""
    judging = {"rank", "ranking", "rankings", "leaderboard", "toplist", "blacklist", "watchlist", "score", "scores"}
    return [address for address in addresses if words(address) & judging and "team" not in words(address)]


def test_no_address_ranks_or_lists_people_by_merit(app: Flask) -> None:
    assert not ranked_addresses(f"{rule.rule} {rule.endpoint}" for rule in app.url_map.iter_rules())
    assert ranked_addresses(["/points/ranking", "/leaderboard"])


def singling_out(source: Source) -> Iterator[str]:
    """Words for lists of people that this program never makes."""
    text = source.text
    for promise in PROMISES.get(source.path, ()):
        text = text.replace(promise, "")
    for found in SAID.finditer(text):
        yield f"{found[0]!r}"


def test_no_page_and_no_data_speak_of_people_as_risks() -> None:
    assert not broken(singling_out, programs())
    assert not broken(singling_out, templates())
    # The list of what no rule may say is the refusal itself.
    data = [source for source in sources("community", "*.yaml") if source.path != "community/points/never.yaml"]
    assert not broken(singling_out, data)


def test_promises_stand_where_they_are_said_to_be_made() -> None:
    made = {source.path: source.text for source in [*programs(), *templates(), *sources("community", "*.yaml")]}
    assert not [(path, one) for path, said in PROMISES.items() for one in said if one not in made[path]]


def test_such_words_are_found() -> None:
    assert list(singling_out(Source("community/reports/texts.py", "CATEGORIES = ('可疑人员', '路灯')")))
    assert not list(singling_out(Source("community/reports/texts.py", "CATEGORIES = ('充电棚', '路灯')")))
