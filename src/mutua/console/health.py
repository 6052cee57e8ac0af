"""Whether this console lives, and whether it can do its work: for whatever starts, stops and balances it."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from mutua.console.api.access import ApiRoute
from mutua.console.console import Console

router = APIRouter(route_class=ApiRoute, include_in_schema=False)


@router.get("/healthz")
async def alive() -> JSONResponse:
    """It answers, so it lives: nothing is looked at, so that a slow database gets nobody restarted."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """200 where requests can be answered, 503 where the database does not answer."""
    console: Console = request.app.state.console
    try:
        sound = console.identities.has_identity()
    except SQLAlchemyError:
        sound = False
    return JSONResponse({"status": "ready" if sound else "the database does not answer"}, 200 if sound else 503)
