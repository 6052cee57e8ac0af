"""Another console's REST API, as a person or a console with credentials uses it."""

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from mutua.message import Message, message
from mutua.peering.causes import NOT_SIGNED_IN, REFUSED, UNREACHABLE, Cause
from mutua.peering.channel import CONNECTION_ERRORS, client, explain
from mutua.peering.standing import MalformedStandingError, Standing
from mutua.peering.verify import Meeting

_ACTIONS = "/MigrationService/Actions/MigrationService"
_UNAUTHORISED = 401


class ConsoleUnreachableError(Exception):
    """The console could not be reached, or its certificate is not trusted; `problem` says what was met."""

    def __init__(self, address: str, problem: Message) -> None:
        super().__init__(f"{address}: {problem}")
        self.address = address
        self.problem = problem


class ConsoleRefusedError(Exception):
    """The console answered with an error: the HTTP status, and its body as it came."""

    def __init__(self, address: str, status: int, body: Mapping[str, Any]) -> None:
        self.address = address
        self.status = status
        self.body = body
        super().__init__(f"{address}: {self.message}")

    @property
    def message_id(self) -> str:
        """The appliance's identifier of the error, such as `CGEN1008`."""
        return str(self._info.get("MessageId", f"HTTP {self.status}"))

    @property
    def message(self) -> str:
        """The appliance's sentence."""
        return str(self._info.get("Message", f"HTTP {self.status}"))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The appliance's arguments: where the real cause is, if anywhere."""
        return tuple(map(str, self._info.get("MessageArgs", ())))

    @property
    def _info(self) -> Mapping[str, Any]:
        error = self.body.get("error")
        infos = error.get("@Message.ExtendedInfo") if isinstance(error, dict) else None
        return infos[0] if isinstance(infos, list) and infos and isinstance(infos[0], dict) else {}


def told(error: ConsoleUnreachableError | ConsoleRefusedError) -> Message:
    """What the console answered, or that it did not."""
    if isinstance(error, ConsoleUnreachableError):
        return message("Connecting to {address}: {problem}.", address=error.address, problem=error.problem)
    said = "; ".join(error.arguments) or error.message
    return message("{address} answers {code}: {said}", address=error.address, code=error.message_id, said=said)


def why_no_session(side: str, error: ConsoleUnreachableError | ConsoleRefusedError) -> Cause:
    """Why nobody could sign in to the console on that side (R19)."""
    if isinstance(error, ConsoleUnreachableError):
        return Cause.of(side, UNREACHABLE, told(error))
    if error.status == _UNAUTHORISED:
        found = message("{address} knows no such user with that password.", address=error.address)
        return Cause.of(side, NOT_SIGNED_IN, found)
    return Cause.of(side, REFUSED, told(error))


class RemoteConsole:
    """A signed-in session at a console. Every call may raise `ConsoleUnreachableError` or `ConsoleRefusedError`."""

    def __init__(self, address: str, user: str, password: str, context: ssl.SSLContext) -> None:
        self.address = address
        try:
            self._client = client(f"https://{address}/api", context)
        except httpx.InvalidURL as error:
            raise ConsoleUnreachableError(address, explain(error)) from error
        self._credentials = {"UserName": user, "Password": password, "SessionType": "API"}
        self._session: str | None = None

    def __enter__(self) -> Self:
        """Sign in."""
        try:
            self._sign_in()
        except BaseException:
            self._client.close()
            raise
        return self

    def _sign_in(self) -> None:
        response = self._send("POST", "/SessionService/Sessions", json=self._credentials)
        session, token = _body(response).get("Id"), response.headers.get("X-Auth-Token")
        if not session or not token:
            raise ConsoleUnreachableError(self.address, message("something else than a console answers there"))
        self._session = str(session)
        self._client.headers["X-Auth-Token"] = token

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Sign out, unless the console is gone."""
        try:
            if self._session is not None:
                self._send("DELETE", f"/SessionService/Sessions('{self._session}')")
        except ConsoleUnreachableError:
            if kind is None:
                raise
        finally:
            self._client.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """A JSON object of the API."""
        return self._object(self._send("GET", path, params={f"${name}": value for name, value in query.items()}))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Call an action or create something; an empty answer is an empty object."""
        return self._object(self._send("POST", path, json=body))

    def upload(self, action: str, data: bytes) -> dict[str, Any]:
        """Send a file to an upload action of the ApplicationService."""
        headers = {"Content-Type": "application/octet-stream"}
        path = f"/ApplicationService/Actions/ApplicationService.{action}"
        return self._object(self._send("POST", path, content=data, headers=headers))

    def standing(self) -> Standing:
        """What the console says of itself, with the host that it was reached by."""
        try:
            standing = Standing.from_json(self.get("/MigrationService/Identity"))
        except MalformedStandingError as error:
            problem = message("it does not answer like a console: {reason}", reason=str(error))
            raise ConsoleUnreachableError(self.address, problem) from error
        port = standing.peer_address.rpartition(":")[2]
        host = self.address.rpartition(":")[0]
        return standing._replace(peer_address=f"{host}:{port}")

    def meet(self, peer_address: str) -> Meeting:
        """Have the console connect to a peer listener."""
        answer = self.post(f"{_ACTIONS}.MeetPeer", {"Address": peer_address})
        problem = answer.get("Problem")
        return Meeting(Message("{problem}", {"problem": problem}) if problem else None, answer.get("KeySha256"))

    def prepare(self, peer_key_sha256: str) -> dict[str, Any]:
        """Prepare a migration from that console to a peer that it has met."""
        return self.post(f"{_ACTIONS}.Prepare", {"PeerKeySha256": peer_key_sha256})

    def migrate(self, migration: str, peer_key_sha256: str) -> dict[str, Any]:
        """Start a migration to that console, which a peer has prepared."""
        return self.post(f"{_ACTIONS}.Migrate", {"MigrationId": migration, "PeerKeySha256": peer_key_sha256})

    def resume(self, migration: str) -> dict[str, Any]:
        """Carry a migration on."""
        return self.post(f"{_ACTIONS}.Resume", {"MigrationId": migration})

    def abort(self, migration: str) -> dict[str, Any]:
        """End a migration before it is committed."""
        return self.post(f"{_ACTIONS}.Abort", {"MigrationId": migration})

    def migration(self, migration: str) -> dict[str, Any]:
        """How far a migration has come."""
        return self.get(f"/MigrationService/Migrations('{migration}')")

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **request)
        except CONNECTION_ERRORS as error:
            raise ConsoleUnreachableError(self.address, explain(error)) from error
        if response.status_code >= 400:
            raise ConsoleRefusedError(self.address, response.status_code, _body(response))
        return response

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        return _body(response) if response.content else {}


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        value = response.json()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {"value": value}
