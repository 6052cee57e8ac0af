"""The schema, the transactions, and what a broken database is told to be."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, Table, select, text
from sqlalchemy.exc import IntegrityError

from mutua.inventory.store import add_built_in_groups
from mutua.storage.database import Database
from mutua.storage.state import StateFolder, StateFolderError
from mutua.storage.tables import devices, group_members, metadata, settings


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield opened
    opened.close()


def put(database: Database, name: str, value: str = "") -> None:
    with database.writing() as connection:
        connection.execute(settings.insert().values(name=name, value=value))


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(select(settings.c.name)).scalars())


def test_the_steps_lead_to_the_tables_as_they_are(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_table_without_a_step_would_be_noticed(database: Database) -> None:
    extra = Table("forgotten", metadata, Column("id", Integer, primary_key=True))
    try:
        with database.reading() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [(what, table.name) for what, table in differences] == [("add_table", "forgotten")]
    finally:
        metadata.remove(extra)


def test_opening_again_keeps_everything(database: Database, tmp_path: Path) -> None:
    put(database, "here")
    database.close()
    again = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    assert names(again) == {"here"}
    again.close()


def test_a_schema_step_that_fails_leaves_no_half_of_it(tmp_path: Path) -> None:
    """All tables or none: the next start must not meet some of them."""
    file = tmp_path / "console.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE sessions (id TEXT)")
    with pytest.raises(StateFolderError, match="sessions already exists"):
        Database.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {"sessions"}


def test_numbers_begin_where_clients_expect_them(database: Database) -> None:
    with database.writing() as connection:
        add_built_in_groups(connection)
        assert min(connection.execute(text("SELECT id FROM groups")).scalars()) == 12000


def test_a_number_is_never_used_again(database: Database) -> None:
    """An id that a client has seen must not come to mean something else."""
    insert = text(
        "INSERT INTO credentials (name, kind, user_name, password_sealed) VALUES ('a', 'ssh', '', x'') RETURNING id"
    )
    with database.writing() as connection:
        first = connection.execute(insert).scalar_one()
        connection.execute(text("DELETE FROM credentials"))
        assert connection.execute(insert).scalar_one() > first


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(settings.insert(), [{"name": "twice", "value": ""}, {"name": "twice", "value": ""}])
    assert names(database) == set()
    put(database, "whole")
    assert names(database) == {"whole"}


def test_every_connection_is_durable_and_checks_references(database: Database) -> None:
    for opened in (database.reading, database.writing):
        with opened() as connection:
            pragmas = {
                pragma: connection.execute(text(f"PRAGMA {pragma}")).scalar_one()
                for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20000}


def test_references_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(group_members.insert().values(group_id=1, device_id=1))
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(
            devices.insert().values(
                service_tag="a", name="", model="", type=1, address="", health=1, inventory="{}",
                quiesced_by="no migration", added_at=None,
            )
        )  # fmt: skip


def test_a_second_writer_waits_for_the_first(database: Database) -> None:
    began, order = threading.Event(), []

    def slow() -> None:
        with database.writing() as connection:
            began.set()
            time.sleep(0.3)
            connection.execute(settings.insert().values(name="slow", value=""))
            order.append("slow")

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(10)
    with database.writing() as connection:
        order.append("quick")
        seen = set(connection.execute(select(settings.c.name)).scalars())
    thread.join()
    assert order == ["slow", "quick"]
    assert seen == {"slow"}


def test_many_writers_all_get_their_turn(database: Database) -> None:
    def count(number: int) -> None:
        for turn in range(10):
            put(database, f"{number}.{turn}")

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 40


def test_a_reader_neither_waits_nor_sees_half(database: Database) -> None:
    put(database, "before")
    with database.writing() as writer:
        writer.execute(settings.insert().values(name="during", value=""))
        assert names(database) == {"before"}
    with database.reading() as reader:
        query = select(settings.c.name).order_by(settings.c.name)
        assert reader.execute(query).scalars().all() == ["before", "during"]
        put(database, "after")
        assert reader.execute(query).scalars().all() == ["before", "during"]
    assert names(database) == {"before", "during", "after"}


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b", "á ñ", "a&b=c", "a'b"])
def test_a_folder_may_be_called_anything(tmp_path: Path, name: str) -> None:
    state = StateFolder.open(tmp_path / name)
    database = Database.open(state.database_url)
    put(database, "here")
    database.close()
    state.close()
    assert (tmp_path / name / "console.db").stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "console.db"
    file.write_bytes(b"not a database, " * 1000)
    with pytest.raises(StateFolderError) as refused:
        Database.open(f"sqlite:///{file}")
    assert str(refused.value) == f"the database {file} cannot be used: file is not a database."
    assert "backup" in str(refused.value.advice)
    assert file.read_bytes().startswith(b"not a database")


def test_a_database_of_a_newer_version_is_left_alone(database: Database, tmp_path: Path) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StateFolderError, match="9999"):
        Database.open(f"sqlite:///{tmp_path / 'console.db'}")
