"""Each schema step on a database that the step before left, with data in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select, text

import mutua.storage
from mutua.logbook import audit, audit_check
from mutua.logbook.actions import SIGN_IN
from mutua.storage.database import Database
from mutua.storage.tables import devices, group_members, groups, sessions, users

STEPS = Path(mutua.storage.__file__).with_name("migrations")
DATA = (
    "INSERT INTO users (user_name, role_id, password_hash, description, enabled, builtin)"
    " VALUES ('admin', '10', 'hashed', '', 1, 1), ('gone', '16', 'hashed', 'left', 0, 0)",
    "INSERT INTO sessions"
    " VALUES ('s', 'digest', 10078, 'API', '127.0.0.1', '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
    "INSERT INTO groups (name, description, type_id, created_at) VALUES ('Lab', '', 3000, '2026-01-02 03:04:05')",
    "INSERT INTO devices (service_tag, name, model, type, address, health, inventory, added_at)"
    " VALUES ('TAG', 'web', 'R1', 1000, '192.0.2.1', 1000, '{}', '2026-01-02 03:04:05')",
    "INSERT INTO group_members SELECT groups.id, devices.id FROM groups, devices",
)


def made_by(step: str, file: Path) -> None:
    """A database as that step leaves it, with data."""
    engine = create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, step)
        for statement in DATA:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[Database]:
    made_by("0001", tmp_path / "console.db")
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


def test_what_was_there_is_there(upgraded: Database) -> None:
    with upgraded.reading() as connection:
        (session,) = connection.execute(select(sessions.c.user_id, sessions.c.started_at)).all()
        assert session == (10078, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        assert connection.execute(select(devices.c.service_tag, devices.c.inventory)).all() == [("TAG", "{}")]
        members = select(groups.c.name).join(group_members, group_members.c.group_id == groups.c.id)
        assert connection.execute(members).scalars().all() == ["Lab"]


def test_nobody_who_had_a_password_has_to_change_it(upgraded: Database) -> None:
    columns = (users.c.user_name, users.c.enabled, users.c.full_name, users.c.must_change_password)
    with upgraded.reading() as connection:
        rows = connection.execute(select(*columns).order_by(users.c.id)).all()
    assert rows == [("admin", True, "", False), ("gone", False, "", False)]


def test_numbers_go_on_where_they_were(upgraded: Database) -> None:
    with upgraded.writing() as connection:
        values = {"user_name": "next", "role_id": "16", "password_hash": "hashed"}
        assert connection.execute(users.insert().values(values)).inserted_primary_key == (10080,)


def test_references_still_hold(upgraded: Database) -> None:
    with upgraded.writing() as connection:
        connection.execute(users.delete().where(users.c.user_name == "admin"))
        assert connection.execute(select(sessions)).all() == []


def test_the_audit_log_begins_with_the_console_that_keeps_one(upgraded: Database) -> None:
    with upgraded.writing() as connection:
        assert audit_check.verify(connection) == (0, None, audit.START, None, None)
        mark = audit.append(connection, audit.Deed(SIGN_IN, "admin", "127.0.0.1"))
        assert audit_check.verify(connection) == (1, 1, mark, None, None)
