"""ApplicationService: the audit log, as clients of the appliance read it."""

import re

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import RowMapping, case, literal, select

from mutua.console.admission import ConsoleDep
from mutua.console.api import query
from mutua.console.api.access import ApiRoute
from mutua.console.api.collection import PageDep
from mutua.console.api.errors import NOT_FOUND, ApiError
from mutua.console.api.query import Field, Kind
from mutua.logbook.actions import ACTIONS, SIGN_IN
from mutua.storage.tables import audit_entries

router = APIRouter(prefix="/api/ApplicationService", tags=["Audit log"], route_class=ApiRoute)

_NUMBER = re.compile("[0-9]{1,18}")
_CATEGORY = "Audit"
_OTHER = "MUTA0001"
"""What an action of a newer version is known by."""
_NORMAL, _WARNING, _CRITICAL = "1000", "3000", "4000"
"""`Severity`: done; refused; failed by a fault of this console."""

_COLUMNS = audit_entries.c
_FIELDS = {
    "Id": Field(_COLUMNS.number, Kind.NUMBER),
    "Severity": Field(
        case((_COLUMNS.status < 400, _NORMAL), (_COLUMNS.status < 500, _WARNING), else_=_CRITICAL), Kind.TEXT
    ),
    "Category": Field(literal(_CATEGORY), Kind.TEXT),
    "UserName": Field(_COLUMNS.user_name, Kind.TEXT),
    "IpAddress": Field(_COLUMNS.address, Kind.TEXT),
    "MessageID": Field(
        case({name: action.message_id for name, action in ACTIONS.items()}, value=_COLUMNS.action, else_=_OTHER),
        Kind.TEXT,
    ),
    "CreatedDate": Field(_COLUMNS.at, Kind.TEXT),
}


@router.get("/AuditLogs")
def list_entries(console: ConsoleDep, page: PageDep) -> JSONResponse:
    """What was done, by whom, from where, and how it ended: the newest first, unless asked otherwise."""
    ordered = page._replace(orderby=page.orderby or "Id desc")
    with console.database.reading() as connection:
        rows = select(audit_entries)
        found = query.answer(connection, rows, ordered, _FIELDS, "ApplicationService.AuditLogType", _entry)
    return JSONResponse(found)


@router.get("/AuditLogs({identifier})")
def one_entry(identifier: str, console: ConsoleDep) -> dict[str, object]:
    """One entry."""
    if not _NUMBER.fullmatch(identifier):
        raise ApiError(NOT_FOUND)
    with console.database.reading() as connection:
        wanted = select(audit_entries).where(_COLUMNS.number == int(identifier))
        row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        raise ApiError(NOT_FOUND)
    return {"@odata.context": "/api/$metadata#ApplicationService.AuditLogType"} | _entry(row)


def _entry(row: RowMapping) -> dict[str, object]:
    action = ACTIONS.get(row["action"])
    subject = [row["subject"]] if row["subject"] and action is not SIGN_IN else []
    return {
        "@odata.type": "#ApplicationService.AuditLogType",
        "@odata.id": f"/api/ApplicationService/AuditLogs({row['number']})",
        "Id": row["number"],
        "Severity": _severity(row["status"]),
        "Message": _sentence(row),
        "Category": _CATEGORY,
        "UserName": row["user_name"],
        "IpAddress": row["address"],
        "MessageArgs": " || ".join([row["user_name"], row["address"], *subject]),
        "MessageID": action.message_id if action else _OTHER,
        "CreatedDate": row["at"],
    }


def _severity(status: int) -> str:
    return _NORMAL if status < 400 else _WARNING if status < 500 else _CRITICAL


def _sentence(row: RowMapping) -> str:
    """In English: what goes over the wire is."""
    action, status = ACTIONS.get(row["action"]), row["status"]
    if action is SIGN_IN:
        return "Successfully logged in." if status < 400 else "Unable to log in."
    title = action.title if action else row["action"]
    title += f" ({row['subject']})" if row["subject"] else ""
    return f"{title}: {'done' if status < 400 else f'refused with status {status}'}."
