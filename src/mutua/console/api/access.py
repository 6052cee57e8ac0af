"""Who is calling: Basic credentials or a session token, on every route alike."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Request

from mutua.console.accounts import Session, User
from mutua.console.api.errors import NOT_AUTHENTICATED, ApiError
from mutua.console.console import Console


def console_of(request: Request) -> Console:
    """The console that the application belongs to."""
    console: Console = request.app.state.console
    return console


ConsoleDep = Annotated[Console, Depends(console_of)]


class Caller:
    """An authenticated caller, and the session if there is one."""

    def __init__(self, user: User, session: Session | None) -> None:
        self.user = user
        self.session = session


def caller_of(request: Request, console: ConsoleDep) -> Caller:
    """Authenticate by `X-Auth-Token`, else by Basic credentials (RFC 7617). Raises `ApiError` 401."""
    if token := request.headers.get("x-auth-token"):
        session = console.accounts.session_of(token)
        if session is not None:
            return Caller(session.user, session)
    elif credentials := _basic(request.headers.get("authorization", "")):
        user = console.accounts.authenticate(*credentials)
        if user is not None:
            return Caller(user, None)
    raise ApiError(NOT_AUTHENTICATED)


CallerDep = Annotated[Caller, Depends(caller_of)]


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _blank, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def address_of(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""
