"""A new identity serves the next handshake on both listeners, while whatever is under way goes on."""

import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.peering.certified import Authority, certify, running, shown_by
from tests.running import HOST, RunningConsole

from mutua.authority.issue import chain
from mutua.authority.keys import KeyType
from mutua.authority.request import Subject
from mutua.chain import Profile
from mutua.peering.channel import PeerChannel, PeerUnreachableError
from mutua.peering.contexts import peer_client, public_listener, unverified_client
from mutua.peering.identity import IdentityKind


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RunningConsole]:
    """A console at its first start."""
    with running(tmp_path, "console") as (started,):
        yield started


def public(console: RunningConsole) -> tuple[str, int]:
    return HOST, console.console.addresses.port


def peers(console: RunningConsole) -> tuple[str, int]:
    return HOST, console.console.addresses.peer_port


def anybody(authority: Authority) -> ssl.SSLContext:
    """A peer that accepts whatever is shown to it."""
    context = peer_client(authority.presented(authority.leaf()), authority.root_pem)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_an_upload_serves_the_next_handshake_on_both_listeners(console: RunningConsole, authority: Authority) -> None:
    first = console.console.identity.leaf.der
    assert shown_by(public(console), unverified_client()) == shown_by(peers(console), anybody(authority)) == first
    answer = certify(console.console, authority, "OMENT-310")
    assert answer.identity is not None
    second = answer.identity.leaf.der
    assert second != first
    assert shown_by(public(console), unverified_client()) == shown_by(peers(console), anybody(authority)) == second


def test_a_refused_upload_changes_nothing_in_the_next_handshake(console: RunningConsole, authority: Authority) -> None:
    certify(console.console, authority, "OMENT-310")
    before = shown_by(public(console), unverified_client())
    answer = console.console.upload(chain(authority.leaf(), *authority.path), Profile.MIGRATION)
    assert answer.identity is None
    assert shown_by(public(console), unverified_client()) == shown_by(peers(console), anybody(authority)) == before


def test_an_open_connection_goes_on_over_a_change(console: RunningConsole, authority: Authority) -> None:
    with console.client() as client:
        assert client.get("/api/ApplicationService/Info").status_code == 200
        certify(console.console, authority, "OMENT-310")
        answer = client.get("/api/ApplicationService/Info")
        assert answer.status_code == 200
        stream = answer.extensions["network_stream"].get_extra_info("ssl_object")
        assert stream.getpeercert(True) != console.console.identity.leaf.der
    with console.client() as client:
        answer = client.get("/api/ApplicationService/Info")
        stream = answer.extensions["network_stream"].get_extra_info("ssl_object")
        assert stream.getpeercert(True) == console.console.identity.leaf.der


def test_a_key_of_another_kind_takes_over(console: RunningConsole, authority: Authority) -> None:
    for kind in (KeyType.RSA_2048, KeyType.EC_P256):
        answer = certify(console.console, authority, "OMENT-310", kind)
        assert answer.identity is not None
        for address, context in ((public(console), unverified_client()), (peers(console), anybody(authority))):
            assert shown_by(address, context) == answer.identity.leaf.der


def test_the_intermediate_is_shown_and_the_root_is_not(console: RunningConsole, authority: Authority) -> None:
    """Whoever trusts the root alone can verify the console, on both listeners."""
    certify(console.console, authority, "OMENT-310")
    context = ssl.create_default_context(cadata=authority.root_pem)
    assert shown_by(public(console), context) == console.console.identity.leaf.der
    peer = peer_client(authority.presented(authority.leaf()), authority.root_pem)
    assert shown_by(peers(console), peer) == console.console.identity.leaf.der
    assert authority.root_pem.encode() not in console.console.identity.presented.certificates_pem


def test_a_peer_whose_root_was_trusted_after_the_start_is_let_in(console: RunningConsole, authority: Authority) -> None:
    caller = peer_client(authority.presented(authority.leaf()), authority.root_pem)
    caller.check_hostname, caller.verify_mode = False, ssl.CERT_NONE
    with PeerChannel(console.peer_address, caller) as channel, pytest.raises(PeerUnreachableError):
        channel.get("/standing")
    certify(console.console, authority, "OMENT-310")
    with PeerChannel(console.peer_address, caller) as channel:
        assert channel.get("/standing")["Name"] == "console"


