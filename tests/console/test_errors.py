"""Errors: one shape, JSON, a length; and faults of ours tell nobody's secrets."""

import asyncio
import json
import re
from collections.abc import MutableMapping
from typing import Any

import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send
from tests.console.wire import BASIC, CHAIN, CSR, DEVICES, INFO, SESSIONS, Wire
from tests.running import RunningConsole, running_console

from mutua.console.app import OneErrorShape
from mutua.logbook.application_log import ApplicationLog

IMPORT = "/api/DeviceService/Actions/DeviceService.ImportDevices"
MIGRATION = "/api/MigrationService/Actions/MigrationService"


@pytest.mark.parametrize(
    "target",
    [
        "/api/Nothing",
        "/api/",
        "/api/ManagementDomainService/Domains",
        "/api/DeviceService",
        "/api/DeviceService/Devices(1)/Nothing",
        "/api/%00",
        "/api/%FF%FE",
        "/api/..%2f..%2fetc/passwd",
        "/api/" + "x" * 8000,
        "/api/MigrationService/Migrations('nothing')",
        "/api/MigrationService/Migrations('" + "x" * 2000 + "')",
    ],
)
def test_what_is_not_there_is_404(wire: Wire, target: str) -> None:
    answer = wire.ask("GET", target)
    assert (answer.status, answer.message_id) == (404, "CGEN1006")


def test_a_head_has_no_body(wire: Wire) -> None:
    answer = wire.ask("HEAD", INFO)
    assert (answer.status, answer.body) == (405, b"")
    assert wire.ask("GET", INFO).status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /api/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /api/ApplicationService/Info HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/SessionService/Sessions HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /api/SessionService/Sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET https:// HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_400_in_the_same_shape(wire: Wire, request_: bytes) -> None:
    wire.send(request_)
    answer = wire.receive()
    assert (answer.status, answer.message_id) == (400, "CGEN1008")


@pytest.mark.parametrize(
    ("body", "message_id", "argument"),
    [
        ({"UserName": "admin"}, "CGEN6002", "Password"),
        ({"Password": "x"}, "CGEN6002", "UserName"),
        ({"UserName": 1, "Password": "x"}, "CGEN1014", "UserName"),
        ({"UserName": None, "Password": "x"}, "CGEN1014", "UserName"),
        ({"UserName": ["admin"], "Password": "x"}, "CGEN1014", "UserName"),
        ({"UserName": "admin", "Password": "x", "SessionType": 5}, "CGEN1014", "SessionType"),
        (b'{"UserName":"\\ud800","Password":"x"}', "CGEN1004", "UserName"),
        (b'{"UserName":"admin"', "CGEN1014", "Invalid json body"),
    ],
)
def test_the_culprit_is_named(wire: Wire, body: object, message_id: str, argument: str) -> None:
    answer = wire.post(SESSIONS, body, ())
    assert (answer.status, answer.message_id) == (400, message_id)
    assert answer.json["error"]["@Message.ExtendedInfo"][0]["MessageArgs"] == [argument]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CSR, {"DistinguishedName": "om.example.net", "KeySize": 1024}),
        (CSR, {"DistinguishedName": "om.example.net", "KeySize": 10**60}),
        (CSR, b'{"DistinguishedName":"om.example.net","KeySize":1e400}'),
        (CSR, {"DistinguishedName": "om.example.net", "KeySize": "many"}),
        (f"{MIGRATION}.MeetPeer", {"Address": "127.0.0.1:99999"}),
        (f"{MIGRATION}.MeetPeer", {"Address": "[::1:8444"}),
        (f"{MIGRATION}.MeetPeer", {"Address": "a" * 60000}),
        (f"{MIGRATION}.Prepare", {"PeerKeySha256": "x" * 64}),
        (f"{MIGRATION}.Prepare", {"PeerKeySha256": "0" * 64}),
        (f"{MIGRATION}.Migrate", {"PeerKeySha256": "0" * 64, "MigrationId": "0" * 36}),
        (f"{MIGRATION}.Migrate", {"PeerKeySha256": "0" * 64, "MigrationId": "../" * 12}),
        (f"{MIGRATION}.Resume", {"MigrationId": "short"}),
        (
            f"{MIGRATION}.VerifyConnection",
            {"Address": "127.0.0.1:1", "UserName": "a", "Password": "b", "LocalRole": "both"},
        ),
        (IMPORT, {"Devices": "many"}),
        (IMPORT, {"Devices": [{}], "Groups": [], "Credentials": []}),
        (IMPORT, 12),
        (IMPORT, {"Devices": [], "Groups": [], "Credentials": [], "More": 10**400}),
    ],
)
def test_a_value_that_cannot_be_is_400(wire: Wire, path: str, body: object) -> None:
    answer = wire.post(path, body)
    assert answer.status == 400
    assert answer.message_id


