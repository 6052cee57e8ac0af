"""A comparison of two files for machines; the sentences in it are for people."""

from typing import Any, Literal, TypedDict

from mutua.chain.certificate import Certificate
from mutua.chain.pair import Difference
from mutua.cli.comparing import Pair, Side, TlsAnswer
from mutua.cli.digests import key_sha256
from mutua.language import _, translate

FORMAT_VERSION: Literal[1] = 1
"""It grows by new keys; a changed or lost one raises the number."""


class SideJson(TypedDict):
    """One of the two files."""

    file: str
    """Its name, as it was given."""
    complete: bool
    """Whether its chain reaches a root."""
    errors: int
    """How many errors the appliance would meet in it."""
    warnings: int
    """How many warnings and notices there are."""
    tls_errors: int
    """How many errors any TLS peer would meet in it."""
    appliance: dict[str, Any] | None
    """The body of the error that the appliance would answer; null where it would take the chain."""


class AuthorityJson(TypedDict):
    """A certificate in a row of the comparison."""

    issued_to: str
    """The subject's common name, else its distinguished name."""
    issued_by: str
    """The issuer's common name, else its distinguished name."""
    sha256: str
    """SHA-256 of its DER, lower-case hexadecimal."""
    key_sha256: str
    """SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hexadecimal."""


class RowJson(TypedDict):
    """Two certificates that stand in the same place."""

    row: int
    """From 1, leaf first."""
    source: AuthorityJson | None
    """Null where the source's chain is shorter."""
    target: AuthorityJson | None
    """Null where the target's chain is shorter."""
    matches: bool
    """Whether the appliance takes the two for the same."""


class DifferenceJson(TypedDict):
    """A rule about two chains that is broken, or something that is worth knowing."""

    rule: str
    """The rule; mutua rules tells all about it."""
    requirement: str
    """The requirement that it belongs to."""
    row: int | None
    """The row that it is about; null for all."""
    title: str
    """The rule in a few words, for people."""
    reason: str
    """Why it matters, for people."""
    found: str
    """What was found here, for people."""
    fix: str
    """What to do about it, for people."""


class ComparisonJson(TypedDict):
    """Two chains held against each other."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    at: str
    """The moment that they were judged by: ISO 8601, UTC."""
    source: SideJson
    """The first file."""
    target: SideJson
    """The second file."""
    rows: list[RowJson]
    """The chains beside each other."""
    same_authorities: bool
    """Whether the same authorities stand behind both, as the appliance demands."""
    same_root: bool
    """Whether both end in the same root, which is enough for TLS."""
    tls: TlsAnswer
    """What mutual TLS comes to where each side trusts its own chain's root and nothing else."""
    differences: list[DifferenceJson]
    """What keeps the two apart."""
    remarks: list[DifferenceJson]
    """What does not, and is worth knowing."""
    fix: str | None
    """What to do, for people; null where nothing is to be done."""
    clean: bool
    """Whether both files can be uploaded and the appliance then connects the two consoles."""


def to_json(pair: Pair) -> ComparisonJson:
    """The comparison as JSON values."""
    comparison = pair.comparison
    return {
        "version": FORMAT_VERSION,
        "at": pair.source.report.at.isoformat(),
        "source": _side(pair.source),
        "target": _side(pair.target),
        "rows": [
            {
                "row": number,
                "source": _certificate(row.source),
                "target": _certificate(row.target),
                "matches": row.matches,
            }
            for number, row in enumerate(comparison.rows, start=1)
        ],
        "same_authorities": comparison.same_authorities,
        "same_root": comparison.same_root,
        "tls": pair.tls,
        "differences": [_difference(difference) for difference in comparison.differences],
        "remarks": [_difference(remark) for remark in comparison.remarks],
        "fix": translate(comparison.fix) if comparison.fix else None,
        "clean": pair.clean,
    }


def _side(side: Side) -> SideJson:
    return {
        "file": side.name,
        "complete": side.report.arrangement.root is not None,
        "errors": len(side.report.errors),
        "warnings": len(side.report.warnings),
        "tls_errors": len(side.tls.errors),
        "appliance": side.report.refusal.body() if side.report.refusal else None,
    }


def _certificate(certificate: Certificate | None) -> AuthorityJson | None:
    if certificate is None:
        return None
    return {
        "issued_to": certificate.issued_to,
        "issued_by": certificate.issued_by,
        "sha256": certificate.fingerprint,
        "key_sha256": key_sha256(certificate),
    }


def _difference(difference: Difference) -> DifferenceJson:
    rule = difference.rule
    return {
        "rule": rule.id,
        "requirement": rule.requirement,
        "row": difference.row,
        "title": _(rule.title),
        "reason": _(rule.reason),
        "found": translate(difference.found),
        "fix": _(rule.fix),
    }
