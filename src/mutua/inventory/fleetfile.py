"""A fleet from a pair of files: the devices in a CSV file, all that does not fit into cells in a JSON file.

The CSV file is UTF-8 with the header `service_tag,name,model,type,address,health,groups,credential`; `groups` holds
names separated by semicolons. The JSON file is

    {"credentials": [{"name", "kind", "username", "password"}],
     "groups": [{"name", "description", "parent"}],
     "inventory": {"<service tag>": {…}}}
"""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mutua.inventory.integrity import Placed
from mutua.inventory.problems import Problems, Said, quoted
from mutua.inventory.records import (
    MAX_CREDENTIALS,
    MAX_DEVICES,
    MAX_GROUPS,
    Credential,
    Device,
    DeviceType,
    Fleet,
    Group,
    Health,
    check_credentials,
    check_devices,
    check_groups,
    check_references,
    fleet_of,
    read_credentials,
    read_groups,
)
from mutua.inventory.shape import Entry, JsonPlace, choose, inventory_text, open_entry
from mutua.message import Message, message

MAX_FILE_BYTES = 256 * 1024 * 1024
"""The largest file that is read."""

_PIECE_BYTES = 1024 * 1024

COLUMNS = ("service_tag", "name", "model", "type", "address", "health", "groups", "credential")

TYPE_WORDS = {
    "server": DeviceType.SERVER,
    "chassis": DeviceType.CHASSIS,
    "storage": DeviceType.STORAGE,
    "network-iom": DeviceType.NETWORK_IOM,
    "dell-storage": DeviceType.DELL_STORAGE,
    "switch": DeviceType.NETWORK_SWITCH,
    "storage-iom": DeviceType.STORAGE_IOM,
    "network-controller": DeviceType.NETWORK_CONTROLLER,
}
HEALTH_WORDS = {
    "normal": Health.NORMAL,
    "unknown": Health.UNKNOWN,
    "warning": Health.WARNING,
    "critical": Health.CRITICAL,
    "no-status": Health.NO_STATUS,
}

_FIELDS = ("credentials", "groups", "inventory", "name", "kind", "username", "password", "description", "parent")
_SPELLING = {field: field for field in _FIELDS}


class LinePlace(NamedTuple):
    """A line of a CSV file."""

    file: str
    line: int

    def at(self, field: str) -> Said:
        """A cell of the line."""
        return message("{file}, line {line}, {column}", file=self.file, line=self.line, column=field)

    @property
    def said(self) -> Said:
        """The line as people are told it."""
        return message("{file}, line {line}", file=self.file, line=self.line)


class _Contents(NamedTuple):
    """What the JSON file holds; inventory documents are compact JSON text, None if there is no telling."""

    place: JsonPlace
    credentials: list[Placed[Credential]]
    groups: list[Placed[Group]]
    inventories: dict[str, str] | None


class _Table(NamedTuple):
    """The rows below a header, without empty lines; `whole` if nothing kept the rest from being read."""

    rows: list[tuple[LinePlace, list[str]]]
    whole: bool


def read(csv_path: Path, json_path: Path) -> Fleet:
    """The fleet in the two files. Raises `InvalidFleet` with everything that is wrong in either, and nothing else."""
    problems = Problems()
    contents = _contents(json_path, problems)
    table = _table(csv_path, problems)
    devices = _devices(table, contents, problems)
    check_devices(devices, problems)
    if contents is not None:
        check_credentials(contents.credentials, problems)
        check_groups(contents.groups, problems)
    if contents is not None and table is not None and table.whole:
        _check_inventories(devices, contents, problems)
        check_references(devices, contents.groups, contents.credentials, problems)
    problems.raise_if_any()
    return fleet_of(devices, contents.groups, contents.credentials) if contents else Fleet()


def _check_inventories(devices: Sequence[Placed[Device]], contents: _Contents, problems: Problems) -> None:
    if contents.inventories is None:
        return
    inventory = contents.place.child("inventory")
    for place, device in devices:
        if device.service_tag not in contents.inventories:
            expected = message("a service tag with a document at {place}", place=inventory.said)
            problems.expected(place.at("service_tag"), expected, quoted(device.service_tag))
    tags = {device.service_tag for _place, device in devices}
    for tag in contents.inventories:
        if tag not in tags:
            problems.expected(inventory.said, message("service tags of devices in the CSV file"), quoted(tag))


