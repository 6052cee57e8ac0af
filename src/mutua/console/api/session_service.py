"""SessionService: sign in, list, sign out."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from mutua.console.accounts import Role, Session, SessionKind
from mutua.console.api.access import AuthenticatedRoute, ConsoleDep, address_of
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.collection import Page, collection
from mutua.console.api.errors import NOT_AUTHENTICATED, NOT_FOUND, ApiError

signing_in = APIRouter(prefix="/SessionService", tags=["Sessions"], max_body_size=MAX_JSON_BYTES)
"""The one call for which nobody is signed in yet."""

router = APIRouter(
    prefix="/SessionService", tags=["Sessions"], route_class=AuthenticatedRoute, max_body_size=MAX_JSON_BYTES
)

_ROLE_NAMES = {
    Role.ADMINISTRATOR: "ADMINISTRATOR",
    Role.DEVICE_MANAGER: "DEVICE_MANAGER",
    Role.VIEWER: "VIEWER",
}


class Credentials(BaseModel):
    """The body of a sign-in. `SessionType` may be left out."""

    UserName: Text
    Password: Text
    SessionType: Text | None = None


@signing_in.post("/Sessions", status_code=201)
def sign_in(credentials: Credentials, request: Request, console: ConsoleDep) -> JSONResponse:
    """Sign in: the token for further calls is in the header `X-Auth-Token`."""
    user = console.accounts.authenticate(credentials.UserName, credentials.Password)
    if user is None:
        raise ApiError(NOT_AUTHENTICATED)
    session, token = console.accounts.sign_in(user, SessionKind.API, address_of(request))
    body = {"@odata.context": "/api/$metadata#SessionService.Session"} | _session(session)
    headers = {"X-Auth-Token": token, "Location": str(body["@odata.id"]), "OData-Version": "4.0"}
    return JSONResponse(body, status_code=201, headers=headers)


@router.get("/Sessions")
def list_sessions(console: ConsoleDep, request: Request) -> dict[str, object]:
    """All sessions, on one page: clients look for theirs on the first one only."""
    found = [_session(session) for session in console.accounts.sessions()]
    page = Page(request.url.path, 0, len(found))
    return collection("SessionService.Session", found, len(found), page)


@router.delete("/Sessions('{identifier}')", status_code=204)
def sign_out(identifier: str, console: ConsoleDep) -> Response:
    """End a session."""
    if not console.accounts.sign_out(identifier):
        raise ApiError(NOT_FOUND)
    return Response(status_code=204)


def _session(session: Session) -> dict[str, object]:
    return {
        "@odata.type": "#SessionService.Session",
        "@odata.id": f"/api/SessionService/Sessions('{session.id}')",
        "Id": session.id,
        "Description": session.kind,
        "Name": session.kind,
        "UserName": session.user.name,
        "UserId": session.user.id,
        "Password": None,
        "Roles": [_ROLE_NAMES[session.user.role]],
        "IpAddress": session.address,
        "StartTimeStamp": f"{session.started_at:%Y-%m-%d %H:%M:%S}.{session.started_at.microsecond // 1000:03d}",
        "LastAccessedTimeStamp": f"{session.last_access_at:%Y-%m-%d %H:%M:%S}"
        f".{session.last_access_at.microsecond // 1000:03d}",
        "DirectoryGroup": [],
    }
