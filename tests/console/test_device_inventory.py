"""InventoryDetails: what is known of a device's parts."""

import json
from urllib.parse import quote

import pytest
from tests.console.wire import Wire
from tests.running import RunningConsole
from tests.web.consoles import add_fleet, fleet

from mutua.inventory import store

DEVICES = "/api/DeviceService/Devices"
DOCUMENT = {"Ports": [{"Port": "1/1"}, {"Port": "1/2"}], "Location": {"Rack": "B2"}, "O'Hara/Ö": []}

WANTED = "InventoryType eq 'Ports'"


@pytest.fixture(scope="module")
def parts(running: RunningConsole) -> str:
    """The path of a device's parts."""
    (device,) = fleet(1).devices
    add_fleet(running.console, fleet(1)._replace(devices=(device._replace(inventory=json.dumps(DOCUMENT)),)))
    with running.console.database.reading() as connection:
        (row,) = store.list_devices(connection, 0, 1)
    return f"{DEVICES}({row['id']})/InventoryDetails"


def test_every_member_of_the_document_is_a_row(signed_in: Wire, parts: str) -> None:
    told = signed_in.ask("GET", parts).json
    assert told["@odata.count"] == 3
    rows = {row["InventoryType"]: row["InventoryInfo"] for row in told["value"]}
    assert rows == {"Location": [{"Rack": "B2"}], "O'Hara/Ö": [], "Ports": [{"Port": "1/1"}, {"Port": "1/2"}]}


def test_one_member_is_asked_for_by_its_name(signed_in: Wire, parts: str) -> None:
    told = signed_in.ask("GET", f"{parts}('Ports')").json
    assert told["InventoryInfo"] == DOCUMENT["Ports"]
    filtered = signed_in.ask("GET", f"{parts}?$filter={quote(WANTED)}")
    assert [row["InventoryType"] for row in filtered.json["value"]] == ["Ports"]


def test_a_name_that_the_document_does_not_have_is_refused(signed_in: Wire, parts: str) -> None:
    answer = signed_in.ask("GET", f"{parts}('Fans')")
    assert (answer.status, answer.message_id) == (400, "CGEN1004")


@pytest.mark.parametrize("identifier", ["1", "x", "9" * 18, "9" * 30])
@pytest.mark.parametrize("rest", ["", "('Ports')"])
def test_there_are_no_parts_of_a_device_that_is_none(signed_in: Wire, identifier: str, rest: str) -> None:
    answer = signed_in.ask("GET", f"{DEVICES}({identifier})/InventoryDetails{rest}")
    assert (answer.status, answer.message_id) == (404, "CGEN1006")
