"""Who is looking at a page: the session that the browser's cookie stands for."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import Response

from mutua.console.accounts import Session, SessionKind
from mutua.console.api.access import ConsoleDep
from mutua.console.console import Console
from mutua.console.web.rendering import page_path, redirect

LOGIN = "/login"


class SignInNeededError(Exception):
    """Nobody is signed in."""


async def on_sign_in_needed(request: Request, _error: Exception) -> Response:
    """Have them sign in, and bring them back."""
    path = page_path(request)
    if request.method == "GET" and request.url.query:
        path += f"?{request.url.query}"
    return redirect(LOGIN if path == "/" else f"{LOGIN}?next={quote(path, safe='/')}")


def session_of(request: Request, console: Console) -> Session | None:
    """The session of whoever sent the request, if they are signed in to these pages."""
    token = request.cookies.get(_cookie(console))
    session = console.accounts.session_of(token) if token else None
    return session if session is not None and session.kind is SessionKind.WEB else None


def visitor_of(request: Request, console: ConsoleDep) -> Session:
    """The session, which the page then shows. Raises `SignInNeededError`."""
    session = session_of(request, console)
    if session is None:
        raise SignInNeededError
    request.state.visitor = session.user.name
    return session


VisitorDep = Annotated[Session, Depends(visitor_of)]


def keep(response: Response, console: Console, token: str) -> None:
    """Give the browser its session, until it closes."""
    response.set_cookie(_cookie(console), token, secure=True, httponly=True, samesite="strict")


def forget(response: Response, console: Console) -> None:
    """Take it away."""
    response.delete_cookie(_cookie(console), secure=True, httponly=True, samesite="strict")


def _cookie(console: Console) -> str:
    """Of this console: cookies do not know ports, and two consoles may share a host.

    The prefix makes browsers refuse it without Secure and Path=/, or from a sub-domain (RFC 6265bis, section 4.1.3).
    """
    return f"__Host-session-{console.guid[:8]}"
