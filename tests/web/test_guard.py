"""What holds for every page: headers, no orders from other sites, nothing for strangers, bounded forms, errors."""

import re
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from tests.running import HOST, RunningConsole
from tests.web.consoles import sign_in as sign_in_there
from tests.web.consoles import visitor
from tests.web.reading import read

from mutua.chain.decode import MAX_BYTES
from mutua.console.web import certificates, devices, migrations, overview, password, sign_in, speaking, users, verifying

FAMILIES = (certificates, devices, migrations, overview, password, sign_in, speaking, users, verifying)
OPEN = {"/login", "/logout", "/language"}
POLICY = {
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


def routes() -> Iterator[tuple[str, str]]:
    for family in FAMILIES:
        for route in family.router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield method, route.path.replace("{identifier}", "0" * 36)


def check_headers(response: httpx.Response, cached: str = "no-store") -> None:
    assert set(response.headers["content-security-policy"].split("; ")) == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert re.fullmatch(r"max-age=\d{7,}", response.headers["strict-transport-security"])
    assert response.headers["cache-control"] == cached


def test_every_page_and_every_error_carries_the_headers(running: RunningConsole) -> None:
    with visitor(running) as client:
        check_headers(client.get("/", follow_redirects=False))
        check_headers(client.get("/login"))
        check_headers(client.get("/no-such-page"))
        check_headers(client.put("/login"))
        check_headers(client.post("/login", headers={"Origin": "https://example.net"}))
        check_headers(client.get("/static/mutua.css"), cached="no-cache")
        sign_in_there(client)
        check_headers(client.get("/devices"))


def test_a_stranger_sees_no_page_and_gives_no_order(running: RunningConsole) -> None:
    closed = [(method, path) for method, path in routes() if path not in OPEN]
    assert len(closed) > 12
    with visitor(running) as client:
        for method, path in closed:
            answer = client.request(method, path, follow_redirects=False)
            assert answer.status_code == 303, path
            page = path if method == "GET" else path.rpartition("/")[0]
            assert answer.headers["location"] == ("/login" if page in ("/", "") else f"/login?next={page}")
            assert answer.content == b""


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://example.net"},
        {"Origin": "null"},
        {"Origin": f"https://{HOST}:1"},
    ],
)
def test_another_site_gives_no_orders(running: RunningConsole, headers: dict[str, str]) -> None:
    with visitor(running) as client:
        sign_in_there(client)
        answer = client.post("/logout", headers=headers)
        assert answer.status_code == 403
        assert "Another site sent this" in read(answer.text).text
        assert client.get("/").url.path == "/"


@pytest.mark.parametrize("site", ["same-origin", "none", "origin", "neither"])
def test_the_pages_themselves_and_programs_give_orders(running: RunningConsole, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    if site == "origin":
        headers = {"Origin": f"https://{running.address}"}
    elif site == "neither":
        headers = {}
    with visitor(running) as client:
        sign_in_there(client)
        assert client.post("/logout", headers=headers).url.path == "/login"
        assert client.get("/").url.path == "/login"


def test_another_site_may_link_to_a_page(running: RunningConsole) -> None:
    with visitor(running) as client:
        assert client.get("/login", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", ["/no-such-page", "/migration/none", "/devices?page=0", "/devices?page=x", "/API"])
def test_what_does_not_exist_is_a_page_too(running: RunningConsole, path: str) -> None:
    with visitor(running) as client:
        sign_in_there(client)
        answer = client.get(path)
        assert answer.status_code == 404
        assert read(answer.text).by_id("content").text.startswith("There is no such page")


def test_a_wrong_method_is_a_page_that_names_the_right_one(running: RunningConsole) -> None:
    with visitor(running) as client:
        answer = client.get("/logout")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
        assert read(answer.text).by_id("content").text.startswith("This address takes forms only")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/none", "/api/SessionService/none", "/api/../api/none"])
def test_below_api_errors_stay_json(running: RunningConsole, path: str) -> None:
    with running.client() as client:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "Base.1.0.GeneralError"
        assert "content-security-policy" not in answer.headers


def test_a_wrong_method_below_api_is_answered_in_json(running: RunningConsole) -> None:
    with running.client() as client:
        answer = client.put("/api/ApplicationService/Info")
        assert answer.status_code >= 400
        assert "error" in answer.json()


def test_a_fault_of_the_console_is_a_page_without_its_insides(running: RunningConsole) -> None:
    with visitor(running) as client:
        sign_in_there(client)
        with running.console.database.writing() as connection:
            connection.execute(text("ALTER TABLE devices RENAME TO gone"))
        answer = client.get("/devices")
        assert answer.status_code == 500
        check_headers(answer)
        page = read(answer.text).by_id("content").text
        assert page.startswith("The console failed")
        assert "devices" not in page
        with running.console.database.writing() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO devices"))
        assert client.get("/devices").status_code == 200


def raw(running: RunningConsole, head: str, body: bytes = b"") -> bytes:
    """The first bytes of the answer to a request that is not sent whole."""
    request = f"{head}\r\nHost: {running.address}\r\n\r\n".encode() + body
    with (
        socket.create_connection((HOST, running.console.addresses.port), timeout=10) as connection,
        running.context.wrap_socket(connection, server_hostname=HOST) as encrypted,
    ):
        assert isinstance(encrypted, ssl.SSLSocket)
        encrypted.sendall(request)
        return encrypted.recv(4096)


def test_a_strangers_upload_is_turned_away_before_it_is_sent(running: RunningConsole) -> None:
    path = "/settings/security/certificates/chain"
    head = f"POST {path} HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000"
    assert raw(running, head).startswith(b"HTTP/1.1 303 ")


def test_a_form_that_is_too_long_is_turned_away_before_it_is_sent(running: RunningConsole) -> None:
    head = "POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    assert raw(running, f"{head}65537").startswith(b"HTTP/1.1 413 ")
    assert raw(running, f"{head}9999999999999").startswith(b"HTTP/1.1 413 ")


def test_a_form_of_unknown_length_is_turned_away(running: RunningConsole) -> None:
    head = "POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked"
    assert raw(running, head).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize("surplus", [1024 * 1024, 60 * 1024 * 1024])
def test_a_file_that_is_too_large_gets_a_clear_sentence(running: RunningConsole, surplus: int) -> None:
    with visitor(running) as client:
        sign_in_there(client)
        before = running.console.identity
        upload = {"file": ("chain.pem", b"\0" * (MAX_BYTES + surplus))}
        answer = client.post("/settings/security/certificates/chain", files=upload)
        assert answer.status_code == 413
        assert "A file may have at most 16 MiB" in read(answer.text).text
        assert running.console.identity is before


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"a=1&" * 30, "application/x-www-form-urlencoded"), (b"no parts", "multipart/form-data; boundary=x")],
)
def test_a_form_that_makes_no_sense_is_a_page_too(running: RunningConsole, body: bytes, kind: str) -> None:
    with visitor(running) as client:
        answer = client.post("/login", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 401)
        assert read(answer.text).by_id("content").text


def test_files_beside_the_static_ones_are_not_served(running: RunningConsole) -> None:
    with visitor(running) as client:
        assert client.get("/static/mutua.css").headers["content-type"].startswith("text/css")
        for path in ("/static/../pages.py", "/static/%2e%2e/pages.py", "/static/..%2fpages.py", "/static/"):
            assert client.get(path).status_code in (404, 405)
