"""What is wrong with a certificate chain? Bytes in, report out: no I/O, no clock, no database.

from mutua import chain
report = chain.check(data, at=datetime.now(UTC))
for finding in report.findings: ...
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import mutua.chain.rules  # noqa: F401  (fills the catalogue)
from mutua.chain.appliance import Refusal
from mutua.chain.catalogue import CATALOGUE, Examined, Profile, Rule, Severity
from mutua.chain.decode import InputTooLargeError, decode
from mutua.chain.order import Arrangement, arrange
from mutua.chain.report import Finding, Report
from mutua.chain.verdict import NOT_ASKED, Verdict, judge

__all__ = [
    "CATALOGUE",
    "Finding",
    "InputTooLargeError",
    "Profile",
    "Refusal",
    "Report",
    "Rule",
    "Severity",
    "check",
]

_LAST_WORD = "engine.refused"


def check(
    data: bytes,
    *,
    at: datetime,
    profile: Profile = Profile.MIGRATION,
    request_keys: Sequence[bytes] | None = None,
    private_key: bytes | None = None,
) -> Report:
    """Everything that is wrong with the certificates in `data`, at once.

    `at` is the moment to judge by (aware). `request_keys` are the public keys (DER SubjectPublicKeyInfo)
    of the signing requests that the leaf may answer (R3), None where that is not asked; `private_key` is the
    public half of the key that it must have. Raises `InputTooLargeError`; whatever else is wrong with the
    input is in the report.
    """
    at = _in_utc(at)
    material = decode(data)
    known_keys = [*(request_keys or ()), *([private_key] if private_key else [])]
    arrangement = arrange(material.certificates, at, known_keys)
    verdict = _judge(arrangement, at)
    examined = Examined(profile, at, material, arrangement, verdict, request_keys, private_key)
    return Report(profile, at, material, arrangement, verdict, tuple(_findings(examined)))


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # On the first or last day that there is, in another zone.
        return at.replace(tzinfo=UTC)


def _judge(arrangement: Arrangement, at: datetime) -> Verdict:
    root = arrangement.root
    return NOT_ASKED if root is None else judge(arrangement.path, root, at)


def _findings(examined: Examined) -> Iterator[Finding]:
    explained = False
    for rule in CATALOGUE.values():
        if examined.profile not in rule.severities or (rule.id == _LAST_WORD and explained):
            continue
        for evidence in rule.check(examined):
            finding = Finding.of(rule, examined.profile, evidence)
            explained = explained or rule.explains
            yield finding
