"""The example fleet that the project ships, and the program that makes it."""

import runpy
from pathlib import Path

from mutua.inventory import fleetfile
from mutua.inventory.records import check_fleet

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_example_fleet_is_a_fleet() -> None:
    fleet = fleetfile.read(EXAMPLES / "devices.csv", EXAMPLES / "devices.json")
    check_fleet(fleet)
    assert (len(fleet.devices), len(fleet.credentials)) == (500, 14)
    assert 12 <= len(fleet.groups) <= 20
    assert all(1 <= len(device.groups) <= 3 and device.credential for device in fleet.devices)
    assert all(800 <= len(device.inventory) <= 1200 for device in fleet.devices)
    assert {credential.name for credential in fleet.credentials} == {device.credential for device in fleet.devices}
    assert all(credential.password.startswith("example-only-") for credential in fleet.credentials)


def test_the_example_files_are_what_the_program_makes() -> None:
    made = runpy.run_path(str(EXAMPLES / "make_fleet.py"))["fleet_files"](500)
    on_disk = tuple((EXAMPLES / name).read_text(encoding="utf-8") for name in ("devices.csv", "devices.json"))
    assert made == on_disk
