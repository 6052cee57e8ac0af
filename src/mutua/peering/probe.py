"""Looking at a TLS server: what it presents and demands, and what it does with a client's certificate.

Nothing is verified here, on purpose, so that a server that should not be trusted can be looked at: whoever asks judges
the chain afterwards. For that reason no secret is ever sent over such a connection, nor anything else but TLS itself.
A private key that is given signs the handshake, which reveals nothing of it.

Messages are seen by `SSLContext._msg_callback` (decision 11).
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from time import monotonic
from typing import NamedTuple

from mutua.chain.certificate import printable
from mutua.message import Message, message
from mutua.peering.contexts import Presented, diagnosing_client
from mutua.peering.handshake import (
    TLS_1_3,
    CertificateRequest,
    MalformedMessageError,
    certificate_request,
    certificates,
)

DEFAULT_TIMEOUT_S = 10.0
ALPN = ("h2", "http/1.1")

_JUDGING_S = 1.0
"""How long a server may judge a certificate after the handshake, on top of the time that the handshake took."""
_GOODBYE_S = 2.0
_NUDGE_S = 1.0
_MAX_RECEIVED = 1024 * 1024
_HANDSHAKE, _ALERT = 22, 21
_TICKET, _CERTIFICATE, _CERTIFICATE_REQUEST = 4, 11, 13
_FATAL, _CLOSE_NOTIFY = 2, 0
_CONTENT_TYPES = range(20, 25)
_NO_APPLICATION_PROTOCOL = 120
_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", TLS_1_3: "TLSv1.3"}


class NoConnectionError(Exception):
    """There is no connection, or no TLS at its other end; `problem` says what was met, `advice` what to do."""

    def __init__(self, problem: Message, advice: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice


class Reaction(Enum):
    """What the server made of the client's certificate, or of there being none."""

    WENT_ON = auto()
    """It finished the handshake and did not object."""
    ALERT = auto()
    """It ended the connection with an alert."""
    HUNG_UP = auto()
    """It ended the connection without a word."""
    SILENT = auto()
    """It has not objected, nor said that it agrees: most likely it waits for a request."""
    NOT_UNDERSTOOD = auto()
    """It sent what the OpenSSL of this side does not take."""


class Seen(NamedTuple):
    """What one handshake showed."""

    peer: str
    """The address that was connected to."""
    version: str | None
    """As in TLSv1.3; None where the handshake did not get that far."""
    cipher: str | None
    protocol: str | None
    """The application protocol chosen (ALPN)."""
    chain: tuple[bytes, ...]
    """The certificates (DER) in the order sent."""
    request: CertificateRequest | None
    """What it wants of a client's certificate; None where it did not ask for one."""
    sent: int | None
    """How many certificates this side answered with; None where it was not asked."""
    reaction: Reaction
    alert: int | None
    """The number of the fatal alert that came (RFC 8446, section 6)."""
    detail: str
    """What OpenSSL said of a handshake that failed."""
    completed: bool
    """Whether the handshake itself came to its end."""

    @property
    def is_tls_1_3(self) -> bool:
        """Whether the newest version was agreed on."""
        return self.version == "TLSv1.3"


def probe(
    host: str,
    port: int,
    *,
    presented: Presented | None = None,
    server_name: str | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
) -> Seen:
    """Make one handshake and look; with `presented`, as a client that has this certificate.

    `server_name` is what the server is asked for (SNI), by default the host. The handshake takes at most `timeout`
    seconds, and so does the connection to each address of the host. Raises `NoConnectionError`.
    """
    seen = _probe(host, port, presented, server_name or host, timeout, ALPN)
    if seen.alert == _NO_APPLICATION_PROTOCOL:
        return _probe(host, port, presented, server_name or host, timeout, ())
    return seen


def _probe(
    host: str, port: int, presented: Presented | None, server_name: str, timeout: float, protocols: tuple[str, ...]
) -> Seen:
    deadline = monotonic() + timeout
    record = _Record()
    context = diagnosing_client(presented, protocols)
    # Private, and in every Python from 3.8 on (decision 11).
    context._msg_callback = record.note  # type: ignore[attr-defined]
    with _connected(host, port, timeout) as plain:
        wire = _Wire(plain, context, server_name, deadline)
        began = monotonic()
        failure = wire.run(wire.tls.do_handshake)
        if failure is None:
            if record.awaits_judgement:
                wire.listen(_JUDGING_S + monotonic() - began, until=lambda: record.went_on)
            record.said_goodbye = True
            wire.say_goodbye()
        elif not record.has_answered:
            raise _not_tls(wire, failure)
        return record.seen(wire, failure)