def _text(path: Path, problems: Problems) -> str | None:
    try:
        with path.open("rb") as stream:
            data = _bounded(stream)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problems.add(message("{file} cannot be read: {reason}.", file=path.name, reason=reason or str(error)))
        return None
    if data is None:
        problems.expected(
            path.name, message("a file of at most {most} MiB", most=MAX_FILE_BYTES >> 20), message("a larger one")
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = message("the byte 0x{byte}", byte=f"{data[error.start]:02X}")
        problems.expected(LinePlace(path.name, line).said, message("text in UTF-8"), found)
        return None


def _bounded(stream: BinaryIO) -> bytes | None:
    if os.fstat(stream.fileno()).st_size > MAX_FILE_BYTES:
        return None
    # The size of a pipe is not known before.
    data = bytearray()
    while piece := stream.read(_PIECE_BYTES):
        data += piece
        if len(data) > MAX_FILE_BYTES:
            return None
    return bytes(data)


def _contents(path: Path, problems: Problems) -> _Contents | None:
    text = _text(path, problems)
    if text is None:
        return None
    place = JsonPlace(path.name, "", _SPELLING)
    try:
        value: object = json.loads(text, object_pairs_hook=lambda pairs: _unique_keys(pairs, place, problems))
    except json.JSONDecodeError as error:
        problems.add(
            message(
                "{file}, line {line}, column {column}: expected JSON: {reason}.",
                file=path.name,
                line=error.lineno,
                column=error.colno,
                reason=error.msg,
            )
        )
        return None
    except (ValueError, RecursionError):
        problems.expected(
            place.said,
            message("JSON of ordinary depth and with numbers of ordinary size"),
            message("one nested too deeply or a number too long"),
        )
        return None
    entry = open_entry(value, place, problems, required=("credentials", "groups", "inventory"))
    if entry is None:
        return None
    return _Contents(
        place,
        read_credentials(entry.items("credentials", MAX_CREDENTIALS), problems),
        read_groups(entry.items("groups", MAX_GROUPS), problems),
        _inventories(entry, problems),
    )


def _inventories(entry: Entry, problems: Problems) -> dict[str, str] | None:
    members = entry.members("inventory")
    if members is None:
        return None
    place = entry.place.child("inventory")
    return {tag: inventory_text(document, place.under(quoted(tag)).said, problems) for tag, document in members.items()}


def _unique_keys(pairs: list[tuple[str, object]], place: JsonPlace, problems: Problems) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                expected = message("each key once in an object")
                problems.expected(place.said, expected, message("{key} twice", key=quoted(key)))
            seen.add(key)
    return value


def _table(path: Path, problems: Problems) -> _Table | None:
    text = _text(path, problems)
    if text is None:
        return None
    header, table = _rows(path.name, text, problems)
    if header is None:
        if table.whole:
            problems.expected(path.name, _columns_line(), message("an empty file"))
        return None
    return table if _is_header(*header, problems) else None


def _rows(file: str, text: str, problems: Problems) -> tuple[tuple[LinePlace, list[str]] | None, _Table]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[LinePlace, list[str]]] = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((LinePlace(file, line), cells))
            if len(rows) > MAX_DEVICES + 1:
                where, most = LinePlace(file, line).said, message("at most {most} devices", most=MAX_DEVICES)
                problems.expected(where, most, message("another one"))
                break
            line = reader.line_num + 1
        else:
            return (rows[0] if rows else None), _Table(rows[1:], whole=True)
    except csv.Error as error:
        where = LinePlace(file, line).said
        problems.add(message("{where}: expected CSV: {reason}.", where=where, reason=str(error)))
    return (rows[0] if rows else None), _Table(rows[1:], whole=False)


def _is_header(place: LinePlace, header: Sequence[str], problems: Problems) -> bool:
    if tuple(header) == COLUMNS:
        return True
    missing = [column for column in COLUMNS if column not in header]
    unknown = [column for column in header if column not in COLUMNS]
    if len(header) == 1 and ";" in header[0]:
        problems.expected(place.said, message("cells separated by commas"), message("semicolons"))
    elif missing or unknown:
        for column in missing:
            expected = message("the column {column}", column=column)
            problems.expected(place.said, expected, message("none of that name"))
        for column in unknown:
            problems.expected(place.said, message("only the columns of a fleet"), quoted(column))
    else:
        problems.expected(place.said, _columns_line(), message("another order"))
    return False


def _columns_line() -> Message:
    return message("the columns {columns}", columns=",".join(COLUMNS))


def _devices(table: _Table | None, contents: _Contents | None, problems: Problems) -> list[Placed[Device]]:
    inventories = (contents.inventories if contents else None) or {}
    devices: list[Placed[Device]] = []
    for place, row in table.rows if table else ():
        if len(row) == len(COLUMNS):
            devices.append(Placed(place, _device(place, row, inventories, problems)))
        else:
            problems.expected(place.said, message("{count} cells", count=len(COLUMNS)), str(len(row)))
    return devices


def _device(place: LinePlace, row: Sequence[str], inventories: Mapping[str, str], problems: Problems) -> Device:
    tag, name, model, type_word, address, health_word, groups, credential = row
    return Device(
        tag,
        name,
        model,
        choose(type_word, TYPE_WORDS, place.at("type"), problems, DeviceType.SERVER),
        address,
        choose(health_word, HEALTH_WORDS, place.at("health"), problems, Health.UNKNOWN),
        inventories.get(tag, "{}"),
        tuple(name for name in map(str.strip, groups.split(";")) if name),
        credential or None,
    )
