"""Reading a fleet from its two files: what is there comes out, and what is wrong is told with its line."""

import json
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mutua.inventory import fleetfile
from mutua.inventory.records import (
    Credential,
    CredentialKind,
    Device,
    DeviceType,
    Fleet,
    Group,
    Health,
    InvalidFleet,
    check_fleet,
)

CSV = """service_tag,name,model,type,address,health,groups,credential
EX00001,srv-1,Rack server R650,server,192.0.2.1,normal,Web;Madrid,bmc
EX00002,srv-2,Rack server R750,server,2001:db8::2,critical,Madrid,bmc
EX-3,"sw ""one"", top",Switch N3248,switch,sw-1.example.net,no-status,,
"""
JSON: dict[str, Any] = {
    "credentials": [{"name": "bmc", "kind": "redfish", "username": "svc", "password": "s3cr3t-word"}],
    "groups": [{"name": "Madrid", "description": "Capital", "parent": None}, {"name": "Web", "parent": "Madrid"}],
    "inventory": {"EX00001": {"CPU": 2, "Año": "ñ"}, "EX00002": {}, "EX-3": {"Ports": [1, 2.5, None, True]}},
}

FLEET = Fleet(
    (
        Device(
            "EX00001",
            "srv-1",
            "Rack server R650",
            DeviceType.SERVER,
            "192.0.2.1",
            Health.NORMAL,
            '{"CPU":2,"Año":"ñ"}',
            ("Web", "Madrid"),
            "bmc",
        ),
        Device(
            "EX00002",
            "srv-2",
            "Rack server R750",
            DeviceType.SERVER,
            "2001:db8::2",
            Health.CRITICAL,
            "{}",
            ("Madrid",),
            "bmc",
        ),
        Device(
            "EX-3",
            'sw "one", top',
            "Switch N3248",
            DeviceType.NETWORK_SWITCH,
            "sw-1.example.net",
            Health.NO_STATUS,
            '{"Ports":[1,2.5,null,true]}',
        ),
    ),
    (Group("Madrid", "Capital"), Group("Web", "", "Madrid")),
    (Credential("bmc", CredentialKind.REDFISH, "svc", "s3cr3t-word"),),
)

Read = Callable[[bytes, bytes], Fleet]


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder = tmp_path_factory.mktemp("fleet")

    def from_bytes(csv_bytes: bytes, json_bytes: bytes) -> Fleet:
        (folder / "devices.csv").write_bytes(csv_bytes)
        (folder / "devices.json").write_bytes(json_bytes)
        return fleetfile.read(folder / "devices.csv", folder / "devices.json")

    return from_bytes


def problems_of(read: Read, csv_text: str = CSV, document: object = None, json_text: str | None = None) -> list[str]:
    text = json_text if json_text is not None else json.dumps(JSON if document is None else document)
    with pytest.raises(InvalidFleet) as refused:
        read(csv_text.encode(), text.encode())
    assert "s3cr3t" not in str(refused.value)
    return [str(problem) for problem in refused.value.problems]


def changed(**parts: object) -> dict[str, Any]:
    return {**JSON, **parts}


def test_reads_devices_groups_credentials_and_inventory(read: Read) -> None:
    assert read(CSV.encode(), json.dumps(JSON).encode()) == FLEET


def test_reads_what_spreadsheets_write(read: Read) -> None:
    with_bom = b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode() + b"\r\n,,,,,,,\r\n"
    assert read(with_bom, b"\xef\xbb\xbf" + json.dumps(JSON, indent=2).encode()) == FLEET


