"""What is wrong with a certificate chain? Bytes in, report out: no I/O, no clock, no database.

from mutua import chain
report = chain.check(data, at=datetime.now(UTC))
for finding in report.findings: ...
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import mutua.chain.rules  # noqa: F401  (fills the catalogue)
from mutua.chain.appliance import Refusal
from mutua.chain.catalogue import CATALOGUE, Examined, Profile, Rule, Severity, purposes_of
from mutua.chain.certificate import Certificate
from mutua.chain.decode import InputTooLargeError, decode_all
from mutua.chain.order import Arrangement, arrange, follow
from mutua.chain.report import Finding, Report
from mutua.chain.revocation import read_revocation
from mutua.chain.trust import Trust, read_trust
from mutua.chain.verdict import MAX_PATH, NOT_ASKED, TOO_LONG, USUAL_DEPTH, Demand, Verdict, judge

__all__ = [
    "CATALOGUE",
    "Certificate",
    "Finding",
    "InputTooLargeError",
    "Profile",
    "Refusal",
    "Report",
    "Rule",
    "Severity",
    "check",
]

_LAST_WORDS = ("engine.no-trusted-path", "engine.refused")
_PURPOSE_RULES = ("leaf.no-server-auth", "leaf.no-client-auth", "chain.restricted-authority")
"""What the engine refuses too where it was asked about purposes."""


def check(
    data: bytes | Sequence[bytes],
    *,
    at: datetime,
    profile: Profile = Profile.MIGRATION,
    request_keys: Sequence[bytes] | None = None,
    private_key: bytes | None = None,
    trust: Sequence[Certificate | bytes] | None = None,
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    crls: Sequence[bytes] = (),
    max_depth: int | None = None,
) -> Report:
    """Everything that is wrong with the certificates in `data`, at once; several inputs are read as one.

    `at` is the moment to judge by (aware). `request_keys` are the public keys (DER SubjectPublicKeyInfo)
    of the signing requests that the leaf may answer (R3), None where that is not asked; `private_key` is the
    public half of the key that it must have.

    `trust` is what the verifying side trusts: certificates, or files of them in any form. Without it the chain's
    own root is the anchor. `names` (DNS, ASCII) and `addresses` (IPv4, IPv6) are what the leaf must cover, each
    of them. `crls` are revocation lists, PEM or DER. `max_depth` is how many CA certificates may stand between
    the leaf and the anchor.

    Raises `InputTooLargeError`, and ValueError for a name, address or depth that is none; whatever else is wrong with
    the input is in the report.
    """
    at = _in_utc(at)
    material = decode_all([data] if isinstance(data, bytes) else data)
    known_keys = [*(request_keys or ()), *([private_key] if private_key else [])]
    trusted = None if trust is None else read_trust(trust)
    arrangement = arrange(material.certificates, at, known_keys, trusted.anchors if trusted else ())
    demand = Demand(
        at=at,
        names=names,
        addresses=addresses,
        purposes=[purpose for purpose, _name in purposes_of(profile)] if trusted else (),
        max_depth=max(USUAL_DEPTH, len(arrangement.path)) if max_depth is None else max_depth,
        webpki=profile is Profile.WEBPKI,
    )
    verdict = _judge(material.certificates, arrangement, trusted, demand)
    if trusted is not None and verdict.valid:
        arrangement = follow(arrangement, material.certificates, _known(verdict, material.certificates, trusted))
    revocation = read_revocation(crls, arrangement.path, at)
    examined = Examined(
        profile,
        at,
        material,
        arrangement,
        verdict,
        request_keys,
        private_key,
        names,
        addresses,
        trusted,
        revocation,
    )
    return Report(profile, at, material, arrangement, verdict, tuple(_findings(examined)), trusted)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # On the first or last day that there is, in another zone.
        return at.replace(tzinfo=UTC)


def _judge(
    certificates: Sequence[Certificate], arrangement: Arrangement, trusted: Trust | None, demand: Demand
) -> Verdict:
    """The engine's answer on the path found, and where that is not valid, on all the paths that there are.

    The engine gives up a search among too many namesakes, so that the second question alone would not do.
    """
    path, root = arrangement.path, arrangement.root
    verdict = NOT_ASKED
    if root is not None and (trusted is None or arrangement.anchor is not None):
        between = [certificate for certificate in path[1:] if certificate is not root]
        verdict = judge(path[0], between, [root], demand) if len(path) <= MAX_PATH else TOO_LONG
    if path and trusted is not None and not verdict.valid:
        others = [certificate for certificate in certificates if certificate is not path[0]]
        if not verdict.asked or len(others) + len(trusted.anchors) > len(path) - 1:
            verdict = judge(path[0], others, trusted.anchors, demand)
    return verdict


def _known(verdict: Verdict, certificates: Sequence[Certificate], trusted: Trust) -> Sequence[Certificate]:
    """The engine's path in the certificates that we know, those of the input first."""
    known = {certificate.x509: certificate for certificate in [*trusted.anchors, *reversed(certificates)]}
    return [known[certificate] for certificate in verdict.path]


def _findings(examined: Examined) -> Iterator[Finding]:
    explained = False
    for rule in CATALOGUE.values():
        if examined.profile not in rule.severities or (rule.id in _LAST_WORDS and explained):
            continue
        for evidence in rule.check(examined):
            finding = Finding.of(rule, examined.profile, evidence)
            explained = explained or (finding.severity is Severity.ERROR and _explains(rule, examined))
            yield finding


def _explains(rule: Rule, examined: Examined) -> bool:
    """Whether a broken rule is reason enough for the engine's refusal: a wrong name is not if the path is bad too."""
    if rule.id == "leaf.name-not-covered":
        return examined.verdict.only_names
    return rule.explains or (examined.trust is not None and rule.id in _PURPOSE_RULES)
