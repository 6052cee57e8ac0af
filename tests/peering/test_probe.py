"""Looking at a server: what it presents and demands, against real servers; and what is no TLS server at all."""

import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.chain.pki import MODESTLY
from tests.peering.certified import Authority
from tests.peering.conftest import Pair
from tests.peering.servers import (
    HOST,
    answering,
    cut_off_after,
    hanging_up,
    openssl_server,
    plain_server,
    silent,
    tls_server,
)

from mutua.authority.issue import Issued
from mutua.authority.request import Subject, distinguished_name
from mutua.cli.connected import ending
from mutua.peering.contexts import Presented, peer_listener, public_listener
from mutua.peering.fitting import authorities
from mutua.peering.probe import NoConnectionError, Reaction, Seen, probe


@pytest.fixture(scope="module")
def server(authority: Authority) -> Presented:
    return authority.presented(authority.leaf("server.example.net"))


@pytest.fixture(scope="module")
def client(authority: Authority) -> Presented:
    return authority.presented(authority.leaf("client.example.net"))


def ders(presented: Presented) -> tuple[bytes, ...]:
    blocks = presented.certificates_pem.decode().split("-----END CERTIFICATE-----")
    return tuple(ssl.PEM_cert_to_DER_cert(f"{block.strip()}\n-----END CERTIFICATE-----\n") for block in blocks[:-1])


def look(port: int, presented: Presented | None = None, timeout: float = 10) -> Seen:
    return probe(HOST, port, presented=presented, timeout=timeout)


