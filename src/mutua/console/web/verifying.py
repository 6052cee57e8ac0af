"""Migration: verifying the connection with another console, and starting (R19–R24)."""

from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mutua.console.admission import ConsoleDep
from mutua.console.api.address import is_address
from mutua.console.console import Console
from mutua.console.web import words
from mutua.console.web.forms import Form, FormDep
from mutua.console.web.rendering import page, redirect
from mutua.console.web.visitor import PageRoute
from mutua.message import Message, message
from mutua.migration.errors import MigrationError
from mutua.migration.phases import Role
from mutua.peering.causes import Cause
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole, told
from mutua.peering.verify import CANNOT_AUTHENTICATE, Verification

PATH = "/migration"

router = APIRouter(prefix=PATH, route_class=PageRoute)


class _Other(NamedTuple):
    """The console on the other side, as the form has it: everything but the password."""

    address: str = ""
    user: str = ""
    local_role: Role = Role.SOURCE


class _Outcome(NamedTuple):
    """What came of verifying. Without a verification there was nobody to verify it with."""

    verification: Verification | None
    causes: tuple[Cause, ...]
    not_started: tuple[Message, ...] = ()
    """Why no migration began although the connection is in order."""


@router.get("")
def show(request: Request, console: ConsoleDep) -> Response:
    """The form, and the migrations so far."""
    return _page(request, console, _Other())


@router.post("/verify")
def verify(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Verify the connection, both ways, and show all that is wrong."""
    other = _other(form)
    if problem := _address_problem(other.address):
        return _page(request, console, other, status=400, problem=problem)
    try:
        with _remote(console, other, form) as remote:
            verification = console.migrating.verify(remote, other.local_role)
    except (ConsoleUnreachableError, ConsoleRefusedError) as error:
        return _page(
            request,
            console,
            other,
            status=400,
            outcome=_Outcome(None, console.migrating.no_session(other.local_role, error)),
        )
    outcome = _Outcome(verification, verification.causes)
    return _page(request, console, other, status=200 if verification.passed else 400, outcome=outcome)


@router.post("/start")
def start(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Verify once more, and migrate."""
    other = _other(form)
    if problem := _address_problem(other.address):
        return _page(request, console, other, status=400, problem=problem)
    verification = None
    try:
        with _remote(console, other, form) as remote:
            verification = console.migrating.verify(remote, other.local_role)
            if not verification.passed:
                outcome = _Outcome(verification, verification.causes)
                return _page(request, console, other, status=400, outcome=outcome)
            entry = console.migrating.start(remote, other.local_role, verification)
    except MigrationError as error:
        reasons = (*error.problems, *([error.advice] if error.advice else []))
        return _page(request, console, other, status=409, outcome=_Outcome(verification, (), reasons))
    except (ConsoleUnreachableError, ConsoleRefusedError) as error:
        if verification is None:
            return _page(
                request,
                console,
                other,
                status=400,
                outcome=_Outcome(None, console.migrating.no_session(other.local_role, error)),
            )
        outcome = _Outcome(verification, (), (told(error),))
        return _page(request, console, other, status=502, outcome=outcome)
    return redirect(f"{PATH}/{entry.id}")


def _remote(console: Console, other: _Other, form: Form) -> RemoteConsole:
    return console.migrating.remote(other.address, other.user, form.text("password"))


def _other(form: Form) -> _Other:
    try:
        return _Other(form.text("address").strip(), form.text("user").strip(), Role(form.text("role")))
    except ValueError as error:
        raise HTTPException(400) from error


def _address_problem(address: str) -> Message | None:
    if is_address(address):
        return None
    return message(
        "{address!r} is no address of a console; expected host:port, such as 192.0.2.7:8443 or [2001:db8::7]:8443.",
        address=address[:300],
    )


def _page(
    request: Request,
    console: Console,
    other: _Other,
    *,
    status: int = 200,
    problem: Message | None = None,
    outcome: _Outcome | None = None,
) -> Response:
    migrations = [
        (entry, words.ROLES[entry.role], words.PHASES[entry.phase], console.migrating.is_running(entry.id))
        for entry in console.migrating.all()
    ]
    return page(
        request,
        "migration.html",
        status=status,
        here=PATH,
        path=PATH,
        other=other,
        roles=words.ROLES,
        sides=words.SIDES,
        problem=problem,
        outcome=outcome,
        sentences=CANNOT_AUTHENTICATE,
        migrations=migrations,
    )
