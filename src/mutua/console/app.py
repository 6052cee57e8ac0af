"""The application on the public listener: the REST API, the pages, and what holds for every request."""

import logging
import traceback
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import mutua
from mutua.console import health
from mutua.console.accounts import TooManyFailuresError
from mutua.console.admission import NotPermittedError, NotSignedInError, PasswordChangeNeededError
from mutua.console.api import (
    account_service,
    application_service,
    audit_log,
    backup_service,
    device_service,
    errors,
    group_service,
    migration_service,
    network_service,
    session_service,
)
from mutua.console.auditing import Auditing
from mutua.console.console import Console
from mutua.console.web import pages
from mutua.logbook.application_log import ApplicationLog

MAX_BODY_BYTES = device_service.MAX_IMPORT_BYTES
"""Of any request; most take far less."""

_API = "/api/"
_trace = logging.getLogger("mutua.console")


def public_app(console: Console) -> ASGIApp:
    """Everything that browsers and programs can ask of a console."""
    app = FastAPI(
        title="Mutua",
        version=mutua.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        max_body_size=MAX_BODY_BYTES,
    )
    app.state.console = console
    for service in (
        session_service,
        account_service,
        application_service,
        audit_log,
        backup_service,
        device_service,
        group_service,
        migration_service,
        network_service,
    ):
        app.include_router(service.router)
    app.include_router(health.router)
    pages.mount(app)
    app.add_exception_handler(errors.ApiError, errors.on_api_error)
    app.add_exception_handler(NotSignedInError, errors.on_not_signed_in)
    app.add_exception_handler(PasswordChangeNeededError, errors.on_password_change_needed)
    app.add_exception_handler(NotPermittedError, errors.on_not_permitted)
    app.add_exception_handler(TooManyFailuresError, errors.on_too_many_failures)
    app.add_exception_handler(HTTPException, errors.on_http_error)
    app.add_exception_handler(RequestValidationError, errors.on_validation_error)
    return Auditing(OneErrorShape(PlainPaths(app), console.log), console)


class PlainPaths:
    """Takes `/api//GroupService/` for `/api/GroupService`: clients paste links together so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path made plain."""
        if scope["type"] == "http" and scope["path"].startswith(_API):
            scope = dict(scope) | {"path": _API + scope["path"].removeprefix(_API).strip("/")}
        await self._app(scope, receive, send)


class OneErrorShape:
    """The outermost edge: whatever goes wrong below /api, the answer is JSON in the shape that clients read.

    A fault of ours is written to the application log, without what it was about: that may be a secret. Its
    trace goes to the process's own output.
    """

    def __init__(self, app: ASGIApp, log: ApplicationLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and mend what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = _Response(send, mends=scope["path"].startswith(_API))
        try:
            await self._app(scope, receive, response.send)
        except Exception as error:
            self._tell(scope, error)
            if not response.started:
                await errors.answer(errors.INTERNAL)(scope, receive, send)
        else:
            if response.refused is not None:
                await errors.answer(errors.refusal_of(response.refused))(scope, receive, send)

    def _tell(self, scope: Scope, error: Exception) -> None:
        _trace.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
        self._log.error(f"{scope['method']} {scope['path']} failed: {type(error).__name__} at {_place(error)}")


class _Response:
    """What the application answers; an error that is not JSON is held back, to be said otherwise."""

    def __init__(self, send: Send, *, mends: bool) -> None:
        self._send = send
        self._mends = mends
        self.started = False
        self.refused: int | None = None

    async def send(self, part: Message) -> None:
        """Pass a part on, unless it belongs to an error to be mended."""
        if self._mends and part["type"] == "http.response.start" and _is_foreign_error(part):
            self.refused = part["status"]
        if self.refused is None:
            self.started = True
            await self._send(part)


def _is_foreign_error(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= 400 and not kind.startswith("application/json")


def _place(error: Exception) -> str:
    """The line of ours that was being done."""
    home = Path(mutua.__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(home)]
    return f"{Path(frames[-1].filename).relative_to(home)}:{frames[-1].lineno}" if frames else "an unknown place"
