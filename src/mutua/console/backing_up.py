"""Taking a backup of a running console, for whoever asks by REST or in the pages."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from io import SEEK_END
from tempfile import TemporaryFile
from typing import IO

from starlette.responses import StreamingResponse

from mutua.console.console import Console
from mutua.message import message

_PIECE_BYTES = 256 * 1024
one_at_a_time = threading.Lock()
"""The work that a passphrase takes is half a gigabyte of memory."""


def download(console: Console, passphrase: str) -> StreamingResponse:
    """A backup as a file to be saved.

    Raises `BackupError`, also while another one is being taken, and where there is no room for it.
    """
    from mutua.backup.errors import BackupRefusedError

    if not one_at_a_time.acquire(blocking=False):
        raise BackupRefusedError(message("another backup is being taken."), message("try again in a minute."))
    try:
        file = _written(console, passphrase)
    except OSError as error:
        raise BackupRefusedError(
            message("{path} cannot be written: {reason}.", path=console.state.path, reason=error.strerror or error)
        ) from error
    finally:
        one_at_a_time.release()
    named = f"{datetime.now(UTC):%Y%m%d%H%M%S}.backup"
    headers = {"Content-Length": str(file.tell()), "Content-Disposition": f'attachment; filename="{named}"'}
    return StreamingResponse(_pieces(file), media_type="application/octet-stream", headers=headers)


def _written(console: Console, passphrase: str) -> IO[bytes]:
    """The backup in a file without a name: it is encrypted, and gone when it is closed."""
    from mutua.backup.create import create

    with ExitStack() as opened:
        file = opened.enter_context(TemporaryFile(dir=console.state.path))
        create(console.state.path, file, passphrase)
        file.seek(0, SEEK_END)
        opened.pop_all()
        return file


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE_BYTES):
            yield piece
