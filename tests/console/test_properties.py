"""Properties of what the API reads and of the pages that it cuts, for any input."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.console.wire import DEVICES, INFO, Wire
from tests.running import RunningConsole

from mutua.console.api.address import is_address
from mutua.console.api.collection import Page, collection

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True)
PORTS = st.integers(1, 65535)


@given(HOSTS | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format), PORTS)
def test_every_host_with_a_port_is_an_address(host: str, port: int) -> None:
    assert is_address(f"{host}:{port}")
    assert not is_address(host if "]" in host else f"{host}:")
    assert not is_address(f"https://{host}:{port}")


@given(st.text())
def test_no_text_breaks_the_reading_of_an_address(text: str) -> None:
    if is_address(text):
        host, _colon, port = text.rpartition(":")
        assert host
        assert 0 < int(port) < 65536
        assert not set(text) & set("/@?# \t\n")


@given(st.integers(0, 300), st.integers(1, 120))
def test_the_links_lead_through_every_row_once(total: int, top: int) -> None:
    rows, skip, walked = list(range(total)), 0, list[object]()
    while True:
        page = collection("X", rows[skip : skip + top], total, Page("/api/X", skip, top))
        value = page["value"]
        assert isinstance(value, list)
        walked += value
        link = page.get("@odata.nextLink")
        if link is None:
            break
        assert link == f"/api/X?$skip={len(walked)}&$top={top}"
        skip = len(walked)
    assert walked == rows


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 120))
def test_a_page_links_on_exactly_where_more_rows_can_be_reached(total: int, skip: int, top: int) -> None:
    rows = list(range(total))[skip : skip + top]
    page = collection("X", rows, total, Page("/api/X", skip, top))
    assert page["@odata.count"] == total
    assert ("@odata.nextLink" in page) is (bool(rows) and skip + len(rows) < total)


FEW = settings(max_examples=20, deadline=None)
HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
KEYS = (
    "UserName",
    "Password",
    "DistinguishedName",
    "San",
    "KeySize",
    "Address",
    "LocalRole",
    "MigrationId",
    "Devices",
    "RoleId",
    "GroupModel",
    "GroupId",
    "MemberDeviceIds",
    "DeviceIds",
)
POSTS = (
    "/api/SessionService/Sessions",
    "/api/ApplicationService/Actions/ApplicationService.GenerateCSR",
    "/api/DeviceService/Actions/DeviceService.ImportDevices",
    "/api/DeviceService/Actions/DeviceService.RemoveDevices",
    "/api/AccountService/Accounts",
    "/api/AccountService/Actions/AccountService.ChangePassword",
    "/api/GroupService/Actions/GroupService.CreateGroup",
    "/api/GroupService/Actions/GroupService.UpdateGroup",
    "/api/GroupService/Actions/GroupService.AddMemberDevices",
    "/api/MigrationService/Actions/MigrationService.MeetPeer",
    "/api/MigrationService/Actions/MigrationService.VerifyConnection",
    "/api/MigrationService/Actions/MigrationService.Prepare",
    "/api/MigrationService/Actions/MigrationService.Migrate",
    "/api/MigrationService/Actions/MigrationService.Resume",
    "/api/MigrationService/Actions/MigrationService.Abort",
)


@FEW
@given(
    header=HEADER_TEXT.map("Authorization: {}".format)
    | HEADER_TEXT.map("X-Auth-Token: x{}".format)
    | st.binary().map(lambda data: f"Authorization: Basic {base64.b64encode(data).decode()}")
)
def test_no_header_lets_anybody_in_or_breaks_anything(running: RunningConsole, header: str) -> None:
    with Wire(running) as wire:
        answer = wire.ask("GET", INFO, (header,))
    assert (answer.status, answer.message_id) == (401, "CGEN1001")


@FEW
@given(query=st.text(), top=st.text() | st.integers().map(str))
def test_no_query_breaks_anything(running: RunningConsole, query: str, top: str) -> None:
    with Wire(running) as wire:
        answer = wire.ask("GET", f"{DEVICES}?{quote(query, errors='replace')}&$top={quote(top, errors='replace')}")
    assert answer.status in (200, 400)


@FEW
@given(path=st.text(min_size=1))
def test_no_path_breaks_anything(running: RunningConsole, path: str) -> None:
    with Wire(running) as wire:
        for target in (
            f"/api/{quote(path, safe='/', errors='replace')}",
            f"{DEVICES}({quote(path, errors='replace')})",
        ):
            assert wire.ask("GET", target).status == 404


@pytest.mark.parametrize("path", POSTS)
@FEW
@given(body=VALUES | st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_no_body_breaks_anything(running: RunningConsole, path: str, body: object) -> None:
    with Wire(running) as wire:
        answer = wire.post(path, json.dumps(body).encode("utf-8", "surrogatepass"))
    assert 400 <= answer.status < 500 or answer.message_id == "CGEN1004"