@contextmanager
def _connected(host: str, port: int, timeout: float) -> Iterator[socket.socket]:
    try:
        plain = socket.create_connection((host, port), timeout=timeout)
    except socket.gaierror as error:
        raise NoConnectionError(
            message("the name {host} cannot be resolved: {reason}.", host=printable(host), reason=str(error.strerror)),
            message("check the name and this machine's name server, or give the address."),
        ) from error
    except ConnectionRefusedError as error:
        raise NoConnectionError(
            message("nothing listens on {host}:{port}: the connection was refused.", host=host, port=port),
            message("check the port, and that the server runs."),
        ) from error
    except TimeoutError as error:
        raise NoConnectionError(
            message("{host}:{port} did not answer within {seconds:g} s.", host=host, port=port, seconds=timeout),
            message("check the address, and firewalls in between; --timeout gives it longer."),
        ) from error
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NoConnectionError(
            message("{host}:{port} cannot be reached: {reason}.", host=printable(host), port=port, reason=reason),
            message("check the address and the route to it."),
        ) from error
    with plain:
        yield plain


class _Record:
    """The messages of a handshake that matter, noted as they pass."""

    def __init__(self) -> None:
        self.chain: tuple[bytes, ...] = ()
        self.request: CertificateRequest | None = None
        self.sent: int | None = None
        self.alert: int | None = None
        self.version: int | None = None
        self.went_on = False
        self.has_answered = False
        self.said_goodbye = False

    @property
    def awaits_judgement(self) -> bool:
        """Whether the server has yet to say what it makes of the answer to its request (TLS 1.3)."""
        return self.sent is not None and self.version == TLS_1_3

    def note(
        self, _connection: object, direction: str, version: int, content: int, kind: int | None, data: bytes
    ) -> None:
        """The callback of OpenSSL; nothing may be raised in it."""
        incoming = direction == "read"
        if content == _ALERT and incoming and len(data) == 2:
            self.has_answered = True
            if data[0] == _FATAL or (int(version) >= TLS_1_3 and data[1] != _CLOSE_NOTIFY):
                self.alert = data[1]
            else:
                self.went_on = self.went_on or self.said_goodbye
        elif content == _HANDSHAKE and kind is not None:
            if incoming:
                self.has_answered = True
                self.version = int(version)
            with suppress(MalformedMessageError):
                self._note_message(incoming, int(version), int(kind), data[4:])

    def _note_message(self, incoming: bool, version: int, kind: int, body: bytes) -> None:
        if kind == _CERTIFICATE and incoming:
            self.chain = certificates(body, version)
        elif kind == _CERTIFICATE:
            self.sent = len(certificates(body, version))
        elif kind == _CERTIFICATE_REQUEST and incoming:
            self.request = certificate_request(body, version)
        elif kind == _TICKET and incoming and version >= TLS_1_3:
            self.went_on = True

    def seen(self, wire: "_Wire", failure: Exception | None) -> Seen:
        """All of it, once the connection is at its end."""
        tls = wire.tls
        cipher = tls.cipher()
        return Seen(
            peer=wire.peer,
            version=_VERSIONS.get(self.version or 0),
            cipher=cipher[0] if cipher else None,
            protocol=tls.selected_alpn_protocol() if failure is None else None,
            chain=self.chain,
            request=self.request,
            sent=self.sent,
            reaction=self._reaction(wire, failure),
            alert=self.alert,
            detail=_detail(failure),
            completed=failure is None,
        )

    def _reaction(self, wire: "_Wire", failure: Exception | None) -> Reaction:
        if self.alert is not None:
            return Reaction.ALERT
        if failure is None and (self.went_on or self.version != TLS_1_3):
            # Before TLS 1.3 a server has judged the certificate when the handshake is through.
            return Reaction.WENT_ON
        if wire.left_early or wire.was_reset or (wire.has_ended and failure is not None):
            return Reaction.HUNG_UP
        if isinstance(failure, ssl.SSLError):
            return Reaction.NOT_UNDERSTOOD
        return Reaction.SILENT


def _detail(failure: Exception | None) -> str:
    if isinstance(failure, ssl.SSLError):
        return printable(str(failure.reason or failure))
    return "" if failure is None else printable(str(failure))


