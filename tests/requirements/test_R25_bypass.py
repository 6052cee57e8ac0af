"""R25: where a chain cannot be had, a backup of the source is restored on the target; certificates stay self-signed."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.requirements.administrator import Administrator
from tests.running import running_console

from mutua.backup.container import Container
from mutua.backup.create import create
from mutua.backup.restore import restore
from mutua.inventory import store
from mutua.inventory.fleetfile import read
from mutua.inventory.records import Fleet, fleet_to_json
from mutua.peering.identity import IdentityKind

PASSPHRASE = "where no chain can be had"
_EXAMPLES = Path(__file__).parents[2] / "examples"


class Moved(NamedTuple):
    """A console with a self-signed certificate, and what its backup became on another machine."""

    folder: Path
    """Of the target."""
    before: dict[str, Any]
    presented: bytes
    backup: bytes


def devices(console: Administrator) -> dict[str, Any]:
    rows = console.client.get("/api/DeviceService/Devices", params={"$top": 9999}).json()["value"]
    return {row["DeviceServiceTag"]: row for row in rows}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    whole = read(_EXAMPLES / "devices.csv", _EXAMPLES / "devices.json")
    return whole._replace(devices=whole.devices[:60])


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, fleet: Fleet) -> Moved:
    folder = tmp_path_factory.mktemp("moved")
    with running_console(folder / "source", "source") as running, Administrator(running) as source:
        path = "/api/DeviceService/Actions/DeviceService.ImportDevices"
        assert source.client.post(path, json=fleet_to_json(fleet)).status_code == 200
        file = BytesIO()
        create(source.state, file, PASSPHRASE)
        before, presented = devices(source), source.presented().public_bytes(Encoding.DER)
    backup = Container.open(file)
    assert restore(backup, backup.unlock(PASSPHRASE), folder / "target", lambda preview: preview.over_empty)
    return Moved(folder / "target", before, presented, file.getvalue())


@pytest.fixture(scope="module")
def target(moved: Moved) -> Iterator[Administrator]:
    with running_console(moved.folder, "target") as running, Administrator(running) as target:
        yield target


def test_R25_the_target_manages_what_the_source_managed(moved: Moved, target: Administrator) -> None:
    assert devices(target) == moved.before
    assert len(moved.before) == 60


def test_R25_the_target_presents_the_self_signed_certificate_of_the_source(moved: Moved, target: Administrator) -> None:
    assert target.presented().public_bytes(Encoding.DER) == moved.presented
    assert target.running.console.identity.kind is IdentityKind.SELF_SIGNED


def test_R25_credentials_and_groups_arrive_as_they_were(fleet: Fleet, target: Administrator) -> None:
    console = target.running.console
    with console.database.reading() as connection:
        opened = store.read_credentials(connection, console.sealer, 0, 9999)
        groups = store.read_groups(connection, 0, 9999)
    assert {record for _id, record in opened} == set(fleet.credentials)
    assert {record for _id, record in groups} == set(fleet.groups)


def test_R25_a_console_in_use_is_not_written_over_unasked(moved: Moved, fleet: Fleet, tmp_path: Path) -> None:
    one = Fleet(devices=(fleet.devices[0]._replace(groups=(), credential=None, service_tag="ITS-OWN"),))
    with running_console(tmp_path, "other") as running, Administrator(running) as other:
        path = "/api/DeviceService/Actions/DeviceService.ImportDevices"
        assert other.client.post(path, json=fleet_to_json(one)).status_code == 200
    backup = Container.open(BytesIO(moved.backup))
    assert not restore(backup, backup.unlock(PASSPHRASE), tmp_path, lambda preview: preview.over_empty)
    with running_console(tmp_path, "other") as running, Administrator(running) as other:
        assert list(devices(other)) == ["ITS-OWN"]
