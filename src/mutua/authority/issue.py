"""The one builder of certificates: sound by default, one knob for each fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mutua.authority.keys import KeyType, PrivateKey, PublicKey, generate
from mutua.authority.request import names_of

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far before now a certificate begins, for peers whose clock is slow."""

Use: TypeAlias = Literal[
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]
_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Usual(Enum):
    """Stands for what a sound certificate of its kind has."""

    USUAL = "usual"


USUAL = Usual.USUAL


class Issued(NamedTuple):
    """A certificate, and its private key where it was made or given here."""

    certificate: x509.Certificate
    key: PrivateKey | None

    @property
    def pem(self) -> bytes:
        """The certificate in PEM (R4)."""
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True, kw_only=True)
class Template:
    """What a certificate says. Every default is sound for its kind; `None` leaves an extension out."""

    common_name: str | None = None
    """The whole subject where `subject` is None; None for an empty subject."""
    subject: x509.Name | None = None
    names: Sequence[x509.GeneralName] = ()
    """The subject alternative names; critical exactly where the subject is empty (RFC 5280, section 4.2.1.6)."""
    not_before: datetime | None = None
    """Aware; None for five minutes ago."""
    not_after: datetime | None = None
    """Aware; None for 90 days from now."""
    serial: int | None = None
    """None for a random one."""
    is_ca: bool = False
    path_length: int | None = None
    basic_constraints: x509.BasicConstraints | Usual | None = USUAL
    """Usual: `is_ca` and `path_length`, critical."""
    key_usage: x509.KeyUsage | Usual | None = USUAL
    """Usual, critical: a leaf signs and enciphers keys (R6), a CA signs certificates and revocation lists."""
    extended_key_usage: Sequence[x509.ObjectIdentifier] | Usual | None = USUAL
    """Usual: a leaf has server and client authentication (R5), a CA no restriction."""
    subject_key_identifier: bool = True
    authority_key_identifier: bool = True
    extra: Sequence[tuple[x509.ExtensionType, bool]] = ()
    """More extensions, each with whether it is critical."""
    hash: Literal["sha256", "sha384", "sha512"] = "sha256"


def issue(template: Template, *, key: PrivateKey | PublicKey | None = None, issuer: Issued | None = None) -> Issued:
    """Make the certificate that the template describes.

    `key` is the subject's: a private key, or the public key of a signing request (then `Issued.key` is
    None), or None for a new EC P-256 key. Without an `issuer` the certificate is self-signed. Raises
    `ValueError` where the signing key is missing or X.509 cannot hold a value.
    """
    subject_key = generate(KeyType.EC_P256) if key is None else key
    if isinstance(subject_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        private, public = subject_key, subject_key.public_key()
    else:
        private, public = None, subject_key
    signer = private if issuer is None else issuer.key
    if signer is None:
        raise ValueError("the private key that signs is not at hand")
    subject = _subject(template)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number() if template.serial is None else template.serial)
        .not_valid_before(template.not_before or datetime.now(UTC) - CLOCK_TOLERANCE)
        .not_valid_after(template.not_after or datetime.now(UTC) + timedelta(days=90))
    )
    for extension, critical in _extensions(template, public, signer, issuer):
        builder = builder.add_extension(extension, critical)
    return Issued(builder.sign(signer, _HASHES[template.hash]), private)


def chain(*issued: Issued) -> bytes:
    """The certificates in PEM, one after the other, in the order given (R2: leaf first, root last)."""
    return b"".join(one.pem for one in issued)


def self_signed(
    common_name: str, names: Sequence[x509.GeneralName] = (), *, key: PrivateKey | None = None, days: int = 825
) -> Issued:
    """A console's first identity: good as server and as client, for whoever pins it.

    Without `names` the common name becomes the alternative name; raises `InvalidAlternativeName` where it
    is neither a host name nor an address.
    """
    until = datetime.now(UTC) + timedelta(days=days)
    alternatives = names or names_of(common_name)
    return issue(Template(common_name=common_name, names=alternatives, not_after=until), key=key)


def key_usage(*uses: Use) -> x509.KeyUsage:
    """A key usage with exactly the named bits."""
    return x509.KeyUsage(
        digital_signature="digital_signature" in uses,
        content_commitment="content_commitment" in uses,
        key_encipherment="key_encipherment" in uses,
        data_encipherment="data_encipherment" in uses,
        key_agreement="key_agreement" in uses,
        key_cert_sign="key_cert_sign" in uses,
        crl_sign="crl_sign" in uses,
        encipher_only="encipher_only" in uses,
        decipher_only="decipher_only" in uses,
    )


def _subject(template: Template) -> x509.Name:
    if template.subject is not None:
        return template.subject
    if template.common_name is None:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, template.common_name)])


def _extensions(
    template: Template, public: PublicKey, signer: PrivateKey, issuer: Issued | None
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """The template's extensions, each with whether it is critical."""
    if constraints := _basic_constraints(template):
        yield constraints, True
    if usage := _key_usage(template):
        yield usage, True
    if purposes := _extended_key_usage(template):
        yield x509.ExtendedKeyUsage(purposes), False
    if template.names:
        yield x509.SubjectAlternativeName(template.names), not list(_subject(template))
    if template.subject_key_identifier:
        yield x509.SubjectKeyIdentifier.from_public_key(public), False
    if template.authority_key_identifier:
        yield _authority_key_identifier(signer, issuer), False
    yield from template.extra


def _basic_constraints(template: Template) -> x509.BasicConstraints | None:
    if template.basic_constraints is USUAL:
        return x509.BasicConstraints(template.is_ca, template.path_length)
    return template.basic_constraints


def _key_usage(template: Template) -> x509.KeyUsage | None:
    if template.key_usage is not USUAL:
        return template.key_usage
    if template.is_ca:
        return key_usage("key_cert_sign", "crl_sign")
    # On an EC key too: the appliance demands the bit whatever the key (R6), and TLS stacks do not mind it.
    return key_usage("digital_signature", "key_encipherment")


def _extended_key_usage(template: Template) -> Sequence[x509.ObjectIdentifier] | None:
    if template.extended_key_usage is not USUAL:
        return template.extended_key_usage
    return None if template.is_ca else (SERVER_AUTH, CLIENT_AUTH)


def _authority_key_identifier(signer: PrivateKey, issuer: Issued | None) -> x509.AuthorityKeyIdentifier:
    """The issuer's own key identifier where it has one, as RFC 5280, section 4.2.1.1, wants it."""
    if issuer is not None:
        try:
            own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
        except x509.ExtensionNotFound:
            pass
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
