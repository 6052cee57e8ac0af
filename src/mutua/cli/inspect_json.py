"""What files hold, for machines. Strings are as they stand in the file: JSON escapes what is not ASCII."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

from mutua.chain.certificate import Certificate
from mutua.chain.decode import Encoding
from mutua.cli.certificate_facts import (
    Constraints,
    ExtensionFacts,
    Listed,
    certificate_facts,
    request_facts,
)
from mutua.cli.holding import Holding, Key, Request
from mutua.cli.x509_words import KeyWords
from mutua.language import translate

FORMAT_VERSION: Literal[1] = 1
"""It grows by new keys; a changed or lost one raises the number."""


class KeyJson(TypedDict):
    """What may be said of any key, a private one too."""

    type: str
    """Its algorithm."""
    bits: int | None
    """Its size, where the algorithm has sizes."""
    curve: str | None
    """The curve of an elliptic curve key."""
    exponent: int | None
    """The public exponent of an RSA key, where it is not 65537."""


class ListedJson(TypedDict):
    """The values of an extension."""

    values: list[str]
    """In the order of the certificate."""
    critical: bool
    """Whether it is marked critical."""


class ConstraintsJson(TypedDict):
    """The basic constraints."""

    ca: bool
    """Whether it may issue certificates."""
    path_length: int | None
    """How many CA certificates may stand below; null for any number."""
    critical: bool
    """Whether the extension is marked critical."""


class ExtensionJson(TypedDict):
    """An extension that is not told in detail."""

    name: str
    """Its name, else its object identifier."""
    critical: bool
    """Whether it is marked critical."""


class ExtensionsJson(TypedDict):
    """What the extensions say; null and empty where one is not there."""

    names: ListedJson | None
    """The subject alternative names."""
    key_usage: ListedJson | None
    """The key usage."""
    extended_key_usage: ListedJson | None
    """The extended key usage."""
    basic_constraints: ConstraintsJson | None
    """The basic constraints."""
    subject_key_id: str | None
    """The identifier of its own key, in hexadecimal."""
    authority_key_id: str | None
    """The identifier of its issuer's key, in hexadecimal."""
    issuer_urls: list[str]
    """Where its issuer's certificate is published."""
    ocsp_urls: list[str]
    """Where its revocation can be asked for."""
    revocation_urls: list[str]
    """Where the revocation lists are published."""
    other_extensions: list[ExtensionJson]
    """Those that are not told in detail."""


class InspectedCertificateJson(ExtensionsJson):
    """A certificate."""

    position: int
    """Its place in the file, from 1."""
    subject: str
    """The subject's distinguished name (RFC 4514)."""
    issuer: str
    """The issuer's distinguished name (RFC 4514)."""
    not_before: str
    """ISO 8601, UTC."""
    not_after: str
    """ISO 8601, UTC."""
    days_left: int
    """Whole days until it expires; negative afterwards."""
    serial: str
    """The serial number in hexadecimal."""
    key: KeyJson | None
    """Its public key; null for a kind that is not known."""
    signature_algorithm: str
    """What it was signed with."""
    sha256: str
    """SHA-256 of its DER, lower-case hexadecimal."""
    key_sha256: str
    """SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hexadecimal."""


class RequestJson(ExtensionsJson):
    """A certificate signing request."""

    line: int | None
    """The line that it begins in, from 1; null where there are no lines."""
    subject: str
    """The subject's distinguished name (RFC 4514)."""
    key: KeyJson | None
    """Its public key; null for a kind that is not known."""
    signature_algorithm: str
    """What it was signed with."""
    signature_verifies: bool
    """Whether its own key signed it."""
    key_sha256: str | None
    """SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hexadecimal."""


class HeldKeyJson(TypedDict):
    """A key by type and size, and never by content."""

    line: int | None
    """The line that it begins in, from 1; null where there are no lines."""
    key: KeyJson | None
    """Null where it is encrypted and was not opened."""
    encrypted: bool
    """Whether it is encrypted."""


