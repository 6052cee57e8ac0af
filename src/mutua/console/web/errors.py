"""Errors as pages: what happened, in a sentence, and what to do."""

from typing import NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from mutua.chain.decode import MAX_BYTES
from mutua.console.web.rendering import page
from mutua.language import translate
from mutua.message import Message, message


class _Text(NamedTuple):
    title: Message
    sentence: Message


_NOT_PERMITTED = _Text(
    message("Your role does not allow this"),
    message("Nothing was done. An administrator can do it, or give you another role."),
)

_TEXTS = {
    400: _Text(
        message("The form cannot be read"),
        message("It has fields that were not expected, or it was cut off. Go back, reload the page, and try again."),
    ),
    403: _Text(
        message("Another site sent this"),
        message("The request came from a page that is not this console's, so nothing was done. Open the page here."),
    ),
    404: _Text(
        message("There is no such page"),
        message("Check the address, or start from the overview."),
    ),
    405: _Text(
        message("This address takes forms only"),
        message("Start from the overview."),
    ),
    411: _Text(
        message("The length of the form is missing"),
        message("Browsers send it; a program must send the header Content-Length."),
    ),
    413: _Text(
        message("That is too large"),
        message(
            "A file may have at most {limit} MiB; a certificate chain has a few KiB. Nothing was changed. "
            "Check that you chose the right file.",
            limit=MAX_BYTES // (1024 * 1024),
        ),
    ),
    500: _Text(
        message("The console failed"),
        message(
            "This is a fault of the program, not of what you entered. Try again; if it stays, look at the "
            "console's output."
        ),
    ),
}


def answer(request: Request, status: int) -> HTMLResponse:
    """The page for an HTTP status."""
    return _page(request, status, _TEXTS.get(status, _TEXTS[400 if status < 500 else 500]))


async def on_not_permitted(request: Request, _error: Exception) -> HTMLResponse:
    """For what the visitor's role does not allow."""
    return _page(request, 403, _NOT_PERMITTED)


def _page(request: Request, status: int, text: _Text) -> HTMLResponse:
    return page(
        request, "error.html", status=status, here="/", title=translate(text.title), sentence=translate(text.sentence)
    )


async def on_http_error(request: Request, error: Exception) -> HTMLResponse:
    """For unknown pages, wrong methods, and forms that are too long."""
    if not isinstance(error, HTTPException):
        raise error
    response = answer(request, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def on_validation_error(request: Request, _error: Exception) -> HTMLResponse:
    """For a page number or an identifier that cannot be."""
    return answer(request, 404)


async def on_internal_error(request: Request, _error: Exception) -> HTMLResponse:
    """For a fault of ours; the trace goes to the console's own output."""
    return answer(request, 500)
