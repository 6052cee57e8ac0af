"""A report for machines: the shape that `docs/schemas/` is made of, and the report in it."""

from collections.abc import Callable
from typing import Any, Literal, TypedDict

from mutua.chain.catalogue import Profile, Severity
from mutua.chain.certificate import Certificate
from mutua.chain.decode import Encoding, Part
from mutua.chain.families.opinions import Opinion, PeerAnswer
from mutua.chain.report import Finding, Report
from mutua.chain.verdict import ENGINE
from mutua.message import Message

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""

SeverityName = Literal["error", "warning", "notice"]
_SEVERITY_NAMES: dict[Severity, SeverityName] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTICE: "notice",
}


class InputJson(TypedDict):
    """What was read."""

    encoding: Encoding
    """What the bytes turned out to be."""
    certificates: int
    """How many certificates could be read."""
    unreadable: int
    """How many should have been certificates and could not be read."""


class DetectedJson(TypedDict):
    """What was detected in one of the inputs."""

    name: str | None
    """What it is called; null where it has no name."""
    encoding: Encoding
    """What the bytes turned out to be."""
    certificates: int
    """How many certificates could be read."""
    requests: int
    """How many signing requests there are."""
    private_keys: int
    """How many private keys there are."""
    encrypted_keys: int
    """How many of the private keys are encrypted."""
    public_keys: int
    """How many public keys there are by themselves."""
    unreadable: int
    """How many should have been certificates and could not be read."""


class CertificateJson(TypedDict):
    """A certificate of the chain."""

    position: int | None
    """Its place in the input, from 1; null for a trust anchor that is not in the input."""
    issued_to: str
    """The subject's common name, else its distinguished name."""
    issued_by: str
    """The issuer's common name, else its distinguished name."""
    not_before: str
    """ISO 8601, UTC."""
    not_after: str
    """ISO 8601, UTC."""
    sha256: str
    """SHA-256 of its DER, lower-case hexadecimal."""


class TrustJson(TypedDict):
    """What the chain was judged by."""

    given: bool
    """Whether it was said what the other side trusts; otherwise the chain's own root is taken."""
    anchor: str | None
    """SHA-256 of the trust anchor; null where the chain does not reach one."""


class VerdictJson(TypedDict):
    """The answer of the engine that validates the path."""

    engine: str
    """Its name."""
    asked: bool
    """False where there was no path to ask about."""
    valid: bool
    """Whether it found a valid path."""
    detail: str
    """Its reason in its own words, empty where it found one."""


class OpensslJson(TypedDict):
    """What a peer's OpenSSL (security level 2) says of the certificates in the order given."""

    accepts: bool
    """Whether it finds a valid path; it does not find every one."""
    error: int
    """The number of its first error (X509_V_ERR), 0 for none."""
    depth: int
    """Where on its path the error is; 0 is the leaf."""
    text: str
    """The error in its own words."""
    accepts_ordered: bool
    """Whether it would accept the certificates of `chain` in their order."""


class FamilyJson(TypedDict):
    """What a family of verifiers does with the chain."""

    family: str
    """Its name with releases, the same in every language."""
    answer: Literal["accepts", "refuses", "unknown"]
    """Unknown where it depends on the release, or nobody has seen what it does."""
    reason: str | None
    """Why, for people; null where there is nothing to say."""


class FindingJson(TypedDict):
    """Something that is wrong."""

    rule: str
    """The rule that is broken; mutua rules tells all about it."""
    requirement: str
    """The requirement that the rule belongs to."""
    severity: SeverityName
    """An error stops somebody, a warning will, a notice is worth knowing."""
    certificate: int | None
    """The certificate's place in the input, from 1; null for the input as a whole."""
    subject: str | None
    """Whom the certificate was issued to; null for the input as a whole."""
    sha256: str | None
    """SHA-256 of the certificate; null for the input as a whole."""
    title: str
    """The rule in a few words, for people."""
    reason: str
    """Why it matters, for people."""
    found: str
    """What was found here, for people."""
    fix: str
    """What to do about it, for people."""
    source: str | None
    """The standard that says so, with its section."""


