"""Inputs of the checker with all that can be asked about them, and certificates as the Web PKI wants them."""

from base64 import encodebytes
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.chain.pki import AT, authority, intermediate, leaf, pem, root

from mutua import chain
from mutua.authority.issue import SERVER_AUTH, Issued
from mutua.chain import Profile, Report

NAME = "om.example.net"
_DAY = timedelta(days=1)


class Asked(NamedTuple):
    """One input of the checker, and what is asked about it."""

    data: bytes
    profile: Profile = Profile.WEBPKI
    trust: Sequence[bytes] | None = None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    crls: Sequence[bytes] = ()
    max_depth: int | None = None

    def check(self) -> Report:
        """What the checker says."""
        return chain.check(
            self.data,
            at=AT,
            profile=self.profile,
            trust=self.trust,
            names=self.names,
            addresses=self.addresses,
            crls=self.crls,
            max_depth=self.max_depth,
        )


def web_leaf(issuer: Issued, **knobs: Any) -> Issued:
    """A server's certificate of which nobody complains."""
    usual: dict[str, Any] = {"names": [x509.DNSName(NAME)], "extended_key_usage": [SERVER_AUTH]}
    return leaf(issuer, **(usual | knobs))


def web(**knobs: Any) -> Asked:
    """A sound chain of the Web PKI but for the knobs of its leaf."""
    return Asked(pem(web_leaf(intermediate(), **knobs), intermediate(), root()))


def web_below(**knobs: Any) -> Asked:
    """A sound chain of the Web PKI but for the knobs of its intermediate."""
    between = authority("Inter-CA1", root(), **knobs)
    return Asked(pem(web_leaf(between), between, root()))


def with_serial(first_octet: int) -> Asked:
    """The sound chain of the Web PKI whose leaf has a serial number of 20 octets with this one first.

    Nobody's builder makes a negative one, so it is put in and the certificate signed again.
    """
    usual, signer = web_leaf(intermediate(), serial=2**159 - 1), intermediate().key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    body = usual.certificate.tbs_certificate_bytes
    serial = b"\x02\x14" + usual.certificate.serial_number.to_bytes(20)
    assert body.count(serial) == 1
    body = body.replace(serial, serial[:2] + bytes([first_octet]) + serial[3:])
    signature = b"\0" + signer.sign(body, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    whole = body + algorithm + b"\x03" + bytes([len(signature)]) + signature
    binary = b"\x30\x82" + len(whole).to_bytes(2) + whole
    armoured = b"-----BEGIN CERTIFICATE-----\n" + encodebytes(binary) + b"-----END CERTIFICATE-----\n"
    return Asked(armoured + pem(intermediate(), root()))


@cache
def stranger() -> Issued:
    """A root that signed nothing here."""
    return authority("Other-CA")


def crl(
    issuer: Issued,
    *revoked: Issued,
    number: int | None = 1,
    since: datetime = AT - _DAY,
    start: datetime = AT - _DAY,
    end: datetime = AT + _DAY,
    name: x509.Name | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A revocation list in PEM, in force at `AT`."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name or issuer.certificate.subject)
        .last_update(start)
        .next_update(end)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder(one.certificate.serial_number, since)
        builder = builder.add_revoked_certificate(entry.build())
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    assert issuer.key is not None
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def with_crl(*crls: bytes) -> Asked:
    """The sound chain for mutual TLS, with revocation lists: these, and the root's, which revokes nothing."""
    return Asked(pem(issued(), intermediate(), root()), Profile.MTLS, crls=[*crls, crl(root())])


@cache
def issued() -> Issued:
    """A leaf that stays the same, so that lists can name it."""
    return leaf(intermediate())