def mutual(server: Presented, trusted: str, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A listener that demands a certificate, in one version only."""
    context = public_listener(server)
    context.load_verify_locations(cadata=trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    return context


def test_the_chain_is_seen_as_it_is_sent(server: Presented) -> None:
    with tls_server(public_listener(server)) as port:
        seen = look(port)
    assert seen.chain == ders(server)
    assert len(seen.chain) == 2
    assert (seen.version, seen.completed, seen.reaction) == ("TLSv1.3", True, Reaction.WENT_ON)
    assert (seen.request, seen.sent, seen.alert) == (None, None, None)
    assert seen.peer == HOST


def test_the_order_of_a_muddled_chain_is_kept(authority: Authority) -> None:
    leaf = authority.leaf()
    assert leaf.key is not None
    muddled = Presented(b"".join(one.pem for one in (leaf, authority.path[1], authority.path[0])), leaf.key)
    with tls_server(public_listener(muddled)) as port:
        assert look(port).chain == ders(muddled)


def test_a_leaf_alone_is_seen_alone(authority: Authority) -> None:
    leaf = authority.leaf()
    assert leaf.key is not None
    with tls_server(public_listener(Presented(leaf.pem, leaf.key))) as port:
        assert len(look(port).chain) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_demanded_is_seen_in_both_versions(
    authority: Authority, server: Presented, client: Presented, version: ssl.TLSVersion
) -> None:
    with tls_server(mutual(server, authority.root_pem, version)) as port:
        without, with_one = look(port), look(port, client)
    for seen in (without, with_one):
        assert seen.request is not None
        assert authorities(seen.request) == (), "the standard library's ssl names no CA"
        assert "ecdsa_secp256r1_sha256" in seen.request.scheme_names
        assert seen.version == version.name.replace("_", ".")
        assert seen.chain == ders(server)
    assert (without.sent, without.reaction) == (0, Reaction.ALERT)
    assert without.alert == (40 if version is ssl.TLSVersion.TLSv1_2 else 116)
    assert (with_one.sent, with_one.reaction, with_one.alert) == (2, Reaction.WENT_ON, None)


def test_a_peer_listener_without_tickets_is_seen_to_agree_and_to_refuse(
    authority: Authority, stranger: Authority, server: Presented, client: Presented
) -> None:
    other = stranger.presented(stranger.leaf("client.example.net"))
    with tls_server(peer_listener(server, authority.root_pem)) as port:
        assert look(port, client).reaction is Reaction.WENT_ON
        refused = look(port, other)
    assert refused.completed, "in TLS 1.3 the client is through before it is judged"
    assert (refused.reaction, refused.alert) == (Reaction.ALERT, 48)


def test_an_optional_certificate_is_no_demand(authority: Authority, server: Presented) -> None:
    context = mutual(server, authority.root_pem, ssl.TLSVersion.TLSv1_3)
    context.verify_mode = ssl.CERT_OPTIONAL
    with tls_server(context) as port:
        seen = look(port)
    assert seen.request is not None
    assert (seen.sent, seen.reaction) == (0, Reaction.WENT_ON)


def test_only_the_handshake_is_ever_sent(server: Presented) -> None:
    heard: list[bytes] = []
    context = public_listener(server)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            heard.append(tls.recv(4096))
            tls.unwrap()

    with plain_server(serve) as port:
        look(port)
    assert heard == [b""]


def test_a_server_that_closes_without_goodbye_has_not_objected(server: Presented) -> None:
    context = public_listener(server)
    context.num_tickets = 0

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(4096)

    with plain_server(serve) as port:
        seen = look(port)
    assert (seen.completed, seen.reaction, seen.alert) == (True, Reaction.SILENT, None)


def test_a_server_that_hangs_up_in_the_middle_is_told_from_one_that_says_nothing_at_all(server: Presented) -> None:
    with tls_server(public_listener(server)) as port, plain_server(cut_off_after(port, 200)) as cutting:
        seen = look(cutting)
    assert (seen.completed, seen.reaction, seen.chain) == (False, Reaction.HUNG_UP, ())
    assert seen.version == "TLSv1.3"
    with plain_server(hanging_up) as port, pytest.raises(NoConnectionError, match="hung up"):
        look(port)


def test_a_console_that_refuses_hangs_up_and_one_that_agrees_does_not(
    pair: Pair, authority: Authority, stranger: Authority, client: Presented
) -> None:
    """The event loop of a console drops a failed handshake without sending the alert."""
    source, _target = pair
    port = int(source.peer_address.rpartition(":")[2])
    refused = look(port, stranger.presented(stranger.leaf()))
    assert (refused.sent, refused.completed, refused.reaction) == (2, True, Reaction.HUNG_UP)
    assert look(port).reaction is Reaction.HUNG_UP
    assert look(port, client).reaction in (Reaction.WENT_ON, Reaction.SILENT)


def test_a_server_that_hangs_up_on_a_certificate_before_our_goodbye_has_refused_it(
    authority: Authority, server: Presented, client: Presented
) -> None:
    context = peer_listener(server, authority.root_pem)

    def serve(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with plain_server(serve) as port:
        assert look(port, client).reaction is Reaction.HUNG_UP


def test_an_alert_in_answer_to_the_first_message_is_seen() -> None:
    with plain_server(answering(bytes.fromhex("15030100020246"))) as port:
        seen = look(port)
    assert (seen.alert, seen.reaction, seen.chain, seen.completed) == (70, Reaction.ALERT, (), False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "plain HTTP, without TLS: HTTP/1.1 400 Bad Request"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "an HTTP proxy answers there"),
        (b"HTTP/1.1 400 Bad Request\r\nVia: 1.1 squid\r\n\r\n", "an HTTP proxy answers there"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "greets in plain text: SSH-2.0-OpenSSH_9.2"),
        (b"220 mail.example.net ESMTP\r\n", "greets in plain text: 220 mail"),
        (b"hello\r\n", "answers, and not in TLS"),
        (b"\x16\x03\x03\x00\x04\xff\xff\xff\xff", "broke off in the middle of the handshake"),
    ],
)
def test_what_speaks_no_tls_is_called_what_it_is(answer: bytes, said: str) -> None:
    with plain_server(answering(answer)) as port, pytest.raises(NoConnectionError, match=said) as met:
        look(port)
    assert str(met.value.advice)


def test_a_real_plain_http_server_is_recognised() -> None:
    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing of it on the terminal."""

    with HTTPServer((HOST, 0), Quiet) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        with pytest.raises(NoConnectionError, match="plain HTTP"):
            look(http.server_port, timeout=1)
        http.shutdown()
        thread.join()


def test_a_server_that_says_nothing_does_not_hold_anybody_up() -> None:
    began = time.monotonic()
    with plain_server(silent) as port, pytest.raises(NoConnectionError, match="said nothing in time"):
        look(port, timeout=0.3)
    assert time.monotonic() - began < 3


def test_a_port_where_nothing_listens_and_a_name_that_nobody_has() -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoConnectionError, match="refused"):
        look(port)
    with pytest.raises(NoConnectionError, match="cannot be resolved"):
        probe("nobody.invalid", 443)


