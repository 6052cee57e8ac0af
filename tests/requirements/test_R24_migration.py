"""R24: with the connection verified, the devices and what belongs to them move from the source to the target."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.requirements.administrator import MIGRATION, Administrator

from mutua.inventory import store
from mutua.inventory.fleetfile import read
from mutua.inventory.records import Fleet, fleet_to_json

Pair = tuple[Administrator, Administrator]
_EXAMPLES = Path(__file__).parents[2] / "examples"
_TIMEOUT_S = 30


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    whole = read(_EXAMPLES / "devices.csv", _EXAMPLES / "devices.json")
    return whole._replace(devices=whole.devices[:60])


def _import(console: Administrator, fleet: Fleet) -> None:
    path = "/api/DeviceService/Actions/DeviceService.ImportDevices"
    answer = console.client.post(path, json=fleet_to_json(fleet))
    assert answer.status_code == 200, answer.text


def _counts(console: Administrator) -> tuple[int, int, int, int]:
    counts = console.client.get("/api/DeviceService/Counts").json()
    return counts["Devices"], counts["Groups"], counts["Credentials"], counts["QuiescedDevices"]


def _start(source: Administrator, target: Administrator) -> str:
    """Verify, prepare at the source, start at the target: as the command line does it. The migration's id."""
    keys = [source.meet(target.running)["KeySha256"], target.meet(source.running)["KeySha256"]]
    prepared = source.client.post(f"{MIGRATION}.Prepare", json={"PeerKeySha256": keys[0]})
    assert prepared.status_code == 200, prepared.text
    identifier = str(prepared.json()["Id"])
    body = {"MigrationId": identifier, "PeerKeySha256": keys[1]}
    assert target.client.post(f"{MIGRATION}.Migrate", json=body).status_code == 202
    return identifier


def _finish(target: Administrator, identifier: str) -> dict[str, Any]:
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        migration: dict[str, Any] = target.client.get(f"/api/MigrationService/Migrations('{identifier}')").json()
        if not migration["Running"]:
            return migration
        time.sleep(0.05)
    raise AssertionError("the migration did not end")


def _devices(console: Administrator) -> dict[str, tuple[object, ...]]:
    """What a listing says of each device, by service tag."""
    rows = console.client.get("/api/DeviceService/Devices", params={"$top": 9999}).json()["value"]
    return {
        row["DeviceServiceTag"]: (
            row["DeviceName"],
            row["Model"],
            row["Type"],
            row["Status"],
            row["DeviceManagement"][0]["NetworkAddress"],
            row["ManagedState"],
        )
        for row in rows
    }


def test_R24_everything_moves(pair: Pair, fleet: Fleet) -> None:
    source, target = pair
    _import(source, fleet)
    before = _devices(source)
    migration = _finish(target, _start(source, target))
    assert (migration["Phase"], migration["Problems"]) == ("done", [])
    assert _counts(source) == (0, 0, 0, 0)
    assert _counts(target) == (60, len(fleet.groups), len(fleet.credentials), 0)
    assert _devices(target) == before
    assert _devices(source) == {}


def test_R24_credentials_inventory_and_groups_arrive_as_they_were(pair: Pair, fleet: Fleet) -> None:
    source, target = pair
    _import(source, fleet)
    _finish(target, _start(source, target))
    console = target.running.console
    with console.database.reading() as connection:
        opened = store.read_credentials(connection, console.sealer, 0, 9999)
        groups = store.read_groups(connection, 0, 9999)
    assert {record for _id, record in opened} == set(fleet.credentials)
    assert {record for _id, record in groups} == set(fleet.groups)


def test_R24_without_a_verified_connection_nothing_moves(pair: Pair, fleet: Fleet) -> None:
    source, _target = pair
    _import(source, fleet)
    answer = source.client.post(f"{MIGRATION}.Prepare", json={"PeerKeySha256": "0" * 64})
    assert answer.status_code == 400
    assert _counts(source) == (60, len(fleet.groups), len(fleet.credentials), 0)


def test_R24_a_device_that_the_target_has_already_stops_it_and_nothing_is_lost(pair: Pair, fleet: Fleet) -> None:
    source, target = pair
    _import(source, fleet)
    clash = Fleet(devices=(fleet.devices[7]._replace(groups=(), credential=None),))
    _import(target, clash)
    migration = _finish(target, _start(source, target))
    assert migration["Phase"] == "aborted"
    assert any(fleet.devices[7].service_tag in problem for problem in migration["Problems"])
    assert _counts(source) == (60, len(fleet.groups), len(fleet.credentials), 0)
    assert _counts(target)[0] == 1


def test_R24_while_it_moves_nobody_manages_a_device_and_aborting_gives_all_back(pair: Pair, fleet: Fleet) -> None:
    source, target = pair
    _import(source, fleet)
    key = source.meet(target.running)["KeySha256"]
    target.meet(source.running)
    prepared = source.client.post(f"{MIGRATION}.Prepare", json={"PeerKeySha256": key}).json()
    assert _counts(source) == (0, len(fleet.groups), len(fleet.credentials), 60)
    aborted = source.client.post(f"{MIGRATION}.Abort", json={"MigrationId": prepared["Id"]})
    assert (aborted.status_code, aborted.json()["Phase"]) == (200, "aborted")
    assert _counts(source) == (60, len(fleet.groups), len(fleet.credentials), 0)
    assert _counts(target) == (0, 0, 0, 0)


def test_R24_it_can_go_back_the_same_way(pair: Pair, fleet: Fleet) -> None:
    source, target = pair
    _import(source, fleet)
    assert _finish(target, _start(source, target))["Phase"] == "done"
    assert _finish(source, _start(target, source))["Phase"] == "done"
    assert _counts(source) == (60, len(fleet.groups), len(fleet.credentials), 0)
    assert _counts(target) == (0, 0, 0, 0)
