"""The peers that this console has met over mutual TLS and found in order. Nobody else can take part in a migration."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, select

from mutua.chain.certificate import Certificate
from mutua.chain.decode import decode
from mutua.message import message
from mutua.peering.channel import PeerChannel, PeerRefusedError, PeerUnreachableError, WrongPeerError
from mutua.peering.identity import key_sha256
from mutua.peering.standing import MalformedStandingError, Standing
from mutua.peering.verify import Meeting, judge
from mutua.storage.database import Database
from mutua.storage.tables import peers


class Peer(NamedTuple):
    """A console that was met, known by its leaf's key and nothing else.

    A new key takes the place of the old one only when an administrator verifies the connection again, and only
    if the same authority certified both for the same subject and the same names.
    """

    id: int
    key_sha256: str
    name: str
    address: str
    verified_at: datetime


class UnknownPeerError(Exception):
    """No such peer was met."""


def meet(database: Database, context: ssl.SSLContext, own: Standing, address: str) -> Meeting:
    """Connect to a peer listener as a TLS client, and judge whoever proves itself there.

    A peer with which nothing is wrong is remembered, by the key of the leaf that it showed in the handshake.
    """
    try:
        with PeerChannel(address, context) as channel:
            standing = Standing.from_json(channel.get("/standing"))
            leaf = channel.peer
    except PeerUnreachableError as error:
        return Meeting(error.problem, None)
    except (PeerRefusedError, WrongPeerError, MalformedStandingError) as error:
        return Meeting(message("the peer answered something else: {reason}", reason=str(error)), None)
    if leaf is None or key_sha256(leaf) != key_sha256(standing.certificates[0]):
        return Meeting(message("the peer claims another certificate than the one it showed"), None)
    if key_sha256(leaf) == key_sha256(own.certificates[0]):
        return Meeting(message("that address is this console itself"), None)
    if not judge(own, standing):
        with database.writing() as connection:
            _remember(connection, standing, address)
    return Meeting(None, key_sha256(leaf))


def _remember(connection: Connection, standing: Standing, address: str) -> None:
    values = {
        "key_sha256": key_sha256(standing.certificates[0]),
        "name": standing.name,
        "address": address,
        "certificates_pem": b"".join(certificate.pem for certificate in standing.certificates).decode(),
        "verified_at": datetime.now(UTC),
    }
    same_key = select(peers.c.id).where(peers.c.key_sha256 == values["key_sha256"])
    known = connection.execute(same_key).scalar_one_or_none() or _renewed(connection, standing.certificates)
    if known is None:
        connection.execute(peers.insert().values(values))
    else:
        connection.execute(peers.update().where(peers.c.id == known).values(values))


def _renewed(connection: Connection, certificates: Sequence[Certificate]) -> int | None:
    """The peer that has come back with a new key, by the word of the authority that certified both keys.

    Without this, a migration under way could never end once either side has renewed its certificate: it is
    with the holder of the old key, who is gone.
    """
    rows = connection.execute(select(peers.c.id, peers.c.certificates_pem).order_by(peers.c.verified_at.desc()))
    for number, pem in rows:
        if _certified_alike(decode(pem.encode()).certificates, certificates):
            return int(number)
    return None


def _certified_alike(one: Sequence[Certificate], other: Sequence[Certificate]) -> bool:
    def certified(chain: Sequence[Certificate]) -> tuple[object, ...]:
        leaf, root = chain[0], chain[-1]
        return leaf.subject, leaf.issuer, set(leaf.dns_names), set(leaf.addresses), root.key_id

    return certified(one) == certified(other)


def by_key(connection: Connection, key: str) -> Peer:
    """The peer with that key. Raises `UnknownPeerError`."""
    row = connection.execute(select(peers).where(peers.c.key_sha256 == key)).mappings().one_or_none()
    if row is None:
        raise UnknownPeerError(key)
    return _peer(row)


def known(connection: Connection) -> list[Peer]:
    """Every peer that was ever met, the latest first."""
    return [_peer(row) for row in connection.execute(select(peers).order_by(peers.c.verified_at.desc())).mappings()]


def _peer(row: RowMapping) -> Peer:
    return Peer(row["id"], row["key_sha256"], row["name"], row["address"], row["verified_at"])