def test_roots_stay_trusted_when_another_is_added(
    console: RunningConsole, authority: Authority, stranger: Authority
) -> None:
    certify(console.console, authority, "OMENT-310")
    certify(console.console, stranger, "OMENT-310")
    for peer in (authority, stranger):
        caller = peer_client(peer.presented(peer.leaf()), stranger.root_pem)
        with PeerChannel(console.peer_address, caller) as channel:
            assert channel.get("/standing")["Name"] == "console"


def test_a_single_certificate_brings_no_trust(console: RunningConsole, authority: Authority) -> None:
    request = console.console.generate_request(Subject("OMENT-310"), HOST, KeyType.EC_P256)
    leaf_only = authority.signed(request).split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
    answer = console.console.upload(leaf_only, Profile.SERVER)
    assert answer.identity is not None
    assert answer.identity.kind is IdentityKind.CERTIFICATE
    assert console.console.identities.trusted_roots() == ()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _read_from(peers(console), anybody(authority))
    certify(console.console, authority, "OMENT-310")
    _read_from(peers(console), anybody(authority))


def _read_from(address: tuple[str, int], context: ssl.SSLContext) -> None:
    """Have a TLS 1.3 server judge our certificate: it does so after the handshake, as seen from here."""
    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=address[0]) as connection,
    ):
        connection.sendall(b"GET /peer/v1/standing HTTP/1.1\r\nHost: x\r\n\r\n")
        if not connection.recv(1):
            raise ConnectionResetError


def limited_to(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A context for one version of TLS alone; the old ones need OpenSSL's guard down, and Python warns of them."""
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version
    return context


TLS_1_1, TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_the_public_listener_speaks_tls_1_2_and_1_3(console: RunningConsole, version: ssl.TLSVersion) -> None:
    shown = shown_by(public(console), limited_to(unverified_client(), version))
    assert shown == console.console.identity.leaf.der


def test_the_public_listener_does_not_speak_tls_1_1(console: RunningConsole) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown_by(public(console), limited_to(unverified_client(), TLS_1_1))


def test_the_test_itself_could_speak_tls_1_1(console: RunningConsole) -> None:
    """Else the refusal above would mean nothing."""
    server = limited_to(public_listener(console.console.identity.presented), TLS_1_1)
    client = limited_to(unverified_client(), TLS_1_1)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True))
    for _round in range(5):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert [end.version() for end in ends] == ["TLSv1.1", "TLSv1.1"]


def test_the_peer_listener_speaks_tls_1_3_alone(console: RunningConsole, authority: Authority) -> None:
    certify(console.console, authority, "OMENT-310")
    leaf = console.console.identity.leaf.der
    assert shown_by(peers(console), limited_to(anybody(authority), TLS_1_3)) == leaf
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown_by(peers(console), limited_to(anybody(authority), TLS_1_2))


def test_weak_cipher_suites_are_not_spoken(console: RunningConsole) -> None:
    context = limited_to(unverified_client(), TLS_1_2)
    context.set_ciphers("ECDHE+AESGCM")
    assert shown_by(public(console), context) == console.console.identity.leaf.der
    context.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown_by(public(console), context)


def test_no_session_outlives_an_identity_on_the_peer_listener(console: RunningConsole, authority: Authority) -> None:
    """A resumed session would go on with the old certificate, and ask the client for none."""
    certify(console.console, authority, "OMENT-310")

    def has_ticket(url: str) -> bool:
        with httpx.Client(verify=anybody(authority), trust_env=False) as client:
            stream = client.get(url).extensions["network_stream"].get_extra_info("ssl_object")
            return bool(stream.session.has_ticket)

    assert not has_ticket(f"https://{console.peer_address}/peer/v1/standing")
    assert has_ticket(f"https://{console.address}/api/ApplicationService/Info")
