"""The state folder of a console: who may read it, what is in it, and that one process owns it."""

import fcntl
import os
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from mutua.message import Message, message
from mutua.storage.sealing import Sealer, SealingKeyError


class StateFolderError(Exception):
    """The state folder cannot be used; `problem` and `advice` say why and what to do."""

    def __init__(self, problem: Message, advice: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice


class StateFolder:
    """A folder (0700) with the database, the sealing key (0600), the logs and the public certificate."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Make the folder if need be and take it for this process. Raises `StateFolderError`."""
        folder = cls(path.absolute())
        try:
            folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder._lock = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StateFolderError(
                message("the state folder {path} cannot be used: {reason}.", path=path, reason=error.strerror),
                message("choose a folder that you may write to, with --state."),
            ) from error
        try:
            fcntl.flock(folder._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            folder.close()
            raise StateFolderError(
                message("another console is running on the state folder {path}.", path=path),
                message("stop it first, or choose another folder with --state."),
            ) from error
        try:
            folder.sealer()
        except StateFolderError:
            folder.close()
            raise
        return folder

    @classmethod
    def beside(cls, path: Path) -> Self:
        """The folder of a console that may be running: nothing is made or taken. Raises `StateFolderError`."""
        folder = cls(path.absolute())
        if not folder.has_database:
            raise StateFolderError(
                message("{path} is not the state folder of a console: it has no database.", path=path),
                message("give the folder that the console was started with, with --state."),
            )
        return folder

    @staticmethod
    def is_taken(path: Path) -> bool:
        """Whether a console is running on the folder. Nothing is made or taken."""
        try:
            descriptor = os.open(path / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def has_database(self) -> bool:
        """Whether a console was ever started here."""
        try:
            return self._database.is_file()
        except OSError:
            return False

    @property
    def _database(self) -> Path:
        return self.path / "console.db"

    @property
    def _key(self) -> Path:
        return self.path / "sealing.key"

    @property
    def database_url(self) -> URL:
        """The embedded database."""
        return URL.create("sqlite", database=str(self._database))

    @property
    def logs(self) -> Path:
        """Where the logbook writes."""
        return self.path / "logs"

    @property
    def certificate(self) -> Path:
        """The certificates that the console presents, for those who want to trust it by file."""
        return self.path / "certificate.pem"

    @property
    def trusted_roots(self) -> Path:
        """The roots that the console trusts, in PEM."""
        return self.path / "trusted-roots.pem"

    def sealer(self) -> Sealer:
        """The sealer with this folder's key, which is made on first use. Raises `StateFolderError`.

        The key is there before the database is, so a database without one has lost it.
        """
        if self.has_database and not self._key.exists():
            raise StateFolderError(
                message("the sealing key {path} is missing; nothing that it sealed can be opened.", path=self._key),
                message("bring it back from the backup of this folder."),
            )
        try:
            return Sealer.from_file(self._key)
        except (OSError, SealingKeyError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StateFolderError(
                message("the sealing key {path} cannot be used: {reason}.", path=self._key, reason=reason),
                message("bring it back from the backup of this folder."),
            ) from error

    def publish(self, path: Path, content: bytes) -> None:
        """Replace a public file in one step, so that a reader never meets half of it."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(path)
