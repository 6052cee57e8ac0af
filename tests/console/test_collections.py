"""Collections: their shape, their pages, and the links between these."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.console.wire import DEVICES, Wire
from tests.running import RunningConsole, running_console

from mutua.inventory.fleetfile import read
from mutua.inventory.records import fleet_to_json

_EXAMPLES = Path(__file__).parents[2] / "examples"
COUNT = 137


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console with some devices."""
    fleet = read(_EXAMPLES / "devices.csv", _EXAMPLES / "devices.json")
    with running_console(tmp_path_factory.mktemp("state") / "console") as console, Wire(console) as wire:
        body = fleet_to_json(fleet._replace(devices=fleet.devices[:COUNT]))
        added = wire.post("/api/DeviceService/Actions/DeviceService.ImportDevices", body)
        assert added.json == {"Devices": COUNT, "Groups": 15, "Credentials": 14}
        yield console


def _ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["Id"] for row in rows]


def test_the_first_page_has_fifty_and_a_link(wire: Wire) -> None:
    page = wire.ask("GET", DEVICES).json
    assert list(page) == ["@odata.context", "@odata.count", "value", "@odata.nextLink"]
    assert page["@odata.context"] == "/api/$metadata#Collection(DeviceService.Device)"
    assert page["@odata.count"] == COUNT
    assert len(page["value"]) == 50
    assert re.fullmatch(r"/api/DeviceService/Devices\?\$skiptoken=\w+&\$skip=50&\$top=50", page["@odata.nextLink"])


@pytest.mark.parametrize("top", [1, 7, 50, 68, 136, 137, 138, 9999, 100000])
def test_walking_all_pages_gives_every_row_once(signed_in: Wire, top: int) -> None:
    link: str | None = f"{DEVICES}?$top={top}"
    rows: list[dict[str, Any]] = []
    pages = 0
    while link is not None:
        page = signed_in.ask("GET", link).json
        assert page["@odata.context"]
        assert page["@odata.count"] == COUNT
        rows += page["value"]
        pages += 1
        link = page.get("@odata.nextLink")
        if link is not None:
            assert link.startswith("/api/")
            assert link.count("/api") == 1
            assert "?" in link
            assert link[-1].isdigit()
    assert pages == -(-COUNT // top)
    assert len(rows) == len({row["Id"] for row in rows}) == COUNT
    assert _ids(rows) == sorted(_ids(rows))


def test_a_reader_that_counts_rows_itself_reaches_all(wire: Wire) -> None:
    """As `ome_device_info` does: the first page without options, then by the rows that it had so far."""
    page = wire.ask("GET", DEVICES).json
    top, rows = len(page["value"]), page["value"]
    while len(rows) < page["@odata.count"]:
        rows += wire.ask("GET", f"{DEVICES}?$top={top}&$skip={len(rows)}").json["value"]
    assert len(rows) == COUNT


@pytest.mark.parametrize(
    "query",
    [
        "$top=3&$skip=2",
        "%24top=3&%24skip=2",
        "$skip=2&$top=3&",
        "$top=9&$skip=9&$top=3&$skip=2",
        "&&$top=3&&$skip=2",
        "$top=3&$skip=2&$select=Id&$expand=X&$count=true&$unknown=1&other=2",
        "$top=3&$skip=2&$filter=&$orderby=",
    ],
)
def test_options_are_read_as_clients_write_them(wire: Wire, query: str) -> None:
    page = wire.ask("GET", f"{DEVICES}?{query}").json
    everything = wire.ask("GET", f"{DEVICES}?$top=9999").json
    assert _ids(page["value"]) == _ids(everything["value"][2:5])
    assert page["@odata.count"] == COUNT
    assert re.fullmatch(r"/api/DeviceService/Devices\?\$skiptoken=\w+&\$skip=5&\$top=3", page["@odata.nextLink"])


@pytest.mark.parametrize("query", ["?", "?&", "?$top=&$skip="])
def test_empty_options_are_none(wire: Wire, query: str) -> None:
    assert wire.ask("GET", DEVICES + query).json == wire.ask("GET", DEVICES).json


@pytest.mark.parametrize("skip", [COUNT, COUNT + 1, 999999999])
def test_a_page_behind_the_last_is_empty_and_has_no_link(wire: Wire, skip: int) -> None:
    page = wire.ask("GET", f"{DEVICES}?$skip={skip}").json
    assert (page["@odata.count"], page["value"]) == (COUNT, [])
    assert "@odata.nextLink" not in page


@pytest.mark.parametrize(
    "query",
    ["$top=x", "$top=-1", "$top=1.5", "$skip=9999999999", "$top=%C2%B2", "$top=0x10", "$skip=1e3", "$top=5%205"],
)
def test_what_is_no_number_is_refused(wire: Wire, query: str) -> None:
    answer = wire.ask("GET", f"{DEVICES}?{query}")
    assert (answer.status, answer.message_id) == (400, "CGEN1002")


def test_one_device(wire: Wire) -> None:
    first = wire.ask("GET", f"{DEVICES}?$top=1").json["value"][0]
    one = wire.ask("GET", first["@odata.id"]).json
    assert one == {"@odata.context": "/api/$metadata#DeviceService.Device"} | first
    assert wire.ask("GET", f"/api/DeviceService/Devices%28{first['Id']}%29").json == one


@pytest.mark.parametrize("key", ["0", "-1", "999999999", "9" * 18, "9" * 30, "9" * 5000, "x", "'1'", "1.0", "", "%00"])
def test_no_such_device(wire: Wire, key: str) -> None:
    answer = wire.ask("GET", f"{DEVICES}({key})")
    assert (answer.status, answer.message_id) == (404, "CGEN1006")


def test_a_device_has_what_clients_index(wire: Wire) -> None:
    device = wire.ask("GET", f"{DEVICES}?$top=1").json["value"][0]
    assert list(device)[:2] == ["@odata.type", "@odata.id"]
    assert {"Id", "Identifier", "DeviceServiceTag", "ChassisServiceTag", "Model", "DeviceName", "Type"} <= set(device)
    assert isinstance(device["Id"], int)
    assert isinstance(device["DeviceManagement"][0]["NetworkAddress"], str)