class Foreign:
    """The files that openssl serves with."""

    def __init__(self, folder: Path, authority: Authority, leaf: Issued) -> None:
        assert leaf.key is not None
        self.folder = folder
        (folder / "leaf.pem").write_bytes(leaf.pem)
        (folder / "chain.pem").write_bytes(authority.path[0].pem)
        (folder / "root.pem").write_text(authority.root_pem)
        key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "leaf.key").write_bytes(key)

    OPTIONS = ("-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "chain.pem")
    DEMANDING = (*OPTIONS, "-Verify", "3", "-CAfile", "root.pem", "-verify_return_error")


@pytest.fixture
def foreign(tmp_path: Path, authority: Authority) -> Foreign:
    return Foreign(tmp_path, authority, authority.leaf("foreign.example.net"))


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_demands_and_judges(
    foreign: Foreign, authority: Authority, stranger: Authority, client: Presented, version: str
) -> None:
    with openssl_server(foreign.folder, *foreign.DEMANDING, version) as port:
        without, with_one = look(port), look(port, client)
        refused = look(port, stranger.presented(stranger.leaf()))
    assert (without.sent, without.alert) == (0, 40 if version == "-tls1_2" else 116)
    assert without.request is not None
    assert authorities(without.request) == (distinguished_name(Subject("Root-CA")),)
    assert [len(seen.chain) for seen in (without, with_one, refused)] == [2, 2, 2]
    assert (with_one.reaction, with_one.alert) == (Reaction.WENT_ON, None)
    assert refused.alert == 48


def test_openssl_chooses_a_protocol_and_an_old_version(foreign: Foreign) -> None:
    with openssl_server(foreign.folder, *foreign.OPTIONS, "-alpn", "h2") as port:
        assert look(port).protocol == "h2"
    with openssl_server(foreign.folder, *foreign.OPTIONS, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as port:
        seen = look(port)
    assert (seen.version, seen.completed, len(seen.chain)) == ("TLSv1.1", True, 2)


def test_a_key_that_openssl_has_no_scheme_for_is_not_shown(foreign: Foreign, client: Presented) -> None:
    only_rsa = ("-client_sigalgs", "RSA-PSS+SHA256")
    with openssl_server(foreign.folder, *foreign.DEMANDING, *only_rsa) as port:
        seen = look(port, client)
    assert seen.request is not None
    assert seen.request.scheme_names == ("rsa_pss_rsae_sha256",)
    assert (seen.sent, seen.alert) == (0, 116)


@MODESTLY
@given(answer=st.binary(max_size=300), as_record=st.booleans())
def test_whatever_a_server_answers_something_is_said_of_it(answer: bytes, as_record: bool) -> None:
    sent = b"\x16\x03\x03" + len(answer).to_bytes(2, "big") + answer if as_record else answer
    with plain_server(answering(sent)) as port:
        try:
            seen = look(port, timeout=2)
        except NoConnectionError as error:
            told = error.problem
        else:
            assert not seen.completed
            told = ending(seen, None)
    assert str(told)
