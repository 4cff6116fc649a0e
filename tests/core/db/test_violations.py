"""A refusal of the database becomes the same domain error on both engines, by the name of its constraint."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    insert,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from community.core import errors
from community.core.db import Base, session, transaction
from community.core.db.violations import constraint_name, domain_error
from community.core.errors import Busy, Conflict
from community.core.scheduler import Lease

THING = {
    "pk": "INSERT INTO violated VALUES (1, 'z', 'z', 'z', 5)",
    "uq_violated_a": "INSERT INTO violated VALUES (2, 'a', 'z', 'z', 5)",
    "uq_violated_b_c": "INSERT INTO violated VALUES (2, 'z', 'b', 'c', 5)",
    "ck_violated_size": "INSERT INTO violated VALUES (2, 'z', 'z', 'z', -1)",
}


@pytest.fixture
def violated(app: Flask) -> None:
    """The table `violated`, as SQLAlchemy would create it by our naming rules, and one row in it."""
    assert app
    with transaction() as current:
        for statement in (
            "CREATE TABLE violated (id INTEGER CONSTRAINT pk_violated PRIMARY KEY, a VARCHAR(9), b VARCHAR(9), "
            "c VARCHAR(9), size INTEGER CONSTRAINT ck_violated_size CHECK (size > 0), "
            "CONSTRAINT uq_violated_a UNIQUE (a))",
            "CREATE UNIQUE INDEX uq_violated_b_c ON violated (b, c)",
            "INSERT INTO violated VALUES (1, 'a', 'b', 'c', 5)",
        ):
            current.execute(text(statement))


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program's tables include `violated`, as if it were one of its models."""
    own = MetaData(naming_convention=Base.metadata.naming_convention)
    table = Table(
        "violated",
        own,
        Column("id", Integer, primary_key=True),
        Column("a", String(9)),
        Column("b", String(9)),
        Column("c", String(9)),
        Column("size", Integer),
        UniqueConstraint("a"),
        CheckConstraint("size > 0", name="size"),
    )
    Index("uq_violated_b_c", table.c.b, table.c.c, unique=True)

    class Metadata:
        tables = own.tables

    monkeypatch.setattr("community.core.db.violations.Base", type("Base", (), {"metadata": Metadata}))


@pytest.mark.engine
@pytest.mark.usefixtures("violated", "metadata")
@pytest.mark.parametrize("name", THING)
def test_every_kind_of_constraint_is_named(name: str) -> None:
    with pytest.raises(IntegrityError) as caught, transaction() as current:
        current.execute(text(THING[name]))
    assert constraint_name(caught.value) == ("pk_violated" if name == "pk" else name)


@pytest.mark.engine
@pytest.mark.usefixtures("violated", "metadata")
def test_a_named_constraint_comes_out_of_a_transaction_as_its_domain_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_by_constraint", {})
    errors.on_constraint("uq_violated_a", lambda: Conflict("taken", "x"))
    with pytest.raises(Conflict) as caught, transaction() as current:
        current.execute(text(THING["uq_violated_a"]))
    assert caught.value.code == "taken"
    assert isinstance(caught.value.__cause__, IntegrityError)
    with pytest.raises(IntegrityError), transaction() as current:
        current.execute(text(THING["uq_violated_b_c"]))


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_a_missing_value_or_reference_names_no_unique_key() -> None:
    with pytest.raises(IntegrityError) as caught, transaction() as current:
        current.execute(text("INSERT INTO lease (job) VALUES ('x')"))
    assert domain_error(caught.value) is None


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_what_breaks_at_the_commit_is_mapped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_by_constraint", {"pk_lease": lambda: Conflict("twice", "x")})
    row = {"job": "t", "holder": "", "until": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "slot": ""}
    with transaction() as current:
        current.execute(insert(Lease).values(**row))
    with pytest.raises(Conflict), transaction() as current:
        current.add(Lease(**row))  # flushed by the commit
    session().rollback()


class _Original(Exception):
    def __init__(self, text: str, sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("original", "busy"),
    [
        (_Original("database is locked"), True),
        (_Original("database table is locked: x"), True),
        (_Original("canceling statement due to lock timeout", "55P03"), True),
        (_Original("deadlock detected", "40P01"), True),
        (_Original("could not serialize access", "40001"), True),
        (_Original("connection refused"), False),
        (_Original("disk I/O error"), False),
        (_Original("terminating connection", "57P01"), False),
    ],
)
def test_a_lock_not_had_in_time_means_try_again_and_other_trouble_does_not(original: _Original, busy: bool) -> None:
    found = domain_error(OperationalError("UPDATE x", {}, original))
    assert isinstance(found, Busy) == busy


def test_an_error_of_another_kind_is_left_alone() -> None:
    assert domain_error(DBAPIError("SELECT", {}, _Original("syntax error"))) is None
