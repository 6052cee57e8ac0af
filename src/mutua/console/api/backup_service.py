"""BackupService: the whole console in one encrypted file. A stopped console is restored, by `mutua backup restore`."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from io import SEEK_END
from tempfile import TemporaryFile
from typing import IO

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from mutua.console.admission import ConsoleDep
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.errors import missing_value, refused_value, unable
from mutua.console.console import Console
from mutua.message import message

router = APIRouter(prefix="/api/BackupService", tags=["Backup"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)

_PIECE_BYTES = 256 * 1024
one_at_a_time = threading.Lock()
"""The work that a passphrase takes is half a gigabyte of memory."""


class Passphrase(BaseModel):
    """The body of CreateBackup. The passphrase has at least 12 characters; nobody can restore the backup without it."""

    Passphrase: Text


@router.post("/Actions/BackupService.CreateBackup", response_class=Response)
def create_backup(body: Passphrase, console: ConsoleDep) -> Response:
    """Download a backup, as `mutua backup create` writes it; refused during a migration (R25)."""
    from mutua.backup.errors import BackupError, WeakPassphraseError

    if not body.Passphrase:
        raise missing_value("Passphrase")
    if not one_at_a_time.acquire(blocking=False):
        raise unable([message("another backup is being taken.")], 503)
    try:
        file = _written(console, body.Passphrase)
    except WeakPassphraseError as error:
        raise refused_value("Passphrase", error.problem) from error
    except BackupError as error:
        raise unable([error.problem, *([error.advice] if error.advice else [])]) from error
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
