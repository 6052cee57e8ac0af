"""Rules about keys and signatures: what is too weak, and what not every verifier takes (R8)."""

from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import EVERY, Evidence, Examined, Profile, Severity, errors, rule, warnings
from mutua.chain.certificate import Certificate
from mutua.chain.verdict import ENGINE
from mutua.message import N_, Message, message

_LEAST_RSA_BITS = 2048
_LEAST_CURVE_BITS = 224
_BROKEN_HASHES = {"md5": "MD5", "sha1": "SHA-1"}
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SIGNED_WITH = ("sha256", "sha384", "sha512", None)
_RSA_PSS = "1.2.840.113549.1.1.10"
_EXPLICIT_PARAMETERS = bytes.fromhex("06072a8648ce3d0101")
"""The identifier of a prime field: it stands in a key that spells its curve out instead of naming it (RFC 3279)."""
_USUAL_EXPONENT = 65537
_MOST_EXPONENT_BITS = 64


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
    remedy="strong-key",
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
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("an algorithm that is not accepted"),
    reason=N_("Whoever verifies the chain must know every algorithm in it, and still trust it."),
    fix=N_(
        "have it issued again: RSA of 2048 bits or more or EC (P-256, P-384, P-521) as the CA's key, "
        "SHA-256 or better in the signature."
    ),
    source="RFC 8446, section 4.2.3",
    remedy="signature-hash",
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
        yield from _not_accepted_by_the_engine(examined)


def _not_accepted_by_the_engine(examined: Examined) -> Iterator[Evidence]:
    root = examined.arrangement.root
    for authority in examined.path[1:]:
        if not _is_usual(authority.public_key):
            yield Evidence(_unusual(authority.public_key), authority)
    for certificate in examined.path:
        broken = certificate.signature_hash in _BROKEN_HASHES or not certificate.is_verifiable
        if certificate is not root and certificate.signature_hash not in _SIGNED_WITH and not broken:
            yield Evidence(
                message(
                    "It is signed with {hash}, which OpenSSL takes; {engine}, which validates here, does not.",
                    hash=certificate.signature_hash,
                    engine=ENGINE,
                ),
                certificate,
            )
        elif certificate is not root and _has_unusual_salt(certificate):
            yield Evidence(
                message(
                    "It is signed with RSA-PSS and a salt that is not as long as the hash: TLS 1.3 wants that length, "
                    "and {engine}, which validates here, too.",
                    engine=ENGINE,
                ),
                certificate,
            )


def _is_signed_with_pss(certificate: Certificate) -> bool:
    return certificate.x509.signature_algorithm_oid.dotted_string == _RSA_PSS


def _has_unusual_salt(certificate: Certificate) -> bool:
    if not _is_signed_with_pss(certificate):
        return False
    from cryptography.hazmat.primitives.asymmetric.padding import PSS

    try:
        parameters, digest = certificate.x509.signature_algorithm_parameters, certificate.x509.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(parameters, PSS) and digest is not None and parameters._salt_length != digest.digest_size


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


