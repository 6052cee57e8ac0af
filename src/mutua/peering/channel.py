"""Talking to another console's peer listener over mutual TLS, knowing exactly who answers (R1)."""

import json
import ssl
from collections.abc import Mapping
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import httpx

from mutua.chain.certificate import Certificate, UnreadableCertificateError, printable
from mutua.message import Message, message
from mutua.peering.identity import key_sha256

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
MAX_JSON_BYTES = 16 * 1024 * 1024

CONNECTION_ERRORS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""What a request can end in before there is an answer; a host name that IDNA cannot hold is a `UnicodeError`."""


class PeerUnreachableError(Exception):
    """The peer could not be reached or broke off; trying again may help. `problem` says what was met."""

    def __init__(self, problem: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem


class WrongPeerError(Exception):
    """Somebody answers there, with a valid certificate, who is not the peer that was agreed on."""


class PeerRefusedError(Exception):
    """The peer answered with an error; `status` and `problem` say which."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


class PeerChannel:
    """A connection to one peer. With a pin, every answer must come from the holder of that very key.

    Raises `PeerUnreachableError` for what is no address.
    """

    def __init__(self, address: str, context: ssl.SSLContext, pinned_key_sha256: str | None = None) -> None:
        self._pinned = pinned_key_sha256
        try:
            self._client = client(f"https://{address}/peer/v1", context)
        except httpx.InvalidURL as error:
            raise PeerUnreachableError(explain(error)) from error
        self.peer: Certificate | None = None
        """The leaf that the other side presented, after the first answer."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> dict[str, Any]:
        """A JSON object from the peer."""
        return self._json(self._request("GET", path, None, MAX_JSON_BYTES))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a JSON object, receive one."""
        return self._json(self._request("POST", path, body, MAX_JSON_BYTES))

    def get_bytes(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes from the peer."""
        return self._request("GET", path, None, limit)

    def _request(self, method: str, path: str, body: Mapping[str, object] | None, limit: int) -> bytes:
        """Raises `PeerUnreachableError`, `PeerRefusedError` or `WrongPeerError`."""
        try:
            with self._client.stream(method, path, json=body) as response:
                self._recognise(response)
                content = _bounded(response, limit)
        except CONNECTION_ERRORS as error:
            raise PeerUnreachableError(explain(error)) from error
        if response.status_code >= 400:
            raise PeerRefusedError(response.status_code, _problem(content))
        return content

    def _recognise(self, response: httpx.Response) -> None:
        """The leaf alone proves a key; what else the peer sends along proves nothing."""
        connection = response.extensions["network_stream"].get_extra_info("ssl_object")
        try:
            self.peer = Certificate(connection.getpeercert(True), 1)
        except UnreadableCertificateError as error:
            raise WrongPeerError(str(error)) from error
        if self._pinned is not None and key_sha256(self.peer) != self._pinned:
            raise WrongPeerError(f"{self.peer.issued_to}, SHA-256 {sha256(self.peer.der).hexdigest()}")

    @staticmethod
    def _json(content: bytes) -> dict[str, Any]:
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise PeerRefusedError(502, "the answer is not JSON") from error
        if not isinstance(value, dict):
            raise PeerRefusedError(502, "the answer is not a JSON object")
        return value


def client(base_url: str, context: ssl.SSLContext) -> httpx.Client:
    """An HTTP client that trusts what `context` says, and no proxy of the environment. Raises `httpx.InvalidURL`."""
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.Client(base_url=base_url, verify=context, timeout=timeout, trust_env=False)


def _problem(content: bytes) -> str:
    """What a refusal says: the sentence where there is one, else the beginning of the answer."""
    try:
        problem = json.loads(content)["Problem"]
    except (ValueError, RecursionError, KeyError, TypeError):
        problem = content[:500].decode("utf-8", "replace")
    return printable(str(problem))


def _bounded(response: httpx.Response, limit: int) -> bytes:
    received = bytearray()
    for part in response.iter_raw():
        received += part
        if len(received) > limit:
            raise PeerRefusedError(502, f"the answer is longer than {limit} bytes")
    return bytes(received)


def explain(error: Exception) -> Message:
    """What a failed connection means, in a sentence."""
    if isinstance(error, UnicodeError | httpx.InvalidURL):
        return message("that is no address that can be connected to")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return message("its certificate was not accepted: {reason}", reason=cause.verify_message)
        if isinstance(cause, ssl.SSLError):
            return message("the TLS handshake failed: {reason}", reason=cause.reason or str(cause))
        if isinstance(cause, ConnectionRefusedError):
            return message("nothing listens on that address and port")
        if isinstance(cause, TimeoutError | httpx.TimeoutException):
            return message("no answer in time")
        if isinstance(cause, ConnectionResetError | httpx.RemoteProtocolError):
            # In TLS 1.3 the client is through with the handshake before the server judges its certificate.
            return message("it hung up without an answer, as a peer does that does not accept this side's certificate")
        cause = cause.__cause__ or cause.__context__
    return message("the connection failed: {reason}", reason=str(error) or type(error).__name__)
