"""Taking a backup of a console, while it runs or not."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from mutua import __version__
from mutua.backup import container, hindrances, rows
from mutua.backup.container import Header
from mutua.backup.contents import Lines
from mutua.backup.errors import BackupRefusedError, WeakPassphraseError
from mutua.backup.rows import Row
from mutua.chain.decode import decode
from mutua.message import message
from mutua.storage import numbering, schema
from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError
from mutua.storage.state import StateFolder
from mutua.storage.tables import identities

MIN_PASSPHRASE = 12
"""Characters. The file may be tried for as long as somebody likes, so a short one would be found."""

Progress = Callable[[Iterable[Row], int], Iterator[Row]]
"""The same rows, and whatever is done while they pass; the number is how many there will be."""


def unwatched(rows: Iterable[Row], _total: int) -> Iterator[Row]:
    """Nobody looks."""
    return iter(rows)


def check_passphrase(passphrase: str) -> None:
    """Raise `WeakPassphraseError` for one that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise WeakPassphraseError(
            message(
                "the passphrase has {length} characters; expected at least {least}.",
                length=len(passphrase),
                least=MIN_PASSPHRASE,
            ),
            message("take several words; whoever has the file can try as many as they like."),
        )


def create(folder: Path, file: IO[bytes], passphrase: str, progress: Progress = unwatched) -> Header:
    """Write a backup of the console in a state folder, as it is at one moment. `file` must be able to seek.

    Raises `StateFolderError`; `WeakPassphraseError`; `BackupRefusedError` during a migration, and where a secret or
    the database cannot be read.
    """
    check_passphrase(passphrase)
    state = StateFolder.beside(folder)
    sealer = state.sealer()
    database = Database.join(state.database_url)
    try:
        with database.reading() as connection:
            hindrances.refuse_under_way(connection)
            header = _header(connection)
            passing = progress(rows.read(connection, sealer), sum(header.rows.values()))
            container.write(file, header, Lines(header, passing, numbering.last_numbers(connection)), passphrase)
    except SealBrokenError as error:
        raise BackupRefusedError(
            message("the sealing key in {path} does not fit the database there.", path=state.path),
            message("bring both back from the same backup."),
        ) from error
    except SQLAlchemyError as error:
        raise BackupRefusedError(
            message("the database of {path} cannot be read.", path=state.path),
            message("see what is wrong with it: mutua doctor --state {path}", path=state.path),
        ) from error
    finally:
        database.close()
    return header


def _header(connection: Connection) -> Header:
    newest = select(identities.c.certificates_pem).order_by(identities.c.id.desc()).limit(1)
    pem = connection.execute(newest).scalar_one_or_none()
    leaf = decode(pem.encode()).certificates[0] if pem else None
    return Header(
        program=__version__,
        schema=schema.step_of(connection) or "",
        taken_at=datetime.now(UTC).replace(microsecond=0),
        console=leaf.issued_to if leaf else "",
        certificate_sha256=leaf.fingerprint if leaf else "",
        rows=rows.count(connection),
    )
