"""What a fleet is: devices, the groups they are in, the credentials that open them, and the rules they obey."""

import json
from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeVar

from mutua.inventory.integrity import (
    Placed,
    check_address,
    check_service_tag,
    check_unique,
    circles,
    told_circle,
)
from mutua.inventory.problems import InvalidFleet as InvalidFleet
from mutua.inventory.problems import Problems, Said, check_text, kind_of, quoted
from mutua.inventory.shape import MAX_INVENTORY_BYTES, Entry, JsonPlace, inventory_text, open_entry
from mutua.message import message

MAX_DEVICES = 100_000
MAX_GROUPS = 10_000
MAX_CREDENTIALS = 10_000
MAX_GROUPS_OF_A_DEVICE = 100
MAX_NAME = 255
"""In characters; also for models, addresses and user names."""
MAX_LONG_TEXT = 1024
"""In characters, for descriptions and passwords."""


class CredentialKind(StrEnum):
    """The protocol that a credential is for."""

    REDFISH = "redfish"
    WSMAN = "wsman"
    SNMP = "snmp"
    SSH = "ssh"
    IPMI = "ipmi"


class DeviceType(IntEnum):
    """The device types by the numbers that the appliance's API gives them."""

    SERVER = 1000
    CHASSIS = 2000
    STORAGE = 3000
    NETWORK_IOM = 4000
    DELL_STORAGE = 5000
    NETWORK_SWITCH = 7000
    STORAGE_IOM = 8000
    NETWORK_CONTROLLER = 9000


class Health(IntEnum):
    """A device's health by the numbers that the appliance's API gives it."""

    NORMAL = 1000
    UNKNOWN = 2000
    WARNING = 3000
    CRITICAL = 4000
    NO_STATUS = 5000


class Credential(NamedTuple):
    """How to sign in to devices. Its text form never shows the password."""

    name: str
    kind: CredentialKind
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credential(name={self.name!r}, kind={self.kind.value!r}, username={self.username!r}, password=…)"


class Group(NamedTuple):
    """A static group; `parent` is the name of another group of the fleet."""

    name: str
    description: str = ""
    parent: str | None = None


class Device(NamedTuple):
    """A managed device.

    `address` is an IP address (IPv6 without brackets) or a host name; `inventory` is the JSON text of an object;
    `groups` and `credential` are names of the same fleet.
    """

    service_tag: str
    name: str
    model: str
    type: DeviceType
    address: str
    health: Health
    inventory: str
    groups: tuple[str, ...] = ()
    credential: str | None = None


class Fleet(NamedTuple):
    """Everything that one console manages, or that is given to it at once."""

    devices: tuple[Device, ...] = ()
    groups: tuple[Group, ...] = ()
    credentials: tuple[Credential, ...] = ()


R = TypeVar("R")

_SPELLING = {
    "devices": "Devices",
    "groups": "Groups",
    "credentials": "Credentials",
    "name": "Name",
    "kind": "Kind",
    "username": "UserName",
    "password": "Password",
    "description": "Description",
    "parent": "Parent",
    "service_tag": "ServiceTag",
    "model": "Model",
    "type": "Type",
    "address": "Address",
    "health": "Health",
    "inventory": "Inventory",
    "credential": "Credential",
}
_DOCUMENT = JsonPlace(None, "", _SPELLING)
_TYPES = {device_type.value: device_type for device_type in DeviceType}
_HEALTHS = {health.value: health for health in Health}
_KINDS = {kind.value: kind for kind in CredentialKind}

STAND_IN = "unread"
"""Takes the place of a text whose absence has been told, so that it is not told twice."""


def check_fleet(fleet: Fleet) -> None:
    """Raise `InvalidFleet` unless names are unique, every reference resolves and everything is within its bounds."""
    problems = Problems()
    for field, count, most in (
        ("devices", len(fleet.devices), MAX_DEVICES),
        ("groups", len(fleet.groups), MAX_GROUPS),
        ("credentials", len(fleet.credentials), MAX_CREDENTIALS),
    ):
        if count > most:
            problems.expected(_DOCUMENT.at(field), message("at most {most} items", most=most), str(count))
    problems.raise_if_any()
    devices = _placed("devices", fleet.devices)
    groups = _placed("groups", fleet.groups)
    credentials = _placed("credentials", fleet.credentials)
    for place, device in devices:
        _check_inventory(device.inventory, place.at("inventory"), problems)
    check_devices(devices, problems)
    check_groups(groups, problems)
    check_credentials(credentials, problems)
    check_references(devices, groups, credentials, problems)
    problems.raise_if_any()


