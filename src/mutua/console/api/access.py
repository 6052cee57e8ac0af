"""Who is calling the API: Basic credentials or a session token, on every route alike."""

import base64

from fastapi import Request

from mutua.console.admission import Caller, GuardedRoute, address_of
from mutua.console.console import Console


class ApiRoute(GuardedRoute):
    """A route of the API."""

    @staticmethod
    def caller(request: Request, console: Console) -> Caller | None:
        """By `X-Auth-Token`, else by Basic credentials (RFC 7617). Raises `TooManyFailuresError`."""
        if token := request.headers.get("x-auth-token"):
            session = console.accounts.session_of(token)
            return Caller(session.user, session) if session else None
        credentials = _basic(request.headers.get("authorization", ""))
        user = console.accounts.authenticate(*credentials, address_of(request)) if credentials else None
        return Caller(user, None) if user else None


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _blank, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None
