"""Rules about the leaf: whose key it has, and what it may be used for (R3, R5, R6)."""

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import (
    CHAINS,
    EVERY,
    UPLOADS,
    Evidence,
    Examined,
    Profile,
    Severity,
    errors,
    rule,
    warnings,
)
from mutua.chain.certificate import Certificate
from mutua.message import N_, Message, message

PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}


@rule(
    "leaf.csr-key-mismatch",
    "R3",
    errors(*EVERY),
    stage=Stage.CSR_KEY,
    title=N_("the certificate answers another signing request"),
    reason=N_("A console takes only a certificate for the key that it made itself with its own signing request."),
    fix=N_("generate one signing request, leave it alone, and have the CA sign that one."),
    remedy="sign-request",
)
def csr_key_mismatch(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        if examined.request_keys is not None and leaf.key_id not in examined.request_keys:
            yield Evidence(
                message("The key of {name} is not the key of the signing request.", name=leaf.issued_to), leaf
            )


@rule(
    "leaf.key-mismatch",
    "R3",
    errors(*EVERY),
    title=N_("the private key belongs to another certificate"),
    reason=N_("Without the private key of its leaf nobody can use a chain."),
    fix=N_("find the key that the signing request was made with."),
)
def key_mismatch(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        if examined.private_key is not None and leaf.key_id != examined.private_key:
            yield Evidence(_not_the_key(leaf, examined.private_key), leaf)


def _not_the_key(leaf: Certificate, given: bytes) -> Message:
    given_kind, kind = _kind_of(given), _kind_of(leaf.key_id)
    if given_kind is None or given_kind == kind:
        return message("The private key given is not the key of {name}.", name=leaf.issued_to)
    return message(
        "The private key given is {given}, and the key of {name} is {kind}.",
        given=given_kind,
        name=leaf.issued_to,
        kind=kind,
    )


def _kind_of(public_key: bytes) -> str | None:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        kind = type(load_der_public_key(public_key)).__name__.removesuffix("PublicKey")
    except (ValueError, UnsupportedAlgorithm):
        return None
    return {"EllipticCurve": "EC"}.get(kind, kind)


@rule(
    "leaf.is-a-ca",
    "R2",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the leaf is missing"),
    reason=N_("A chain begins with the console's own certificate, which is no certificate authority."),
    fix=N_(
        "put the certificate that the CA made from your signing request first in the file; if this is the one, have it "
        "issued again by a template for servers."
    ),
    source="RFC 5280, section 4.2.1.9",
    remedy="end-entity",
)
def is_a_ca(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        if leaf.is_ca:
            yield Evidence(_authority_as_leaf(leaf, examined), leaf)


def _authority_as_leaf(leaf: Certificate, examined: Examined) -> Message:
    if leaf.key_id in (examined.private_key, *(examined.request_keys or ())):
        return message(
            "{name} has the right key, and is made out as a certificate authority (CA:TRUE), not as a leaf.",
            name=leaf.issued_to,
        )
    return message("{name} is a certificate authority, and nothing in the file is below it.", name=leaf.issued_to)


@rule(
    "leaf.no-server-auth",
    "R5",
    errors(Profile.MIGRATION, Profile.SERVER, Profile.MTLS, Profile.WEBPKI),
    stage=Stage.EXTENDED_KEY_USAGE,
    title=N_("no server authentication"),
    reason=N_("The other side refuses a server whose certificate is not made for one."),
    fix=N_("request a certificate whose extended key usage lists server authentication."),
    source="RFC 5280, section 4.2.1.12",
    remedy="both-purposes",
)
def no_server_auth(examined: Examined) -> Iterator[Evidence]:
    for leaf in _end_entity(examined):
        if not _permits(examined, leaf, ExtendedKeyUsageOID.SERVER_AUTH):
            yield Evidence(_purposes(leaf), leaf)


@rule(
    "leaf.no-client-auth",
    "R5",
    errors(Profile.MIGRATION, Profile.MTLS, Profile.CLIENT),
    stage=Stage.EXTENDED_KEY_USAGE,
    title=N_("no client authentication"),
    reason=N_(
        "In mutual TLS this side is also the client, and the other one refuses a client whose certificate is not "
        "made for that."
    ),
    fix=N_(
        "request a certificate whose extended key usage lists client authentication too; a private CA can "
        "issue it (mutua ca), public ones no longer do."
    ),
    source="RFC 5280, section 4.2.1.12",
    remedy="both-purposes",
)
def no_client_auth(examined: Examined) -> Iterator[Evidence]:
    for leaf in _end_entity(examined):
        if not _permits(examined, leaf, ExtendedKeyUsageOID.CLIENT_AUTH):
            yield Evidence(_purposes(leaf), leaf)


def _end_entity(examined: Examined) -> Iterable[Certificate]:
    """The leaf, unless it is an authority's certificate: then the leaf is missing, and its uses say nothing."""
    return [leaf for leaf in examined.leaf if not (leaf.is_ca and leaf.extended_key_usage is None)]


def _permits(examined: Examined, leaf: Certificate, purpose: x509.ObjectIdentifier) -> bool:
    """TLS takes a certificate without the extension for any purpose; the appliance wants it listed."""
    if examined.profile in UPLOADS and leaf.extended_key_usage is None:
        return False
    return leaf.permits(purpose)


def _purposes(leaf: Certificate) -> Message:
    if leaf.extended_key_usage is None:
        return message("The certificate has no extended key usage at all; the appliance wants it spelled out.")
    listed = sorted(PURPOSES.get(purpose, purpose.dotted_string) for purpose in leaf.extended_key_usage)
    return message("Extended key usage lists {purposes} only.", purposes=", ".join(listed[:10]))


@rule(
    "leaf.no-extended-key-usage",
    "R5",
    dict.fromkeys((Profile.MTLS, Profile.CLIENT), Severity.NOTICE),
    title=N_("no extended key usage"),
    reason=N_("TLS takes such a certificate for any purpose; the appliance and the Web PKI want the purposes listed."),
    fix=N_("where it is renewed anyway, have server and client authentication listed."),
    source="RFC 5280, section 4.2.1.12",
    remedy="both-purposes",
)
def no_extended_key_usage(examined: Examined) -> Iterator[Evidence]:
    for leaf in _end_entity(examined):
        if leaf.extended_key_usage is None and not leaf.is_of_old_version:
            yield Evidence(message("It does not say what it is for, so it is good for anything."), leaf)


@rule(
    "leaf.no-key-encipherment",
    "R6",
    errors(*UPLOADS),
    stage=Stage.KEY_ENCIPHERMENT,
    title=N_("no key encipherment"),
    reason=N_("The appliance takes a leaf for a web server's only if its key usage includes key encipherment."),
    fix=N_("request a certificate whose key usage includes key encipherment."),
    source="RFC 5280, section 4.2.1.3",
    remedy="key-usage",
)
def no_key_encipherment(examined: Examined) -> Iterator[Evidence]:
    for leaf in _end_entity(examined):
        if leaf.key_usage is None:
            yield Evidence(
                message("The certificate has no key usage at all; the appliance wants it spelled out."), leaf
            )
        elif not leaf.key_usage.key_encipherment:
            yield Evidence(_lacks_key_encipherment(leaf), leaf)


def _lacks_key_encipherment(leaf: Certificate) -> Message:
    if isinstance(leaf.public_key, rsa.RSAPublicKey):
        return message("Key usage is there and lacks key encipherment.")
    return message(
        "Key usage is there and lacks key encipherment. With a key that is not RSA the bit has no use in TLS, which "
        "needs digital signature alone; the appliance asks for it all the same."
    )


@rule(
    "leaf.no-digital-signature",
    "R1",
    errors(Profile.MIGRATION, Profile.MTLS, Profile.CLIENT) | warnings(Profile.SERVER),
    title=N_("no digital signature"),
    reason=N_("In TLS 1.3 both sides sign the handshake, so a key usage that does not allow it ends every handshake."),
    fix=N_("request a certificate whose key usage includes digital signature and key encipherment."),
    source="RFC 8446, section 4.4.2.2",
    remedy="key-usage",
)
def no_digital_signature(examined: Examined) -> Iterator[Evidence]:
    for leaf in _end_entity(examined):
        if leaf.key_usage is not None and not leaf.key_usage.digital_signature:
            yield Evidence(message("Key usage is there and lacks digital signature."), leaf)
