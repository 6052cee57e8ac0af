"""DeviceService: the devices that this console has, and taking in new ones."""

import json
import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as PydanticField
from sqlalchemy import RowMapping, case

from mutua.console.admission import ConsoleDep
from mutua.console.api import query, short_list
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, ContentDep, read_json
from mutua.console.api.collection import LargePageDep, PageDep
from mutua.console.api.errors import NOT_FOUND, ApiError, invalid_value, unable
from mutua.console.api.query import Field, Kind
from mutua.console.console import Console
from mutua.inventory import store
from mutua.inventory.records import InvalidFleet, fleet_from_json
from mutua.inventory.store import CannotAddError
from mutua.message import message
from mutua.storage.tables import devices

router = APIRouter(prefix="/api/DeviceService", tags=["Devices"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)

MAX_IMPORT_BYTES = 64 * 1024 * 1024
"""Of an import: some 40,000 devices."""

_DEVICE_ID = re.compile("[0-9]{1,18}")

MANAGED, QUIESCED = 3000, 4000
"""`ManagedState`: the appliance's number for a managed device, and ours for one that a migration holds."""

DEVICE_FIELDS = {
    "Id": Field(devices.c.id, Kind.NUMBER),
    "Identifier": Field(devices.c.service_tag, Kind.TEXT),
    "DeviceServiceTag": Field(devices.c.service_tag, Kind.TEXT),
    "DeviceName": Field(devices.c.name, Kind.TEXT),
    "Model": Field(devices.c.model, Kind.TEXT),
    "Type": Field(devices.c.type, Kind.NUMBER),
    "Status": Field(devices.c.health, Kind.NUMBER),
    "ManagedState": Field(case((devices.c.quiesced_by.is_(None), MANAGED), else_=QUIESCED), Kind.NUMBER),
    "DeviceManagement/any/NetworkAddress": Field(devices.c.address, Kind.TEXT, lambda text: text.strip("[]")),
}

_INVENTORY_KINDS = {"InventoryType": Kind.TEXT}


class DeviceIds(BaseModel):
    """Devices to be forgotten."""

    DeviceIds: Annotated[
        list[Annotated[int, PydanticField(ge=0, lt=2**31)]], PydanticField(min_length=1, max_length=10_000)
    ]


@router.get("/Devices")
def list_devices(console: ConsoleDep, page: PageDep) -> JSONResponse:
    """The devices, by id unless asked otherwise."""
    with console.database.reading() as connection:
        found = query.answer(connection, store.LISTED_DEVICES, page, DEVICE_FIELDS, "DeviceService.Device", device_json)
    return JSONResponse(found)


@router.get("/Devices({identifier})")
def onedevice_json(identifier: str, console: ConsoleDep) -> JSONResponse:
    """One device."""
    if not _DEVICE_ID.fullmatch(identifier):
        raise ApiError(NOT_FOUND)
    with console.database.reading() as connection:
        rows = store.list_devices(connection, 0, 1, int(identifier))
    if not rows:
        raise ApiError(NOT_FOUND)
    return JSONResponse({"@odata.context": "/api/$metadata#DeviceService.Device"} | device_json(rows[0]))


@router.get("/Devices({identifier})/InventoryDetails")
def list_inventory(identifier: str, console: ConsoleDep, page: LargePageDep) -> JSONResponse:
    """What is known of a device's parts: one row for each member of the document that it was imported with."""
    rows = _inventory(console, identifier)
    return JSONResponse(short_list.answer(rows, page, _INVENTORY_KINDS, "DeviceService.InventoryDetail"))


@router.get("/Devices({identifier})/InventoryDetails('{kind}')")
def one_inventory(identifier: str, kind: str, console: ConsoleDep) -> JSONResponse:
    """One member of that document, called as it is there."""
    found = [row for row in _inventory(console, identifier) if row["InventoryType"] == kind]
    if not found:
        raise invalid_value("InventoryType")
    return JSONResponse({"@odata.context": "/api/$metadata#DeviceService.InventoryDetail"} | found[0])


def _inventory(console: Console, identifier: str) -> list[dict[str, object]]:
    if not _DEVICE_ID.fullmatch(identifier):
        raise ApiError(NOT_FOUND)
    with console.database.reading() as connection:
        document = store.inventory_of(connection, int(identifier))
    if document is None:
        raise ApiError(NOT_FOUND)
    path = f"/api/DeviceService/Devices({identifier})/InventoryDetails"
    return [
        {
            "@odata.type": "#DeviceService.InventoryDetail",
            "@odata.id": f"{path}('{quote(kind, safe='')}')",
            "InventoryType": kind,
            "InventoryInfo": parts if isinstance(parts, list) else [parts],
        }
        for kind, parts in sorted(json.loads(document).items())
    ]


@router.post(
    "/Actions/DeviceService.ImportDevices",
    max_body_size=MAX_IMPORT_BYTES,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
def import_devices(console: ConsoleDep, content: ContentDep) -> dict[str, int]:
    """Take in devices with their groups and credentials: all of them, or none."""
    try:
        added = fleet_from_json(read_json(content))
        with console.database.writing() as connection:
            store.add_fleet(connection, added, console.sealer)
    except (InvalidFleet, CannotAddError) as error:
        raise unable(error.problems) from error
    return {"Devices": len(added.devices), "Groups": len(added.groups), "Credentials": len(added.credentials)}


@router.post("/Actions/DeviceService.RemoveDevices", status_code=204)
def remove_devices(body: DeviceIds, console: ConsoleDep) -> Response:
    """Forget devices: all of them, or none. Those that a migration holds are not to be had."""
    with console.database.writing() as connection:
        left = store.remove_devices(connection, body.DeviceIds)
        if left:
            problem = message("unknown, or held by a migration: {numbers}.", numbers=", ".join(map(str, left[:10])))
            raise unable([problem])
    return Response(status_code=204)


@router.get("/Counts")
def counts(console: ConsoleDep) -> dict[str, int]:
    """What this console manages: quiesced devices do not count."""
    with console.database.reading() as connection:
        managed = store.count(connection)
        held = store.count_devices(connection) - managed.devices
    return {
        "Devices": managed.devices,
        "Groups": managed.groups,
        "Credentials": managed.credentials,
        "QuiescedDevices": held,
    }


def device_json(row: RowMapping) -> dict[str, object]:
    address = f"[{row['address']}]" if ":" in row["address"] else row["address"]
    return {
        "@odata.type": "#DeviceService.Device",
        "@odata.id": f"/api/DeviceService/Devices({row['id']})",
        "Id": row["id"],
        "Identifier": row["service_tag"],
        "DeviceServiceTag": row["service_tag"],
        "ChassisServiceTag": None,
        "Model": row["model"],
        "DeviceName": row["name"],
        "Type": row["type"],
        "PowerState": 17,
        "ManagedState": MANAGED if row["quiesced_by"] is None else QUIESCED,
        "Status": row["health"],
        "ConnectionState": True,
        "AssetTag": None,
        "SystemId": 0,
        "LastInventoryTime": f"{row['added_at']:%Y-%m-%d %H:%M:%S.000}",
        "LastStatusTime": f"{row['added_at']:%Y-%m-%d %H:%M:%S.000}",
        "DeviceCapabilities": [],
        "DeviceManagement": [
            {
                "ManagementId": row["id"],
                "NetworkAddress": address,
                "MacAddress": "",
                "ManagementType": 2,
                "InstrumentationName": row["name"],
                "DnsName": "",
                "ManagementProfile": [],
            }
        ],
    }