class UnreadableJson(TypedDict):
    """A block that could not be read."""

    line: int | None
    """The line that it begins in, from 1; null where there are no lines."""
    reason: str
    """Why, for people."""


class HoldingJson(TypedDict):
    """What one file holds."""

    file: str
    """Its name, as it was given."""
    encoding: Encoding
    """What the bytes turned out to be."""
    certificates: list[InspectedCertificateJson]
    """In the order of the file."""
    requests: list[RequestJson]
    """In the order of the file."""
    private_keys: list[HeldKeyJson]
    """In the order of the file."""
    public_keys: list[HeldKeyJson]
    """In the order of the file."""
    others: list[str]
    """The labels of the blocks that are not shown."""
    unreadable: list[UnreadableJson]
    """What should have been something and is not."""


class InspectionJson(TypedDict):
    """What files hold. Nothing of it is verified."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    verified: Literal[False]
    """Nothing is: mutua check does that."""
    at: str
    """The moment that the days are counted from: ISO 8601, UTC."""
    files: list[HoldingJson]
    """In the order given."""


def to_json(holdings: Mapping[str, Holding], now: datetime) -> InspectionJson:
    """Everything in the files."""
    return {
        "version": FORMAT_VERSION,
        "verified": False,
        "at": now.isoformat(),
        "files": [_file(name, holding, now) for name, holding in holdings.items()],
    }


def _file(name: str, holding: Holding, now: datetime) -> HoldingJson:
    return {
        "file": name,
        "encoding": holding.encoding,
        "certificates": [_certificate(certificate, now) for certificate in holding.material.certificates],
        "requests": [_request(request) for request in holding.requests],
        "private_keys": [_held(key) for key in holding.keys if key.private],
        "public_keys": [_held(key) for key in holding.keys if not key.private],
        "others": list(holding.not_shown),
        "unreadable": [{"line": block.line, "reason": translate(block.reason)} for block in holding.unreadable],
    }


def _certificate(certificate: Certificate, now: datetime) -> InspectedCertificateJson:
    facts = certificate_facts(certificate)
    return {
        "position": certificate.position,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "days_left": (certificate.not_after - now).days,
        "serial": facts.serial,
        "key": key_json(facts.key),
        "signature_algorithm": facts.signature,
        **_extensions(facts.extensions),
        "sha256": facts.sha256,
        "key_sha256": facts.key_sha256,
    }


def _request(request: Request) -> RequestJson:
    facts = request_facts(request.x509)
    return {
        "line": request.line,
        "subject": facts.subject.rfc4514_string(),
        "key": key_json(facts.key),
        "signature_algorithm": facts.signature,
        "signature_verifies": facts.signature_verifies,
        **_extensions(facts.extensions),
        "key_sha256": facts.key_sha256,
    }


def _held(key: Key) -> HeldKeyJson:
    return {"line": key.line, "key": key_json(key.words), "encrypted": key.encrypted}


def key_json(words: KeyWords | None) -> KeyJson | None:
    """The key for machines; None where it is not known."""
    if words is None:
        return None
    return {"type": words.type, "bits": words.bits, "curve": words.curve, "exponent": words.exponent}


def _extensions(facts: ExtensionFacts) -> ExtensionsJson:
    return {
        "names": _listed(facts.names),
        "key_usage": _listed(facts.key_usage),
        "extended_key_usage": _listed(facts.extended_key_usage),
        "basic_constraints": _constraints(facts.basic_constraints),
        "subject_key_id": facts.subject_key_id,
        "authority_key_id": facts.authority_key_id,
        "issuer_urls": list(facts.issuer_urls),
        "ocsp_urls": list(facts.ocsp_urls),
        "revocation_urls": list(facts.revocation_urls),
        "other_extensions": [{"name": name, "critical": critical} for name, critical in facts.others],
    }


def _constraints(constraints: Constraints | None) -> ConstraintsJson | None:
    if constraints is None:
        return None
    return {"ca": constraints.ca, "path_length": constraints.path_length, "critical": constraints.critical}


def _listed(listed: Listed | None) -> ListedJson | None:
    return {"values": list(listed.values), "critical": listed.critical} if listed else None
