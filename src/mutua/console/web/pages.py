"""The pages as an application of their own, beside the API: its errors are pages too, and so are its refusals."""

import sys
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from mutua.console.admission import NotPermittedError, NotSignedInError, PasswordChangeNeededError
from mutua.console.web import (
    audit_log,
    backup,
    certificates,
    devices,
    errors,
    migrations,
    overview,
    password,
    sign_in,
    speaking,
    users,
    verifying,
    visitor,
)
from mutua.console.web.guard import SameOrigin, SecurityHeaders

_STATIC_FOLDER = Path(__file__).with_name("static")


def mount(app: FastAPI) -> None:
    """Add the pages to the application, everywhere but below /api."""
    app.router.routes.append(_BesideTheApi("", _pages(app)))


class _BesideTheApi(Mount):
    """Takes every path that the API does not: what is wrong below /api is answered as the API answers."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"]
        if path == "/api" or path.startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


def _pages(app: FastAPI) -> ASGIApp:
    # The framework answers a body that is too long in plain text. Forms check the announced length themselves.
    pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, max_body_size=sys.maxsize)
    pages.state.console = app.state.console
    for family in (
        sign_in,
        speaking,
        password,
        overview,
        certificates,
        devices,
        verifying,
        migrations,
        users,
        backup,
        audit_log,
    ):
        pages.include_router(family.router)
    pages.mount("/static", StaticFiles(directory=_STATIC_FOLDER))
    pages.add_exception_handler(NotSignedInError, visitor.on_not_signed_in)
    pages.add_exception_handler(PasswordChangeNeededError, visitor.on_password_change_needed)
    pages.add_exception_handler(NotPermittedError, errors.on_not_permitted)
    pages.add_exception_handler(HTTPException, errors.on_http_error)
    pages.add_exception_handler(RequestValidationError, errors.on_validation_error)
    pages.add_exception_handler(Exception, errors.on_internal_error)
    return SecurityHeaders(speaking.Speaking(SameOrigin(pages)))
