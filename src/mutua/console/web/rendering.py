"""From templates to pages: what every page knows, in the visitor's language."""

import re
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mutua import language
from mutua.console import permissions
from mutua.console.admission import Caller
from mutua.console.users import User
from mutua.console.web import words
from mutua.language import _, plural, translate
from mutua.message import N_

LANGUAGE_NAMES = {"en": "English", "es": "Español"}
"""Each in its own language."""

_NOTE_COOKIE = "__Host-note"
_NOTES = {
    "signed-out": N_("You are signed out."),
    "password-changed": N_("The password is changed. Other sessions of this account have ended."),
    "user-added": N_("The user can sign in."),
    "user-changed": N_("The role is changed; it holds at once."),
    "user-unlocked": N_("The user can sign in again."),
    "user-deleted": N_("The user is deleted, and their sessions have ended."),
    "request-generated": N_("The signing request is ready to be downloaded."),
    "migration-resumed": N_("The migration was taken up again."),
    "migration-aborted": N_("The migration was aborted. The source manages its devices again."),
    "migration-committed": N_("The target had committed already, so the migration was not aborted."),
}
"""What a page says once, after an order was carried out; the cookie holds the key only."""

_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_environment.globals.update(
    _=_,
    plural=plural,
    translate=translate,
    languages={code: LANGUAGE_NAMES[code] for code in language.LANGUAGES},
    speaking=language.current,
    severities=words.SEVERITIES,
    marks=words.MARKS,
)
_environment.filters.update(
    day=_day,
    moment=_moment,
    number=lambda count: f"{count:,}",
    fingerprint=words.fingerprint,
    key=words.key,
)


def fragment(template: str, **content: object) -> HTMLResponse:
    """A part of a page."""
    return HTMLResponse(_environment.get_template(template).render(content))


def page(
    request: Request, template: str, *, status: int = 200, here: str | None = None, **content: object
) -> HTMLResponse:
    """A whole page. `here` is its address, for coming back after the language was changed."""
    note = request.cookies.get(_NOTE_COOKIE, "")
    visitor = _visitor(request)
    known = {
        "console": request.app.state.console,
        "visitor": visitor,
        "may": lambda route: visitor is not None and permissions.may(visitor, route),
        "here": here or page_path(request),
        "note": _(_NOTES[note]) if note in _NOTES else None,
    }
    response = HTMLResponse(_environment.get_template(template).render(known | content), status)
    if note:
        response.delete_cookie(_NOTE_COOKIE, secure=True, httponly=True, samesite="strict")
    return response


def _visitor(request: Request) -> User | None:
    """Who is signed in, where the page asked."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller.user if caller else None


def redirect(path: str, note: str | None = None) -> Response:
    """Go on to another page with GET; that page says the note."""
    response = RedirectResponse(path, 303)
    if note is not None:
        response.set_cookie(_NOTE_COOKIE, note, secure=True, httponly=True, samesite="strict")
    return response


def page_path(request: Request) -> str:
    """The page that a request belongs to: an order is one level below the page that has its form."""
    path = request.url.path
    return path if request.method in ("GET", "HEAD") else path.rpartition("/")[0] or "/"


def local_path(path: str) -> str:
    """The path if it leads to this console and nowhere else, otherwise the first page."""
    return path if _LOCAL_PATH.fullmatch(path) else "/"