class ReportJson(TypedDict):
    """All that is to be said about one input."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    profile: Profile
    """What the chain is for."""
    at: str
    """The moment that it was judged by: ISO 8601, UTC."""
    input: InputJson
    """What was read."""
    inputs: list[DetectedJson]
    """What was detected in each of the inputs, in order."""
    chain: list[CertificateJson]
    """The chain in order, leaf first."""
    complete: bool
    """Whether the chain reaches a root or a trust anchor."""
    trust: TrustJson
    """What it was judged by."""
    valid: bool
    """Whether the engine found a valid path and no rule about validity is broken as an error."""
    conforming: bool
    """Whether it is valid and its certificates are as RFC 5280 demands of whoever issues them."""
    verdict: VerdictJson
    """The engine's answer."""
    disagreement: str | None
    """Where rules and engine disagree, which of them refuses the chain, for people; it is not valid then."""
    openssl: OpensslJson | None
    """A peer's OpenSSL; null where there is no leaf or nothing that could be trusted."""
    families: list[FamilyJson]
    """What each family of verifiers says; empty where `openssl` is null."""
    findings: list[FindingJson]
    """Everything that is wrong."""
    appliance: dict[str, Any] | None
    """The body of the error that the appliance would answer; null where it would take the chain."""
    errors: int
    """How many findings are errors."""
    warnings: int
    """How many findings are warnings or notices."""


def report_json(report: Report, translate: Callable[[Message], str]) -> ReportJson:
    """The report as JSON values; the sentences in it are for people and go through `translate`."""
    root = report.arrangement.root
    return {
        "version": FORMAT_VERSION,
        "profile": report.profile,
        "at": report.at.isoformat(),
        "input": {
            "encoding": report.material.encoding,
            "certificates": len(report.material.certificates),
            "unreadable": len(report.material.unreadable),
        },
        "inputs": [_detected(part) for part in report.material.parts],
        "chain": [_certificate(certificate) for certificate in report.path],
        "complete": root is not None,
        "trust": {"given": report.trust is not None, "anchor": root.fingerprint if root else None},
        "valid": report.valid,
        "conforming": report.conforming,
        "verdict": {
            "engine": ENGINE,
            "asked": report.verdict.asked,
            "valid": report.verdict.valid,
            "detail": report.verdict.detail,
        },
        "disagreement": translate(report.disagreement) if report.disagreement else None,
        "openssl": _openssl(report.openssl),
        "families": [_family(opinion, translate) for opinion in report.families],
        "findings": [finding_json(finding, translate) for finding in report.findings],
        "appliance": report.refusal.body() if report.refusal else None,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
    }


def finding_json(finding: Finding, translate: Callable[[Message], str]) -> FindingJson:
    """One finding as JSON values."""
    rule, certificate = finding.rule, finding.certificate
    return {
        "rule": rule.id,
        "requirement": rule.requirement,
        "severity": severity_name(finding.severity),
        "certificate": (certificate.position or None) if certificate else None,
        "subject": certificate.issued_to if certificate else None,
        "sha256": certificate.fingerprint if certificate else None,
        "title": translate(Message(rule.title)),
        "reason": translate(Message(rule.reason)),
        "found": translate(finding.found),
        "fix": translate(Message(rule.fix)),
        "source": rule.source,
    }


def severity_name(severity: Severity) -> SeverityName:
    """What a severity is called by machines."""
    return _SEVERITY_NAMES[severity]


def _detected(part: Part) -> DetectedJson:
    material = part.material
    return {
        "name": part.name,
        "encoding": material.encoding,
        "certificates": len(material.certificates),
        "requests": material.requests,
        "private_keys": material.private_keys,
        "encrypted_keys": material.encrypted_keys,
        "public_keys": material.public_keys,
        "unreadable": len(material.unreadable),
    }


def _certificate(certificate: Certificate) -> CertificateJson:
    return {
        "position": certificate.position or None,
        "issued_to": certificate.issued_to,
        "issued_by": certificate.issued_by,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "sha256": certificate.fingerprint,
    }


def _openssl(answer: PeerAnswer | None) -> OpensslJson | None:
    if answer is None:
        return None
    given = answer.given
    return {
        "accepts": given.accepts,
        "error": given.error,
        "depth": given.depth,
        "text": given.text,
        "accepts_ordered": answer.ordered.accepts,
    }


def _family(opinion: Opinion, translate: Callable[[Message], str]) -> FamilyJson:
    return {
        "family": opinion.family,
        "answer": opinion.stance.value,
        "reason": translate(opinion.reason) if opinion.reason else None,
    }
