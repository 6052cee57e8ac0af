"""Migration: verifying the connection with another console, and starting (R19–R24)."""

from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mutua.console.api.access import ConsoleDep
from mutua.console.api.address import is_address
from mutua.console.console import Console
from mutua.console.web import words
from mutua.console.web.forms import Form, FormDep
from mutua.console.web.rendering import page, redirect
from mutua.console.web.visitor import visitor_of
from mutua.message import Message, message
from mutua.migration.errors import MigrationError
from mutua.migration.phases import Role
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole
from mutua.peering.verify import CANNOT_AUTHENTICATE, Cause, Verification, judge

PATH = "/migration"

router = APIRouter(prefix=PATH, dependencies=[Depends(visitor_of)])


class _Other(NamedTuple):
    """The console on the other side, as the form has it: everything but the password."""

    address: str = ""
    user: str = ""
    local_role: Role = Role.SOURCE

    @property
    def role(self) -> Role:
        """What the other console is."""
        return Role.TARGET if self.local_role is Role.SOURCE else Role.SOURCE


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
        return _page(request, console, other, status=400, outcome=_not_reached(console, other, error))
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
            return _page(request, console, other, status=400, outcome=_not_reached(console, other, error))
        outcome = _Outcome(verification, (), (_refusal(error),))
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


def _not_reached(console: Console, other: _Other, error: ConsoleUnreachableError | ConsoleRefusedError) -> _Outcome:
    """What is known without the other side: how far we came, and what is wrong with this side."""
    own = console.standing()
    # Judged against itself a console shows what is wrong with its own chain, and no difference.
    here = tuple(cause for cause in judge(own, own) if cause.side == other.local_role)
    return _Outcome(None, (_cause(other, error), *here))


def _cause(other: _Other, error: ConsoleUnreachableError | ConsoleRefusedError) -> Cause:
    if isinstance(error, ConsoleUnreachableError):
        return Cause(
            other.role,
            "pair.unreachable",
            message("the other console was not reached"),
            message("Connecting to {address}: {problem}.", address=error.address, problem=error.problem),
            message(
                "check the address and the port, and that the console runs. If its certificate was not accepted, have "
                "both consoles upload chains signed by the same CA first: nothing else is trusted."
            ),
        )
    if error.status == 401:
        return Cause(
            other.role,
            "pair.not-signed-in",
            message("the other console did not let us in"),
            message("{address} knows no such user with that password.", address=error.address),
            message("give the name and the password of a local administrator of that console."),
        )
    return Cause(
        other.role,
        "pair.refused",
        message("the other console refused"),
        _refusal(error),
        message("look at the application log of that console."),
    )


def _refusal(error: ConsoleUnreachableError | ConsoleRefusedError) -> Message:
    if isinstance(error, ConsoleUnreachableError):
        return message("Connecting to {address}: {problem}.", address=error.address, problem=error.problem)
    said = "; ".join(error.arguments) or error.message
    return message("{address} answers {code}: {said}", address=error.address, code=error.message_id, said=said)


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
