"""Nobody passes a route without being what the table of permissions asks: for REST and pages, in one place."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from mutua.console.accounts import Session
from mutua.console.audited import action_for
from mutua.console.console import Console
from mutua.console.permissions import Least, least_for, standing
from mutua.console.users import User


class NotSignedInError(Exception):
    """Nobody knows who is asking."""


class PasswordChangeNeededError(Exception):
    """Whoever is asking must change their password before anything else."""


class NotPermittedError(Exception):
    """Whoever is asking is not allowed to."""


class Caller(NamedTuple):
    """Who is asking: by a session, or by Basic credentials without one."""

    user: User
    session: Session | None


class GuardedRoute(APIRoute):
    """A route whose callers are known, and allowed to call it, before a byte of their request's body is read."""

    @staticmethod
    def caller(request: Request, console: Console) -> Caller | None:
        """Who is asking. Each kind of route knows its callers in its own way."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, behind the check.

        Raises `LookupError` for a route without a permission, or without a line on what the audit log tells of it.
        """
        least = least_for(self.methods or (), self.path)
        action = action_for(self.methods or (), self.path)
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.action = action
            about(request, str(request.path_params.get("identifier", "")))
            if least is not Least.PUBLIC:
                await run_in_threadpool(self._admit, request, least)
            return await handle(request)

        return guarded

    def _admit(self, request: Request, least: Least) -> None:
        caller = self.caller(request, console_of(request))
        if caller is None:
            raise NotSignedInError
        request.state.caller = caller
        if standing(caller.user) < least:
            raise PasswordChangeNeededError if caller.user.must_change_password else NotPermittedError


def console_of(request: Request) -> Console:
    """The console that the application belongs to."""
    console: Console = request.app.state.console
    return console


def caller_of(request: Request) -> Caller:
    """Who was admitted."""
    caller: Caller = request.state.caller
    return caller


def about(request: Request, subject: str) -> None:
    """Have the audit log say what a request was about, where its path does not. Nothing secret may be given."""
    request.state.subject = subject


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""


ConsoleDep = Annotated[Console, Depends(console_of)]
CallerDep = Annotated[Caller, Depends(caller_of)]
