"""The only place that builds a TLS context. Peers are verified unless somebody asks otherwise, loudly."""

import os
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from mutua.authority.keys import PrivateKey

_CIPHERS_TLS12 = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Mozilla's intermediate profile, without its finite-field suites. TLS 1.3 brings its own."""

_NO_COMPRESSED_CERTIFICATES = 1 << 33
"""SSL_OP_NO_RX_CERTIFICATE_COMPRESSION (OpenSSL 3.2); older ones do not know compression and ignore it."""


class Presented(NamedTuple):
    """What one side shows in a handshake: its certificates in PEM, leaf first, and the leaf's key."""

    certificates_pem: bytes
    key: PrivateKey


def public_listener(presented: Presented) -> ssl.SSLContext:
    """For browsers and REST clients: TLS 1.2 or later, and never a question for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_TLS12)
    _present(context, presented)
    return context


def peer_listener(presented: Presented, roots_pem: str) -> ssl.SSLContext:
    """For other consoles: TLS 1.3, and no handshake without a client certificate below `roots_pem` (R1).

    No session tickets: a resumed session would keep an identity that has been replaced since.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_REQUIRED
    _present(context, presented)
    _trust(context, roots_pem)
    return context


def peer_client(presented: Presented, roots_pem: str) -> ssl.SSLContext:
    """For connecting to another console's peer listener: TLS 1.3, both sides show a certificate (R1)."""
    context = public_client(roots_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _present(context, presented)
    return context


def public_client(roots_pem: str) -> ssl.SSLContext:
    """For connecting to a public listener; trusts `roots_pem` and nothing else.

    A single certificate, whose issuer is not at hand, can be trusted by itself.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _trust(context, roots_pem)
    return context


def system_client() -> ssl.SSLContext:
    """For connecting to a public listener whose authority the system trusts."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def system_roots() -> list[bytes]:
    """The certificates (DER) that the system trusts for servers; empty where it keeps them in no file."""
    return ssl.create_default_context().get_ca_certs(binary_form=True)


def unverified_client() -> ssl.SSLContext:
    """For a person who insists on not verifying the other side. Whoever calls this says so aloud."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def diagnosing_client(presented: Presented | None = None, protocols: Sequence[str] = ()) -> ssl.SSLContext:
    """For looking at a server, whatever it is: nothing is verified, and old versions and weak keys are taken.

    No secret may ever be sent over it. With `presented`, it shows that certificate where it is asked for one.
    `protocols` are offered by ALPN.
    """
    context = unverified_client()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= _NO_COMPRESSED_CERTIFICATES
    if protocols:
        context.set_alpn_protocols(list(protocols))
    if presented is not None:
        _present(context, presented)
    return context


class Replaceable:
    """A listener's context whose certificate, key and trust can change between two handshakes.

    The event loop keeps `context` for good. At every ClientHello, OpenSSL asks which context to use from
    here on (the server-name callback, which is called without a name too): that is the current one.
    """

    def __init__(self, first: ssl.SSLContext) -> None:
        self._current = first
        self.context = first
        first.sni_callback = self._choose

    def replace(self, context: ssl.SSLContext) -> None:
        """Use `context` for every handshake that begins from now on."""
        self._current = context

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current


def _trust(context: ssl.SSLContext, roots_pem: str) -> None:
    if roots_pem:
        context.load_verify_locations(cadata=roots_pem)


def _present(context: ssl.SSLContext, presented: Presented) -> None:
    """Python's ssl takes keys from files only: it gets one that is encrypted, private, and gone at once."""
    passphrase = os.urandom(32).hex().encode()
    key = presented.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "identity.pem")
        file.write_bytes(key + presented.certificates_pem)
        context.load_cert_chain(file, password=passphrase)