@pytest.mark.parametrize(
    ("old", "new", "where", "expected", "found"),
    [
        ("health,groups", "health,color,groups", "1", "only the columns of a fleet", '"color"'),
        ("model,", "", "1", "the column model", "none of that name"),
        ("name,model", "model,name", "1", f"the columns {','.join(fleetfile.COLUMNS)}", "another order"),
        ("R650,server", "R650,toaster", "2, type", f"one of {', '.join(fleetfile.TYPE_WORDS)}", '"toaster"'),
        ("critical", "fine", "3, health", "one of normal, unknown, warning, critical, no-status", '"fine"'),
        ("192.0.2.1", "192.0.2.999", "2, address", "an IP address or a host name", '"192.0.2.999"'),
        ("192.0.2.1", "fe80::1%eth0", "2, address", "an IP address or a host name", '"fe80::1%eth0"'),
        ("192.0.2.1", "-a.example", "2, address", "an IP address or a host name", '"-a.example"'),
        (",Madrid,bmc", ",Madrit,bmc", "3, groups", "the name of a group of this fleet", '"Madrit"'),
        (",Madrid,bmc", ",Madrid;Madrid,bmc", "3, groups", "each group once", "one twice"),
        (",Madrid,bmc", ",Madrid,root", "3, credential", "the name of a credential of this fleet", '"root"'),
        (",Madrid,bmc", ",Madrid", "3", "8 cells", "7"),
        ("srv-1,", ",", "2, name", "a text that is not empty", "nothing"),
        ("srv-1", "srv\a1", "2, name", "a text without control characters", "U+0007 as character 4"),
        ("srv-1", "s" * 256, "2, name", "at most 255 characters", "256"),
    ],
)
def test_names_what_is_wrong_in_the_csv_file(
    read: Read, old: str, new: str, where: str, expected: str, found: str
) -> None:
    problem = f"devices.csv, line {where}: expected {expected}, found {found}."
    assert problem in problems_of(read, CSV.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("EX-3,", '"EX-3,', "line 4: expected CSV: ',' expected after '\"'."),
        ("critical", '"critical', "line 3: expected CSV: ',' expected after '\"'."),
        ("srv-2", "s" * 200_000, "line 3: expected CSV: field larger than field limit (131072)."),
        ("no-status", '"no-status', "line 4: expected CSV: unexpected end of data."),
    ],
)
def test_names_where_the_csv_is_broken(read: Read, old: str, new: str, problem: str) -> None:
    assert problems_of(read, CSV.replace(old, new, 1)) == [f"devices.csv, {problem}"]


def test_a_line_of_a_quoted_cell_with_line_breaks_counts(read: Read) -> None:
    text = CSV.replace("srv-1", '"srv\n1"').replace("critical", "fine")
    problems = problems_of(read, text)
    assert problems[0].startswith("devices.csv, line 4, health: ")
    assert problems[1].startswith("devices.csv, line 2, name: expected a text without control characters, found U+000A")


@pytest.mark.parametrize(
    ("tag", "shown"), [("EX 00001", '"EX 00001"'), ("", '""'), ("ÑX00001", '"ÑX00001"'), ("X" * 65, f'"{"X" * 60}…"')]
)
def test_a_service_tag_is_letters_digits_and_hyphens(read: Read, tag: str, shown: str) -> None:
    problems = problems_of(read, CSV.replace("EX00001", tag))
    expected = "expected a service tag of 1 to 64 letters, digits and hyphens, found"
    assert f"devices.csv, line 2, service_tag: {expected} {shown}." in problems


def test_a_service_tag_twice_is_told_with_both_lines(read: Read) -> None:
    document = changed(inventory={"EX00001": {}, "EX-3": {}})
    assert problems_of(read, CSV.replace("EX00002", "EX00001"), document) == [
        'devices.csv, line 3, service_tag: expected a service tag that no other device has, found "EX00001", '
        "which is already at devices.csv, line 2, service_tag."
    ]


def test_semicolons_between_cells_are_recognised(read: Read) -> None:
    problems = problems_of(read, CSV.replace(",", ";"))
    assert problems == ["devices.csv, line 1: expected cells separated by commas, found semicolons."]


