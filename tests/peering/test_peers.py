"""Whom a console remembers, and what it takes to be the same console with a new key."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.peering.certified import LOOPBACK, Authority, certify, running
from tests.running import RunningConsole

from mutua.authority.issue import chain
from mutua.chain.decode import decode
from mutua.peering import peers
from mutua.peering.identity import IdentityKind, key_sha256
from mutua.peering.peers import Peer, UnknownPeerError
from mutua.peering.standing import Standing
from mutua.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield opened
    opened.close()


def remember(database: Database, authority: Authority, name: str = "OMENT-400", **knobs: Any) -> str:
    """Meet a console with a new key, certified as told; its key."""
    certificates = decode(chain(authority.leaf(name, **knobs), *authority.path)).certificates
    standing = Standing(name, "1", datetime.now(UTC), IdentityKind.CHAIN, certificates, "127.0.0.1:1")
    with database.writing() as connection:
        peers._remember(connection, standing, "127.0.0.1:1")
    return key_sha256(certificates[0])


def known(database: Database) -> list[Peer]:
    with database.reading() as connection:
        return peers.known(connection)


def test_a_renewed_certificate_is_the_same_peer(database: Database, authority: Authority) -> None:
    old = remember(database, authority)
    new = remember(database, authority)
    assert [(peer.id, peer.key_sha256) for peer in known(database)] == [(1, new)]
    with database.reading() as connection, pytest.raises(UnknownPeerError):
        peers.by_key(connection, old)


OTHERS: dict[str, dict[str, Any]] = {
    "another subject": {"name": "OMENT-500"},
    "one name more": {"names": (*LOOPBACK, x509.DNSName("om.example.net"))},
    "another name": {"names": (x509.DNSName("om.example.net"),)},
    "no name": {"names": ()},
}


@pytest.mark.parametrize("difference", OTHERS)
def test_whoever_is_certified_otherwise_is_another_peer(
    database: Database, authority: Authority, difference: str
) -> None:
    first, second = remember(database, authority), remember(database, authority, **OTHERS[difference])
    assert {peer.key_sha256 for peer in known(database)} == {first, second}


def test_whom_another_authority_certified_is_another_peer(
    database: Database, authority: Authority, stranger: Authority
) -> None:
    keys = {
        remember(database, authority),
        remember(database, stranger),
        remember(database, Authority(authority.path[-1:]).below("Inter-CA2")),
    }
    assert {peer.key_sha256 for peer in known(database)} == keys


def test_the_same_key_with_another_certificate_is_the_same_peer(database: Database, authority: Authority) -> None:
    leaf = authority.leaf("OMENT-400")
    first = remember(database, authority, key=leaf.key)
    second = remember(database, authority, "OMENT-401", key=leaf.key)
    assert first == second
    (peer,) = known(database)
    assert peer.name == "OMENT-401"


def test_meeting_a_console_again_brings_what_is_new(tmp_path: Path, authority: Authority) -> None:
    with running(tmp_path, "source", "target") as (source, target):
        certify(source.console, authority, "OMENT-310")
        certify(target.console, authority, "OMENT-400")
        first = met(source, target)
        again = met(source, target)
        assert (again.id, again.key_sha256) == (first.id, first.key_sha256)
        assert again.verified_at > first.verified_at
        certify(target.console, authority, "OMENT-400")
        renewed = met(source, target)
        assert renewed.id == first.id
        assert renewed.key_sha256 == key_sha256(target.console.identity.leaf) != first.key_sha256


def met(one: RunningConsole, other: RunningConsole) -> Peer:
    """Have one console meet the other; the only peer that it knows afterwards."""
    assert one.console.migrating.meet(other.peer_address).met
    (peer,) = known(one.console.database)
    return peer


def test_a_peer_that_is_not_in_order_is_not_remembered(tmp_path: Path, authority: Authority) -> None:
    with running(tmp_path, "source", "target") as (source, target):
        certify(source.console, authority, "OMENT-310")
        certify(target.console, Authority(authority.path[-1:]).below("Inter-CA2"), "OMENT-400")
        assert source.console.migrating.meet(target.peer_address).met
        assert known(source.console.database) == []
