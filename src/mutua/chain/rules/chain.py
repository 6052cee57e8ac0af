"""Rules about the chain as a whole and its authorities (R7, R8, R22)."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import (
    CHAINS,
    Evidence,
    Examined,
    Profile,
    errors,
    rule,
    warnings,
)
from mutua.chain.certificate import Certificate
from mutua.message import N_, Message, message

MAX_LEAF_SIDE = 10
"""How many certificates a chain may have below its root (R7, R22)."""

_OTHER_CHAINS = tuple(profile for profile in CHAINS if profile is not Profile.MIGRATION)


@rule(
    "chain.self-signed-leaf",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the leaf is signed by itself"),
    reason=N_("A chain joins the console to an authority that both sides trust; here there is none."),
    fix=N_("have the console's signing request signed by a CA (mutua ca makes one)."),
)
def self_signed_leaf(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        if leaf.is_self_signed and not leaf.is_ca:
            yield Evidence(message("{name} is issued by itself.", name=leaf.issued_to), leaf)


@rule(
    "chain.wrong-issuer-key",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("signed by another key of that name"),
    reason=N_("Each certificate must be signed by the next one: the name fits here, the key does not."),
    fix=N_(
        "get the CA certificate that was in force when this one was signed; CAs that were renewed with a new "
        "key keep their name."
    ),
    source="RFC 5280, section 6.1.3",
)
def wrong_issuer_key(examined: Examined) -> Iterator[Evidence]:
    namesake = examined.arrangement.namesake
    if namesake is not None:
        top = examined.path[-1]
        yield Evidence(
            message(
                "{issuer} is in the file (number {position}), but its key did not sign {name}.{wanted}",
                issuer=namesake.issued_to,
                position=namesake.position,
                name=top.issued_to,
                wanted=_wanted_key(top),
            ),
            top,
        )


def _wanted_key(certificate: Certificate) -> Message:
    if certificate.authority_key is None:
        return message("")
    return message(" Wanted: key id {key}.", key=certificate.authority_key)


@rule(
    "chain.missing-intermediate",
    "R7",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("an intermediate is missing"),
    reason=N_("The chain must hold every certificate from the leaf up to the self-signed root."),
    fix=N_("append the missing CA certificate, then the ones above it up to the root; the CA publishes them."),
    source="RFC 8446, section 4.4.2",
)
def missing_intermediate(examined: Examined) -> Iterator[Evidence]:
    if _stops_early(examined) and len(examined.path) == 1:
        yield from _missing(examined.path[-1])


@rule(
    "chain.missing-root",
    "R7",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the root is missing"),
    reason=N_("The chain must go up to and include the self-signed root: it becomes the trust anchor."),
    fix=N_("append the CA certificates above it, up to the self-signed root; the CA publishes them."),
)
def missing_root(examined: Examined) -> Iterator[Evidence]:
    if _stops_early(examined) and len(examined.path) > 1:
        yield from _missing(examined.path[-1])


def _stops_early(examined: Examined) -> bool:
    return bool(examined.path) and examined.arrangement.root is None and examined.arrangement.namesake is None


def _missing(top: Certificate) -> Iterator[Evidence]:
    yield Evidence(
        message(
            "The chain stops at {name}. {issuer}, which signed it, is not in the file.{wanted}",
            name=top.issued_to,
            issuer=top.issued_by,
            wanted=_wanted_key(top),
        ),
        top,
    )


@rule(
    "chain.not-a-ca",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the issuer is no certificate authority"),
    reason=N_(
        "Only a certificate with the CA basic constraint, and with keyCertSign where it has a key usage, "
        "may sign others."
    ),
    fix=N_("have the certificate below it signed by a CA; or have this CA certificate issued again as one."),
    source="RFC 5280, sections 4.2.1.3 and 4.2.1.9",
)
def not_a_ca(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path[1:]:
        if not certificate.is_ca:
            yield Evidence(message("It has no basic constraint that makes it a CA."), certificate)
        elif not certificate.may_sign_certificates:
            yield Evidence(message("Its key usage lacks keyCertSign."), certificate)


@rule(
    "chain.path-length-exceeded",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("too many authorities below this one"),
    reason=N_("A CA may limit how many CA certificates stand between it and a leaf."),
    fix=N_("have the leaf signed by an authority further up, or ask the owner of this CA for a longer path length."),
    source="RFC 5280, section 4.2.1.9",
)
def path_length_exceeded(examined: Examined) -> Iterator[Evidence]:
    for depth, certificate in enumerate(examined.path):
        # Self-issued certificates do not count (RFC 5280, section 6.1.4, step l).
        below = sum(lower.subject != lower.issuer for lower in examined.path[1:depth])
        if certificate.path_length is not None and below > certificate.path_length:
            yield Evidence(
                message(
                    "It allows {allowed} CA certificate(s) below it; there are {count}.",
                    allowed=certificate.path_length,
                    count=below,
                ),
                certificate,
            )


@rule(
    "chain.foreign-certificate",
    "R8",
    errors(Profile.MIGRATION) | warnings(*_OTHER_CHAINS),
    stage=Stage.CHAIN,
    title=N_("a certificate does not belong to the chain"),
    reason=N_("Each certificate must be followed by the one that signed it; this one signed none of them."),
    fix=N_("remove it from the file."),
)
def foreign_certificate(examined: Examined) -> Iterator[Evidence]:
    namesake = examined.arrangement.namesake
    for certificate in examined.arrangement.foreign[:10]:
        if certificate is not namesake:
            yield Evidence(
                message("Number {position}, {name}.", position=certificate.position, name=certificate.issued_to)
            )


@rule(
    "chain.wrong-order",
    "R8",
    errors(Profile.MIGRATION) | warnings(*_OTHER_CHAINS),
    stage=Stage.CHAIN,
    title=N_("the certificates are in the wrong order"),
    reason=N_("The leaf comes first, and each certificate is followed by the one that signed it."),
    fix=N_("put them in the order in which they are shown here."),
    source="RFC 8446, section 4.4.2",
)
def wrong_order(examined: Examined) -> Iterator[Evidence]:
    if not examined.arrangement.in_order:
        found = sorted(examined.path, key=lambda certificate: certificate.position)
        names = " → ".join(certificate.issued_to for certificate in found[:12])
        yield Evidence(message("The file has them as {names}.", names=names))


@rule(
    "chain.too-deep",
    "R22",
    errors(Profile.MIGRATION),
    stage=Stage.CHAIN,
    title=N_("too many certificates"),
    reason=N_("A chain may have at most 10 certificates below its root."),
    fix=N_("have the leaf signed by an authority further up."),
)
def too_deep(examined: Examined) -> Iterator[Evidence]:
    leaf_side = len(examined.path) - (examined.arrangement.root is not None)
    if leaf_side > MAX_LEAF_SIDE:
        yield Evidence(message("There are {count}.", count=leaf_side))
