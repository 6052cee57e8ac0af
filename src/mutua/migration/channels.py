"""The other side of a migration, reached over mutual TLS: who it is was settled when the two met."""

from collections.abc import Callable
from typing import TypeVar

from mutua.message import message
from mutua.migration.errors import EndedError, MigrationError
from mutua.migration.phases import Outcome
from mutua.migration.stream import MAX_PACKED_BYTES, Manifest
from mutua.peering.channel import PeerChannel, PeerRefusedError, WrongPeerError

UNKNOWN, ENDED = 404, 410
"""The HTTP statuses of `UnknownMigrationError` and `EndedError` (RFC 9110, section 15.5): 410 is gone for good."""

_VERIFY_AGAIN = message("if one of the two has a new certificate, verify the connection again, then resume.")

T = TypeVar("T")


class RemoteSource:
    """The source, as the target asks it."""

    def __init__(self, channel: PeerChannel) -> None:
        self._channel = channel

    def manifest(self, migration: str) -> Manifest:
        """What it promises."""
        return Manifest.from_json(_ask(lambda: self._channel.get(f"/migrations/{migration}/manifest")))

    def chunk(self, migration: str, number: int) -> bytes:
        """One chunk, compressed."""
        path = f"/migrations/{migration}/chunks/{number}"
        return _ask(lambda: self._channel.get_bytes(path, MAX_PACKED_BYTES))

    def tell(self, migration: str, decided: Outcome) -> None:
        """Let it know the decision."""
        _ask(lambda: self._channel.post(f"/migrations/{migration}/decision", {"Outcome": decided}))

    def finish(self, migration: str) -> None:
        """Let it know that this side has ended the migration."""
        _ask(lambda: self._channel.post(f"/migrations/{migration}/finish", {}))


class RemoteTarget:
    """The target, as the source asks it."""

    def __init__(self, channel: PeerChannel) -> None:
        self._channel = channel

    def outcome(self, migration: str) -> Outcome:
        """What its record says."""
        return _outcome(_ask(lambda: self._channel.get(f"/migrations/{migration}/outcome")))

    def abort(self, migration: str) -> Outcome:
        """Have it abort, unless it has committed."""
        return _outcome(_ask(lambda: self._channel.post(f"/migrations/{migration}/abort", {})))


def _outcome(answer: dict[str, object]) -> Outcome:
    try:
        return Outcome(str(answer.get("Outcome")))
    except ValueError as error:
        raise MigrationError(message("the target answered something that is no outcome.")) from error


def _ask(request: Callable[[], T]) -> T:
    try:
        return request()
    except PeerRefusedError as error:
        if error.status == ENDED:
            raise EndedError from error
        raise MigrationError(
            message("the other console refuses ({status}): {problem}", status=error.status, problem=error.problem),
            advice=_VERIFY_AGAIN if error.status == UNKNOWN else None,
        ) from error
    except WrongPeerError as error:
        raise MigrationError(
            message("another console answers at that address: {peer}", peer=str(error)),
            advice=_VERIFY_AGAIN,
        ) from error