def _placed(field: str, records: Iterable[R]) -> list[Placed[R]]:
    place = _DOCUMENT.child(field)
    return [Placed(place.item(index), record) for index, record in enumerate(records)]


def _check_inventory(text: str, where: Said, problems: Problems) -> None:
    if len(text) > MAX_INVENTORY_BYTES:
        problems.expected(where, message("at most {most} bytes", most=MAX_INVENTORY_BYTES), str(len(text)))
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        problems.expected(where, message("the JSON text of an object"), message("something else"))
        return
    inventory_text(value, where, problems)


def check_devices(devices: Sequence[Placed[Device]], problems: Problems) -> None:
    """Tell what is wrong with each device by itself, and service tags that occur twice."""
    for place, device in devices:
        check_service_tag(device.service_tag, place.at("service_tag"), problems)
        check_text(device.name, place.at("name"), problems, shortest=1, longest=MAX_NAME)
        check_text(device.model, place.at("model"), problems, shortest=0, longest=MAX_NAME)
        check_address(device.address, place.at("address"), problems)
    check_unique(devices, "service_tag", message("a service tag that no other device has"), problems)


def check_groups(groups: Sequence[Placed[Group]], problems: Problems) -> None:
    """Tell what is wrong with each group by itself, and names that occur twice."""
    for place, group in groups:
        check_text(group.name, place.at("name"), problems, shortest=1, longest=MAX_NAME)
        check_text(group.description, place.at("description"), problems, shortest=0, longest=MAX_LONG_TEXT)
    check_unique(groups, "name", message("a name that no other group has"), problems)


def check_credentials(credentials: Sequence[Placed[Credential]], problems: Problems) -> None:
    """Tell what is wrong with each credential by itself, and names that occur twice. Never shows a password."""
    for place, credential in credentials:
        check_text(credential.name, place.at("name"), problems, shortest=1, longest=MAX_NAME)
        check_text(credential.username, place.at("username"), problems, shortest=0, longest=MAX_NAME)
        check_text(credential.password, place.at("password"), problems, shortest=0, longest=MAX_LONG_TEXT)
    check_unique(credentials, "name", message("a name that no other credential has"), problems)


def check_references(
    devices: Sequence[Placed[Device]],
    groups: Sequence[Placed[Group]],
    credentials: Sequence[Placed[Credential]],
    problems: Problems,
) -> None:
    """Tell names that lead nowhere, groups named twice by one device, and groups that are their own ancestors."""
    group_names = {group.name for _place, group in groups}
    credential_names = {credential.name for _place, credential in credentials}
    for place, device in devices:
        if len(device.groups) > MAX_GROUPS_OF_A_DEVICE:
            most = message("at most {most} items", most=MAX_GROUPS_OF_A_DEVICE)
            problems.expected(place.at("groups"), most, str(len(device.groups)))
            continue
        for name in device.groups:
            if name not in group_names:
                problems.expected(place.at("groups"), message("the name of a group of this fleet"), quoted(name))
        if len(set(device.groups)) != len(device.groups):
            problems.expected(place.at("groups"), message("each group once"), message("one twice"))
        if device.credential is not None and device.credential not in credential_names:
            expected = message("the name of a credential of this fleet")
            problems.expected(place.at("credential"), expected, quoted(device.credential))
    _check_parents(groups, problems)


def _check_parents(groups: Sequence[Placed[Group]], problems: Problems) -> None:
    parents = {group.name: group.parent for _place, group in groups}
    places = {group.name: place for place, group in groups}
    for place, group in groups:
        if group.parent is not None and group.parent not in parents:
            expected = message("the name of a group of this fleet")
            problems.expected(place.at("parent"), expected, quoted(group.parent))
    for circle in circles(parents):
        found = message("the circle {names}", names=told_circle(circle))
        problems.expected(places[circle[0]].at("parent"), message("a group that is higher up"), found)


def fleet_to_json(fleet: Fleet) -> dict[str, object]:
    """The fleet as the body of the console's ImportDevices call. It holds the passwords in the clear."""
    return {
        "Credentials": [
            {"Name": c.name, "Kind": c.kind.value, "UserName": c.username, "Password": c.password}
            for c in fleet.credentials
        ],
        "Groups": [{"Name": g.name, "Description": g.description, "Parent": g.parent} for g in fleet.groups],
        "Devices": [_device_to_json(device) for device in fleet.devices],
    }


