"""Rules about keys and signatures: what is too weak, and what not every verifier takes (R8)."""

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, EVERY, Evidence, Examined, errors, rule
from mutua.chain.verdict import ENGINE
from mutua.message import N_, Message, message

_LEAST_RSA_BITS = 2048
_LEAST_CURVE_BITS = 224
_BROKEN_HASHES = {"md5": "MD5", "sha1": "SHA-1"}
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@rule(
    "algorithm.weak-key",
    "R8",
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("the key is too weak"),
    reason=N_(
        "OpenSSL at security level 2, the usual one today, takes no RSA key of less than 2048 bits and no curve of "
        "less than 224."
    ),
    fix=N_("make a new key, RSA of 2048 bits or more or EC P-256, and have it certified."),
    source="NIST SP 800-131A",
    explains=True,
)
def weak_key(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        key = certificate.public_key
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
            yield Evidence(message("Its key is RSA of {bits} bits.", bits=key.key_size), certificate)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _LEAST_CURVE_BITS:
            yield Evidence(message("Its key is on a curve of {bits} bits.", bits=key.key_size), certificate)
        elif isinstance(key, dsa.DSAPublicKey):
            yield Evidence(message("Its key is DSA, which TLS 1.3 does not know."), certificate)


@rule(
    "algorithm.not-accepted",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("an algorithm that is not accepted"),
    reason=N_("Whoever verifies the chain must know every algorithm in it, and still trust it."),
    fix=N_(
        "have it issued again: RSA of 2048 bits or more or EC (P-256, P-384, P-521) as the CA's key, "
        "SHA-256 or better in the signature."
    ),
    source="RFC 8446, section 4.2.3",
    explains=True,
)
def not_accepted(examined: Examined) -> Iterator[Evidence]:
    root = examined.arrangement.root
    for certificate in examined.path:
        if certificate is root:
            continue
        if certificate.signature_hash in _BROKEN_HASHES:
            broken = _BROKEN_HASHES[certificate.signature_hash]
            found = message("It is signed with {hash}, which proves nothing any more.", hash=broken)
            yield Evidence(found, certificate)
        elif not certificate.is_verifiable:
            found = message("It is signed with {oid}, which is not known here.", oid=certificate.signature_hash)
            yield Evidence(found, certificate)
    if examined.verdict.refuses:
        for authority in examined.path[1:]:
            if not _is_usual(authority.public_key):
                yield Evidence(_unusual(authority.public_key), authority)


def _is_usual(key: object) -> bool:
    return isinstance(key, rsa.RSAPublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES
    )  # fmt: skip


def _unusual(key: object) -> Message:
    kind = type(key).__name__.removesuffix("PublicKey")
    return message(
        "Its key is {algorithm}. OpenSSL may take that from a CA; {engine}, which validates here, does not, nor do "
        "web browsers.",
        algorithm=key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else kind,
        engine=ENGINE,
    )
