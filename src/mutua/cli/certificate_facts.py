"""What a certificate or a signing request says of itself, each value in words, for text and JSON alike.

The words are raw where strangers chose them: whoever prints them escapes them.
"""

import warnings
from hashlib import sha256
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from mutua.chain.certificate import Certificate
from mutua.cli.digests import key_sha256
from mutua.cli.x509_words import (
    KeyWords,
    access_urls,
    extension_name,
    general_names,
    key_uses,
    octets,
    public_key_words,
    purposes,
    revocation_urls,
    serial_number,
    signature_words,
)

E = TypeVar("E", bound=x509.ExtensionType)


class Listed(NamedTuple):
    """The values of an extension, and whether it is critical."""

    values: tuple[str, ...]
    critical: bool


class Constraints(NamedTuple):
    """The basic constraints."""

    ca: bool
    path_length: int | None
    critical: bool


class ExtensionFacts(NamedTuple):
    """What the extensions say; None and empty where one is not there."""

    names: Listed | None
    key_usage: Listed | None
    extended_key_usage: Listed | None
    basic_constraints: Constraints | None
    subject_key_id: str | None
    authority_key_id: str | None
    issuer_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    revocation_urls: tuple[str, ...]
    others: tuple[tuple[str, bool], ...]
    """Those that are not told in detail, each with whether it is critical."""


class CertificateFacts(NamedTuple):
    """A certificate in words."""

    certificate: Certificate
    serial: str
    key: KeyWords | None
    signature: str
    extensions: ExtensionFacts
    sha256: str
    key_sha256: str


class RequestFacts(NamedTuple):
    """A signing request in words."""

    subject: x509.Name
    key: KeyWords | None
    signature: str
    signature_verifies: bool
    extensions: ExtensionFacts
    key_sha256: str | None


def certificate_facts(certificate: Certificate) -> CertificateFacts:
    """All that the certificate says."""
    return CertificateFacts(
        certificate=certificate,
        serial=_serial(certificate.x509),
        key=public_key_words(certificate.x509),
        signature=signature_words(certificate.x509),
        extensions=_extension_facts(certificate.extensions),
        sha256=certificate.fingerprint,
        key_sha256=key_sha256(certificate),
    )


def request_facts(request: x509.CertificateSigningRequest) -> RequestFacts:
    """All that the request says, and whether the key in it has signed it."""
    return RequestFacts(
        subject=_subject(request),
        key=public_key_words(request),
        signature=signature_words(request),
        signature_verifies=_verifies(request),
        extensions=_extension_facts(request.extensions),
        key_sha256=_request_key_sha256(request),
    )


def _serial(certificate: x509.Certificate) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The library warns of one that is not positive; here it is only shown.
        return serial_number(certificate.serial_number)


def _subject(request: x509.CertificateSigningRequest) -> x509.Name:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The library warns of a value of an odd length; here it is only shown.
        return request.subject


def _verifies(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _request_key_sha256(request: x509.CertificateSigningRequest) -> str | None:
    try:
        return sha256(request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _extension_facts(extensions: x509.Extensions) -> ExtensionFacts:
    names = _find(extensions, x509.SubjectAlternativeName)
    usage = _find(extensions, x509.KeyUsage)
    extended = _find(extensions, x509.ExtendedKeyUsage)
    constraints = _find(extensions, x509.BasicConstraints)
    subject_key = _find(extensions, x509.SubjectKeyIdentifier)
    authority_key = _find(extensions, x509.AuthorityKeyIdentifier)
    access = _find(extensions, x509.AuthorityInformationAccess)
    points = _find(extensions, x509.CRLDistributionPoints)
    told = (names, usage, extended, constraints, subject_key, authority_key, access, points)
    told_oids = {extension.oid for extension in told if extension is not None}
    return ExtensionFacts(
        names=Listed(tuple(general_names(names.value)), names.critical) if names else None,
        key_usage=Listed(tuple(key_uses(usage.value)), usage.critical) if usage else None,
        extended_key_usage=Listed(tuple(purposes(extended.value)), extended.critical) if extended else None,
        basic_constraints=_constraints(constraints) if constraints else None,
        subject_key_id=octets(subject_key.value.digest) if subject_key else None,
        authority_key_id=_authority_key_id(authority_key.value) if authority_key else None,
        issuer_urls=_urls(access, AuthorityInformationAccessOID.CA_ISSUERS),
        ocsp_urls=_urls(access, AuthorityInformationAccessOID.OCSP),
        revocation_urls=tuple(revocation_urls(points.value)) if points else (),
        others=tuple(
            (extension_name(extension.oid), extension.critical)
            for extension in extensions
            if extension.oid not in told_oids
        ),
    )


def _find(extensions: x509.Extensions, kind: type[E]) -> "x509.Extension[E] | None":
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _constraints(extension: "x509.Extension[x509.BasicConstraints]") -> Constraints:
    return Constraints(extension.value.ca, extension.value.path_length, extension.critical)


def _authority_key_id(value: x509.AuthorityKeyIdentifier) -> str | None:
    if value.key_identifier is not None:
        return octets(value.key_identifier)
    return None if value.authority_cert_serial_number is None else serial_number(value.authority_cert_serial_number)


def _urls(
    extension: "x509.Extension[x509.AuthorityInformationAccess] | None", method: x509.ObjectIdentifier
) -> tuple[str, ...]:
    return tuple(access_urls(extension.value, method)) if extension else ()
