"""Requests as existing clients really send them: odd, and meant well."""

import pytest
from tests.console.wire import BASIC, CSR, DEVICES, INFO, SESSIONS, Wire
from tests.running import RunningConsole

from mutua.console.api.address import is_address


def test_a_duplicate_slash_after_api_is_collapsed(wire: Wire) -> None:
    plain, doubled = wire.ask("GET", INFO), wire.ask("GET", INFO.replace("/api/", "/api//"))
    assert plain.status == doubled.status == 200
    assert plain.json == doubled.json


def test_the_link_of_a_page_asked_for_with_a_duplicate_slash_is_plain(wire: Wire) -> None:
    answer = wire.ask("GET", "/api///DeviceService/Devices?$top=1")
    assert answer.status == 200
    assert "//" not in answer.json.get("@odata.nextLink", "")


def test_a_slash_at_the_end_is_no_other_place(wire: Wire) -> None:
    answer = wire.ask("GET", f"{INFO}/")
    assert (answer.status, answer.json["Version"]) == (200, "4.1.0")


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_an_empty_chunked_body_is_read_to_its_end(wire: Wire, method: str) -> None:
    target = f"{SESSIONS}('nobody')" if method == "DELETE" else CSR
    first = wire.ask(method, target, chunked=True)
    second = wire.ask("GET", INFO)
    assert first.message_id == ("CGEN1006" if method == "DELETE" else "CGEN1014")
    assert second.status == 200


def test_a_chunked_body_is_put_together(wire: Wire) -> None:
    body = b'{"DistinguishedName":"om.example.net"}'
    answer = wire.ask("POST", CSR, (BASIC, "Content-Type: application/json"), body, chunked=True)
    assert answer.status == 200


def test_an_absolute_request_target_is_taken(wire: Wire) -> None:
    answer = wire.ask("GET", f"https://127.0.0.1{INFO}")
    assert (answer.status, answer.json["@odata.id"]) == (200, INFO)


def test_a_get_with_the_body_null_is_taken(wire: Wire) -> None:
    answer = wire.ask("GET", f"https://127.0.0.1{DEVICES}", (BASIC, "Content-Type: application/json"), b"null")
    assert (answer.status, answer.json["@odata.count"]) == (200, 0)
    assert wire.ask("GET", INFO).status == 200


@pytest.mark.parametrize("accept", ["application/octet-stream", "*/*", "text/html", "application/json"])
def test_json_is_answered_whatever_is_accepted(wire: Wire, accept: str) -> None:
    answer = wire.ask("GET", INFO, (BASIC, f"Accept: {accept}"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_parentheses_and_quotes_may_be_percent_encoded(wire: Wire) -> None:
    credentials = {"UserName": "admin", "Password": "a password for tests"}
    session = wire.post(SESSIONS, credentials).json["Id"]
    deleted = wire.ask("DELETE", f"{SESSIONS}%28%27{session}%27%29")
    assert (deleted.status, deleted.body) == (204, b"")


def test_header_names_are_case_insensitive(wire: Wire) -> None:
    assert wire.ask("GET", INFO, (BASIC.replace("Authorization", "aUTHORIZATION"),)).status == 200


def test_every_answer_says_its_length_or_has_no_body(wire: Wire) -> None:
    for answer in (wire.ask("GET", INFO), wire.ask("GET", "/api/Nothing")):
        assert int(answer.headers["content-length"]) == len(answer.body)


def test_a_session_is_never_needed_where_basic_is_given(wire: Wire, running: RunningConsole) -> None:
    before = len(running.console.accounts.sessions())
    assert wire.ask("GET", INFO).status == 200
    assert len(running.console.accounts.sessions()) == before


def test_the_version_is_one_that_clients_upload_chains_to(wire: Wire) -> None:
    version = wire.ask("GET", INFO).json["Version"]
    numbers = [int(part) for part in version.split(".")]
    assert 2 <= len(numbers) <= 4
    assert numbers >= [3, 10]


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("127.0.0.1:8443", True),
        ("om.example.net:443", True),
        ("[::1]:8443", True),
        ("::1:8443", False),
        ("om.example.net", False),
        ("om.example.net:", False),
        ("om.example.net:0", False),
        ("om.example.net:65536", False),
        ("om.example.net:²", False),
        ("user@om.example.net:443", False),
        ("om.example.net/path:443", False),
        ("[fe80::1%eth0]:443", False),
        ("[om.example.net]:443", False),
        ("*.example.net:443", False),
        (" om.example.net:443", False),
        ("", False),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, good: bool) -> None:
    assert is_address(address) is good
