"""What the authority signs, in a real TLS 1.3 handshake on loopback where both sides demand a certificate (R1)."""

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mutua.authority.ca import Authority, LeafUsage
from mutua.authority.keys import PrivateKey, to_pem
from mutua.authority.request import Subject, build_request, parse_names

Peer = Callable[[LeafUsage, int], ssl.SSLContext]


@pytest.fixture(params=["ec_key", "rsa_key"])
def peer(authority: Authority, tmp_path: Path, request: pytest.FixtureRequest) -> Peer:
    """A peer with a new certificate for the usage, which trusts the authority's root and nothing else."""
    key: PrivateKey = request.getfixturevalue(request.param)

    def make(usage: LeafUsage, protocol: int) -> ssl.SSLContext:
        chain, key_file = tmp_path / f"{usage}.pem", tmp_path / f"{usage}.key"
        signing_request = build_request(key, Subject("localhost"), parse_names("localhost,127.0.0.1"))
        chain.write_bytes(authority.sign(signing_request, usage=usage).chain_pem)
        key_file.write_bytes(to_pem(key, None))
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=authority.root.public_bytes(Encoding.DER))
        context.load_cert_chain(chain, key_file)
        return context

    return make


def meet(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str | None, str]:
    """The TLS version and the client's subject as the server saw them; raises what the server met.

    In TLS 1.3 a refused client learns of it only after its own handshake, so the server's word counts.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(10)
        answer = pool.submit(_serve, listener, server)
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                client.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
            ):
                secure.sendall(b"hello")
                secure.recv(1)
        except ssl.SSLError:
            if answer.exception(timeout=10) is None:
                raise
        return answer.result(timeout=10)


def _serve(listener: socket.socket, server: ssl.SSLContext) -> tuple[str | None, str]:
    plain, _address = listener.accept()
    with plain, server.wrap_socket(plain, server_side=True) as secure:
        assert secure.recv(5) == b"hello"
        certificate = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
        secure.sendall(b"!")
        return secure.version(), certificate.subject.rfc4514_string()


def test_r1_two_peers_with_both_usages_meet_in_tls_1_3(peer: Peer) -> None:
    server, client = peer(LeafUsage.BOTH, ssl.PROTOCOL_TLS_SERVER), peer(LeafUsage.BOTH, ssl.PROTOCOL_TLS_CLIENT)
    assert meet(server, client) == ("TLSv1.3", "CN=localhost")


def test_r5_a_certificate_for_servers_is_refused_from_a_client(peer: Peer) -> None:
    server, client = peer(LeafUsage.BOTH, ssl.PROTOCOL_TLS_SERVER), peer(LeafUsage.SERVER, ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        meet(server, client)


def test_r5_a_certificate_for_clients_is_refused_from_a_server(peer: Peer) -> None:
    server, client = peer(LeafUsage.CLIENT, ssl.PROTOCOL_TLS_SERVER), peer(LeafUsage.BOTH, ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLError, match="ALERT_UNSUPPORTED_CERTIFICATE"):
        meet(server, client)


def test_each_usage_is_enough_for_its_own_side(peer: Peer) -> None:
    server, client = peer(LeafUsage.SERVER, ssl.PROTOCOL_TLS_SERVER), peer(LeafUsage.CLIENT, ssl.PROTOCOL_TLS_CLIENT)
    assert meet(server, client) == ("TLSv1.3", "CN=localhost")
