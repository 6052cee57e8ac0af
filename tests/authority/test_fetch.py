"""Fetching from addresses that strangers wrote down: what is published arrives, and nothing else can be reached."""

import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.authority.publishing import Publisher, answer, drip, publishing, redirect, say

from mutua.authority import fetch as fetching
from mutua.authority.ca import Authority
from mutua.authority.fetch import MAX_BYTES, FetchError, PrivateAddressError, Way, fetch, is_public
from mutua.authority.keys import PrivateKey
from mutua.authority.request import Subject, build_request, parse_names
from mutua.peering.contexts import Presented, public_client, public_listener, system_client

LOCAL = Way(system_client, allow_private=True, seconds=5)
HURRIED = Way(system_client, allow_private=True, seconds=0.5)


def refused(url: str, way: Way = LOCAL) -> str:
    with pytest.raises(FetchError) as error:
        fetch(url, way)
    assert not isinstance(error.value, PrivateAddressError)
    return str(error.value)


@pytest.mark.parametrize("content", [b"", b"certificate", b"x" * MAX_BYTES], ids=["empty", "short", "longest"])
def test_what_is_published_arrives(content: bytes) -> None:
    with publishing(answer(content)) as publisher:
        assert fetch(publisher.url("/a b(1).crt?x=ñ"), LOCAL) == content
    request = publisher.asked[0]
    assert request.startswith(b"GET /a%20b(1).crt?x=%C3%B1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{publisher.port}\r\n".encode() in request


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    with publishing(say(b"HTTP/1.0 200 OK\r\n\r\ncertificate")) as publisher:
        assert fetch(publisher.url(), LOCAL) == b"certificate"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0"])  # noqa: S104  (asked for, not bound)
def test_this_machine_is_out_of_reach_unless_it_is_allowed(host: str) -> None:
    with publishing(answer(b"secret")) as publisher:
        with pytest.raises(PrivateAddressError, match="this machine or in a private network"):
            fetch(publisher.url(host=host), Way(system_client))
        assert publisher.asked == []
        assert fetch(publisher.url(host=host), LOCAL) == b"secret"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "https://100.64.0.1/",
    ],
)
def test_private_networks_are_out_of_reach(url: str) -> None:
    start = time.monotonic()
    with pytest.raises(PrivateAddressError):
        fetch(url, Way(system_client))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::1", True),
        ("127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::", False),
        ("::7f00:1", False),
        ("2001:0:808:808::1", False),
        ("fec0::1", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
    ],
)
def test_which_addresses_the_whole_world_may_reach(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@given(st.ip_addresses(v=4))
def test_an_address_that_wraps_another_is_no_way_around(address: object) -> None:
    inner = ip_address(str(address))
    number = int(inner)
    for wrapped in (
        ip_address(0xFFFF << 32 | number),
        ip_address(0x64FF9B << 96 | number),
        ip_address(0x2002 << 112 | number << 80 | 1),
    ):
        assert is_public(wrapped) is is_public(inner)


def test_a_name_is_asked_for_once_and_the_address_that_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the second answer would be another address."""
    resolve, asked = socket.getaddrinfo, []

    def rebind(host: str, port: int, *rest: object, **more: object) -> object:
        asked.append(host)
        if host == "ca.example.net":
            checked = "127.0.0.1" if asked.count(host) == 1 else "127.0.0.2"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (checked, port))]
        return resolve(host, port, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    with publishing(answer(b"certificate")) as publisher:
        assert fetch(publisher.url(host="ca.example.net"), LOCAL) == b"certificate"
    assert asked.count("ca.example.net") == 1
    assert f"Host: ca.example.net:{publisher.port}\r\n".encode() in publisher.asked[0]


def test_of_several_addresses_only_the_public_ones_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def resolve(_host: str, port: int, **_more: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("10.0.0.1", "8.8.8.8", "8.8.4.4")]

    def connect(address: tuple[str, int], *_rest: object) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert refused("http://ca.example.net/", Way(system_client)) == "it cannot be reached (refused)"
    assert tried == ["8.8.8.8", "8.8.4.4"]


def test_redirects_are_followed_a_few_times() -> None:
    with publishing(answer(b"certificate")) as last:
        with publishing(redirect(last.url("/moved.cer"))) as second, publishing(redirect(second.url())) as first:
            assert fetch(first.url(), LOCAL) == b"certificate"
        assert last.asked[0].startswith(b"GET /moved.cer ")


def test_redirects_in_a_circle_end() -> None:
    with publishing(redirect("/again.cer")) as publisher:
        assert refused(publisher.url()) == "there are more than 3 redirects"
        assert len(publisher.asked) == 4


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", "file is not fetched, only http and https are"),
        ("ftp://127.0.0.1/", "ftp is not fetched, only http and https are"),
        ("http://[::1", "it redirects to something that is no address"),
        ("http://user:secret@127.0.0.1/", "this is not an address that can be read"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(location: str, reason: str) -> None:
    with publishing(redirect(location)) as publisher:
        assert refused(publisher.url()) == reason
        assert len(publisher.asked) == 1


def test_a_redirect_from_a_public_address_to_a_private_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with publishing(answer(b"secret")) as inside, publishing(redirect(inside.url())) as outside:
        _call_public(monkeypatch, outside)
        with pytest.raises(PrivateAddressError):
            fetch(f"http://8.8.8.8:{outside.port}/", Way(system_client, seconds=5))
        assert len(outside.asked) == 1
        assert inside.asked == []


def _call_public(monkeypatch: pytest.MonkeyPatch, publisher: Publisher) -> None:
    """Let 8.8.8.8 be a server on this machine, for as long as it takes."""
    connect = socket.create_connection

    def nearer(address: tuple[str, int], timeout: float) -> socket.socket:
        host, port = address
        return connect(("127.0.0.1" if (host, port) == ("8.8.8.8", publisher.port) else host, port), timeout)

    monkeypatch.setattr(socket, "create_connection", nearer)


@pytest.mark.parametrize(
    "url", ["", "ca.cer", "ldap:///CN=Root", "file:///etc/passwd", "http://", "http://host:x/", "http://host:0/"]
)
def test_other_addresses_are_not_even_tried(url: str) -> None:
    assert refused(url) in (
        "this is not an address that can be read",
        f"{url.partition(':')[0] if ':' in url else '—'} is not fetched, only http and https are",
    )


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "nowhere.invalid"])
def test_a_name_without_an_address_is_told(host: str) -> None:
    assert refused(f"http://{host}/") == f"there is no address for the name {host}"


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "not declared"])
def test_an_answer_that_is_too_long_is_not_read(declared: bool) -> None:
    content = b"x" * (MAX_BYTES + 1)
    behave = answer(content) if declared else say(b"HTTP/1.0 200 OK\r\n\r\n" + content)
    with publishing(behave) as publisher:
        assert refused(publisher.url()) == "the answer is longer than 1024 KiB"


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
    ],
    ids=["status line", "header", "body", "chunk"],
)
def test_an_answer_that_drips_is_given_up(first: bytes) -> None:
    start = time.monotonic()
    with publishing(drip(first, 0.05)) as publisher:
        assert refused(publisher.url(), HURRIED) == "there was no complete answer within 0.5 seconds"
    assert time.monotonic() - start < 3


def test_a_server_that_says_nothing_is_given_up() -> None:
    with publishing(lambda _connected, _request: time.sleep(1)) as publisher:
        assert "within 0.5 seconds" in refused(publisher.url(), HURRIED)


def _silent(*_rest: object, **_more: object) -> list[object]:
    time.sleep(1)
    return []


def test_a_resolver_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _silent)
    assert "within 0.2 seconds" in refused("http://ca.example.net/", Way(system_client, seconds=0.2))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "what it answers is not HTTP"),
        (b"", "it cannot be reached (Remote end closed connection without response)"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "what it answers is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "the answer was cut off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", "what it answers is not HTTP"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answers HTTP 404"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "it answers HTTP 302"),
    ],
)
def test_another_answer_is_told(said: bytes, reason: str) -> None:
    with publishing(say(said)) as publisher:
        assert refused(publisher.url()) == reason


def test_a_port_that_nobody_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert refused(f"http://127.0.0.1:{port}/") == "it cannot be reached (Connection refused)"


@pytest.fixture
def listener(authority: Authority, ec_key: PrivateKey, tmp_path: Path) -> ssl.SSLContext:
    """A TLS server for localhost, certified by the authority."""
    request = build_request(ec_key, Subject("localhost"), parse_names("localhost"))
    signed = authority.sign(request)
    return public_listener(Presented(signed.chain_pem, ec_key))


def test_https_is_verified_by_name_and_authority(authority: Authority, listener: ssl.SSLContext) -> None:
    roots = authority.root.public_bytes(Encoding.PEM).decode()
    trusting = Way(lambda: public_client(roots), allow_private=True, seconds=5)
    with publishing(answer(b"certificate"), listener) as publisher:
        assert fetch(publisher.url(scheme="https", host="localhost"), trusting) == b"certificate"
        assert "its own TLS certificate is not trusted here" in refused(publisher.url(scheme="https"), trusting)
        assert "its own TLS certificate is not trusted here" in refused(
            publisher.url(scheme="https", host="localhost"), LOCAL
        )
        assert len(publisher.asked) == 1


def test_the_limits_are_those_of_the_documentation() -> None:
    assert (fetching.MAX_BYTES, fetching.MAX_SECONDS, fetching.MAX_REDIRECTS) == (2**20, 10, 3)
