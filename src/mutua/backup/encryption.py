"""The age format (age-encryption.org/v1), by pyrage: an identity under a passphrase, and streams for that identity.

A passphrase is slow to try by design and works in memory only; a stream is for an X25519 identity. So each backup has
an identity of its own, and the passphrase opens that. Nobody without the passphrase learns the identity's public half
either, so nobody else can make a stream that it opens.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import pyrage

from mutua.backup.errors import DamagedBackupError, UnreadableBackupError, WrongPassphraseError
from mutua.message import message


class Identity:
    """An X25519 identity; only this module looks into it."""

    def __init__(self, key: Any) -> None:
        self.key = key


class Readable(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Writable(Protocol):
    """What can be written to piece by piece."""

    def write(self, piece: bytes, /) -> int:
        """Take a piece; how much of it was taken."""


def new_identity() -> Identity:
    """An identity for one backup."""
    return Identity(pyrage.x25519.Identity.generate())


def protect(identity: Identity, passphrase: str) -> bytes:
    """The identity as an age file under a passphrase (scrypt, about a second of work)."""
    sealed: bytes = pyrage.passphrase.encrypt(f"{identity.key}\n".encode(), passphrase)
    return sealed


def unprotect(sealed: bytes, passphrase: str) -> Identity:
    """The identity again. Raises `WrongPassphraseError`, `UnreadableBackupError`, `DamagedBackupError`."""
    try:
        key = pyrage.passphrase.decrypt(sealed, passphrase).decode("ascii").strip()
        return Identity(pyrage.x25519.Identity.from_str(key))
    except pyrage.DecryptError as error:
        if "Excessive work" in str(error):
            raise UnreadableBackupError(
                message("this machine would need too long to try a passphrase on the backup."),
                message("restore it on a faster one."),
            ) from error
        raise WrongPassphraseError(
            message("the passphrase is not the one of this backup."),
            message("give the passphrase that the backup was made with; there is no way around it."),
        ) from error
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise DamagedBackupError(message("the passphrase opens something else than an identity")) from error


def encrypt(clear: Readable, sealed: Writable, identity: Identity) -> None:
    """Encrypt a stream, a piece at a time. Raises what `clear.read` and `sealed.write` raise."""
    failures: list[Exception] = []
    ends = _Telling(clear.read, failures), _Telling(sealed.write, failures)
    try:
        pyrage.encrypt_io(*ends, [identity.key.to_public()])
    except (pyrage.EncryptError, OSError):
        if failures:
            raise failures[0] from None
        raise


class _Telling:
    """An end of a stream whose failure is kept: the library tells its text alone."""

    def __init__(self, act: Callable[[Any], Any], failures: list[Exception]) -> None:
        self._act = act
        self._failures = failures

    def read(self, size: int) -> Any:
        return self.write(size)

    def write(self, what: object) -> Any:
        try:
            return self._act(what)
        except Exception as error:
            self._failures.append(error)
            raise

    def flush(self) -> None:
        """Nothing is held back here."""


@contextmanager
def decrypted(sealed: Readable, identity: Identity) -> Iterator[IO[bytes]]:
    """The clear stream, which goes through a pipe and never to a disk.

    What comes out is what went in, but only the end of the block vouches for the end of the stream: raises
    `DamagedBackupError` there, or whatever the block raised where the stream was sound until then.
    """
    failures: list[BaseException] = []
    out, into = os.pipe()

    def work() -> None:
        with os.fdopen(into, "wb", buffering=0) as pipe:
            try:
                pyrage.decrypt_io(sealed, pipe, [identity.key])
            except BaseException as error:  # It belongs to the thread that reads.
                failures.append(error)

    thread = threading.Thread(target=work, name="decrypting", daemon=True)
    thread.start()
    read_to_its_end = False
    try:
        with os.fdopen(out, "rb") as clear:
            yield clear
            read_to_its_end = not clear.read(1)
    finally:
        thread.join()
        if failures and _is_of_the_stream(failures[0]):
            raise DamagedBackupError(message("what is encrypted in it was cut off or changed")) from failures[0]
    if failures or not read_to_its_end:
        raise DamagedBackupError(message("there is more in it than its contents"))


def _is_of_the_stream(error: BaseException) -> bool:
    """Not merely that the reader has gone."""
    return not isinstance(error, BrokenPipeError) and "Broken pipe" not in str(error)
