"""What a console says of itself to one that wants to know whether to trust it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from mutua.chain.certificate import Certificate, printable
from mutua.chain.decode import decode
from mutua.peering.identity import IdentityKind

_ADDRESS = re.compile(r"[^/@\s]{1,290}:[0-9]{1,5}")


class MalformedStandingError(ValueError):
    """The other side's answer is not the standing of a console."""


class Standing(NamedTuple):
    """Who a console is, by its own word: nothing here is believed before a handshake has proved it."""

    name: str
    version: str
    clock: datetime
    kind: IdentityKind
    certificates: tuple[Certificate, ...]
    """Leaf first, up to the root where the console has one."""
    peer_address: str
    """Where its peer listener is: host:port."""

    def to_json(self) -> dict[str, object]:
        """The standing on the wire."""
        return {
            "Name": self.name,
            "Version": self.version,
            "Clock": self.clock.astimezone(UTC).isoformat(),
            "Kind": self.kind,
            "Certificates": b"".join(certificate.pem for certificate in self.certificates).decode(),
            "PeerAddress": self.peer_address,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> "Standing":
        """A standing from the wire. Raises `MalformedStandingError`."""
        try:
            certificates = decode(str(value["Certificates"]).encode()).certificates
            clock = datetime.fromisoformat(str(value["Clock"]))
            standing = cls(
                name=printable(str(value["Name"]))[:255],
                version=printable(str(value["Version"]))[:64],
                clock=clock.astimezone(UTC),
                kind=IdentityKind(str(value["Kind"])),
                certificates=certificates,
                peer_address=str(value["PeerAddress"]),
            )
        except (KeyError, ValueError, OverflowError) as error:
            raise MalformedStandingError(printable(str(error))) from error
        if not certificates or clock.tzinfo is None:
            raise MalformedStandingError("it lacks a certificate or the zone of its clock")
        if not _ADDRESS.fullmatch(standing.peer_address):
            raise MalformedStandingError("its peer listener has no address")
        return standing
