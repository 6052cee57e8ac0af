"""What holds for every page, whatever it shows: the headers that browsers guard it by, and no orders from elsewhere."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutua.console.web import errors

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}
_KEEP = {True: "no-cache", False: "no-store"}
"""Static files may be kept and are asked after each time; pages are never kept."""


class SecurityHeaders:
    """Puts the headers on every response, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the head of its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(part: Message) -> None:
            if part["type"] == "http.response.start":
                headers = MutableHeaders(scope=part)
                headers.update(_HEADERS)
                headers["Cache-Control"] = _KEEP[scope["path"].startswith("/static/")]
            await send(part)

        await self._app(scope, receive, complete)


class SameOrigin:
    """Refuses requests that change something and that a browser sends on behalf of another site.

    Browsers say so themselves (`Sec-Fetch-Site`, else `Origin`); another port of this host is another site
    too. Requests with neither header come from programs, which carry nobody's cookies by accident.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and _is_foreign(Headers(scope=scope)):
            await errors.answer(Request(scope, receive), 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    if origin := headers.get("origin"):
        return urlsplit(origin).netloc != headers.get("host")
    return False
