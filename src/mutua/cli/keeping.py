"""Keeping what a command made: secrets for their owner alone, nothing overwritten unasked."""

import os
from contextlib import contextmanager

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.message import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from mutua.authority.files import NewFile

MAX_PASSPHRASE_BYTES = 1023
"""OpenSSL opens no key with a longer one."""


def keep(files: "Sequence[NewFile]", *, force: bool) -> None:
    """Write all files or none. Raises `Failure` where one exists and `force` is not given, or cannot be written."""
    from mutua.authority.files import write_all

    with _told():
        write_all(files, overwrite=force)


@contextmanager
def kept(path: "Path", *, force: bool) -> "Iterator[IO[bytes]]":
    """A secret file to be written piece by piece, which gets its name at the end of the block.

    Raises `Failure` where it exists and `force` is not given, or cannot be written.
    """
    from mutua.authority.files import SECRET, writing

    with _told(), writing(path, SECRET, overwrite=force) as file:
        yield file


@contextmanager
def _told() -> "Iterator[None]":
    try:
        yield
    except FileExistsError as error:
        raise Failure(
            message("{path} exists already and was left alone.", path=error.filename),
            Exit.USAGE,
            message("name another file, or replace it with --force."),
        ) from error
    except OSError as error:
        raise Failure(
            message("{path} cannot be written: {reason}.", path=error.filename, reason=error.strerror or error),
            Exit.USAGE,
            message("name a file in a folder that exists and is writable."),
        ) from error


def given_passphrase(password_file: str | None, variable: str) -> bytes | None:
    """The passphrase of a key from a file, else from the environment; None where neither is given.

    Raises `Failure` where it is empty or longer than `MAX_PASSPHRASE_BYTES`.
    """
    if password_file is not None:
        passphrase = read_file(password_file).rstrip(b"\r\n")
    elif variable in os.environ:
        passphrase = os.fsencode(os.environ[variable])
    else:
        return None
    if not 0 < len(passphrase) <= MAX_PASSPHRASE_BYTES:
        raise Failure(
            message(
                "the password has {length} bytes; expected 1 to {limit}.",
                length=len(passphrase),
                limit=MAX_PASSPHRASE_BYTES,
            ),
            Exit.USAGE,
        )
    return passphrase
