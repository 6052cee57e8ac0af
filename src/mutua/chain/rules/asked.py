"""Rules about what was asked for: the names, what the other side trusts, revocation lists."""

from collections.abc import Iterator
from ipaddress import ip_address

from cryptography import x509

from mutua.chain.catalogue import (
    EVERY,
    SHOWN,
    Evidence,
    Examined,
    Profile,
    Severity,
    and_more,
    errors,
    rule,
    warnings,
)
from mutua.chain.certificate import Certificate, printable
from mutua.chain.rules.names import is_address, why_not_a_wildcard
from mutua.chain.verdict import ENGINE
from mutua.message import N_, Message, message


@rule(
    "leaf.name-not-covered",
    "—",
    errors(*EVERY),
    title=N_("the certificate is not for this name"),
    reason=N_(
        "A client compares the name or address that it connects to with the subject alternative names; "
        "a * stands for one label, and the common name does not count."
    ),
    fix=N_("connect by a name that is listed, or request a certificate with this one as subject alternative name."),
    source="RFC 9525, section 6",
    remedy="alternative-names",
    explains=True,
)
def name_not_covered(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        for name in examined.names:
            if not any(_covers(pattern, name) for pattern in leaf.dns_names):
                yield _not_listed(leaf, name)
        for address in examined.addresses:
            if str(ip_address(address)) not in leaf.addresses:
                yield _not_listed(leaf, address)


def _covers(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return pattern[2:] == name.partition(".")[2]
    return pattern == name


def _not_listed(leaf: Certificate, wanted: str) -> Evidence:
    listed = [*leaf.dns_names, *leaf.addresses]
    if not listed:
        return Evidence(_common_name_alone(leaf, wanted), leaf)
    names = ", ".join(map(printable, listed[:SHOWN])) + (", …" if len(listed) > SHOWN else "")
    return Evidence(
        message(
            "{wanted} was asked for; the certificate lists {names}.{hint}",
            wanted=printable(wanted),
            names=names,
            hint=_why_not(leaf, wanted),
        ),
        leaf,
    )


def _common_name_alone(leaf: Certificate, wanted: str) -> Message:
    if wanted in leaf.common_names:
        return message(
            "{wanted} was asked for; it is the common name, and the certificate has no alternative name.",
            wanted=printable(wanted),
        )
    return message("{wanted} was asked for; the certificate has no alternative name.", wanted=printable(wanted))


def _why_not(leaf: Certificate, wanted: str) -> Message:
    """Why a name that looks as if it covered the wanted one does not."""
    if is_address(wanted) and wanted in leaf.dns_names:
        return message(" There it is a DNS name; an address needs an alternative name of the form iPAddress.")
    for pattern in leaf.dns_names:
        if pattern.startswith("*.") and wanted.lower().endswith(pattern[1:].lower()):
            return message(" The * in {pattern} covers one label, not several.", pattern=printable(pattern))
        if "*" in pattern and (wrong := why_not_a_wildcard(pattern)):
            return message(" {reason}", reason=wrong)
    return Message("")


@rule(
    "chain.untrusted",
    "—",
    errors(*EVERY),
    title=N_("the root is not trusted by the other side"),
    reason=N_("The chain is complete, but sending a root does not make it trusted: the verifying side must have it."),
    fix=N_(
        "install this root on the verifying side, after comparing its fingerprint over another way; or use a "
        "certificate from a CA that is trusted there."
    ),
    source="RFC 5280, section 6.1.1",
    explains=True,
)
def untrusted(examined: Examined) -> Iterator[Evidence]:
    root = examined.arrangement.root
    if examined.trust is None or root is None or examined.arrangement.anchor is not None:
        return
    for anchor in examined.trust.anchors:
        if anchor.comparable_subject == root.comparable_subject:
            yield Evidence(_another_of_that_name(root, anchor), root)
            return
    trusted = [anchor.issued_to for anchor in examined.trust.anchors]
    names = ", ".join(trusted[:SHOWN]) + (", …" if len(trusted) > SHOWN else "") if trusted else "—"
    yield Evidence(
        message(
            "The chain ends in {root} (SHA-256 {fingerprint}…). Trusted: {trusted}.",
            root=root.issued_to,
            fingerprint=root.fingerprint[:16],
            trusted=names,
        ),
        root,
    )


def _another_of_that_name(root: Certificate, anchor: Certificate) -> Message:
    return message(
        "The chain ends in {root}, SHA-256 {fingerprint}…, {start:%Y-%m-%d} to {end:%Y-%m-%d}; trusted is another "
        "certificate of that name, SHA-256 {trusted}…, {trusted_start:%Y-%m-%d} to {trusted_end:%Y-%m-%d}.",
        root=root.issued_to,
        fingerprint=root.fingerprint[:16],
        start=root.not_before,
        end=root.not_after,
        trusted=anchor.fingerprint[:16],
        trusted_start=anchor.not_before,
        trusted_end=anchor.not_after,
    )


@rule(
    "trust.not-a-root",
    "—",
    warnings(*EVERY),
    title=N_("what is trusted is no root"),
    reason=N_(
        "OpenSSL, and with it nginx and HAProxy, looks on for a self-signed root, unless partial chains are allowed; "
        "Python 3.13, Go and Java stop at what is trusted."
    ),
    fix=N_("trust the root as well, or allow partial chains on purpose (openssl verify -partial_chain)."),
    source="RFC 5280, section 6.1.1",
)
def trusted_intermediate(examined: Examined) -> Iterator[Evidence]:
    anchor = examined.arrangement.anchor
    if anchor is not None and not anchor.is_self_issued and not _is_rooted(anchor, examined):
        yield Evidence(
            message(
                "The path ends in {anchor}, which is trusted; {issuer}, which signed it, is not.",
                anchor=anchor.issued_to,
                issuer=anchor.issued_by,
            ),
            anchor,
        )


def _is_rooted(anchor: Certificate, examined: Examined) -> bool:
    """Whether its root is trusted as well."""
    anchors = examined.trust.anchors if examined.trust else ()
    return any(one.is_self_issued and anchor.is_signed_by(one) for one in anchors)


@rule(
    "trust.unreadable",
    "—",
    warnings(*EVERY),
    title=N_("a trusted certificate cannot be read"),
    reason=N_("What cannot be read cannot be trusted; the chain was judged by the others."),
    fix=N_("give the trusted roots in PEM or DER, whole and unchanged."),
)
def unreadable_trust(examined: Examined) -> Iterator[Evidence]:
    unreadable = examined.trust.unreadable if examined.trust else ()
    for block in unreadable[:SHOWN]:
        yield Evidence(message("The trusted certificates: {reason}.", reason=block.reason))
    yield from and_more(unreadable)


@rule(
    "crl.revoked",
    "—",
    errors(*EVERY),
    title=N_("revoked"),
    reason=N_("Its issuer has taken it back; whoever reads the revocation list refuses it."),
    fix=N_("request a new certificate with a new key."),
    source="RFC 5280, section 6.3",
    remedy="sign-request",
    explains=True,
)
def revoked(examined: Examined) -> Iterator[Evidence]:
    for entry in examined.revocation.revoked:
        yield Evidence(
            message("{issuer} revoked it on {since:%Y-%m-%d %H:%M} UTC.", issuer=entry.issuer, since=entry.since),
            entry.certificate,
        )


@rule(
    "crl.unusable",
    "—",
    errors(*EVERY),
    title=N_("a revocation list cannot be used"),
    reason=N_(
        "Whether a certificate was revoked can be said only by a list that its issuer signed and that is in force."
    ),
    fix=N_("fetch the list anew from the CA; if it still fails, show this to whoever runs the CA."),
    source="RFC 5280, sections 5 and 6.3.3",
    remedy="crl-publication",
    explains=True,
)
def unusable(examined: Examined) -> Iterator[Evidence]:
    for reason in examined.revocation.unusable[:SHOWN]:
        yield Evidence(reason)
    yield from and_more(examined.revocation.unusable)


@rule(
    "crl.missing",
    "—",
    warnings(*EVERY),
    title=N_("a revocation list is missing"),
    reason=N_(
        "A verifier that looks at revocation lists wants one of every authority in the chain, and refuses the chain "
        "where one is missing (OpenSSL: unable to get certificate CRL)."
    ),
    fix=N_("fetch the list of that authority too, and give it with --crl; its address stands in the certificates."),
    source="RFC 5280, section 6.3.3",
    remedy="crl-publication",
)
def missing_list(examined: Examined) -> Iterator[Evidence]:
    for certificate, issuer in examined.revocation.unanswered:
        yield Evidence(
            message(
                "{issuer} issued it, and no list of that authority was given.{where}",
                issuer=issuer,
                where=_where(certificate),
            ),
            certificate,
        )


def _where(certificate: Certificate) -> Message:
    """Where the list can be fetched, as the certificate says itself (RFC 5280, section 4.2.1.13)."""
    points = certificate.extension(x509.CRLDistributionPoints)
    names = [name for point in points.value for name in point.full_name or ()] if points else []
    addresses = [str(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    by_http = [address for address in addresses if address.lower().startswith("http")]
    if by_http:
        return message(" It is at {address}.", address=printable(by_http[0]))
    if addresses:
        return message(
            " It is at {address}, which OpenSSL cannot fetch: have the CA publish it by HTTP too.",
            address=printable(addresses[0]),
        )
    return Message("")


@rule(
    "crl.unrelated",
    "—",
    dict.fromkeys(EVERY, Severity.NOTICE),
    title=N_("a revocation list of another authority"),
    reason=N_("A list says something only about certificates of the authority that made it."),
    fix=N_("give the lists of the authorities in this chain, or leave it out."),
    source="RFC 5280, section 6.3.3",
)
def unrelated(examined: Examined) -> Iterator[Evidence]:
    others = examined.revocation.unrelated
    for issuer in others[:SHOWN]:
        yield Evidence(message("{issuer} made it, and issued nothing in this chain.", issuer=issuer))
    yield from and_more(others)


@rule(
    "engine.no-trusted-path",
    "—",
    errors(Profile.SERVER),
    title=N_("no valid path to a trusted certificate"),
    reason=N_("A client takes a server's certificate only with a valid path to a certificate that it trusts."),
    fix=N_("check the whole chain with --profile mtls: it says what is wrong with each certificate."),
    source="RFC 5280, section 6",
)
def no_trusted_path(examined: Examined) -> Iterator[Evidence]:
    if examined.trust is not None and examined.verdict.refuses:
        for leaf in examined.leaf:
            yield Evidence(message("{engine} says: {detail}", engine=ENGINE, detail=examined.verdict.detail), leaf)
