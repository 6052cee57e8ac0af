"""The language of a page: what the visitor has chosen, else what the browser asks for."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from mutua import language
from mutua.console.web.forms import FormDep
from mutua.console.web.rendering import local_path, redirect
from mutua.console.web.visitor import PageRoute

router = APIRouter(route_class=PageRoute)

_COOKIE = "language"
_A_YEAR_S = 365 * 24 * 3600


class Speaking:
    """Has `mutua.language` speak the visitor's language for as long as a request lasts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the language and pass the request on."""
        if scope["type"] == "http":
            language.use(_language_of(HTTPConnection(scope)))
        await self._app(scope, receive, send)


def _language_of(request: HTTPConnection) -> str:
    chosen = request.cookies.get(_COOKIE)
    if chosen in language.LANGUAGES:
        return chosen
    return language.from_accept_language(request.headers.get("accept-language", ""))


@router.post("/language")
def choose(form: FormDep) -> Response:
    """Keep the visitor's choice and go back to the page."""
    response = redirect(local_path(form.text("next")))
    chosen = form.text("language")
    if chosen in language.LANGUAGES:
        response.set_cookie(_COOKIE, chosen, max_age=_A_YEAR_S, secure=True, httponly=True, samesite="lax")
    return response
