"""The peer listener over real TLS: who gets in, and whom it takes the caller for (R1)."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.migration.sides import device
from tests.peering.certified import Authority, certify, running
from tests.running import RunningConsole

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued
from mutua.chain.certificate import Certificate
from mutua.inventory import store
from mutua.inventory.records import Fleet
from mutua.migration.phases import Phase
from mutua.migration.stream import MAX_CHUNKS
from mutua.peering.channel import PeerChannel, PeerRefusedError, PeerUnreachableError, WrongPeerError
from mutua.peering.contexts import Presented, peer_client, public_client
from mutua.peering.identity import key_sha256
from mutua.storage.tables import peers

NOWHERE = "00000000-0000-4000-8000-000000000000"


class Caller:
    """Somebody who calls a peer listener with a certificate, and may be known there as a peer."""

    def __init__(self, console: RunningConsole, presented: Presented, trusted: str) -> None:
        self.console = console
        self.context = peer_client(presented, trusted)

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        with httpx.Client(verify=self.context, trust_env=False, timeout=20) as client:
            return client.request(method, f"https://{self.console.peer_address}/peer/v1{path}", **request)


@pytest.fixture(scope="module")
def source(pair: tuple[RunningConsole, RunningConsole]) -> RunningConsole:
    return pair[0]


@pytest.fixture(scope="module")
def known(source: RunningConsole, authority: Authority) -> Issued:
    """The leaf of a peer that the source has met."""
    leaf = authority.leaf("met.example.net")
    meet(source, leaf)
    return leaf


def meet(console: RunningConsole, leaf: Issued) -> str:
    """Write a peer down as met; its key."""
    key = key_sha256(Certificate(leaf.certificate.public_bytes(Encoding.DER), 1))
    values = {"name": "met", "address": "127.0.0.1:1", "certificates_pem": leaf.pem.decode()}
    with console.console.database.writing() as connection:
        connection.execute(peers.insert().values(key_sha256=key, verified_at=datetime.now(UTC), **values))
    return key


def test_a_sound_certificate_is_answered(source: RunningConsole, authority: Authority) -> None:
    caller = Caller(source, authority.presented(authority.leaf()), authority.root_pem)
    assert caller.get("/standing").json()["Name"] == "source"


def test_no_certificate_is_refused_in_the_handshake(source: RunningConsole, authority: Authority) -> None:
    with pytest.raises(PeerUnreachableError) as refused, channel(source, public_client(authority.root_pem)) as without:
        without.get("/standing")
    assert "does not accept this side's certificate" in str(refused.value)


def channel(console: RunningConsole, context: ssl.SSLContext, pin: str | None = None) -> PeerChannel:
    return PeerChannel(console.peer_address, context, pin)


YEAR = timedelta(days=365)
UNSOUND: dict[str, dict[str, Any]] = {
    "no client authentication": {"extended_key_usage": [SERVER_AUTH]},
    "expired": {"not_before": datetime.now(UTC) - YEAR, "not_after": datetime.now(UTC) - timedelta(days=1)},
    "not yet valid": {"not_before": datetime.now(UTC) + timedelta(days=1), "not_after": datetime.now(UTC) + YEAR},
}


@pytest.mark.parametrize("fault", UNSOUND)
def test_an_unsound_certificate_is_refused(source: RunningConsole, authority: Authority, fault: str) -> None:
    presented = authority.presented(authority.leaf(**UNSOUND[fault]))
    with pytest.raises(httpx.TransportError):
        Caller(source, presented, authority.root_pem).get("/standing")


def test_client_authentication_alone_is_enough_for_a_client(source: RunningConsole, authority: Authority) -> None:
    presented = authority.presented(authority.leaf(extended_key_usage=[CLIENT_AUTH]))
    assert Caller(source, presented, authority.root_pem).get("/standing").status_code == 200


def test_another_root_of_the_same_name_is_refused(
    source: RunningConsole, authority: Authority, stranger: Authority
) -> None:
    with pytest.raises(httpx.TransportError):
        Caller(source, stranger.presented(stranger.leaf()), authority.root_pem).get("/standing")


def test_a_certificate_without_those_above_it_is_refused(source: RunningConsole, authority: Authority) -> None:
    leaf = authority.leaf()
    assert leaf.key is not None
    with pytest.raises(httpx.TransportError):
        Caller(source, Presented(leaf.pem, leaf.key), authority.root_pem).get("/standing")


def test_a_trusted_certificate_behind_a_strangers_leaf_is_refused(
    source: RunningConsole, authority: Authority, stranger: Authority, known: Issued
) -> None:
    """Only the leaf proves a key; what is sent along proves nothing."""
    presented = stranger.presented(stranger.leaf(), known, *authority.path)
    with pytest.raises(httpx.TransportError):
        Caller(source, presented, authority.root_pem).get("/standing")


@pytest.fixture
def prepared(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[tuple[RunningConsole, Issued, str]]:
    """A source that has prepared a migration for a peer: the peer's leaf, and the migration's id."""
    with running(tmp_path_factory.mktemp("prepared"), "source") as (source,):
        certify(source.console, authority, "OMENT-310")
        leaf = authority.leaf("met.example.net")
        key = meet(source, leaf)
        with source.console.database.writing() as connection:
            store.add_fleet(connection, Fleet((device("a"),)), source.console.sealer)
        yield source, leaf, source.console.migrating.prepare(key).id


def test_a_peer_is_known_by_its_leaf_alone(prepared: tuple[RunningConsole, Issued, str], authority: Authority) -> None:
    source, leaf, migration = prepared
    other = Caller(source, authority.presented(authority.leaf(), leaf), authority.root_pem)
    for method, path, body in (
        ("GET", "manifest", None),
        ("GET", "chunks/1", None),
        ("GET", "outcome", None),
        ("POST", "decision", {"Outcome": "committed"}),
        ("POST", "decision", {"Outcome": "aborted"}),
        ("POST", "finish", None),
        ("POST", "abort", None),
    ):
        answer = other.request(method, f"/migrations/{migration}/{path}", json=body)
        assert (path, answer.status_code) == (path, 404)
    assert source.console.migrating.read(migration).phase is Phase.PREPARED
    right = Caller(source, authority.presented(leaf), authority.root_pem)
    assert right.get(f"/migrations/{migration}/manifest").json()["Counts"]["devices"] == 1
    assert right.get(f"/migrations/{migration}/chunks/1").status_code == 200


def test_after_an_abort_the_source_says_that_it_is_over(
    prepared: tuple[RunningConsole, Issued, str], authority: Authority
) -> None:
    source, leaf, migration = prepared
    caller = Caller(source, authority.presented(leaf), authority.root_pem)
    assert caller.request("POST", f"/migrations/{migration}/finish").status_code == 409
    decision = {"Outcome": "aborted"}
    answer = caller.request("POST", f"/migrations/{migration}/decision", json=decision)
    assert answer.json() == {"Phase": "aborted"}
    assert caller.get(f"/migrations/{migration}/manifest").status_code == 410


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/migrations/{NOWHERE}/manifest", None, 404),
        ("GET", f"/migrations/{NOWHERE}/chunks/1", None, 404),
        ("GET", f"/migrations/{NOWHERE}/outcome", None, 200),
        ("POST", f"/migrations/{NOWHERE}/decision", {"Outcome": "committed"}, 404),
        ("POST", f"/migrations/{NOWHERE}/finish", None, 404),
        ("POST", "/migrations/no-id/abort", None, 404),
        ("GET", f"/migrations/{'%00' * 36}/manifest", None, 404),
        ("GET", f"/migrations/{'%ff' * 36}/outcome", None, 200),
        ("GET", f"/migrations/{NOWHERE}/chunks/0", None, 422),
        ("GET", f"/migrations/{NOWHERE}/chunks/{MAX_CHUNKS + 1}", None, 422),
        ("GET", f"/migrations/{NOWHERE}/chunks/{10**30}", None, 422),
        ("POST", f"/migrations/{NOWHERE}/decision", {"Outcome": "perhaps"}, 422),
        ("POST", f"/migrations/{NOWHERE}/decision", {"Outcome": "x" * 100_000}, 413),
        ("GET", "/nothing", None, 404),
    ],
)
def test_what_a_known_peer_asks_wrongly_is_refused(
    source: RunningConsole, authority: Authority, known: Issued, method: str, path: str, body: object, status: int
) -> None:
    caller = Caller(source, authority.presented(known), authority.root_pem)
    assert caller.request(method, path, json=body).status_code == status


def test_an_abort_for_what_never_came_is_written_down(
    source: RunningConsole, authority: Authority, known: Issued
) -> None:
    caller = Caller(source, authority.presented(known), authority.root_pem)
    migration = "11111111-0000-4000-8000-000000000000"
    assert caller.request("POST", f"/migrations/{migration}/abort").json() == {"Outcome": "aborted"}
    assert caller.get(f"/migrations/{migration}/outcome").json() == {"Outcome": "aborted"}


def test_a_pinned_channel_speaks_to_the_holder_of_that_key_only(
    pair: tuple[RunningConsole, RunningConsole], authority: Authority
) -> None:
    source, target = pair
    context = peer_client(source.console.identity.presented, authority.root_pem)
    right = key_sha256(target.console.identity.leaf)
    with channel(target, context, right) as pinned:
        assert pinned.get("/standing")["Name"] == "target"
    with channel(target, context, key_sha256(source.console.identity.leaf)) as pinned, pytest.raises(WrongPeerError):
        pinned.get("/standing")


def test_a_listener_that_is_certified_for_another_address_is_refused(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> None:
    with running(tmp_path_factory.mktemp("elsewhere"), "elsewhere") as (elsewhere,):
        certify(elsewhere.console, authority, "OMENT-500", names=[x509.DNSName("elsewhere.example.net")])
        context = peer_client(authority.presented(authority.leaf()), authority.root_pem)
        with channel(elsewhere, context) as refused, pytest.raises(PeerUnreachableError, match="not accepted"):
            refused.get("/standing")
        certify(elsewhere.console, authority, "OMENT-500")
        with channel(elsewhere, context) as answered:
            assert answered.get("/standing")["Name"] == "elsewhere"


def test_a_refusal_is_told_in_its_own_words(source: RunningConsole, authority: Authority, known: Issued) -> None:
    context = peer_client(authority.presented(known), authority.root_pem)
    with channel(source, context) as asked, pytest.raises(PeerRefusedError) as refused:
        asked.get(f"/migrations/{NOWHERE}/manifest")
    assert refused.value.status == 404
    assert str(refused.value) == f"there is no migration {NOWHERE} with this console."
