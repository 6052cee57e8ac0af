"""What files hold, for machines. Strings are as they stand in the file: JSON escapes what is not ASCII."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mutua.chain.certificate import Certificate
from mutua.cli.certificate_facts import (
    ExtensionFacts,
    Listed,
    certificate_facts,
    request_facts,
)
from mutua.cli.holding import Holding, Key, Request
from mutua.language import translate

FORMAT_VERSION = 1
"""It grows by new keys; a changed or lost one raises the number."""


def to_json(holdings: Mapping[str, Holding], now: datetime) -> dict[str, object]:
    """Everything in the files."""
    return {
        "version": FORMAT_VERSION,
        "verified": False,
        "at": now.isoformat(),
        "files": [_file(name, holding, now) for name, holding in holdings.items()],
    }


def _file(name: str, holding: Holding, now: datetime) -> dict[str, object]:
    return {
        "file": name,
        "encoding": holding.encoding,
        "certificates": [_certificate(certificate, now) for certificate in holding.material.certificates],
        "requests": [_request(request) for request in holding.requests],
        "private_keys": [_key(key) for key in holding.keys if key.private],
        "public_keys": [_key(key) for key in holding.keys if not key.private],
        "others": list(holding.not_shown),
        "unreadable": [{"line": block.line, "reason": translate(block.reason)} for block in holding.unreadable],
    }


def _certificate(certificate: Certificate, now: datetime) -> dict[str, object]:
    facts = certificate_facts(certificate)
    return {
        "position": certificate.position,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "days_left": (certificate.not_after - now).days,
        "serial": facts.serial,
        "key": facts.key._asdict() if facts.key else None,
        "signature_algorithm": facts.signature,
        **_extensions(facts.extensions),
        "sha256": facts.sha256,
        "key_sha256": facts.key_sha256,
    }


def _request(request: Request) -> dict[str, object]:
    facts = request_facts(request.x509)
    return {
        "line": request.line,
        "subject": facts.subject.rfc4514_string(),
        "key": facts.key._asdict() if facts.key else None,
        "signature_algorithm": facts.signature,
        "signature_verifies": facts.signature_verifies,
        **_extensions(facts.extensions),
        "key_sha256": facts.key_sha256,
    }


def _key(key: Key) -> dict[str, object]:
    return {"line": key.line, "key": key.words._asdict() if key.words else None, "encrypted": key.words is None}


def _extensions(facts: ExtensionFacts) -> dict[str, Any]:
    constraints = facts.basic_constraints
    return {
        "names": _listed(facts.names),
        "key_usage": _listed(facts.key_usage),
        "extended_key_usage": _listed(facts.extended_key_usage),
        "basic_constraints": constraints._asdict() if constraints else None,
        "subject_key_id": facts.subject_key_id,
        "authority_key_id": facts.authority_key_id,
        "issuer_urls": list(facts.issuer_urls),
        "ocsp_urls": list(facts.ocsp_urls),
        "revocation_urls": list(facts.revocation_urls),
        "other_extensions": [{"name": name, "critical": critical} for name, critical in facts.others],
    }


def _listed(listed: Listed | None) -> dict[str, object] | None:
    return {"values": list(listed.values), "critical": listed.critical} if listed else None
