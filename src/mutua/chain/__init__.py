"""What is wrong with a certificate chain? Bytes in, report out: no I/O, no clock, no database.

from mutua import chain
report = chain.check(data, at=datetime.now(UTC))
for finding in report.findings: ...
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache

import mutua.chain.rules  # noqa: F401  (fills the catalogue)
from mutua.chain.appliance import Refusal
from mutua.chain.catalogue import CATALOGUE, Examined, Profile, Rule, Severity, purposes_of
from mutua.chain.certificate import Certificate
from mutua.chain.decode import InputTooLargeError, decode_all
from mutua.chain.issuers import Issuers
from mutua.chain.path import settle
from mutua.chain.report import Finding, Report
from mutua.chain.revocation import read_revocation
from mutua.chain.trust import read_trust
from mutua.chain.verdict import Demand

__all__ = [
    "CATALOGUE",
    "Certificate",
    "Finding",
    "InputTooLargeError",
    "Issuers",
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
    password: bytes | None = None,
    sources: Sequence[str] = (),
) -> Report:
    """Everything that is wrong with the certificates in `data`, at once; several inputs are read as one.

    `at` is the moment to judge by (aware). `request_keys` are the public keys (DER SubjectPublicKeyInfo)
    of the signing requests that the leaf may answer (R3), None where that is not asked; `private_key` is the
    public half of the key that it must have.

    `trust` is what the verifying side trusts: certificates, or files of them in any form. Without it the chain's
    own root is the anchor. `names` (DNS, ASCII) and `addresses` (IPv4, IPv6) are what the leaf must cover, each
    of them. `crls` are revocation lists, PEM or DER. `max_depth` is how many CA certificates may stand between
    the leaf and the anchor. `password` opens inputs in PKCS#12, whose private key must then be that of the leaf unless
    another is given. `sources` is what to call the inputs where there are several, one name for each.

    Raises `InputTooLargeError`, and ValueError for a name, address or depth that is none; whatever else is wrong with
    the input is in the report.
    """
    at = _in_utc(at)
    material = decode_all([data] if isinstance(data, bytes) else data, sources, password=password)
    if private_key is None and len(material.opened_keys) == 1:
        private_key = material.opened_keys[0]
    known_keys = [*(request_keys or ()), *([private_key] if private_key else [])]
    trusted = None if trust is None else read_trust(trust)
    demand = Demand(
        at=at,
        names=names,
        addresses=addresses,
        purposes=[purpose for purpose, _name in purposes_of(profile)] if trusted else (),
        webpki=profile is Profile.WEBPKI,
    )
    arrangement, verdict = settle(material.certificates, known_keys, trusted, demand, max_depth)
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
    return Report(profile, at, material, arrangement, verdict, tuple(_findings(examined)), trusted, names, addresses)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # On the first or last day that there is, in another zone.
        return at.replace(tzinfo=UTC)


def _findings(examined: Examined) -> Iterator[Finding]:
    explained = False
    for rule in _rules_for(examined.profile):
        if explained and rule.id in _LAST_WORDS:
            continue
        for evidence in rule.check(examined):
            finding = Finding.of(rule, examined.profile, evidence)
            explained = explained or (finding.severity is Severity.ERROR and _explains(rule, examined))
            yield finding


@cache
def _rules_for(profile: Profile) -> Sequence[Rule]:
    return [rule for rule in CATALOGUE.values() if profile in rule.severities]


def _explains(rule: Rule, examined: Examined) -> bool:
    """Whether a broken rule is reason enough for the engine's refusal: a wrong name is not if the path is bad too."""
    if rule.id == "leaf.name-not-covered":
        return examined.verdict.only_names
    return rule.explains or (examined.trust is not None and rule.id in _PURPOSE_RULES)