def _device_to_json(device: Device) -> dict[str, object]:
    return {
        "ServiceTag": device.service_tag,
        "Name": device.name,
        "Model": device.model,
        "Type": device.type.value,
        "Address": device.address,
        "Health": device.health.value,
        "Inventory": json.loads(device.inventory),
        "Groups": list(device.groups),
        "Credential": device.credential,
    }


def fleet_from_json(body: object, *, fragment: bool = False) -> Fleet:
    """The fleet in the body of an ImportDevices call, whoever sent it.

    A fragment may refer to groups and credentials that are not in it.
    Inventory documents come out as compact JSON text. Raises `InvalidFleet` with everything that is wrong.
    """
    problems = Problems()
    document = open_entry(body, _DOCUMENT, problems, required=("devices",), optional=("groups", "credentials"))
    if document is None:
        problems.raise_if_any()
        return Fleet()
    credentials = read_credentials(document.items("credentials", MAX_CREDENTIALS), problems)
    groups = read_groups(document.items("groups", MAX_GROUPS), problems)
    devices = _read_devices(document.items("devices", MAX_DEVICES), problems)
    check_credentials(credentials, problems)
    check_groups(groups, problems)
    check_devices(devices, problems)
    if not fragment:
        check_references(devices, groups, credentials, problems)
    problems.raise_if_any()
    return fleet_of(devices, groups, credentials)


def fleet_of(
    devices: Iterable[Placed[Device]], groups: Iterable[Placed[Group]], credentials: Iterable[Placed[Credential]]
) -> Fleet:
    """The records without their places."""
    return Fleet(
        tuple(device for _place, device in devices),
        tuple(group for _place, group in groups),
        tuple(credential for _place, credential in credentials),
    )


def read_credentials(items: Iterable[tuple[JsonPlace, object]], problems: Problems) -> list[Placed[Credential]]:
    """The credentials of a JSON list; one without a name is told and left out."""
    read: list[Placed[Credential]] = []
    for place, item in items:
        entry = open_entry(item, place, problems, required=("name", "kind", "username", "password"))
        if entry is None:
            continue
        name = entry.text("name")
        kind = entry.choice("kind", _KINDS, CredentialKind.REDFISH)
        credential = Credential(STAND_IN, kind, entry.text_or("username", ""), entry.text_or("password", ""))
        if name is not None:
            read.append(Placed(place, credential._replace(name=name)))
    return read


def read_groups(items: Iterable[tuple[JsonPlace, object]], problems: Problems) -> list[Placed[Group]]:
    """The groups of a JSON list; one without a name is told and left out."""
    read: list[Placed[Group]] = []
    for place, item in items:
        entry = open_entry(item, place, problems, required=("name",), optional=("description", "parent"))
        if entry is None:
            continue
        name = entry.text("name")
        group = Group(STAND_IN, entry.text_or("description", ""), entry.name_or_null("parent"))
        if name is not None:
            read.append(Placed(place, group._replace(name=name)))
    return read


def _read_devices(items: Iterable[tuple[JsonPlace, object]], problems: Problems) -> list[Placed[Device]]:
    required = ("service_tag", "name", "model", "type", "address", "health", "inventory")
    read: list[Placed[Device]] = []
    for place, item in items:
        entry = open_entry(item, place, problems, required=required, optional=("groups", "credential"))
        if entry is None:
            continue
        tag = entry.text("service_tag")
        device = Device(
            STAND_IN,
            entry.text_or("name", STAND_IN),
            entry.text_or("model", STAND_IN),
            entry.choice("type", _TYPES, DeviceType.SERVER),
            entry.text_or("address", STAND_IN),
            entry.choice("health", _HEALTHS, Health.UNKNOWN),
            _read_inventory(entry, problems),
            _read_group_names(entry, problems),
            entry.name_or_null("credential"),
        )
        if tag is not None:
            read.append(Placed(place, device._replace(service_tag=tag)))
    return read


def _read_inventory(entry: Entry, problems: Problems) -> str:
    if not entry.has("inventory"):
        return "{}"
    return inventory_text(entry.value("inventory"), entry.place.at("inventory"), problems)


def _read_group_names(entry: Entry, problems: Problems) -> tuple[str, ...]:
    names: list[str] = []
    for place, name in entry.items("groups", MAX_GROUPS_OF_A_DEVICE):
        if isinstance(name, str):
            names.append(name)
        else:
            problems.expected(place.said, message("a text"), kind_of(name))
    return tuple(names)
