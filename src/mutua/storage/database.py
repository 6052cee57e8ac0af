"""The database: one connection for reading or one transaction for writing, and its schema kept current."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mutua.message import message
from mutua.storage import schema
from mutua.storage.state import StateFolderError

_BUSY_TIMEOUT_S = 20


class Database:
    """An engine whose transactions say beforehand whether they will write."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str | URL) -> Self:
        """Open the database and bring its schema up to date. Raises `StateFolderError`."""
        database = cls._with_engine(url)
        try:
            database._upgrade()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def join(cls, url: str | URL) -> Self:
        """Open a database that a console has made and may be using; its schema is left alone.

        Raises `StateFolderError`, also where the schema is not the one of this program.
        """
        database = cls._with_engine(url)
        try:
            database._check_step()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def complaint(self) -> str | None:
        """What the embedded database says is wrong with its file, if anything; a server looks after its own."""
        if self.engine.dialect.name != "sqlite":
            return None
        with self.reading() as connection:
            answer: str = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        return None if answer == "ok" else answer

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the data."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back if it raises."""
        with self.engine.connect().execution_options(mutua_writes=True) as connection, connection.begin():
            yield connection

    @classmethod
    def _with_engine(cls, url: str | URL) -> Self:
        engine = create_engine(url, hide_parameters=True)  # An error's text may end up in a log.
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return cls(engine)

    def _upgrade(self) -> None:
        from alembic.util import CommandError

        try:
            with self.writing() as connection:
                schema.bring_to(connection)
        except (SQLAlchemyError, CommandError) as error:
            raise self._unusable(error) from error

    def _check_step(self) -> None:
        try:
            with self.reading() as connection:
                step = schema.step_of(connection)
        except SQLAlchemyError as error:
            raise self._unusable(error) from error
        if step != schema.steps()[-1]:
            raise StateFolderError(
                message("the database {name} is of another version of this program.", name=self.engine.url.database),
                message("use the version that runs the console, or start the console once with this one."),
            )

    def _unusable(self, error: Exception) -> StateFolderError:
        return StateFolderError(
            message(
                "the database {name} cannot be used: {reason}.",
                name=self.engine.url.database,
                reason=_reason(error),
            ),
            message("bring it back from a backup; a newer one needs the newer version of this program."),
        )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers and one writer work side by side.

    synchronous=FULL because a committed migration must be committed after a power cut too: with NORMAL,
    WAL may lose the last transactions.
    """
    connection.isolation_level = None  # The "begin" event decides, not the driver.
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_S * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at the start: one that upgrades from reading can be refused half-way."""
    writes = connection.get_execution_options().get("mutua_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reason(error: Exception) -> str:
    """What the database itself says, without the statement and the advertisement that come along."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)
