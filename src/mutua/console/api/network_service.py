"""Network settings below ApplicationService: the web server, which is the public listener."""

from fastapi import APIRouter
from pydantic import BaseModel

from mutua.console.accounts import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES
from mutua.console.admission import ConsoleDep
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES
from mutua.console.api.errors import refused_value
from mutua.console.console import Console
from mutua.message import message

router = APIRouter(
    prefix="/api/ApplicationService/Network", tags=["Network"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES
)

_WEB_SERVER = "/WebServerConfiguration"


class WebServer(BaseModel):
    """The public listener. `TimeOut` is in minutes; what is null or left out stays as it is."""

    TimeOut: int | None = None
    PortNumber: int | None = None
    EnableWebServer: bool | None = None


@router.get(_WEB_SERVER)
def web_server(console: ConsoleDep) -> dict[str, object]:
    """Where the console listens, and after how many minutes without use a session ends."""
    return {
        "@odata.context": "/api/$metadata#Network.WebServerConfiguration",
        "@odata.type": "#Network.WebServerConfiguration",
        "@odata.id": f"{router.prefix}{_WEB_SERVER}",
        "TimeOut": int(console.accounts.idle_timeout().total_seconds()) // 60,
        "PortNumber": console.addresses.port,
        "EnableWebServer": True,
    }


@router.put(_WEB_SERVER)
def change_web_server(body: WebServer, console: ConsoleDep) -> dict[str, object]:
    """Set the time after which an unused session ends, at once and for all sessions.

    The port cannot be changed: it is given where the console is started.
    """
    _check(body, console)
    if body.TimeOut is not None:
        console.accounts.set_idle_timeout(body.TimeOut)
    return web_server(console)


def _check(body: WebServer, console: Console) -> None:
    if body.PortNumber not in (None, console.addresses.port):
        raise refused_value(
            "PortNumber",
            message(
                "the console listens on port {port}; to change it, start the console with another --port.",
                port=console.addresses.port,
            ),
        )
    if body.EnableWebServer is False:
        raise refused_value("EnableWebServer", message("the console cannot be managed without its web server."))
    if body.TimeOut is not None and not MIN_IDLE_MINUTES <= body.TimeOut <= MAX_IDLE_MINUTES:
        raise refused_value(
            "TimeOut",
            message("expected {low} to {high} minutes.", low=MIN_IDLE_MINUTES, high=MAX_IDLE_MINUTES),
        )