def test_a_migration_that_is_not_there_is_404(wire: Wire) -> None:
    for action in ("Resume", "Abort"):
        answer = wire.post(f"{MIGRATION}.{action}", {"MigrationId": "0" * 36})
        assert (answer.status, answer.message_id) == (404, "CGEN1006")


@pytest.mark.parametrize(
    ("path", "length"),
    [(CHAIN, 16 * 1024 * 1024 + 1), (CSR, 64 * 1024 + 1), (SESSIONS, 64 * 1024 + 1), (IMPORT, 64 * 1024 * 1024 + 1)],
)
def test_a_body_that_is_too_long_is_413_by_its_announcement_alone(wire: Wire, path: str, length: int) -> None:
    head = [f"POST {path} HTTP/1.1", "Host: x", BASIC, "Content-Type: application/json", f"Content-Length: {length}"]
    wire.send("\r\n".join([*head, "", ""]).encode())
    answer = wire.receive()
    assert (answer.status, answer.message_id) == (413, "CGEN1008")


def test_a_chunked_body_that_is_too_long_is_413(wire: Wire) -> None:
    answer = wire.ask("POST", CSR, (BASIC, "Content-Type: application/json"), b" " * (64 * 1024 + 1), chunked=True)
    assert (answer.status, answer.message_id) == (413, "CGEN1008")


def test_noise_as_long_as_allowed_is_looked_at(wire: Wire) -> None:
    answer = wire.ask("POST", CHAIN, (BASIC,), b"x" * (16 * 1024 * 1024))
    assert (answer.status, answer.message_id) == (500, "CSEC9002")


def test_a_fault_of_ours_is_500_in_the_same_shape_and_in_the_log_without_what_it_was_about(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    with running_console(tmp_path_factory.mktemp("state") / "console") as console, Wire(console) as wire:
        with console.console.database.writing() as connection:
            connection.execute(text("DROP TABLE group_members"))
            connection.execute(text("DROP TABLE devices"))
        answer = wire.ask("GET", f"{DEVICES}?$top=1&$skip=31415926")
        assert (answer.status, answer.message_id) == (500, "CGEN1008")
        assert wire.ask("GET", INFO).status == 200
        entry = console.console.log.path.read_text().splitlines()[-1]
    assert re.search(
        r"Console - GET /api/DeviceService/Devices failed: OperationalError at console/api/query.py:\d+$", entry
    )
    assert "no such table" not in answer.body.decode()
    assert "no such table" in caplog.text
    assert "31415926" not in caplog.text


def test_a_fault_outside_of_the_application_is_500_in_the_same_shape(running: RunningConsole) -> None:
    """At the outermost edge, with an application that fails in each way there is."""

    async def fails(scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("the secret")

    async def answers_text(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"the secret"})

    log = ApplicationLog(running.console.state.logs)
    for app, status in ((fails, 500), (answers_text, 503)):
        sent = _call(OneErrorShape(app, log), "/api/x")
        assert sent[0]["status"] == status
        assert json.loads(sent[1]["body"])["error"]["@Message.ExtendedInfo"][0]["MessageId"] == "CGEN1008"
    assert "the secret" not in log.path.read_text()
    assert _call(OneErrorShape(answers_text, log), "/page")[1]["body"] == b"the secret"


def _call(app: OneErrorShape, path: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(part: MutableMapping[str, Any]) -> None:
        sent.append(dict(part))

    asyncio.run(app({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send))
    return sent
