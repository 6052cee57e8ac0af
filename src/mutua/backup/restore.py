"""Restoring a backup into a state folder whose console does not run: all of it, or nothing."""

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mutua.backup import container, hindrances, rows
from mutua.backup.container import Container
from mutua.backup.contents import Reading
from mutua.backup.create import Progress, unwatched
from mutua.backup.encryption import Identity, decrypted
from mutua.backup.errors import BackupRefusedError, DamagedBackupError
from mutua.backup.preview import Preview, compare, summarise
from mutua.inventory.store import add_built_in_groups
from mutua.logbook import audit
from mutua.logbook.actions import RESTORE_BACKUP
from mutua.message import message
from mutua.peering.identity import Identities
from mutua.storage import schema
from mutua.storage.database import Database
from mutua.storage.sealing import Sealer
from mutua.storage.state import StateFolder

Decide = Callable[[Preview], bool]
"""Told what would change; True to go on, False to leave everything as it was."""


class _LeftAsItWasError(Exception):
    """Ends the transaction without a change."""


def restore(
    backup: Container,
    identity: Identity,
    folder: Path,
    decide: Decide,
    despite: Collection[str] = (),
    progress: Progress = unwatched,
) -> bool:
    """Put what a backup holds in the place of what a console has; `identity` is what `Container.unlock` gave.

    Everything is done in one transaction, up to the last check, and only then `decide` is asked; so what it is told
    is what would be. Returns its answer. A folder that does not exist, or is empty, is made beside its place and
    moved there whole.

    Raises `StateFolderError`, also where the console runs; `DamagedBackupError`, `NewerBackupError`;
    `BackupRefusedError` during a migration, where a migration has moved devices since and is not in `despite`, and
    where the folder or the database cannot be written.
    """
    if backup.header.schema not in schema.steps():
        raise container.newer(backup.header.program)
    work = _Work(backup, identity, decide, despite, progress)
    place = folder.resolve()
    try:
        if _is_vacant(place):
            with _made_beside(place) as fresh:
                work.into(fresh)
        else:
            work.into(place)
    except _LeftAsItWasError:
        return False
    except OperationalError as error:
        raise BackupRefusedError(
            message("the database cannot be written: {reason}.", reason=error.orig),
            message("make room, and see mutua doctor."),
        ) from error
    except OSError as error:
        raise BackupRefusedError(
            message("{path} cannot be written: {reason}.", path=place, reason=error.strerror or error)
        ) from error
    return True


class _Work:
    """One restore."""

    def __init__(
        self, backup: Container, identity: Identity, decide: Decide, despite: Collection[str], progress: Progress
    ) -> None:
        self._backup = backup
        self._identity = identity
        self._decide = decide
        self._despite = despite
        self._progress = progress

    def into(self, folder: Path) -> None:
        state = StateFolder.open(folder)
        try:
            database = (Database.join if state.has_database else Database.open)(state.database_url)
            try:
                with database.writing() as connection:
                    self._replace(connection, state.sealer())
                _publish(state, Identities(database, state.sealer()))
            finally:
                database.close()
        finally:
            state.close()

    def _replace(self, connection: Connection, sealer: Sealer) -> None:
        hindrances.refuse_under_way(connection)
        before, moved_before = summarise(connection, sealer), hindrances.moved(connection)
        self._fill(connection, sealer)
        undone = hindrances.undone(moved_before, hindrances.moved(connection))
        if not self._decide(compare(before, summarise(connection, sealer), undone)):
            raise _LeftAsItWasError
        hindrances.refuse_undone(undone, self._despite)

    def _fill(self, connection: Connection, sealer: Sealer) -> None:
        header, told_before = self._backup.header, audit.head_of(connection)
        try:
            with self._backup.contents() as sealed, decrypted(sealed, self._identity) as clear:
                reading = Reading(clear, header)
                passing = self._progress(reading.rows(), sum(header.rows.values()))
                rows.replace(connection, sealer, header.schema, passing)
            rows.finish(connection, reading.numbers)
            add_built_in_groups(connection)
            audit.append(connection, audit.by_system(RESTORE_BACKUP, str(told_before or "")))
        except OperationalError:
            raise
        except (ValueError, TypeError, LookupError, SQLAlchemyError) as error:
            raise DamagedBackupError(message("its rows do not fit the tables of a console")) from error


def _publish(state: StateFolder, identities: Identities) -> None:
    """What a console does at its start too, so that a folder restored over shows the old certificate to nobody."""
    if identities.has_identity():
        state.publish(state.certificate, identities.current().pem)
        state.publish(state.trusted_roots, identities.trusted_roots_pem().encode())


def _is_vacant(place: Path) -> bool:
    if place.exists():
        return place.is_dir() and not any(place.iterdir())
    return _nearest_above(place).is_dir()


def _nearest_above(place: Path) -> Path:
    return next(folder for folder in place.parents if folder.exists())


@contextmanager
def _made_beside(place: Path) -> Iterator[Path]:
    """A folder that gets its name at the end of the block, and is gone where that raises."""
    fresh = _nearest_above(place) / f".{place.name}.{token_hex(8)}.new"
    try:
        yield fresh
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(place)
        _write_out(place.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_out(folder: Path) -> None:
    """A new name in a folder is on the disk only when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
