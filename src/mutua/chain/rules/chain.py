"""Rules about the chain as a whole and its authorities (R7, R8, R22)."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import (
    CHAINS,
    SHOWN,
    Evidence,
    Examined,
    Profile,
    Severity,
    and_more,
    errors,
    purposes_of,
    rule,
    warnings,
)
from mutua.chain.certificate import Certificate, printable
from mutua.chain.order import MAX_SIGNATURE_CHECKS
from mutua.chain.rules.alternatives import alternatives
from mutua.chain.verdict import USUAL_DEPTH
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
    remedy="sign-request",
    explains=True,
)
def self_signed_leaf(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        pinned = leaf is examined.arrangement.anchor and examined.profile is not Profile.MIGRATION
        if leaf.is_self_signed and not leaf.is_ca and not pinned:
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
    remedy="whole-chain",
    explains=True,
)
def wrong_issuer_key(examined: Examined) -> Iterator[Evidence]:
    namesake = examined.arrangement.namesake
    if namesake is not None and examined.path[-1].is_verifiable:
        top = examined.path[-1]
        yield Evidence(_signed_by_another(top, namesake), top)


def _signed_by_another(top: Certificate, namesake: Certificate) -> Message:
    keys = _keys(top, namesake)
    if namesake.position:
        return message(
            "{issuer} is in the file (number {position}), but its key did not sign {name}.{keys}",
            issuer=namesake.issued_to,
            position=namesake.position,
            name=top.issued_to,
            keys=keys,
        )
    return message(
        "{issuer} is trusted (SHA-256 {fingerprint}…, valid until {end:%Y-%m-%d}), but its key did not sign "
        "{name}.{keys}",
        issuer=namesake.issued_to,
        fingerprint=namesake.fingerprint[:16],
        end=namesake.not_after,
        name=top.issued_to,
        keys=keys,
    )


def _keys(top: Certificate, namesake: Certificate) -> Message:
    wanted, found = top.authority_key, namesake.key_identifier
    if wanted is None or found is None:
        return _wanted_key(top)
    if wanted == found:
        return message(
            " The key id is the right one, {key}: one of the two was changed after it was signed.", key=wanted
        )
    return message(" Wanted: key id {wanted}. Found: {found}.", wanted=wanted, found=found)


def _wanted_key(certificate: Certificate) -> Message:
    if certificate.authority_key is None:
        return Message("")
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
    remedy="whole-chain",
    explains=True,
)
def missing_intermediate(examined: Examined) -> Iterator[Evidence]:
    if _stops_early(examined) and not _only_root_is_missing(examined):
        yield _missing(examined)


@rule(
    "chain.missing-root",
    "R7",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the root is missing"),
    reason=N_("The chain must go up to and include the self-signed root: it becomes the trust anchor."),
    fix=N_(
        "append the CA certificates above it, up to the self-signed root; the CA publishes them. The verifying side "
        "must trust that root."
    ),
    remedy="whole-chain",
    explains=True,
)
def missing_root(examined: Examined) -> Iterator[Evidence]:
    anchor = examined.arrangement.anchor
    if anchor is not None and not anchor.position and examined.profile is Profile.MIGRATION:
        yield Evidence(message("{root} is trusted, and not in the file.", root=anchor.issued_to), anchor)
    elif _stops_early(examined) and _only_root_is_missing(examined):
        yield _missing(examined)


def _only_root_is_missing(examined: Examined) -> bool:
    """As far as one can tell: there is an intermediate, and no root of somebody's is left over in the file."""
    left_over = any(c.is_ca and c.is_self_issued for c in examined.arrangement.foreign)
    return len(examined.path) > 1 and not left_over


def _stops_early(examined: Examined) -> bool:
    arrangement = examined.arrangement
    unexplained = arrangement.namesake is None and not arrangement.given_up
    return bool(examined.path) and arrangement.root is None and unexplained


@rule(
    "chain.too-many-namesakes",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("too many certificates of the same name"),
    reason=N_("Each certificate must be followed by the one that signed it; here too many could be the next one."),
    fix=N_("leave in the file only the certificates from the leaf up to one root."),
    explains=True,
)
def too_many_namesakes(examined: Examined) -> Iterator[Evidence]:
    if examined.arrangement.given_up:
        yield Evidence(
            message("The search was given up after {count} signatures were verified.", count=MAX_SIGNATURE_CHECKS)
        )


def _missing(examined: Examined) -> Evidence:
    top = examined.path[-1]
    return Evidence(
        message(
            "The chain stops at {name}. {issuer}, which signed it, is not in the file{trusted}.{wanted}{where}",
            name=top.issued_to,
            issuer=_whole_issuer(top),
            trusted=Message("") if examined.trust is None else message(", and not among what is trusted"),
            wanted=_wanted_key(top),
            where=_where(top),
        ),
        top,
    )