@pytest.mark.parametrize("empty", ["", "\n \r\n"])
def test_an_empty_csv_file_is_told(read: Read, empty: str) -> None:
    (problem,) = problems_of(read, empty)
    assert problem.startswith("devices.csv: expected the columns service_tag,name,")
    assert problem.endswith("found an empty file.")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "devices.json: expected an object, found a list."),
        (changed(devices=[]), 'devices.json: expected only the keys credentials, groups, inventory, found "devices".'),
        ({"groups": [], "inventory": {}}, "devices.json: expected the key credentials, found none of that name."),
        (changed(groups={}), "devices.json, groups: expected a list, found an object."),
        (changed(groups=[*JSON["groups"], 7]), "devices.json, groups[2]: expected an object, found a number."),
        (changed(groups=[{}]), "devices.json, groups[0]: expected the key name, found none of that name."),
        (changed(groups=[{"name": None}]), "devices.json, groups[0].name: expected a text, found null."),
        (
            changed(groups=[*JSON["groups"], {"name": "Web"}]),
            'devices.json, groups[2].name: expected a name that no other group has, found "Web", '
            "which is already at devices.json, groups[1].name.",
        ),
        (
            changed(groups=[{"name": "Madrid", "parent": "Web"}, {"name": "Web", "parent": "Madrid"}]),
            "devices.json, groups[0].parent: expected a group that is higher up, "
            'found the circle "Madrid" → "Web" → "Madrid".',
        ),
        (
            changed(groups=[{"name": "Madrid", "parent": "Spain"}, {"name": "Web"}]),
            'devices.json, groups[0].parent: expected the name of a group of this fleet, found "Spain".',
        ),
        (
            changed(credentials=[{**JSON["credentials"][0], "kind": "telnet"}]),
            'devices.json, credentials[0].kind: expected one of redfish, wsman, snmp, ssh, ipmi, found "telnet".',
        ),
        (
            changed(credentials=[{**JSON["credentials"][0], "password": "s3cr3t\n"}]),
            "devices.json, credentials[0].password: expected a text without control characters, "
            "found U+000A as character 7.",
        ),
        (changed(inventory=[]), "devices.json, inventory: expected an object, found a list."),
        (
            changed(inventory={**JSON["inventory"], "EX00001": "text"}),
            'devices.json, inventory."EX00001": expected an object, found a text.',
        ),
        (
            changed(inventory={**JSON["inventory"], "EX9": {}}),
            'devices.json, inventory: expected service tags of devices in the CSV file, found "EX9".',
        ),
        (
            changed(inventory={"EX00001": {}, "EX-3": {}}),
            "devices.csv, line 3, service_tag: expected a service tag with a document at devices.json, inventory, "
            'found "EX00002".',
        ),
        (
            changed(inventory={**JSON["inventory"], "EX00001": {"x": "y" * 65536}}),
            'devices.json, inventory."EX00001": expected an inventory document of at most 65536 bytes, found 65544.',
        ),
    ],
)
def test_names_what_is_wrong_in_the_json_file(read: Read, document: object, problem: str) -> None:
    assert problem in problems_of(read, document=document)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "devices.json, line 1, column 1: expected JSON: Expecting value."),
        ('{"groups": [],\n "inventory": }', "devices.json, line 2, column 15: expected JSON: Expecting value."),
        (
            "[" * 100_000,
            "devices.json: expected JSON of ordinary depth and with numbers of ordinary size, "
            "found one nested too deeply or a number too long.",
        ),
        (
            "9" * 5000,
            "devices.json: expected JSON of ordinary depth and with numbers of ordinary size, "
            "found one nested too deeply or a number too long.",
        ),
        ('{"a": 1, "b": 2, "a": 3}', 'devices.json: expected each key once in an object, found "a" twice.'),
        (
            '{"credentials": [], "groups": [], "inventory": {"EX00001": {"x": NaN}}}',
            'devices.json, inventory."EX00001": expected an inventory document of ordinary depth, finite numbers and '
            "Unicode text, found one that JSON cannot carry.",
        ),
    ],
)
def test_names_where_the_json_is_broken(read: Read, text: str, problem: str) -> None:
    assert problem in problems_of(read, json_text=text)


def test_other_encodings_are_told_with_the_line(read: Read) -> None:
    with pytest.raises(InvalidFleet) as refused:
        read(CSV.replace("srv-2", "señal").encode("latin-1"), json.dumps(JSON).encode("utf-16"))
    assert [str(problem) for problem in refused.value.problems] == [
        "devices.json, line 1: expected text in UTF-8, found the byte 0xFF.",
        "devices.csv, line 3: expected text in UTF-8, found the byte 0xF1.",
    ]


