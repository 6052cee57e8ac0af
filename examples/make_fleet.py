"""Make the example fleet: devices.csv and devices.json beside this file.

    python examples/make_fleet.py --devices 500

The same number of devices always gives the same two files. Nothing in them exists: the service tags are made up,
the addresses are those kept for documentation (RFC 5737, RFC 3849), the MAC addresses too (RFC 7042), and the
passwords open nothing.
"""

import argparse
import csv
import io
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

COLUMNS = ("service_tag", "name", "model", "type", "address", "health", "groups", "credential")
TAG_ALPHABET = "BCDFGHJKLMNPQRSTVWXYZ0123456789"


class Site(NamedTuple):
    """One place with racks: its group, the code in names and credentials, and its documentation networks."""

    name: str
    code: str
    ipv4: str
    ipv6: str


SITES = (
    Site("Madrid", "mad", "192.0.2", "2001:db8:1"),
    Site("Málaga", "agp", "198.51.100", "2001:db8:2"),
    Site("A Coruña", "lcg", "203.0.113", "2001:db8:3"),
)
ROWS = "AB"
RACKS_OF_A_ROW = 6

DEVICE_MIX = {"server": 84, "storage": 6, "switch": 6, "chassis": 3, "network-iom": 1}
HEALTH_MIX = {"normal": 88, "warning": 6, "critical": 3, "unknown": 2, "no-status": 1}
MODELS = {
    "server": ("Rack server R650", "Rack server R750", "Rack server R6525", "Compute sled C640", "Tower server T550"),
    "storage": ("Storage array S5200", "Disk enclosure D484"),
    "switch": ("Top-of-rack switch N3248", "Spine switch N5232"),
    "chassis": ("Modular chassis M7000",),
    "network-iom": ("Fabric module F5108",),
}
PREFIXES = {"server": "srv", "storage": "sto", "switch": "sw", "chassis": "cha", "network-iom": "iom"}

CREDENTIALS = (
    *((f"redfish-{site.code}", "redfish", "svc-redfish") for site in SITES),
    *((f"wsman-{site.code}", "wsman", "svc-wsman") for site in SITES),
    *((f"storage-{site.code}", "ssh", "svc-storage") for site in SITES),
    *((f"network-{site.code}", "snmp", "public-example") for site in SITES),
    ("chassis", "redfish", "svc-chassis"),
    ("lights-out", "ipmi", "svc-ipmi"),
)
PROCESSORS = (("Processor 6338", 32, 2000), ("Processor 8380", 40, 2300), ("Processor 7543", 32, 2800))
SERVER_FIRMWARE = ("BIOS", "Management controller", "RAID controller", "Network adapter", "Power supply", "Backplane")


def groups() -> list[dict[str, str | None]]:
    """The groups with their parents, three levels deep."""
    places: list[tuple[str, str, str | None]] = [("Data centres", "Everything that stands in a rack", None)]
    for site in SITES:
        places.append((site.name, f"All racks in {site.name}", "Data centres"))
        places.extend((f"{site.name} row {row}", f"Racks {row}1 to {row}{RACKS_OF_A_ROW}", site.name) for row in ROWS)
    uses: list[tuple[str, str, str | None]] = [
        ("Production", "Changes only in the maintenance window", None),
        ("Databases", "Ask the database team first", "Production"),
        ("Virtualisation", "Hosts of virtual machines", "Production"),
        ("Test", "May be switched off at night", None),
        ("Out of warranty", "To be replaced this year", None),
    ]
    return [{"name": name, "description": text, "parent": parent} for name, text, parent in (*places, *uses)]


def credentials() -> list[dict[str, str]]:
    """The credentials, each with a password that nobody can mistake for a real one."""
    return [
        {"name": name, "kind": kind, "username": user, "password": f"example-only-{number:02}"}
        for number, (name, kind, user) in enumerate(CREDENTIALS, 1)
    ]