class _Wire:
    """TLS over a socket, with the bytes passing through our hands."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, server_name: str, deadline: float) -> None:
        self.plain = plain
        self.peer = str(plain.getpeername()[0])
        self.first = b""
        """The first bytes that came."""
        self.has_ended = False
        self.was_reset = False
        self.left_early = False
        """Whether it ended the connection before this side said goodbye."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._deadline = deadline
        self._received = 0
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    def run(self, step: Callable[[], object]) -> Exception | None:
        """Do one thing to its end; the error where it fails."""
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                self._send()
                try:
                    self._receive()
                except OSError as error:
                    self.was_reset = not isinstance(error, TimeoutError)
                    self.has_ended = self.has_ended or self.was_reset
                    return error
            except (OSError, ValueError) as error:
                self._send()
                return error
            else:
                self._send()
                return None

    def listen(self, seconds: float, until: Callable[[], bool]) -> None:
        """Say nothing and wait for what the server says, until something was heard."""

        def step() -> None:
            try:
                self.tls.read(4096)
            except ssl.SSLWantReadError:
                if not until():
                    raise

        self._deadline = min(self._deadline, monotonic() + seconds)
        failure = self.run(step)
        self.left_early = failure is not None and not isinstance(failure, TimeoutError) and not until()

    def say_goodbye(self) -> None:
        """Close the TLS connection, and wait for the server to do the same."""
        self._deadline = monotonic() + _GOODBYE_S
        self.run(self.tls.unwrap)

    def nudge(self) -> None:
        """An empty line, for a server that waits for text."""
        self._deadline = monotonic() + _NUDGE_S
        with suppress(OSError):
            self.plain.sendall(b"\r\n\r\n")
            self._receive()

    def _send(self) -> None:
        """What cannot be sent any more does not matter: the alert may be here already, before the reset."""
        with suppress(OSError):
            if waiting := self._outgoing.read():
                self.plain.settimeout(self._left())
                self.plain.sendall(waiting)

    def _receive(self) -> None:
        if self.has_ended:
            raise ConnectionResetError("it hung up")
        self.plain.settimeout(self._left())
        data = self.plain.recv(65536)
        self._received += len(data)
        if self._received > _MAX_RECEIVED:
            raise ConnectionAbortedError("it sends without end")
        if len(self.first) < 512:
            self.first += data
        if data:
            self._incoming.write(data)
        else:
            self.has_ended = True
            self._incoming.write_eof()

    def _left(self) -> float:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left


def _not_tls(wire: _Wire, failure: Exception) -> NoConnectionError:
    """What it is that has not answered in TLS."""
    if not wire.first and not wire.has_ended:
        wire.nudge()
    first = wire.first
    if not first and wire.has_ended:
        return NoConnectionError(
            message("it hung up in the middle of the handshake, without a word."),
            message("look for a firewall or a load balancer that drops connections, and into the server's log."),
        )
    if not first:
        return NoConnectionError(
            message("it took the connection and then said nothing in time."),
            message("check that TLS is spoken on this port; --timeout gives it longer."),
        )
    if first.startswith(b"HTTP/") or first.lstrip()[:1] == b"<":
        return _http(first)
    if first.startswith((b"SSH-", b"220 ", b"220-", b"* OK", b"+OK")):
        greeting = printable(first.splitlines()[0].decode("utf-8", "replace"))[:60]
        return NoConnectionError(
            message("it greets in plain text: {greeting}", greeting=greeting),
            message("give a port on which TLS is spoken from the first byte; STARTTLS is not spoken here."),
        )
    if first[0] not in _CONTENT_TYPES:
        return NoConnectionError(
            message("it answers, and not in TLS."), message("give a port on which TLS is spoken from the first byte.")
        )
    return NoConnectionError(
        message("it broke off in the middle of the handshake ({detail}).", detail=_detail(failure)),
        message("look into the server's log; a firewall or a load balancer in between may do that too."),
    )


def _http(first: bytes) -> NoConnectionError:
    status = printable(first.splitlines()[0].decode("utf-8", "replace"))[:60]
    lowered = first.lower()
    if b"\nproxy-" in lowered or b"\nvia:" in lowered or b"squid" in lowered or status.split()[1:2] == ["407"]:
        return NoConnectionError(
            message("an HTTP proxy answers there: {status}", status=status),
            message("give the address of the server itself, not that of the proxy: none is used here."),
        )
    return NoConnectionError(
        message("it speaks plain HTTP, without TLS: {status}", status=status),
        message("give the port of HTTPS; often 443 in place of 80, 8443 in place of 8080."),
    )
