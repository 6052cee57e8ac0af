"""Rules about the form of a certificate: its version, and which extensions whoever verifies it must understand."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, Evidence, Examined, Profile, errors, rule, warnings
from mutua.chain.verdict import ENGINE
from mutua.message import N_, Message, message

_BASIC_CONSTRAINTS = "2.5.29.19"
_EVERYBODY_KNOWS = frozenset(
    {_BASIC_CONSTRAINTS, "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.30", "2.5.29.35", "2.5.29.37"}
)
"""Subject key identifier, key usage, alternative names, name constraints, authority key identifier, purposes."""

_OPENSSL_KNOWS = {
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    "2.5.29.36": "policyConstraints",
    "2.5.29.54": "inhibitAnyPolicy",
    "2.16.840.1.113730.1.1": "nsCertType",
    "1.3.6.1.5.5.7.1.7": "sbgp-ipAddrBlock",
    "1.3.6.1.5.5.7.1.8": "sbgp-autonomousSysNum",
    "1.3.6.1.5.5.7.1.14": "proxyCertInfo",
    "1.3.6.1.5.5.7.48.1.5": "OCSP nocheck",
}
"""Those that OpenSSL takes where they are critical, and the engine does not."""

_KNOWN = {
    "1.3.6.1.4.1.11129.2.4.3": N_("the mark of a precertificate, which is not the certificate itself"),
    "1.3.6.1.5.5.7.1.1": N_("authority information access, which must not be critical"),
    "1.3.6.1.5.5.7.1.3": N_("statements about qualified certificates (eIDAS)"),
    "1.3.6.1.5.5.7.1.24": N_("TLS feature (must-staple)"),
    "2.5.29.9": N_("subject directory attributes"),
    "2.5.29.16": N_("private key usage period"),
    "2.5.29.46": N_("the place of delta revocation lists"),
}
_OWNERS = {
    "1.3.6.1.4.1.311.": "Microsoft",
    "1.3.6.1.4.1.9.": "Cisco",
    "1.3.6.1.4.1.11129.": "Google",
    "1.2.840.113635.": "Apple",
    "1.2.840.113533.": "Entrust",
    "2.16.840.1.113730.": "Netscape",
    "2.16.840.1.101.": N_("the government of the United States"),
    "2.23.133.": "Trusted Computing Group",
    "2.23.140.": "CA/Browser Forum",
    "0.4.0.": "ETSI",
    "1.3.6.1.4.1.": N_("a company of its own; its number is in IANA's list of private enterprise numbers"),
}
"""Whom an arc belongs to; the longer arcs first."""


@rule(
    "certificate.unknown-critical-extension",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("a critical extension that verifiers do not know"),
    reason=N_("Whoever does not understand a critical extension must refuse the certificate."),
    fix=N_("have it issued again without the extension, or with one that is not critical."),
    source="RFC 5280, section 4.2",
    explains=True,
)
def unknown_critical_extension(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        for identifier in certificate.critical_extensions:
            if identifier not in _EVERYBODY_KNOWS:
                yield Evidence(_unknown(identifier), certificate)


def _unknown(identifier: str) -> Message:
    if identifier in _OPENSSL_KNOWS:
        return message(
            "Its extension {name} ({oid}) is critical: OpenSSL knows it, {engine}, which validates here, does not.",
            name=_OPENSSL_KNOWS[identifier],
            oid=identifier,
            engine=ENGINE,
        )
    if identifier in _KNOWN:
        return message("Its extension {oid} is critical: {name}.", oid=identifier, name=Message(_KNOWN[identifier]))
    for arc, owner in _OWNERS.items():
        if identifier.startswith(arc):
            return message(
                "Its extension {oid} is critical; the number belongs to: {owner}.", oid=identifier, owner=Message(owner)
            )
    return message("Its extension {oid} is critical.", oid=identifier)


@rule(
    "certificate.old-version",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("a certificate of version 1"),
    reason=N_(
        "Only certificates of version 3 have extensions, so this one cannot say whether it is a CA or what it is for. "
        "OpenSSL takes it as a root or a leaf, and never in between; strict verifiers take it nowhere."
    ),
    fix=N_("have it issued again as version 3; OpenSSL does so as soon as an extension is configured."),
    source="RFC 5280, section 4.1.2.1",
    explains=True,
)
def old_version(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if certificate.is_of_old_version:
            if len(certificate.extensions):
                yield Evidence(
                    message("It says that it is of version 1, and has extensions all the same."), certificate
                )
            else:
                yield Evidence(message("It is of version 1."), certificate)


@rule(
    "certificate.basic-constraints-not-critical",
    "—",
    errors(Profile.WEBPKI) | warnings(Profile.SERVER, Profile.MTLS, Profile.CLIENT),
    title=N_("a CA whose basic constraint is not critical"),
    reason=N_(
        "The basic constraint makes a certificate a CA, and must be critical; OpenSSL takes it, strict verifiers such "
        "as Python's cryptography do not."
    ),
    fix=N_("have the CA certificate issued again: basicConstraints = critical, CA:TRUE."),
    source="RFC 5280, section 4.2.1.9",
    remedy="subordinate-authority",
    explains=True,
)
def basic_constraints_not_critical(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path[1:]:
        if certificate.is_ca and _BASIC_CONSTRAINTS not in certificate.critical_extensions:
            yield Evidence(message("Its basic constraint is not marked critical."), certificate)
