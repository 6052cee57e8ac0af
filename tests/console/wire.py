"""Bytes on a real TLS connection, for what well-behaved HTTP libraries would never send."""

import base64
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from http.client import HTTPResponse
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.running import HOST, PASSWORD, USER, RunningConsole

BASIC = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
INFO = "/api/ApplicationService/Info"
DEVICES = "/api/DeviceService/Devices"
SESSIONS = "/api/SessionService/Sessions"
CSR = "/api/ApplicationService/Actions/ApplicationService.GenerateCSR"
CHAIN = "/api/ApplicationService/Actions/ApplicationService.UploadCertChain"
CERTIFICATE = "/api/ApplicationService/Actions/ApplicationService.UploadCertificate"
_TIMEOUT_S = 20


class Answer(NamedTuple):
    """A response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def message_id(self) -> str:
        """Of an error in the shape that every error has; fails for another shape."""
        assert self.status >= 400
        assert self.headers["content-type"] == "application/json"
        assert int(self.headers["content-length"]) == len(self.body)
        assert list(self.json) == ["error"]
        error = self.json["error"]
        assert list(error) == ["code", "message", "@Message.ExtendedInfo"]
        assert error["code"] == "Base.1.0.GeneralError"
        assert error["message"] == "A general error has occurred. See ExtendedInfo for more information."
        for info in error["@Message.ExtendedInfo"]:
            assert list(info) == [
                "MessageId",
                "RelatedProperties",
                "Message",
                "MessageArgs",
                "Severity",
                "Resolution",
            ]
            assert all(isinstance(info[key], str) for key in ("MessageId", "Message", "Severity", "Resolution"))
            assert all(isinstance(text, str) for text in (*info["RelatedProperties"], *info["MessageArgs"]))
        return str(error["@Message.ExtendedInfo"][0]["MessageId"])


class Wire:
    """One connection. Requests carry `credentials` unless they bring other headers."""

    def __init__(self, running: RunningConsole, credentials: str = BASIC) -> None:
        self._headers = (credentials,)
        plain = socket.create_connection((HOST, running.console.addresses.port), timeout=_TIMEOUT_S)
        self._socket: ssl.SSLSocket = running.context.wrap_socket(plain, server_hostname=HOST)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def receive(self, method: str = "GET") -> Answer:
        """The next response; the connection stays open if the server leaves it so."""
        response = HTTPResponse(self._socket, method=method)
        try:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            response.close()

    def ask(
        self,
        method: str,
        target: str,
        headers: Sequence[str] | None = None,
        body: bytes = b"",
        chunked: bool = False,
    ) -> Answer:
        """A request and its response."""
        sent = self._headers if headers is None else headers
        lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", *sent]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        elif body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return self.receive(method)

    def post(self, target: str, value: object, headers: Sequence[str] | None = None) -> Answer:
        """A POST with a JSON body, or with these very bytes."""
        return self._tell("POST", target, value, headers)

    def put(self, target: str, value: object) -> Answer:
        """A PUT with a JSON body."""
        return self._tell("PUT", target, value, None)

    def _tell(self, method: str, target: str, value: object, headers: Sequence[str] | None) -> Answer:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        sent = self._headers if headers is None else headers
        return self.ask(method, target, (*sent, "Content-Type: application/json"), body)