def _whole_issuer(certificate: Certificate) -> str:
    """The common name, and where the distinguished name says more, all of it: whoever looks for the issuer needs it."""
    whole = printable(certificate.issuer.rfc4514_string())
    return certificate.issued_by if len(certificate.issuer.rdns) < 2 else f"{certificate.issued_by} ({whole})"


def _where(certificate: Certificate) -> Message:
    if not certificate.issuer_locations:
        return Message("")
    return message(" The certificate says where it is: {location}.", location=certificate.issuer_locations[0])


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
    remedy="subordinate-authority",
    explains=True,
)
def not_a_ca(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path[1:]:
        if certificate.is_of_old_version:
            continue
        if not certificate.is_ca:
            yield Evidence(message("It has no basic constraint that makes it a CA."), certificate)
        elif not certificate.may_sign_certificates:
            yield Evidence(message("Its key usage lacks keyCertSign."), certificate)


@rule(
    "chain.restricted-authority",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the authority may not issue for this use"),
    reason=N_(
        "A CA certificate with an extended key usage limits everything below it to what it lists; a new leaf from "
        "the same CA does not help."
    ),
    fix=N_("have the leaf signed by a CA that is not limited; or ask the owner of this CA for an unlimited one."),
    source="RFC 5280, section 4.2.1.12",
    remedy="unlimited-authority",
)
def restricted_authority(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path[1:]:
        lacking = [name for purpose, name in purposes_of(examined.profile) if not certificate.permits(purpose)]
        if lacking:
            yield Evidence(
                message("Its extended key usage does not list {purposes}.", purposes=", ".join(lacking)), certificate
            )


@rule(
    "chain.path-length-exceeded",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("too many authorities below this one"),
    reason=N_("A CA may limit how many CA certificates stand between it and a leaf."),
    fix=N_("have the leaf signed by an authority further up, or ask the owner of this CA for a longer path length."),
    source="RFC 5280, section 4.2.1.9",
    remedy="path-length",
    explains=True,
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
    arrangement = examined.arrangement
    # While the chain has a gap, a CA certificate may well belong to it, above the gap.
    may_belong = arrangement.root is None
    elsewhere = alternatives(arrangement)
    foreign = [
        certificate
        for certificate in arrangement.foreign
        if certificate not in elsewhere
        and not (may_belong and (certificate.is_ca or certificate is arrangement.namesake))
    ]
    for certificate in foreign[:SHOWN]:
        yield Evidence(message("Number {position}, {name}.", position=certificate.position, name=certificate.issued_to))
    yield from and_more(foreign)


@rule(
    "chain.leaf-not-first",
    "R8",
    errors(*_OTHER_CHAINS),
    title=N_("the leaf is not the first certificate"),
    reason=N_(
        "Whoever presents a chain takes the first certificate for its own; with another one there, servers say that "
        "the private key does not fit."
    ),
    fix=N_("put the leaf first in the file."),
    source="RFC 8446, section 4.4.2",
    remedy="whole-chain",
)
def leaf_not_first(examined: Examined) -> Iterator[Evidence]:
    first = examined.material.certificates[:1]
    for leaf in examined.leaf:
        if leaf not in first:
            yield Evidence(
                message(
                    "Number {position} is the leaf; first is {name}.", position=leaf.position, name=first[0].issued_to
                )
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
    remedy="whole-chain",
)
def wrong_order(examined: Examined) -> Iterator[Evidence]:
    # That the leaf comes first is a rule of its own where the rest may stand in any order.
    sent = [certificate for certificate in examined.path if certificate.position]
    ordered = sent if examined.profile is Profile.MIGRATION else sent[1:]
    found = sorted(ordered, key=lambda certificate: certificate.position)
    if ordered != found and not examined.arrangement.given_up:
        names = " → ".join(certificate.issued_to for certificate in found[:SHOWN])
        more = " → …" if len(found) > SHOWN else ""
        yield Evidence(message("The file has them as {names}.", names=names + more))


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
    arrangement = examined.arrangement
    leaf_side = len(examined.path) - (arrangement.root is not None)
    if leaf_side > MAX_LEAF_SIDE and not arrangement.given_up:
        yield Evidence(message("There are {count}.", count=leaf_side))


@rule(
    "chain.longer-than-usual",
    "R8",
    dict.fromkeys(_OTHER_CHAINS, Severity.NOTICE),
    title=N_("a long chain"),
    reason=N_(
        "OpenSSL takes a hundred authorities between leaf and root, Python's cryptography and others only eight."
    ),
    fix=N_("where a peer refuses it, have the leaf signed by an authority further up."),
)
def longer_than_usual(examined: Examined) -> Iterator[Evidence]:
    above = len(examined.path) - 2
    if examined.verdict.valid and above > USUAL_DEPTH:
        yield Evidence(message("There are {count} authorities between the leaf and the root.", count=above))
