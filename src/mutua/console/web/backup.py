"""Application Settings → Backup: download this console as one encrypted file (R25)."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mutua.console.admission import ConsoleDep
from mutua.console.backing_up import download
from mutua.console.web.forms import FormDep
from mutua.console.web.rendering import page
from mutua.console.web.visitor import PageRoute
from mutua.message import Message, message

PATH = "/settings/backup"

router = APIRouter(prefix=PATH, route_class=PageRoute)

_DIFFERENT = message("The two passphrases are not the same.")


@router.get("")
def show(request: Request) -> Response:
    """The form, and how to restore."""
    return _form(request)


@router.post("/create")
def create(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """The file, or what is wrong, beside the field."""
    from mutua.backup.errors import BackupError, WeakPassphraseError

    if form.text("passphrase") != form.text("again"):
        return _form(request, 400, "again", _DIFFERENT)
    try:
        return download(console, form.text("passphrase"))
    except WeakPassphraseError as error:
        return _form(request, 400, "passphrase", error.problem)
    except BackupError as error:
        return _form(request, 409, "", error.problem, error.advice)


def _form(
    request: Request, status: int = 200, wrong: str = "", problem: Message | None = None, advice: Message | None = None
) -> Response:
    from mutua.backup.create import MIN_PASSPHRASE

    return page(
        request,
        "backup.html",
        status=status,
        here=PATH,
        path=PATH,
        wrong=wrong,
        problem=problem,
        advice=advice,
        least=MIN_PASSPHRASE,
    )
