"""One migration: how far it has come, and carrying it on or ending it (R24)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mutua.console.admission import ConsoleDep
from mutua.console.console import Console
from mutua.console.web import words
from mutua.console.web.rendering import fragment, page, redirect
from mutua.console.web.visitor import PageRoute
from mutua.message import Message, message
from mutua.migration import journal
from mutua.migration.errors import MigrationError, UnknownMigrationError
from mutua.migration.journal import Entry
from mutua.migration.phases import FOLLOWING, Phase, Role, is_final
from mutua.peering.channel import PeerUnreachableError

router = APIRouter(prefix="/migration", route_class=PageRoute)

IdentifierDep = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]

_WAYS = {
    Role.SOURCE: (Phase.PREPARED, Phase.STREAMING, Phase.RELEASED, Phase.DONE),
    Role.TARGET: (Phase.PREPARED, Phase.STREAMING, Phase.VALIDATED, Phase.COMMITTED, Phase.DONE),
}


class State(StrEnum):
    """What a page about a migration has to reckon with."""

    RUNNING = "running"
    WAITING = "waiting"
    """For the target: the source only answers."""
    STOPPED = "stopped"
    FINAL = "final"


@router.get("/{identifier}")
def show(request: Request, console: ConsoleDep, identifier: IdentifierDep) -> Response:
    """Where it stands."""
    return _page(request, console, identifier)


@router.get("/{identifier}/progress")
def progress(console: ConsoleDep, identifier: IdentifierDep) -> Response:
    """The part of the page that changes."""
    return fragment("_progress.html", **_standing(console, _read(console, identifier)))


@router.post("/{identifier}/resume")
def resume(request: Request, console: ConsoleDep, identifier: IdentifierDep) -> Response:
    """Carry it on."""
    return _attempt(request, console, identifier, console.migrating.resume, lambda _entry: "migration-resumed")


@router.post("/{identifier}/abort")
def abort(request: Request, console: ConsoleDep, identifier: IdentifierDep) -> Response:
    """End it, unless it is committed."""
    return _attempt(
        request,
        console,
        identifier,
        console.migrating.abort,
        lambda entry: "migration-aborted" if entry.phase is Phase.ABORTED else "migration-committed",
    )


def _attempt(
    request: Request,
    console: Console,
    identifier: str,
    action: Callable[[str], Entry],
    note: Callable[[Entry], str],
) -> Response:
    try:
        entry = action(identifier)
    except UnknownMigrationError as error:
        raise HTTPException(404) from error
    except MigrationError as error:
        reasons = [*error.problems, *([error.advice] if error.advice else [])]
        return _page(request, console, identifier, status=409, refused=reasons)
    except PeerUnreachableError as error:
        reason = message("the other console was not reached: {reason}.", reason=error.problem)
        return _page(request, console, identifier, status=502, refused=[reason])
    return redirect(f"/migration/{identifier}", note(entry))


def _read(console: Console, identifier: str) -> Entry:
    try:
        return console.migrating.read(identifier)
    except UnknownMigrationError as error:
        raise HTTPException(404) from error


def _page(
    request: Request, console: Console, identifier: str, *, status: int = 200, refused: list[Message] | None = None
) -> Response:
    entry = _read(console, identifier)
    return page(
        request,
        "one_migration.html",
        status=status,
        here=f"/migration/{identifier}",
        can_abort=Phase.ABORTED in FOLLOWING[entry.role].get(entry.phase, ()),
        role=words.ROLES[entry.role],
        refused=refused or [],
        **_standing(console, entry),
    )


def _standing(console: Console, entry: Entry) -> dict[str, object]:
    # Whether it runs is asked first: what ends in between has its last phase written by then.
    running = console.migrating.is_running(entry.id)
    entry = console.migrating.read(entry.id)
    with console.database.reading() as connection:
        reached = dict(journal.phases(connection, entry.id))
    way = tuple(reached) if entry.phase is Phase.ABORTED else _WAYS[entry.role]
    return {
        "entry": entry,
        "state": _state(entry, running),
        "progress": console.migrating.progress(entry.id),
        "steps": [(words.PHASES[phase], words.PHASE_MEANINGS[phase], reached.get(phase)) for phase in way],
        "phase": words.PHASES[entry.phase],
        "meaning": words.PHASE_MEANINGS[entry.phase],
    }


def _state(entry: Entry, running: bool) -> State:
    if is_final(entry.phase):
        return State.FINAL
    if running:
        return State.RUNNING
    return State.WAITING if entry.role is Role.SOURCE else State.STOPPED
