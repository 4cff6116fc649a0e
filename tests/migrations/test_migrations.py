"""Migrations build exactly what the models declare, can be taken back, and stand in one numbered line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.db import db, schema_changes, session, transaction
from community.core.keys import HashRing
from community.points.services import showing
from community.teams.models import MembershipEvent
from tests.factories.access import actor_of
from tests.factories.ledger import give
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.factories.teams import make_membership, make_team
from tests.harness.databases import Databases
from tests.harness.schema import Description, build_from_models, describe, difference
from tests.harness.server import ROOT

pytestmark = pytest.mark.engine


def script() -> ScriptDirectory:
    """The revisions of the checkout."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


REVISIONS = [revision.revision for revision in reversed(list(script().walk_revisions()))]


@pytest.fixture
def empty_app(
    engine_name: str, databases: Databases, tmp_path: Path, make_app: Callable[..., Flask]
) -> Iterator[Callable[[], Flask]]:
    """Make apps on databases with nothing in them."""
    urls: list[str] = []

    def make() -> Flask:
        number = len(urls)
        if engine_name == "sqlite":
            urls.append(f"sqlite:///{tmp_path / f'empty{number}.sqlite3'}")
        else:
            urls.append(databases.postgres_empty("migration"))
        return make_app(database_url=urls[-1])

    yield make
    if engine_name == "postgresql":
        for url in urls:
            databases.drop(url)


@pytest.fixture
def app_to_migrate(empty_app: Callable[[], Flask]) -> Iterator[Flask]:
    """An app on an empty database, its context pushed."""
    app = empty_app()
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.fixture
def by_models(empty_app: Callable[[], Flask]) -> Description:
    """The schema as the models declare it."""
    app = empty_app()
    with app.app_context():
        build_from_models(db.engine)
        description = describe(db.engine)
        db.engine.dispose()
    return description


@pytest.mark.usefixtures("app_to_migrate")
def test_migrations_build_what_the_models_declare(by_models: Description) -> None:
    upgrade()
    assert by_models, "the models declare nothing"
    assert not difference(describe(db.engine), by_models)


@pytest.mark.usefixtures("app_to_migrate")
def test_every_revision_can_be_taken_back_and_applied_again() -> None:
    before: Description = describe(db.engine)
    for revision in REVISIONS:
        upgrade(revision=revision)
        after = describe(db.engine)
        downgrade(revision="-1")
        assert not difference(describe(db.engine), before), f"downgrade of {revision}"
        upgrade(revision=revision)
        assert not difference(describe(db.engine), after), f"second upgrade to {revision}"
        before = after


@pytest.mark.usefixtures("app_to_migrate")
def test_all_the_way_down_leaves_nothing_behind() -> None:
    upgrade()
    first = describe(db.engine)
    downgrade(revision="base")
    assert describe(db.engine) == {}
    upgrade()
    assert not difference(describe(db.engine), first)


@pytest.mark.usefixtures("app_to_migrate")
def test_a_second_upgrade_changes_nothing() -> None:
    upgrade()
    first = describe(db.engine)
    upgrade()
    assert describe(db.engine) == first


@pytest.mark.usefixtures("app_to_migrate")
def test_a_missing_trigger_is_noticed(engine_name: str, by_models: Description) -> None:
    upgrade()
    trigger = next(name for name in sorted(by_models) if name.startswith("trigger "))
    table, _, name = trigger.removeprefix("trigger ").partition(".")
    with schema_changes(), db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"DROP TRIGGER {name}" if engine_name == "sqlite" else f'DROP TRIGGER {name} ON "{table}"'
        )
    assert [line.split(":")[1].strip() for line in difference(describe(db.engine), by_models)] == [trigger]


@pytest.mark.usefixtures("app_to_migrate")
def test_a_missing_check_is_noticed(engine_name: str, by_models: Description) -> None:
    if engine_name == "sqlite":
        # SQLite cannot drop a CHECK; a table built without one says the same.
        wanted = {name: what for name, what in by_models.items() if name.startswith("check ")}
        assert len(difference({}, wanted)) == len(wanted) > 0
        return
    upgrade()
    name, definition = next(item for item in sorted(by_models.items()) if item[1].startswith("CHECK"))
    table, _, constraint = name.removeprefix("constraint ").partition(".")
    with schema_changes(), db.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    assert difference(describe(db.engine), by_models) == [f"missing: {name}: {definition}"]


@pytest.mark.usefixtures("app_to_migrate")
def test_a_failed_migration_leaves_the_database_as_it_was() -> None:
    before = describe(db.engine)

    def half_done() -> None:
        with schema_changes(), db.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE half_done (id INTEGER)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert describe(db.engine) == before


