"""Does a client's chain fit what a server demands in the handshake? (RFC 8446, sections 4.3.2 and 4.4.2)"""

from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mutua.chain.certificate import Certificate, comparable, printable, readable_name
from mutua.chain.report import Report
from mutua.message import N_, Message, message
from mutua.peering.handshake import SCHEMES, CertificateRequest, read_name

_SHOWN = 5
_NUMBERS = {name: number for number, name in SCHEMES.items()}
_CURVE_SCHEMES = {
    "secp256r1": "ecdsa_secp256r1_sha256",
    "secp384r1": "ecdsa_secp384r1_sha384",
    "secp521r1": "ecdsa_secp521r1_sha512",
    "brainpoolP256r1": "ecdsa_brainpoolP256r1tls13_sha256",
    "brainpoolP384r1": "ecdsa_brainpoolP384r1tls13_sha384",
    "brainpoolP512r1": "ecdsa_brainpoolP512r1tls13_sha512",
}
_ECDSA, _RSA = 0x03, 0x01
"""The second octet of a scheme of TLS 1.2 (RFC 5246, section 7.4.1.4.1)."""


class Fit(NamedTuple):
    """One demand, and whether the chain fits it; None where the server does not say what it wants."""

    id: str
    title: str
    fits: bool | None
    found: Message


def authorities(request: CertificateRequest) -> tuple[x509.Name, ...]:
    """The names of acceptable CAs that can be read."""
    names = (read_name(der) for der in request.authorities)
    return tuple(name for name in names if name is not None)


def fittings(path: tuple[Certificate, ...], request: CertificateRequest, *, tls_1_3: bool) -> Iterator[Fit]:
    """Each demand of the server, held against a chain (leaf first, at least one certificate)."""
    yield authority_fit(path, request)
    yield scheme_fit(path[0], request, tls_1_3=tls_1_3)
    yield _purpose_fit(path[0])


def authority_fit(path: tuple[Certificate, ...], request: CertificateRequest) -> Fit:
    """Whether one of the acceptable CAs has issued a certificate of the chain."""
    accepted = authorities(request)
    fits = None
    if not accepted:
        found = message("It names no CA, so nobody can tell from here which ones it accepts.")
    else:
        wanted = {comparable(name) for name in accepted}
        by = next((certificate for certificate in path if certificate.comparable_issuer in wanted), None)
        fits = by is not None
        if by is not None:
            found = message("{name} is issued by {issuer}, which it accepts.", name=by.issued_to, issuer=by.issued_by)
        else:
            found = message(
                "It accepts {accepted}; the chain ends below {issuer}.",
                accepted=listed([readable_name(name) for name in accepted]),
                issuer=path[-1].issued_by,
            )
    return Fit("authority", N_("an acceptable CA"), fits, found)


def scheme_fit(leaf: Certificate, request: CertificateRequest, *, tls_1_3: bool) -> Fit:
    """Whether the key of the leaf can sign the handshake in a way that the server takes."""
    title = N_("a signature scheme for the key")
    if not request.schemes:
        return Fit("scheme", title, None, message("It names no signature schemes."))
    usable = [scheme for scheme in request.schemes if _can_sign(leaf.public_key, scheme, tls_1_3=tls_1_3)]
    if usable:
        names = [SCHEMES.get(scheme, f"0x{scheme:04x}") for scheme in usable]
        return Fit("scheme", title, True, message("The key can sign with {schemes}.", schemes=listed(names)))
    found = message(
        "It takes {schemes}; the key of {name} can sign with none of them.",
        schemes=listed(list(request.scheme_names)),
        name=leaf.issued_to,
    )
    return Fit("scheme", title, False, found)


def _can_sign(key: object, scheme: int, *, tls_1_3: bool) -> bool:
    name = SCHEMES.get(scheme, "")
    match key:
        case rsa.RSAPublicKey():
            return name.startswith("rsa_pss_rsae_") or (not tls_1_3 and scheme & 0xFF == _RSA)
        case ec.EllipticCurvePublicKey():
            exact = _NUMBERS.get(_CURVE_SCHEMES.get(key.curve.name, ""))
            return scheme == exact or (not tls_1_3 and scheme & 0xFF == _ECDSA)
        case ed25519.Ed25519PublicKey():
            return name == "ed25519"
        case ed448.Ed448PublicKey():
            return name == "ed448"
        case _:
            return name.startswith("mldsa") and name == type(key).__name__.removesuffix("PublicKey").lower()


def _purpose_fit(leaf: Certificate) -> Fit:
    title = N_("a certificate for a client")
    if leaf.permits(ExtendedKeyUsageOID.CLIENT_AUTH):
        return Fit("purpose", title, True, message("{name} may be used as a client's.", name=leaf.issued_to))
    found = message("The extended key usage of {name} does not list clientAuth.", name=leaf.issued_to)
    return Fit("purpose", title, False, found)


def listed(names: list[str]) -> str:
    """The first few names, and that there are more."""
    return ", ".join(map(printable, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")


def as_sent(report: Report, request: CertificateRequest | None) -> Report:
    """The report on a client's chain without what a server does not need: the root, and whatever it has itself."""
    accepted = request is not None and bool(report.path) and authority_fit(report.path, request).fits
    needless = ("chain.missing-root", "chain.missing-intermediate") if accepted else ("chain.missing-root",)
    return report._replace(findings=tuple(told for told in report.findings if told.rule.id not in needless))
