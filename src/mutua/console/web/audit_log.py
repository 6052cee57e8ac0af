"""Audit log: what was done, by whom, from where, and how it ended; the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from mutua.console.admission import ConsoleDep
from mutua.console.web.rendering import page
from mutua.console.web.visitor import PageRoute
from mutua.logbook import audit

PATH = "/audit"

router = APIRouter(route_class=PageRoute)

PER_PAGE = 50
_LARGEST = 2**31 - 1


@router.get(PATH)
def show(
    request: Request, console: ConsoleDep, before: Annotated[int, Query(ge=1, le=_LARGEST)] = _LARGEST
) -> Response:
    """One page of the table: the newest entries, or those before one."""
    with console.database.reading() as connection:
        found = audit.latest(connection, PER_PAGE + 1, before)
    entries = found[:PER_PAGE]
    older = entries[-1].number if len(found) > PER_PAGE else None
    return page(request, "audit_log.html", entries=entries, older=older, newest=before == _LARGEST, path=PATH)