@rule(
    "algorithm.no-tls13-scheme",
    "R1",
    errors(*EVERY),
    title=N_("TLS 1.3 has no signature for such a key"),
    reason=N_(
        "In TLS 1.3 the owner of a certificate signs the handshake, with a scheme of the protocol's own list; with any "
        "other key the other side says that no certificate was sent."
    ),
    fix=N_("make a new key, EC P-256 or RSA of 2048 bits or more, and have it certified."),
    source="RFC 8446, section 4.2.3",
    remedy="strong-key",
)
def no_tls13_scheme(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        key = leaf.public_key
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name in _CURVES:
            continue
        if key.curve.name.startswith("brainpool"):
            yield Evidence(
                message(
                    "Its key is on the curve {curve}: only OpenSSL 3.2 and later has a scheme for it (RFC 8734), and "
                    "most others have none.",
                    curve=key.curve.name,
                ),
                leaf,
            )
        elif key.key_size >= _LEAST_CURVE_BITS:
            yield Evidence(
                message(
                    "Its key is on the curve {curve}: the chain may be valid, and no handshake of TLS 1.3 succeeds.",
                    curve=key.curve.name,
                ),
                leaf,
            )


@rule(
    "algorithm.explicit-curve",
    "R8",
    errors(*EVERY),
    stage=Stage.CHAIN,
    title=N_("the key spells its curve out"),
    reason=N_("A curve must be named, not described by its parameters; OpenSSL refuses such a certificate."),
    fix=N_("make a new key on a named curve (openssl ecparam -name prime256v1 -genkey), and have it certified."),
    source="RFC 5480, section 2.1.1",
    remedy="strong-key",
)
def explicit_curve(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if _EXPLICIT_PARAMETERS in certificate.der and isinstance(certificate.public_key, ec.EllipticCurvePublicKey):
            yield Evidence(message("Its public key has explicit parameters in place of a curve's name."), certificate)


@rule(
    "algorithm.unusual-exponent",
    "R8",
    warnings(*EVERY),
    title=N_("an RSA key with an unusual exponent"),
    reason=N_(
        "The public exponent of nearly every RSA key is 65537; some verifiers refuse smaller ones, and OpenSSL those "
        "of more than 64 bits with a large key."
    ),
    fix=N_("make a new key with the exponent 65537, as every tool does where nobody says otherwise."),
    source="NIST SP 800-56B, section 6.2",
    remedy="strong-key",
)
def unusual_exponent(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        exponent = certificate.rsa_exponent
        if exponent is not None and not (exponent >= _USUAL_EXPONENT and exponent.bit_length() <= _MOST_EXPONENT_BITS):
            yield Evidence(message("Its public exponent is {exponent}.", exponent=exponent), certificate)


_NOT_EVERYWHERE = dict.fromkeys((Profile.SERVER, Profile.MTLS, Profile.CLIENT), Severity.NOTICE) | warnings(
    Profile.MIGRATION, Profile.WEBPKI
)


@rule(
    "algorithm.pss-signature",
    "R8",
    _NOT_EVERYWHERE,
    title=N_("an RSA-PSS signature"),
    reason=N_(
        "OpenSSL, Windows and web browsers verify RSA-PSS in certificates; older Java, network devices and old GnuTLS "
        "do not."
    ),
    fix=N_("make sure that every peer has it; otherwise have it issued again with a PKCS #1 signature."),
    source="RFC 4055, section 3",
    remedy="pkcs1-signature",
)
def pss_signature(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if _is_signed_with_pss(certificate):
            yield Evidence(message("It is signed with RSA-PSS."), certificate)


@rule(
    "algorithm.few-verifiers",
    "R8",
    _NOT_EVERYWHERE,
    title=N_("a kind of key that not everybody knows"),
    reason=N_("It is sound, and good among peers that are known to have it; others refuse it."),
    fix=N_("make sure that every peer has it; otherwise make a new key, EC P-256 or RSA, and have it certified."),
    source="RFC 8446, section 4.2.3",
    remedy="strong-key",
)
def few_verifiers(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        # What the engine refuses in a CA is told as an error.
        told = certificate is not examined.path[0] and examined.verdict.refuses
        found = None if told or _is_usual(certificate.public_key) else _who_knows(certificate.public_key)
        if found is not None:
            yield Evidence(found, certificate)


def _who_knows(key: object) -> Message | None:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, mldsa

    match key:
        case ed25519.Ed25519PublicKey():
            return message("Its key is Ed25519: OpenSSL, Go and Java 15 take it; web browsers and Windows do not.")
        case ed448.Ed448PublicKey():
            return message("Its key is Ed448: OpenSSL and Java 15 take it; Go, web browsers and Windows do not.")
        case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey():
            return message(
                "Its key is ML-DSA: OpenSSL 3.5 and later takes it; older ones do not know it, and say that the key is "
                "too weak."
            )
    return None
