"""Fetching what an authority publishes: the address comes from a certificate, so from a stranger, and is not trusted.

Only http and https, only addresses that the whole world may reach unless somebody says otherwise, and never more than
so many bytes, redirects and seconds. The address that was checked is the one that is connected to: nobody asks the
DNS again in between. Proxies of the environment are not used, since they would do the asking.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from mutua.chain.certificate import printable
from mutua.message import Message, message

MAX_BYTES = 1024 * 1024
"""The longest answer that is read; a CA certificate has about one thousand bytes, a bundle some ten thousand."""

MAX_SECONDS = 10.0
"""How long one fetch may take, redirects and all."""

MAX_REDIRECTS = 3

_PORTS = {"http": 80, "https": 443}
_MAX_URL = 2048
_MOVED = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~?"
_TRANSLATED = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class FetchError(Exception):
    """Nothing was fetched; `reason` says why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class PrivateAddressError(FetchError):
    """The address is one that not the whole world may reach, and nobody has allowed that."""


class Way(NamedTuple):
    """How to fetch. `context` makes the TLS context for https; it is called only if one is needed."""

    context: Callable[[], ssl.SSLContext]
    allow_private: bool = False
    seconds: float = MAX_SECONDS


def fetch(url: str, way: Way) -> bytes:
    """What the address answers, after up to `MAX_REDIRECTS` redirects, each of which is checked like the first.

    Raises `FetchError`, and `PrivateAddressError` where `way` does not allow an address.
    """
    deadline = _Deadline(way.seconds)
    for _redirect in range(MAX_REDIRECTS + 1):
        answer = _ask(_parsed(url), way, deadline)
        if isinstance(answer, bytes):
            return answer
        url = _joined(url, answer.location)
    raise FetchError(message("there are more than {limit} redirects", limit=MAX_REDIRECTS))


def is_public(address: Address) -> bool:
    """Whether the whole world may reach the address; one that is wrapped in another counts as what it wraps."""
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is reached through an IPv6 address: mapped, 6to4 (RFC 3056), NAT64 (RFC 6052)."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class _Moved(NamedTuple):
    """The answer is elsewhere."""

    location: str


class _Deadline:
    """The moment at which all patience ends."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than none. Raises `FetchError`."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> FetchError:
        """The end of it."""
        return FetchError(message("there was no complete answer within {seconds:g} seconds", seconds=self._seconds))


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchError(message("it redirects to something that is no address")) from error


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError(message("this is not an address that can be read")) from error
    if parts.scheme not in _PORTS:
        raise FetchError(
            message("{scheme} is not fetched, only http and https are", scheme=printable(parts.scheme or "—"))
        )
    if not parts.hostname or port == 0 or parts.username is not None or len(url) > _MAX_URL:
        raise FetchError(message("this is not an address that can be read"))
    return parts


def _ask(url: SplitResult, way: Way, deadline: _Deadline) -> bytes | _Moved:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    addresses = _allowed(_resolve(host, port, deadline), host, way)
    try:
        with _connect(addresses, port, deadline) as raw:
            if url.scheme == "http":
                return _exchange(raw, url, deadline)
            raw.settimeout(deadline.left())
            with way.context().wrap_socket(raw, server_hostname=host) as secured:
                return _exchange(secured, url, deadline)
    except TimeoutError as error:
        raise deadline.passed() from error
    except ssl.SSLCertVerificationError as error:
        raise FetchError(
            message("its own TLS certificate is not trusted here ({detail})", detail=printable(error.verify_message))
        ) from error
    except OSError as error:
        detail = printable(str(error.strerror or error))
        raise FetchError(message("it cannot be reached ({detail})", detail=detail)) from error
    except (http.client.HTTPException, ValueError) as error:
        raise FetchError(message("what it answers is not HTTP")) from error


def _resolve(host: str, port: int, deadline: _Deadline) -> list[Address]:
    """The addresses of a name, each once. The system's resolver knows no deadline, so a thread waits for it."""
    answers: SimpleQueue[list[Address] | OSError | ValueError] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)))
        except (OSError, ValueError) as error:  # ValueError: a name that no DNS can hold.
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except Empty:
        raise deadline.passed() from None
    if isinstance(answer, list) and answer:
        return answer
    cause = answer if isinstance(answer, Exception) else None
    raise FetchError(message("there is no address for the name {host}", host=printable(host))) from cause


def _allowed(addresses: list[Address], host: str, way: Way) -> list[Address]:
    allowed = [address for address in addresses if way.allow_private or is_public(address)]
    if not allowed:
        raise PrivateAddressError(
            message(
                "{host} is at {address}, which is this machine or in a private network",
                host=printable(host),
                address=addresses[0],
            )
        )
    return allowed


def _connect(addresses: list[Address], port: int, deadline: _Deadline) -> socket.socket:
    """A connection to the first address that answers; each has its share of the time that is left."""
    for number, address in enumerate(addresses, 1):
        share = deadline.left() / (len(addresses) - number + 1)
        try:
            return socket.create_connection((str(address), port), share)
        except OSError:
            if number == len(addresses):
                raise
    raise AssertionError("there is at least one address")


def _exchange(connected: socket.socket, url: SplitResult, deadline: _Deadline) -> bytes | _Moved:
    connection = http.client.HTTPConnection(url.hostname or "", url.port or _PORTS[url.scheme])
    connection.sock = _Timed(connected, deadline)
    target = quote(url.path or "/", safe=_PATH_CHARACTERS) + (
        f"?{quote(url.query, safe=_PATH_CHARACTERS)}" if url.query else ""
    )
    connection.putrequest("GET", target, skip_accept_encoding=True)
    connection.putheader("Accept", "application/pkix-cert, application/pkcs7-mime, */*")
    connection.putheader("User-Agent", "mutua")
    connection.putheader("Connection", "close")
    connection.endheaders()
    with connection.getresponse() as response:
        location = response.getheader("Location")
        if response.status in _MOVED and location:
            return _Moved(location)
        if response.status != HTTPStatus.OK:
            raise FetchError(message("it answers HTTP {status}", status=response.status))
        content = response.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise FetchError(message("the answer is longer than {limit} KiB", limit=MAX_BYTES // 1024))
    if response.length:
        raise FetchError(message("the answer was cut off"))
    return content


class _Timed:
    """A connected socket on which every single read and write ends at the deadline."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._connected = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._connected.settimeout(self._deadline.left())
        self._connected.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """For reading."""
        return io.BufferedReader(_TimedReader(self._connected, self._deadline))

    def close(self) -> None:
        """Whoever connected it closes it."""


class _TimedReader(io.RawIOBase):
    """The receiving end."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._connected = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(self._deadline.left())
        return self._connected.recv_into(buffer)
