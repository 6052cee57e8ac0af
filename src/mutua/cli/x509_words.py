"""Values of X.509 in the words that people know them by. Names come from strangers: nothing unprintable gets out."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, SignatureAlgorithmOID

from mutua.chain.certificate import printable

MAX_SHOWN = 2000
"""How many characters of one name are shown."""

_USUAL_EXPONENT = 65537
_CHUNK = 256

_USES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_USES_OF_AGREEMENT = {"encipher_only": "encipherOnly", "decipher_only": "decipherOnly"}
"""Only defined beside keyAgreement (RFC 5280, section 4.2.1.3)."""


def _constants(holder: type) -> dict[x509.ObjectIdentifier, str]:
    return {value: name for name, value in vars(holder).items() if isinstance(value, x509.ObjectIdentifier)}


def _camel(constant: str) -> str:
    first, *others = constant.lower().split("_")
    return first + "".join(word.title() for word in others)


_PURPOSES = {oid: _camel(name) for oid, name in _constants(ExtendedKeyUsageOID).items()} | {
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning"
}
_RFC_4514 = {
    NameOID.COMMON_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COUNTRY_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.DOMAIN_COMPONENT,
    NameOID.USER_ID,
}
_ATTRIBUTES = {oid: _camel(name) for oid, name in _constants(NameOID).items() if oid not in _RFC_4514}
"""The parts of a name for which RFC 4514 has no word."""
_EXTENSIONS = {oid: _camel(name) for oid, name in _constants(ExtensionOID).items()}
_SIGNATURES = {
    oid: name.strip("_").replace("_WITH_", " with ").replace("_", "-")
    for oid, name in _constants(SignatureAlgorithmOID).items()
} | {SignatureAlgorithmOID.ED25519: "Ed25519", SignatureAlgorithmOID.ED448: "Ed448"}
_NIST_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_LATTICE = re.compile(r"^ML(DSA|KEM)(\d+)$")


def escaped(text: str) -> str:
    """The whole text with what cannot be printed made visible."""
    return "".join(printable(text[start : start + _CHUNK]) for start in range(0, len(text), _CHUNK))


def shown(text: str) -> str:
    """The same, up to `MAX_SHOWN` characters: a stranger decides how long a name is."""
    return escaped(text[:MAX_SHOWN]) + ("…" if len(text) > MAX_SHOWN else "")


def readable_name(name: x509.Name) -> str:
    """The whole name as RFC 4514 orders it, with blanks between its parts and words for more kinds of them."""
    return ", ".join(part.rfc4514_string(_ATTRIBUTES) for part in reversed(name.rdns)) or "—"


class KeyWords(NamedTuple):
    """What may be said of any key, a private one too."""

    type: str
    bits: int | None = None
    curve: str | None = None
    exponent: int | None = None
    """Of an RSA key, where it is not the usual one."""

    def __str__(self) -> str:
        curve = f" {_NIST_CURVES.get(self.curve, self.curve)}" if self.curve else ""
        exponent = f" (e = {self.exponent})" if self.exponent else ""
        bits = f", {self.bits} bits" if self.bits else ""
        return f"{self.type}{curve}{bits}{exponent}"


def key_words(key: object) -> KeyWords:
    """Type and size of a public or private key."""
    match key:
        case rsa.RSAPublicKey():
            exponent = key.public_numbers().e
            return KeyWords("RSA", key.key_size, exponent=None if exponent == _USUAL_EXPONENT else exponent)
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            return KeyWords("EC", key.curve.key_size, key.curve.name)
        case _:
            return KeyWords(_algorithm(key), getattr(key, "key_size", None))


def _algorithm(key: object) -> str:
    """From the name of the class: RSAPrivateKey, Ed25519PublicKey, MLDSA65PrivateKey."""
    name = type(key).__name__.strip("_")
    for ending in ("PublicKey", "PrivateKey"):
        name = name.removesuffix(ending)
    return _LATTICE.sub(r"ML-\1-\2", name)


def public_key_words(holder: x509.Certificate | x509.CertificateSigningRequest) -> KeyWords | None:
    """Type and size of its key; None where nobody here knows the algorithm or the curve."""
    try:
        return key_words(holder.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def signature_words(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """The algorithm that it is signed with."""
    oid = holder.signature_algorithm_oid
    words = _SIGNATURES.get(oid, oid.dotted_string)
    if oid != SignatureAlgorithmOID.RSASSA_PSS:
        return words
    try:
        algorithm = holder.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return words
    return f"{words} {algorithm.name.upper()}" if algorithm else words


def key_uses(usage: x509.KeyUsage) -> list[str]:
    """The bits that are set, as RFC 5280 calls them."""
    known = _USES | (_USES_OF_AGREEMENT if usage.key_agreement else {})
    return [word for attribute, word in known.items() if getattr(usage, attribute)]


def purposes(usage: x509.ExtendedKeyUsage) -> list[str]:
    """The purposes by name, those without one by number."""
    return [_PURPOSES.get(purpose, purpose.dotted_string) for purpose in usage]


def extension_name(oid: x509.ObjectIdentifier) -> str:
    """An extension by name where it has one, and by number."""
    return f"{_EXTENSIONS[oid]} ({oid.dotted_string})" if oid in _EXTENSIONS else oid.dotted_string


def general_names(names: x509.GeneralNames | x509.SubjectAlternativeName) -> list[str]:
    """Each name with its kind in front, as openssl writes them. Raw: escape before printing."""
    return [_general_name(name) for name in names]


def _general_name(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return f"DNS:{name.value}"
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"URI:{name.value}"
        case x509.DirectoryName():
            return f"dirName:{name.value.rfc4514_string()}"
        case x509.RegisteredID():
            return f"RID:{name.value.dotted_string}"
        case x509.OtherName():
            return f"otherName:{name.type_id.dotted_string}"
        case _:
            return type(name).__name__


def access_urls(access: x509.AuthorityInformationAccess, method: x509.ObjectIdentifier) -> Iterator[str]:
    """Where something is to be had by one method, such as the issuer's certificate."""
    for description in access:
        if description.access_method == method:
            yield _location(description.access_location)


def revocation_urls(points: x509.CRLDistributionPoints) -> Iterator[str]:
    """Where the revocation lists are."""
    for point in points:
        for name in point.full_name or ():
            yield _location(name)


def _location(name: x509.GeneralName) -> str:
    return name.value if isinstance(name, x509.UniformResourceIdentifier) else _general_name(name)


def octets(data: bytes) -> str:
    """Upper-case hexadecimal, colons between the octets."""
    return data.hex(":").upper()


def serial_number(serial: int) -> str:
    """The serial number as octets, with its sign where it has one."""
    length = max(1, (abs(serial).bit_length() + 7) // 8)
    return ("-" if serial < 0 else "") + octets(abs(serial).to_bytes(length, "big"))
