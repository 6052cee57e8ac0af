"""A comparison of two files for machines; the sentences in it are for people."""

from mutua.chain.certificate import Certificate
from mutua.chain.pair import Difference
from mutua.cli.comparing import Pair, Side
from mutua.cli.digests import key_sha256
from mutua.language import _, translate

FORMAT_VERSION = 1
"""It grows by new keys; a changed or lost one raises the number."""


def to_json(pair: Pair) -> dict[str, object]:
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


def _side(side: Side) -> dict[str, object]:
    return {
        "file": side.name,
        "complete": side.report.arrangement.root is not None,
        "errors": len(side.report.errors),
        "warnings": len(side.report.warnings),
        "tls_errors": len(side.tls.errors),
        "appliance": side.report.refusal.body() if side.report.refusal else None,
    }


def _certificate(certificate: Certificate | None) -> dict[str, object] | None:
    if certificate is None:
        return None
    return {
        "issued_to": certificate.issued_to,
        "issued_by": certificate.issued_by,
        "sha256": certificate.fingerprint,
        "key_sha256": key_sha256(certificate),
    }


def _difference(difference: Difference) -> dict[str, object]:
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
