"""What Java and Go refuse of what others accept, as their own verifiers were seen to do.

Java: the trust manager PKIX of OpenJDK 17.0.15, without host names. Go: crypto/x509 of 1.19.8, with a DNS name for
servers. Both put the certificates in order by themselves; Go comes back from dead ends, Java from some.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PSS
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mutua.chain.certificate import Certificate
from mutua.chain.families.openssl_certificate import ML_DSA, OpensslCertificate
from mutua.message import Message, message

_JAVA_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_GO_CURVES = ("secp224r1", *_JAVA_CURVES)
_JAVA_UNORDERED = 5
"""How many intermediates Java puts in order by itself."""

_GO_HASHES = ("sha256", "sha384", "sha512")


def has_ml_dsa(path: Sequence[Certificate]) -> bool:
    """Whether a key or signature in the path is ML-DSA."""
    return any(ML_DSA in (one.key_kind, one.signature_kind) for one in map(OpensslCertificate, path))


def java_refusals(path: Sequence[Certificate]) -> Iterator[Message]:
    """Why Java refuses the path, leaf first, in the order of the certificates' places in the input."""
    yield from _unknown_curves(path, _JAVA_CURVES)
    yield from _roots_that_are_none(path)
    for certificate in path:
        alternative = certificate.extension(x509.SubjectAlternativeName)
        if alternative is not None and not alternative.critical and not certificate.subject.rdns:
            yield message("it cannot read a certificate with an empty subject beside uncritical names.")
        for kind in (x509.AuthorityKeyIdentifier, x509.SubjectKeyIdentifier):
            found = certificate.extension(kind)
            if found is not None and found.critical:
                yield message("it does not support critical key identifiers.")
    if has_ml_dsa(path):
        yield message("it does not know ML-DSA.")
    usage = path[0].key_usage
    if usage is not None and not usage.digital_signature:
        yield message("the key usage of the leaf lacks digitalSignature.")
    sent = [certificate.position for certificate in path if certificate.position]
    if len(path) - 2 > _JAVA_UNORDERED and sent != sorted(sent):
        yield message("it puts no more than {count} intermediates in order.", count=_JAVA_UNORDERED)


def go_refusals(path: Sequence[Certificate], wanted: Sequence[ObjectIdentifier]) -> Iterator[Message]:
    """Why Go refuses the path, leaf first, for these extended key usages."""
    yield from _unknown_curves(path, _GO_CURVES)
    yield from _roots_that_are_none(path)
    for certificate, issuer in pairwise(path):
        if certificate.issuer.public_bytes() != issuer.subject.public_bytes():
            yield message("it compares names byte for byte.")
        digest = certificate.signature_hash
        if OpensslCertificate(certificate).signature_kind in ("ED448", ML_DSA):
            yield message("it does not know the algorithm of the signature of {name}.", name=certificate.issued_to)
        elif digest is not None and digest not in _GO_HASHES:
            yield message("{name} is signed with {hash}.", name=certificate.issued_to, hash=digest)
        elif _has_long_salt(certificate):
            yield message("it wants a salt of RSA-PSS that is as long as the hash.")
    for certificate in path:
        purposes = certificate.extended_key_usage
        if purposes is not None and not _go_permits(purposes, wanted):
            yield message("the extended key usage of {name} does not allow it.", name=certificate.issued_to)


def _go_permits(purposes: frozenset[ObjectIdentifier], wanted: Sequence[ObjectIdentifier]) -> bool:
    return ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes or purposes.issuperset(wanted)


def _unknown_curves(path: Sequence[Certificate], known: Sequence[str]) -> Iterator[Message]:
    for certificate in path:
        key = certificate.public_key
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in known:
            yield message("it does not support the curve {curve}.", curve=key.curve.name)


def _roots_that_are_none(path: Sequence[Certificate]) -> Iterator[Message]:
    for anchor in path[-1:]:
        is_modern = anchor.x509.version is x509.Version.v3
        if len(path) > 1 and is_modern and anchor.extension(x509.BasicConstraints) is None:
            yield message("{name} has no basic constraints.", name=anchor.issued_to)


def _has_long_salt(certificate: Certificate) -> bool:
    padding, digest = certificate.x509.signature_algorithm_parameters, certificate.x509.signature_hash_algorithm
    return isinstance(padding, PSS) and digest is not None and padding._salt_length != digest.digest_size
