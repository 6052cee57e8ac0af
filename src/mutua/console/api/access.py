"""Who is calling: Basic credentials or a session token, on every route alike."""

import base64
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from mutua.console.accounts import User
from mutua.console.api.errors import NOT_AUTHENTICATED, ApiError
from mutua.console.console import Console


def console_of(request: Request) -> Console:
    """The console that the application belongs to."""
    console: Console = request.app.state.console
    return console


ConsoleDep = Annotated[Console, Depends(console_of)]


class AuthenticatedRoute(APIRoute):
    """A route whose callers are known before a byte of their request's body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, behind the authentication. Raises `ApiError` 401."""
        handle = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            await run_in_threadpool(_authenticate, request, console_of(request))
            return await handle(request)

        return authenticated


def _authenticate(request: Request, console: Console) -> None:
    if _caller(request, console) is None:
        raise ApiError(NOT_AUTHENTICATED)


def _caller(request: Request, console: Console) -> User | None:
    """By `X-Auth-Token`, else by Basic credentials (RFC 7617)."""
    if token := request.headers.get("x-auth-token"):
        session = console.accounts.session_of(token)
        return session.user if session else None
    credentials = _basic(request.headers.get("authorization", ""))
    return console.accounts.authenticate(*credentials) if credentials else None


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _blank, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""
