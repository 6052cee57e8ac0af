"""The application on the public listener: the REST API, the pages, and what holds for every request."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from mutua import __version__
from mutua.console.api import application_service, device_service, errors, migration_service, session_service
from mutua.console.console import Console
from mutua.console.web import pages

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Of one request: an import of some 40,000 devices."""


def public_app(console: Console) -> ASGIApp:
    """Everything that browsers and programs can ask of a console."""
    app = FastAPI(
        title="Mutua",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        max_body_size=MAX_BODY_BYTES,
    )
    app.state.console = console
    for service in (session_service, application_service, device_service, migration_service):
        app.include_router(service.router, prefix="/api")
    pages.mount(app)
    app.add_exception_handler(errors.ApiError, errors.on_api_error)
    app.add_exception_handler(HTTPException, errors.on_http_error)
    app.add_exception_handler(RequestValidationError, errors.on_validation_error)
    app.add_exception_handler(Exception, errors.on_internal_error)
    return CollapsedSlashes(app)


class CollapsedSlashes:
    """Takes `/api//GroupService` for `/api/GroupService`: clients paste links together so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api//"):
            scope = dict(scope) | {"path": "/api/" + scope["path"][5:].lstrip("/")}
        await self._app(scope, receive, send)