def test_tells_everything_that_is_wrong_at_once(read: Read) -> None:
    csv_text = CSV.replace("R650,server", "R650,toaster").replace("critical", "fine").replace("192.0.2.1", "-")
    document = changed(credentials=[], groups=[{"name": "Web", "parent": "Madrid"}], inventory={"EX00001": {}})
    assert [problem.partition(": ")[0] for problem in problems_of(read, csv_text, document)] == [
        "devices.csv, line 2, type",
        "devices.csv, line 3, health",
        "devices.csv, line 2, address",
        "devices.csv, line 3, service_tag",
        "devices.csv, line 4, service_tag",
        "devices.csv, line 2, groups",
        "devices.csv, line 2, credential",
        "devices.csv, line 3, groups",
        "devices.csv, line 3, credential",
        "devices.json, groups[0].parent",
    ]


def test_a_broken_json_file_does_not_hide_what_is_wrong_in_the_csv_file(read: Read) -> None:
    problems = problems_of(read, CSV.replace("critical", "fine"), json_text="{")
    assert [problem.partition(": ")[0] for problem in problems] == [
        "devices.json, line 1, column 2",
        "devices.csv, line 3, health",
    ]


def test_tells_twenty_problems_and_counts_the_rest(read: Read) -> None:
    header = CSV.splitlines()[0]
    rows = [f"T{number},n,m,server,192.0.2.1,fine,," for number in range(50)]
    document = {"credentials": [], "groups": [], "inventory": {f"T{number}": {} for number in range(50)}}
    problems = problems_of(read, "\n".join([header, *rows]), document)
    assert len(problems) == 21
    assert problems[19].startswith("devices.csv, line 21, health: ")
    assert problems[20] == "and 30 more."


@pytest.mark.parametrize("name", ["devices.csv", "devices.json"])
def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, name: str) -> None:
    (tmp_path / "devices.csv").write_text(CSV)
    (tmp_path / "devices.json").write_text(json.dumps(JSON))
    with (tmp_path / name).open("r+b") as stream:
        stream.truncate(fleetfile.MAX_FILE_BYTES + 1)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidFleet) as refused:
            fleetfile.read(tmp_path / "devices.csv", tmp_path / "devices.json")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert f"{name}: expected a file of at most 256 MiB, found a larger one." in str(refused.value)


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "devices.csv")
    (tmp_path / "devices.json").write_text(json.dumps(JSON))
    writer = threading.Thread(target=(tmp_path / "devices.csv").write_text, args=(CSV,))
    writer.start()
    assert fleetfile.read(tmp_path / "devices.csv", tmp_path / "devices.json") == FLEET
    writer.join()


def test_files_that_cannot_be_opened_are_both_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidFleet) as refused:
        fleetfile.read(tmp_path / "none.csv", tmp_path)
    assert [str(problem) for problem in refused.value.problems] == [
        f"{tmp_path.name} cannot be read: Is a directory.",
        "none.csv cannot be read: No such file or directory.",
    ]


def test_more_devices_than_allowed_are_refused(read: Read) -> None:
    header = CSV.splitlines()[0]
    rows = [f"T{number},n,m,server,192.0.2.1,normal,," for number in range(100_001)]
    problems = problems_of(read, "\n".join([header, *rows]), {"credentials": [], "groups": [], "inventory": {}})
    assert problems == ["devices.csv, line 100002: expected at most 100000 devices, found another one."]


@settings(deadline=None)
@given(csv_bytes=st.binary(), json_bytes=st.binary())
def test_arbitrary_bytes_are_an_invalid_fleet(read: Read, csv_bytes: bytes, json_bytes: bytes) -> None:
    with pytest.raises(InvalidFleet):
        read(csv_bytes, json_bytes)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_never_anything_else(read: Read, data: st.DataObject) -> None:
    csv_bytes = damaged(CSV.encode(), data)
    json_bytes = damaged(json.dumps(JSON).encode(), data)
    try:
        fleet = read(csv_bytes, json_bytes)
    except InvalidFleet:
        event("refused")
    else:
        check_fleet(fleet)


def damaged(content: bytes, data: st.DataObject) -> bytes:
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 20)))
    return content[:start] + data.draw(st.binary(max_size=8)) + content[end:]