@pytest.mark.usefixtures("app_to_migrate")
def test_events_survive_being_counted_and_uncounted() -> None:
    """The revision that counts them writes their tables anew on SQLite."""
    upgrade()
    with transaction():
        village = make_village()
        member, by = make_member(village), make_member(village)
        membership = make_membership(member, make_team(village))
        for seq, (before, after) in enumerate((("applied", "approved"), ("approved", "active")), start=1):
            session().add(
                MembershipEvent(
                    membership_id=membership.id,
                    seq=seq,
                    member_id=member.id,
                    from_state=before,
                    to_state=after,
                    by_id=by.id,
                    at=clock.now(),
                )
            )
            session().flush()
    whole = text(
        "SELECT id, membership_id, member_id, from_state, to_state, by_id, at FROM membership_event ORDER BY id"
    )
    before = session().execute(whole).all()
    session().rollback()
    downgrade(revision="0002")
    assert session().execute(whole).all() == before
    session().rollback()
    upgrade()
    assert session().execute(whole).all() == before
    numbers = text("SELECT seq, to_state FROM membership_event ORDER BY seq")
    assert session().execute(numbers).all() == [(0, "applied"), (1, "approved"), (2, "active")]
    with pytest.raises(DBAPIError, match="append-only"), transaction():
        session().execute(text("UPDATE membership_event SET seq = 7"))


@pytest.mark.usefixtures("app_to_migrate")
def test_areas_that_moved_before_the_log_knew_of_moves_are_taken_over() -> None:
    upgrade(revision="0003")
    entry = text(
        "INSERT INTO audit_entry (id, at, actor_id, actor_name, act, object_type, object_id, scope_path, details)"
        " VALUES (:id, '2026-11-23 13:07:00+00:00', 7, '', :act, 'area', '5', '', :details)"
    )
    moved = '{"changed": ["path"], "from": "99/1/5/", "to": "99/2/5/"}'
    with transaction():
        for number, (act, details) in enumerate(
            (("places.area_move", moved), ("places.area_edit", '{"changed": ["name"]}'), ("places.other", moved))
        ):
            session().execute(entry, {"id": number + 1, "act": act, "details": details})
    upgrade()
    found = session().execute(text("SELECT id, old_path, new_path FROM path_move")).all()
    assert found == [(1, "99/1/5/", "99/2/5/")]


@pytest.mark.usefixtures("app_to_migrate")
def test_revisions_stand_in_one_numbered_line() -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert len(script().get_heads()) == 1


@pytest.mark.usefixtures("app_to_migrate")
def test_numbers_written_before_keys_had_names_are_under_the_key_that_a_bare_secret_is() -> None:
    upgrade(revision="0004")
    member = text(
        "INSERT INTO member (id, display_name, phone_hash, age_band, status, home_path, session_epoch, created_at)"
        " VALUES (:id, '王桂芬', :hash, '60+', 'active', '', 1, '2026-11-23 13:07:00+00:00')"
    )
    with transaction():
        session().execute(member, [{"id": 5, "hash": "a" * 64}, {"id": 6, "hash": None}])
    upgrade(revision="0005")
    named = text("SELECT id, phone_hash, phone_kid FROM member ORDER BY id")
    assert session().execute(named).all() == [(5, "a" * 64, HashRing.parse("bare").newest), (6, None, None)]
    session().rollback()
    downgrade(revision="0004")
    assert session().execute(text("SELECT phone_hash FROM member WHERE id = 5")).scalar() == "a" * 64


@pytest.mark.usefixtures("app_to_migrate")
def test_words_on_a_board_that_are_one_word_leave_it_to_who_chose_it_first() -> None:
    upgrade()
    with transaction():
        village = make_village()
        open_books(town_of(village))
        members = [make_member(village) for _one in range(4)]
        for member in members:
            give(member, village, 5)
    for member, alias in zip(members, ("小 明", "村口", "桂花", "ＡＢ·c"), strict=True):
        with transaction():
            showing.choose(actor_of(member), village.town_id, alias)
    session().rollback()
    downgrade(revision="0011")
    before = text("UPDATE board_name SET alias = :alias, alias_key = :key WHERE member_id = :member")
    with transaction():
        for member, alias in zip(members, ("小 明", "小明", "桂花", "AB·c"), strict=True):
            session().execute(before, {"alias": alias, "key": alias.casefold(), "member": member.id})
    upgrade()
    found = session().execute(text("SELECT member_id, alias, alias_key FROM board_name")).all()
    kept = {member_id: (alias, key) for member_id, alias, key in found}
    assert [kept[member.id] for member in members] == [
        ("小 明", "小明"), (None, None), ("桂花", "桂花"), ("AB·c", "abc"),
    ]  # fmt: skip
