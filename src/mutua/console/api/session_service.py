"""SessionService: sign in, list, sign out."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from mutua.console.accounts import Session, SessionKind
from mutua.console.admission import Caller, CallerDep, ConsoleDep, address_of
from mutua.console.api import short_list
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.collection import LargePageDep
from mutua.console.api.errors import NOT_AUTHENTICATED, NOT_FOUND, ApiError
from mutua.console.api.query import Kind
from mutua.console.permissions import Least, standing
from mutua.console.users import User

router = APIRouter(prefix="/api/SessionService", tags=["Sessions"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)

_FIELDS = {"Id": Kind.TEXT, "UserName": Kind.TEXT, "UserId": Kind.NUMBER, "Name": Kind.TEXT, "IpAddress": Kind.TEXT}


class Credentials(BaseModel):
    """The body of a sign-in. `SessionType` may be left out."""

    UserName: Text
    Password: Text
    SessionType: Text | None = None


@router.post("/Sessions", status_code=201)
def sign_in(credentials: Credentials, request: Request, console: ConsoleDep) -> JSONResponse:
    """Sign in: the token for further calls is in the header `X-Auth-Token`."""
    user = console.accounts.authenticate(credentials.UserName, credentials.Password, address_of(request))
    if user is None:
        raise ApiError(NOT_AUTHENTICATED)
    session, token = console.accounts.sign_in(user, SessionKind.API, address_of(request))
    body = {"@odata.context": "/api/$metadata#SessionService.Session"} | _session(session)
    headers = {"X-Auth-Token": token, "Location": str(body["@odata.id"]), "OData-Version": "4.0"}
    return JSONResponse(body, status_code=201, headers=headers)


@router.get("/Sessions")
def list_sessions(console: ConsoleDep, caller: CallerDep, page: LargePageDep) -> dict[str, object]:
    """All sessions to an administrator, one's own to others; on one page: clients look for theirs on the first only."""
    found = [_session(session) for session in console.accounts.sessions(_only_of(caller))]
    return short_list.answer(found, page, _FIELDS, "SessionService.Session")


@router.delete("/Sessions('{identifier}')", status_code=204)
def sign_out(identifier: str, console: ConsoleDep, caller: CallerDep) -> Response:
    """End a session: any of them as an administrator, one's own otherwise."""
    if not console.accounts.sign_out(identifier, _only_of(caller)):
        raise ApiError(NOT_FOUND)
    return Response(status_code=204)


def _only_of(caller: Caller) -> User | None:
    """Whose sessions a caller may see and end; None for everybody's."""
    return None if standing(caller.user) is Least.ADMINISTRATOR else caller.user


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
        "Roles": [session.user.role.name],
        "IpAddress": session.address,
        "StartTimeStamp": f"{session.started_at:%Y-%m-%d %H:%M:%S}.{session.started_at.microsecond // 1000:03d}",
        "LastAccessedTimeStamp": f"{session.last_access_at:%Y-%m-%d %H:%M:%S}"
        f".{session.last_access_at.microsecond // 1000:03d}",
        "DirectoryGroup": [],
    }
