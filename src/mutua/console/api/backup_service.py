"""BackupService: the whole console in one encrypted file. A stopped console is restored, by `mutua backup restore`."""

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from mutua.console.admission import ConsoleDep
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.errors import missing_value, refused_value, unable
from mutua.console.backing_up import download

router = APIRouter(prefix="/api/BackupService", tags=["Backup"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)


class Passphrase(BaseModel):
    """The body of CreateBackup. The passphrase has at least 12 characters; nobody can restore the backup without it."""

    Passphrase: Text


@router.post("/Actions/BackupService.CreateBackup", response_class=Response)
def create_backup(body: Passphrase, console: ConsoleDep) -> Response:
    """Download a backup, as `mutua backup create` writes it; refused during a migration (R25)."""
    from mutua.backup.errors import BackupError, WeakPassphraseError

    if not body.Passphrase:
        raise missing_value("Passphrase")
    try:
        return download(console, body.Passphrase)
    except WeakPassphraseError as error:
        raise refused_value("Passphrase", error.problem) from error
    except BackupError as error:
        raise unable([error.problem, *([error.advice] if error.advice else [])]) from error
