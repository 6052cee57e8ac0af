"""Who is looking at a page: the session that the browser's cookie stands for."""

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from mutua.console.accounts import Session, SessionKind
from mutua.console.admission import Caller, GuardedRoute
from mutua.console.console import Console
from mutua.console.web.rendering import page_path, redirect

LOGIN = "/login"
PASSWORD = "/password"  # noqa: S105  (a page)


class PageRoute(GuardedRoute):
    """A route of the pages."""

    @staticmethod
    def caller(request: Request, console: Console) -> Caller | None:
        """By the session's cookie."""
        session = session_of(request, console)
        return Caller(session.user, session) if session else None


async def on_not_signed_in(request: Request, _error: Exception) -> Response:
    """Have them sign in, and bring them back."""
    return redirect(_with_next(LOGIN, request))


async def on_password_change_needed(request: Request, _error: Exception) -> Response:
    """Have them change their password, and bring them back."""
    return redirect(_with_next(PASSWORD, request))


def _with_next(page: str, request: Request) -> str:
    path = page_path(request)
    if request.method == "GET" and request.url.query:
        path += f"?{request.url.query}"
    return page if path == "/" else f"{page}?next={quote(path, safe='/')}"


def session_of(request: Request, console: Console) -> Session | None:
    """The session of whoever sent the request, if they are signed in to these pages."""
    token = request.cookies.get(_cookie(console))
    session = console.accounts.session_of(token) if token else None
    return session if session is not None and session.kind is SessionKind.WEB else None


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