class Maker:
    """Makes devices one after another; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  (variety, not secrecy)
        self._tags: set[str] = set()
        self._addresses = {site: self._addresses_of(site) for site in SITES}
        self._macs = 0

    def device(self, number: int) -> tuple[dict[str, str], dict[str, object]]:
        """The cells of one device's line, and its inventory document."""
        site = SITES[number % len(SITES)]
        row = self._random.choice(ROWS)
        rack = self._random.randint(1, RACKS_OF_A_ROW)
        kind = self._weighted(DEVICE_MIX)
        model = self._random.choice(MODELS[kind])
        cells = {
            "service_tag": self._tag(),
            "name": f"{PREFIXES[kind]}-{site.code}-{row.lower()}{rack}-{number + 1:03}",
            "model": model,
            "type": kind,
            "address": next(self._addresses[site]),
            "health": self._weighted(HEALTH_MIX),
            "groups": ";".join(self._groups(site, row, kind)),
            "credential": self._credential(site, kind, model),
        }
        return cells, self._inventory(kind, f"{site.code.upper()}-{row}{rack}", self._random.randint(1, 40))

    def _weighted(self, mix: dict[str, int]) -> str:
        return self._random.choices(list(mix), list(mix.values()))[0]

    def _tag(self) -> str:
        while (tag := "EX" + "".join(self._random.choices(TAG_ALPHABET, k=5))) in self._tags:
            pass
        self._tags.add(tag)
        return tag

    def _addresses_of(self, site: Site) -> Iterator[str]:
        """Some addresses of either family; when the documentation network is full, IPv6 alone."""
        v4, v6 = 1, 1
        while True:
            if v4 <= 254 and self._random.random() < 0.9:
                yield f"{site.ipv4}.{v4}"
                v4 += 1
            else:
                yield f"{site.ipv6}::{v6:x}"
                v6 += 1

    def _groups(self, site: Site, row: str, kind: str) -> list[str]:
        member_of = [f"{site.name} row {row}"]
        if kind in ("server", "storage") and self._random.random() < 0.8:
            member_of.append(
                self._random.choice(("Production", "Databases", "Virtualisation", "Virtualisation", "Test"))
            )
        if self._random.random() < 0.1:
            member_of.append("Out of warranty")
        return member_of

    def _credential(self, site: Site, kind: str, model: str) -> str:
        if kind == "server" and model.startswith("Tower"):
            return "lights-out"
        if kind == "server":
            return f"{'wsman' if model.startswith('Compute') else 'redfish'}-{site.code}"
        return {"storage": f"storage-{site.code}", "chassis": "chassis"}.get(kind, f"network-{site.code}")

    def _inventory(self, kind: str, rack: str, slot: int) -> dict[str, object]:
        document: dict[str, object] = {
            "Location": {"Rack": rack, "Slot": slot},
            "PowerSupplies": self._power_supplies(),
        }
        if kind == "server":
            document |= self._compute()
        elif kind == "storage":
            document |= {
                "Disks": self._disks(12),
                "Firmware": self._firmware("Controller A", "Controller B", "Enclosure"),
            }
        else:
            document |= {
                "Ports": self._ports(10),
                "Firmware": self._firmware("Operating system", "Boot loader", "Fans"),
            }
        return document

    def _compute(self) -> dict[str, object]:
        model, cores, megahertz = self._random.choice(PROCESSORS)
        return {
            "Processors": [
                {"Slot": f"CPU.{number}", "Model": model, "Cores": cores, "MHz": megahertz}
                for number in range(1, self._random.randint(1, 2) + 1)
            ],
            "Memory": {
                "Modules": self._random.choice((4, 8, 16)),
                "ModuleMiB": self._random.choice((16384, 32768, 65536)),
            },
            "Disks": self._disks(self._random.randint(2, 4)),
            "NetworkInterfaces": [
                {"Slot": f"NIC.{number}", "MacAddress": self._mac(), "Mbit": 25000} for number in range(1, 3)
            ],
            "Firmware": self._firmware(*SERVER_FIRMWARE),
        }

    def _power_supplies(self) -> list[dict[str, object]]:
        watts = self._random.choice((800, 1100, 1400))
        return [{"Slot": f"PSU.{number}", "Watts": watts, "Serial": self._serial("EXP")} for number in (1, 2)]

    def _disks(self, count: int) -> list[dict[str, object]]:
        size = self._random.choice((480, 960, 1920, 3840))
        return [
            {
                "Bay": bay,
                "Serial": self._serial("EXD"),
                "GB": size,
                "LifeLeft": self._random.randint(60, 100),
            }
            for bay in range(count)
        ]

    def _ports(self, count: int) -> list[dict[str, object]]:
        return [
            {"Port": f"1/{port}", "MacAddress": self._mac(), "Mbit": 25000, "Up": self._random.random() < 0.7}
            for port in range(1, count + 1)
        ]

    def _firmware(self, *components: str) -> list[dict[str, str]]:
        return [{"Component": component, "Version": self._version()} for component in components]

    def _serial(self, prefix: str) -> str:
        return f"{prefix}{self._random.randrange(10**8):08}"

    def _version(self) -> str:
        return ".".join(str(self._random.randint(0, 20)) for _part in range(4))

    def _mac(self) -> str:
        self._macs += 1
        return f"00:00:5E:00:53:{self._macs % 256:02X}"


def fleet_files(devices: int) -> tuple[str, str]:
    """The text of devices.csv and of devices.json."""
    maker = Maker(seed=221202)
    made = [maker.device(number) for number in range(devices)]
    return _csv_text([cells for cells, _inventory in made]), _json_text({c["service_tag"]: i for c, i in made})


def _csv_text(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json_text(inventory: dict[str, dict[str, object]]) -> str:
    """One line for each record, so that a change of one device is a change of one line."""
    documents = [f"{_compact(tag)}: {_compact(document)}" for tag, document in inventory.items()]
    parts = (
        f'"credentials": [\n{_lines(map(_compact, credentials()))}\n]',
        f'"groups": [\n{_lines(map(_compact, groups()))}\n]',
        f'"inventory": {{\n{_lines(documents)}\n}}',
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(texts: Iterable[str]) -> str:
    return ",\n".join(f"  {text}" for text in texts)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description="Make the example fleet, devices.csv and devices.json.")
    parser.add_argument("--devices", type=int, default=500, help="how many devices (default: 500)")
    parser.add_argument(
        "--folder", type=Path, default=Path(__file__).parent, help="where to write (default: beside this program)"
    )
    arguments = parser.parse_args()
    devices_csv, devices_json = fleet_files(arguments.devices)
    (arguments.folder / "devices.csv").write_text(devices_csv, encoding="utf-8", newline="\n")
    (arguments.folder / "devices.json").write_text(devices_json, encoding="utf-8", newline="\n")
    print(f"{arguments.devices:,} devices in {arguments.folder / 'devices.csv'} and devices.json")


if __name__ == "__main__":
    main()
