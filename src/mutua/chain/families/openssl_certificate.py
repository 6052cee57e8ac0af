"""What OpenSSL reads in a certificate, as far as its path validation asks for it (its crypto/x509/v3_purp.c)."""

import math
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from mutua.chain.certificate import Certificate

CanonicalName = tuple[tuple[tuple[str, str], ...], ...]

_HEEDED = frozenset(
    (
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.OCSP_NO_CHECK,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ObjectIdentifier("2.16.840.1.113730.1.1"),
    )
)
"""The extensions that may be critical; the last is Netscape's certificate type."""

ML_DSA = "ML-DSA"
"""The kind of key that OpenSSL knows from 3.5 on."""

_KINDS: tuple[tuple[type, str], ...] = (
    (rsa.RSAPublicKey, "RSA"),
    (ec.EllipticCurvePublicKey, "EC"),
    (dsa.DSAPublicKey, "DSA"),
    (ed25519.Ed25519PublicKey, "ED25519"),
    (ed448.Ed448PublicKey, "ED448"),
)
_SIGNATURES = (
    ("1.2.840.113549.1.1.", "RSA"),
    ("1.2.840.10045.4.", "EC"),
    ("1.2.840.10040.4.", "DSA"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
)
_NIST_SIGNATURES = "2.16.840.1.101.3.4.3."
_NIST_KINDS = ((8, "DSA"), (12, "EC"), (16, "RSA"), (19, ML_DSA))

_EDWARDS_BITS = {"ED25519": 128, "ED448": 224, ML_DSA: 128}
_HASH_BITS = {"md5": 39, "sha1": 63}
_FACTORING_BITS = ((15360, 256), (8192, 200), (7680, 192), (6144, 176), (4096, 152), (3072, 128), (2048, 112))
_CURVE_BITS = ((512, 256), (384, 192), (256, 128), (224, 112), (160, 80))


class OpensslCertificate:
    """A certificate with the facts about it, each read once."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.der = certificate.der

    @cached_property
    def subject(self) -> CanonicalName:
        """The subject in the form in which OpenSSL compares names."""
        return canonical(self.certificate.subject)

    @cached_property
    def issuer(self) -> CanonicalName:
        """The issuer in the form in which OpenSSL compares names."""
        return canonical(self.certificate.issuer)

    @cached_property
    def is_self_issued(self) -> bool:
        """OpenSSL's EXFLAG_SI."""
        return self.subject == self.issuer

    @cached_property
    def is_self_signed(self) -> bool:
        """OpenSSL's EXFLAG_SS: by its names, identifiers and algorithms; the signature is not looked at."""
        return self.is_self_issued and self.fits_key_id_of(self) and self.fits_key_of(self)

    def is_likely_issued_by(self, issuer: "OpensslCertificate") -> bool:
        """OpenSSL's check_issued: names, identifiers and algorithms fit; the signature is not looked at."""
        return self.issuer == issuer.subject and self.fits_key_id_of(issuer) and self.fits_key_of(issuer)

    def fits_key_id_of(self, issuer: "OpensslCertificate") -> bool:
        """Whether nothing in the authority key identifier speaks against this issuer (X509_check_akid)."""
        wanted = self.authority_key_id
        if wanted is None:
            return True
        found = issuer.key_id
        if wanted.key_identifier is not None and found is not None and wanted.key_identifier != found:
            return False
        if wanted.authority_cert_serial_number not in (None, issuer.certificate.serial_number):
            return False
        directory = [name for name in wanted.authority_cert_issuer or () if isinstance(name, x509.DirectoryName)]
        return not directory or canonical(directory[0].value) == issuer.issuer

    def fits_key_of(self, issuer: "OpensslCertificate") -> bool:
        """Whether the algorithm of the signature is one of the issuer's key."""
        return self.signature_kind is not None and self.signature_kind == issuer.key_kind

    @cached_property
    def authority_key_id(self) -> x509.AuthorityKeyIdentifier | None:
        """The authority key identifier, or None where there is none."""
        found = self.certificate.extension(x509.AuthorityKeyIdentifier)
        return found.value if found else None

    @cached_property
    def key_id(self) -> bytes | None:
        """The subject key identifier, or None where there is none."""
        found = self.certificate.extension(x509.SubjectKeyIdentifier)
        return found.value.key_identifier if found else None

    @cached_property
    def is_version_1(self) -> bool:
        """Whether it is of the version that knows no extensions."""
        return self.certificate.x509.version is x509.Version.v1

    @cached_property
    def may_sign(self) -> bool:
        """Whether no key usage forbids it to sign certificates."""
        usage = self.certificate.key_usage
        return usage is None or usage.key_cert_sign

    @cached_property
    def authority(self) -> int:
        """OpenSSL's X509_check_ca: 0 for no CA, 1 for one, 3 for a root of version 1, 4 for one by its key usage."""
        if not self.may_sign:
            return 0
        if self.certificate.extension(x509.BasicConstraints) is not None:
            return int(self.certificate.is_ca)
        if self.is_version_1 and self.is_self_signed:
            return 3
        return 0 if self.certificate.key_usage is None else 4

    @cached_property
    def heeds_all_critical(self) -> bool:
        """Whether OpenSSL heeds every extension that is marked critical."""
        return all(not extension.critical or extension.oid in _HEEDED for extension in self.certificate.extensions)

    @cached_property
    def key_kind(self) -> str:
        """The kind of its key."""
        return next((name for kind, name in _KINDS if isinstance(self.certificate.public_key, kind)), ML_DSA)

    @cached_property
    def signature_kind(self) -> str | None:
        """The kind of key that its signature is made with, or None for one that OpenSSL does not know."""
        oid = self.certificate.x509.signature_algorithm_oid.dotted_string
        if oid.startswith(_NIST_SIGNATURES):
            number = int(oid.removeprefix(_NIST_SIGNATURES))
            return next((kind for last, kind in _NIST_KINDS if number <= last), None)
        return next((kind for start, kind in _SIGNATURES if oid.startswith(start)), None)

    @cached_property
    def key_bits(self) -> int:
        """The strength of its key in bits, as OpenSSL's security levels count it (EVP_PKEY_get_security_bits)."""
        key = self.certificate.public_key
        if isinstance(key, rsa.RSAPublicKey):
            return _factoring_bits(key.key_size)
        if isinstance(key, ec.EllipticCurvePublicKey):
            return _at_least(key.curve.key_size, _CURVE_BITS, key.curve.key_size // 2)
        if isinstance(key, dsa.DSAPublicKey):
            return min(_factoring_bits(key.key_size), key.parameters().parameter_numbers().q.bit_length() // 2)
        return _EDWARDS_BITS[self.key_kind]

    @cached_property
    def signature_bits(self) -> int:
        """The strength of its signature in bits (X509_get_signature_info); 0 for one that is not known."""
        if self.signature_kind in _EDWARDS_BITS:
            return _EDWARDS_BITS[self.signature_kind]
        try:
            algorithm = self.certificate.x509.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return 0
        return _HASH_BITS.get(algorithm.name, algorithm.digest_size * 4) if algorithm else 0


def canonical(name: x509.Name) -> CanonicalName:
    """The name in a form in which names are equal that are equal for OpenSSL (X509_NAME_cmp).

    Case counts outside ASCII, and a blank is one of ASCII's.
    """
    return tuple(
        tuple(sorted((attribute.oid.dotted_string, _folded(attribute.value)) for attribute in relative))
        for relative in name.rdns
    )


def _folded(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.hex()
    words = value.translate(_LOWER_CASE).split(" ")
    return " ".join(word for word in words if word)


_BLANKS = "\t\n\v\f\r"
_LOWER_CASE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ" + _BLANKS, "abcdefghijklmnopqrstuvwxyz" + " " * len(_BLANKS))


def _factoring_bits(size: int) -> int:
    """NIST SP 800-56B, appendix D, as ossl_ifc_ffc_compute_security_bits rounds it."""
    for least, bits in _FACTORING_BITS:
        if size == least:
            return bits
    product = size * math.log(2)
    strength = (1.923 * math.cbrt(product * math.log(product) ** 2) - 4.69) / math.log(2)
    return (int(strength) + 4) & ~7


def _at_least(size: int, steps: tuple[tuple[int, int], ...], otherwise: int) -> int:
    return next((bits for least, bits in steps if size >= least), otherwise)
