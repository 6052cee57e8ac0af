"""The devices, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from mutua.console.admission import ConsoleDep
from mutua.console.web import words
from mutua.console.web.rendering import page
from mutua.console.web.visitor import PageRoute
from mutua.inventory import store
from mutua.inventory.records import DeviceType, Health

router = APIRouter(route_class=PageRoute)

PER_PAGE = 50
_MAX_PAGE = 1_000_000


@router.get("/devices")
def show(
    request: Request, console: ConsoleDep, number: Annotated[int, Query(alias="page", ge=1, le=_MAX_PAGE)] = 1
) -> Response:
    """One page of the table; beyond the last one, the last one."""
    with console.database.reading() as connection:
        total = store.count_devices(connection)
        last = max(1, -(-total // PER_PAGE))
        shown = min(number, last)
        rows = store.list_devices(connection, (shown - 1) * PER_PAGE, PER_PAGE)
    devices = [(row, words.DEVICE_TYPES[DeviceType(row["type"])], words.HEALTHS[Health(row["health"])]) for row in rows]
    return page(request, "devices.html", devices=devices, total=total, number=shown, last=last)
