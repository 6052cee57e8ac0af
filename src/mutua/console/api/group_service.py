"""GroupService: the groups that devices are in, as clients make, move and fill them."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as PydanticField
from sqlalchemy import Connection, RowMapping, Select, func, select

from mutua.chain import Refusal
from mutua.console.admission import ConsoleDep
from mutua.console.api import query
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.collection import LargePageDep, Page, PageDep
from mutua.console.api.device_service import DEVICE_FIELDS, device_json
from mutua.console.api.errors import NOT_FOUND, ApiError, invalid_value, missing_value, unable
from mutua.console.api.query import Field, Kind
from mutua.console.console import Console
from mutua.inventory import groups
from mutua.inventory.groups import (
    GroupRefusedError,
    InvalidParentError,
    MembersRefusedError,
    NameTakenError,
    Shape,
    UnknownGroupError,
)
from mutua.inventory.store import LISTED_DEVICES, USER_DEFINED
from mutua.storage.tables import groups as table

router = APIRouter(prefix="/api/GroupService", tags=["Groups"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)

_ACTIONS = "/Actions/GroupService"
_GROUP_ID = re.compile("[0-9]{1,18}")
_STATIC = 12
"""`MembershipTypeId` of a group whose members are named one by one."""
_ABOVE = func.coalesce(table.c.parent_id, 0)
_NO_STATUS = 5000

_FIELDS = {
    "Id": Field(table.c.id, Kind.NUMBER),
    "Name": Field(table.c.name, Kind.TEXT),
    "Description": Field(table.c.description, Kind.TEXT),
    "TypeId": Field(table.c.type_id, Kind.NUMBER),
    "ParentId": Field(_ABOVE, Kind.NUMBER),
}

Number = Annotated[int, PydanticField(ge=0, lt=2**31)]
"""Of a group or a device."""
Numbers = Annotated[list[Number], PydanticField(max_length=10_000)]

T = TypeVar("T")


class GroupModel(BaseModel):
    """A group. A new one needs a name; below which other one it is may be left out."""

    Name: Text | None = None
    Description: Text | None = None
    MembershipTypeId: int | None = None
    ParentId: Number | None = None
    Id: Number | None = None


class GroupBody(BaseModel):
    """The body of CreateGroup and UpdateGroup."""

    GroupModel: GroupModel


class GroupIds(BaseModel):
    """Groups to be deleted."""

    GroupIds: Numbers


class Members(BaseModel):
    """Devices to be put into a group, or taken out of it."""

    GroupId: Number
    MemberDeviceIds: Numbers


@router.get("/Groups")
def list_groups(console: ConsoleDep, page: LargePageDep) -> dict[str, object]:
    """Every group, those that are built in first."""
    return _groups(console, select(table), page)


@router.get("/Groups({identifier})")
def one_group(identifier: str, console: ConsoleDep) -> dict[str, object]:
    """One group."""
    with console.database.reading() as connection:
        number = _present(connection, identifier)
        row = connection.execute(select(table).where(table.c.id == number)).mappings().one()
    return {"@odata.context": "/api/$metadata#GroupService.Group"} | _group(row)


@router.get("/Groups({identifier})/Devices")
def devices_of(identifier: str, console: ConsoleDep, page: PageDep) -> JSONResponse:
    """The devices that belong to a group itself."""
    return _devices(console, identifier, page, deep=False)


@router.get("/Groups({identifier})/AllLeafDevices")
def all_devices_below(identifier: str, console: ConsoleDep, page: PageDep) -> JSONResponse:
    """The devices of a group and of every group below it."""
    return _devices(console, identifier, page, deep=True)


@router.get("/Groups({identifier})/SubGroups")
def groups_below(identifier: str, console: ConsoleDep, page: LargePageDep) -> dict[str, object]:
    """The groups right below a group."""
    with console.database.reading() as connection:
        number = _present(connection, identifier)
    return _groups(console, select(table).where(table.c.parent_id == number), page)


@router.post(f"{_ACTIONS}.CreateGroup")
def create_group(body: GroupBody, console: ConsoleDep) -> int:
    """Make a group; its number."""
    if not body.GroupModel.Name:
        raise missing_value("Name")
    return _attempt(console, lambda connection: groups.create(connection, _shape(body.GroupModel)))


@router.post(f"{_ACTIONS}.UpdateGroup")
def update_group(body: GroupBody, console: ConsoleDep) -> int:
    """Rename, describe or move a group; its number."""
    number = body.GroupModel.Id
    if number is None:
        raise missing_value("Id")
    _attempt(console, lambda connection: groups.change(connection, number, _shape(body.GroupModel)))
    return number


@router.post(f"{_ACTIONS}.DeleteGroup", status_code=204)
def delete_groups(body: GroupIds, console: ConsoleDep) -> Response:
    """Delete groups; their devices stay."""
    _attempt(console, lambda connection: groups.remove(connection, body.GroupIds))
    return Response(status_code=204)


@router.delete("/Groups({identifier})", status_code=204)
def delete_group(identifier: str, console: ConsoleDep) -> Response:
    """Delete a group; its devices stay."""
    _attempt(console, lambda connection: groups.remove(connection, [_present(connection, identifier)]))
    return Response(status_code=204)


@router.post(f"{_ACTIONS}.AddMemberDevices", status_code=204)
def add_members(body: Members, console: ConsoleDep) -> Response:
    """Put devices into a group: all of them, or none."""
    _attempt(console, lambda connection: groups.add_members(connection, body.GroupId, body.MemberDeviceIds))
    return Response(status_code=204)


@router.post(f"{_ACTIONS}.RemoveMemberDevices", status_code=204)
def remove_members(body: Members, console: ConsoleDep) -> Response:
    """Take devices out of a group: all of them, or none."""
    _attempt(console, lambda connection: groups.remove_members(connection, body.GroupId, body.MemberDeviceIds))
    return Response(status_code=204)


def _shape(model: GroupModel) -> Shape:
    if model.MembershipTypeId not in (None, _STATIC):
        raise invalid_value("MembershipTypeId")
    return Shape(model.Name, model.Description, model.ParentId or None)


def _present(connection: Connection, identifier: str) -> int:
    if not _GROUP_ID.fullmatch(identifier) or not groups.exists(connection, int(identifier)):
        raise ApiError(NOT_FOUND)
    return int(identifier)


def _attempt(console: Console, action: Callable[[Connection], T]) -> T:
    """Within one transaction; a refusal undoes all of it."""
    try:
        with console.database.writing() as connection:
            return action(connection)
    except MembersRefusedError as error:
        raise ApiError(_MEMBERS._replace(arguments=tuple(map(str, error.device_ids)))) from error
    except GroupRefusedError as error:
        known = next((refusal for kind, refusal in _REFUSALS.items() if isinstance(error, kind)), None)
        if known is None:
            raise unable([error.problem]) from error
        raise ApiError(known._replace(arguments=(str(error.problem),))) from error


_MEMBERS = Refusal(
    "CGEN1008",
    "Unable to update group members because the entered ID(s) are invalid or already in the group.",
    "Enter IDs of devices that this console has, and that are not members yet, and retry the operation.",
    properties=("MemberDeviceIds",),
)
_REFUSALS = {
    UnknownGroupError: Refusal(
        "CGRP9008",
        "Unable to process the request because the group ID provided is invalid.",
        "Enter the ID of a group that users have made and retry the operation.",
    ),
    InvalidParentError: Refusal(
        "CTEM1025",
        "Unable to process the request because the parent group is invalid.",
        "Enter the ID of Static Groups, or of a group below it, and retry the operation.",
    ),
    NameTakenError: Refusal(
        "CTEM1027",
        "Unable to process the request because a group with this name already exists.",
        "Enter another name and retry the operation.",
    ),
}


def _devices(console: Console, identifier: str, page: Page, *, deep: bool) -> JSONResponse:
    with console.database.reading() as connection:
        rows = LISTED_DEVICES.where(groups.members(connection, _present(connection, identifier), deep=deep))
        found = query.answer(connection, rows, page, DEVICE_FIELDS, "DeviceService.Device", device_json)
    return JSONResponse(found)


def _groups(console: Console, rows: Select[tuple[object, ...]], page: Page) -> dict[str, object]:
    with console.database.reading() as connection:
        return query.answer(connection, rows, page, _FIELDS, "GroupService.Group", _group)


def _group(row: RowMapping) -> dict[str, object]:
    path = f"/api/GroupService/Groups({row['id']})"
    made = f"{row['created_at']:%Y-%m-%d %H:%M:%S.000}"
    return {
        "@odata.type": "#GroupService.Group",
        "@odata.id": path,
        "Id": row["id"],
        "Name": row["name"],
        "Description": row["description"],
        "TypeId": row["type_id"],
        "MembershipTypeId": _STATIC,
        "ParentId": row["parent_id"] or 0,
        "IdOwner": 0,
        "DefinitionId": 400,
        "DefinitionDescription": "UserDefined" if row["type_id"] == USER_DEFINED else "BuiltIn",
        "GlobalStatus": _NO_STATUS,
        "HasAttributes": False,
        "Visible": True,
        "CreatedBy": "",
        "CreationTime": made,
        "UpdatedBy": None,
        "UpdatedTime": made,
        "SubGroups@odata.navigationLink": f"{path}/SubGroups",
        "AllLeafDevices@odata.navigationLink": f"{path}/AllLeafDevices",
        "Devices@odata.navigationLink": f"{path}/Devices",
    }
