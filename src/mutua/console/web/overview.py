"""The first page: which console this is, and what it manages."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mutua.console.admission import ConsoleDep
from mutua.console.web import words
from mutua.console.web.rendering import page
from mutua.console.web.visitor import PageRoute
from mutua.inventory import store

router = APIRouter(route_class=PageRoute)


@router.get("/")
def show(request: Request, console: ConsoleDep) -> Response:
    """Name, certificate and counts."""
    with console.database.reading() as connection:
        managed = store.count(connection)
        quiesced = store.count_devices(connection) - managed.devices
    return page(
        request,
        "overview.html",
        identity=console.identity,
        kind=words.KINDS[console.identity.kind],
        validity=words.validity(console.identity.leaf, datetime.now(UTC)),
        managed=managed,
        quiesced=quiesced,
    )
