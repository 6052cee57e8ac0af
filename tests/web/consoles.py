"""What tests do with consoles: certify them, give them devices, prepare a migration, look at them as a visitor."""

from collections.abc import Callable
from typing import NamedTuple

import httpx
from cryptography import x509
from tests.running import HOST, PASSWORD, USER, RunningConsole

from mutua.authority.ca import Authority
from mutua.authority.keys import KeyType
from mutua.authority.request import Subject
from mutua.chain import Profile
from mutua.console.console import Console
from mutua.inventory import store
from mutua.inventory.records import Credential, CredentialKind, Device, DeviceType, Fleet, Group, Health
from mutua.peering.verify import verify

StartConsole = Callable[[str], RunningConsole]


class Pair(NamedTuple):
    """Two consoles, and somebody signed in at each."""

    source: RunningConsole
    target: RunningConsole
    at_source: httpx.Client
    at_target: httpx.Client


def visitor(running: RunningConsole, **options: object) -> httpx.Client:
    """A browser as far as HTTP goes: it keeps cookies and follows redirections. Nobody is signed in."""
    return running.client(auth=None, follow_redirects=True, **options)


def sign_in(client: httpx.Client, following: str = "/") -> httpx.Response:
    """Sign the visitor in as the administrator."""
    response = client.post("/login", data={"user": USER, "password": PASSWORD, "next": following})
    assert response.status_code == 200, response.text
    return response


def request_of(console: Console) -> x509.CertificateSigningRequest:
    """A signing request that the console made."""
    pem = console.generate_request(Subject(HOST), HOST, KeyType.EC_P256)
    return x509.load_pem_x509_csr(pem.encode())


def certify(running: RunningConsole, authority: Authority) -> None:
    """Have the console present a chain of the authority."""
    answer = running.console.upload(authority.sign(request_of(running.console)).chain_pem, Profile.MIGRATION)
    assert answer.refusal is None, answer.report.findings


def fleet(count: int) -> Fleet:
    """That many devices in one group with one credential."""
    devices = tuple(
        Device(f"TAG{n}", f"device-{n}", "R1", DeviceType.SERVER, "192.0.2.1", Health.NORMAL, "{}", ("Lab",), "root")
        for n in range(count)
    )
    return Fleet(devices, (Group("Lab"),), (Credential("root", CredentialKind.REDFISH, "root", "secret"),))


def add_fleet(console: Console, added: Fleet) -> None:
    """Have the console manage a fleet."""
    with console.database.writing() as connection:
        store.add_fleet(connection, added, console.sealer)


def managed(running: RunningConsole) -> int:
    """How many devices the console manages."""
    with running.console.database.reading() as connection:
        return store.count(connection).devices


def prepared(pair: Pair) -> str:
    """A migration that the source has prepared and the target knows nothing of."""
    with pair.target.remote() as remote:
        verification = verify(pair.source.console.migrating, remote)
    assert verification.passed
    return pair.source.console.migrating.prepare(verification.source_meets_target.peer_key_sha256 or "").id


def accepted(pair: Pair) -> str:
    """One that the target has accepted too, and does not carry on: as after a kill -9."""
    identifier = prepared(pair)
    migrating = pair.target.console.migrating
    with pair.source.remote() as remote:
        verification = verify(remote, migrating)
    peer = migrating._peer(verification.target_meets_source.peer_key_sha256 or "")
    migrating.target.accept(identifier, peer)
    return identifier
