"""Reading two messages of a TLS handshake: the certificates sent, and the request for a client's (RFC 8446, RFC 5246).

This is for looking, not for trusting: the handshake itself is made and verified by the standard library's ssl. Every
length is checked against what is there; a message holds at most `MAX_CERTIFICATES` and `MAX_NAMES`.
"""

from typing import NamedTuple

from cryptography import x509

TLS_1_3 = 0x0304
_TLS_1_2 = 0x0303

MAX_CERTIFICATES = 100
MAX_NAMES = 1000

_SIGNATURE_ALGORITHMS, _CERTIFICATE_AUTHORITIES = 13, 47
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0

SCHEMES = {
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0402: "dsa_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0502: "dsa_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0602: "dsa_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0904: "mldsa44",
    0x0905: "mldsa65",
    0x0906: "mldsa87",
}
"""RFC 8446, section 4.2.3, RFC 5246, section 7.4.1.4.1, and the IANA registry of signature schemes."""


class MalformedMessageError(ValueError):
    """The bytes are not the message that they should be."""


class CertificateRequest(NamedTuple):
    """What a server wants of a client's certificate."""

    authorities: tuple[bytes, ...]
    """The names of acceptable CAs (DER); empty where it does not say."""
    schemes: tuple[int, ...]
    """The signature schemes that it takes; empty before TLS 1.2."""

    @property
    def scheme_names(self) -> tuple[str, ...]:
        """The schemes by name, those without one by number."""
        return tuple(SCHEMES.get(scheme, f"0x{scheme:04x}") for scheme in self.schemes)


class _Reader:
    """Bytes that are taken from the front, never more than there are."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_empty(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise MalformedMessageError(f"{count} bytes expected, {len(taken)} found")
        self._at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """Bytes behind their own length, which takes `width` bytes."""
        return self.take(self.number(width))


def certificates(body: bytes, version: int) -> tuple[bytes, ...]:
    """The certificates (DER) in the body of a Certificate message, in the order sent.

    `version` is that of the protocol, such as `TLS_1_3`. Raises `MalformedMessageError`.
    """
    reader = _Reader(body)
    if version >= TLS_1_3:
        reader.vector(1)
    entries = _Reader(reader.vector(3))
    found: list[bytes] = []
    while not entries.is_empty:
        found.append(entries.vector(3))
        if version >= TLS_1_3:
            entries.vector(2)
        if len(found) > MAX_CERTIFICATES:
            raise MalformedMessageError(f"more than {MAX_CERTIFICATES} certificates")
    return tuple(found)


def certificate_request(body: bytes, version: int) -> CertificateRequest:
    """What the body of a CertificateRequest message asks for. Raises `MalformedMessageError`."""
    reader = _Reader(body)
    reader.vector(1)  # TLS 1.3: a context; before: the types of certificates, which the schemes say better.
    if version < TLS_1_3:
        schemes = _schemes(reader.vector(2)) if version >= _TLS_1_2 else ()
        return CertificateRequest(_names(reader.vector(2)), schemes)
    authorities: tuple[bytes, ...] = ()
    schemes = ()
    extensions = _Reader(reader.vector(2))
    while not extensions.is_empty:
        kind, value = extensions.number(2), extensions.vector(2)
        if kind == _SIGNATURE_ALGORITHMS:
            schemes = _schemes(_Reader(value).vector(2))
        elif kind == _CERTIFICATE_AUTHORITIES:
            authorities = _names(_Reader(value).vector(2))
    return CertificateRequest(authorities, schemes)


def _schemes(data: bytes) -> tuple[int, ...]:
    reader = _Reader(data)
    found: list[int] = []
    while not reader.is_empty:
        found.append(reader.number(2))
    return tuple(found)


def _names(data: bytes) -> tuple[bytes, ...]:
    reader = _Reader(data)
    found: list[bytes] = []
    while not reader.is_empty and len(found) < MAX_NAMES:
        found.append(reader.vector(2))
    return tuple(found)


def read_name(der: bytes) -> x509.Name | None:
    """A distinguished name from its DER; None where it is none.

    pyca/cryptography reads names as a part of something only, so it is given a signing request around this one.
    """
    # An Ed25519 key of zeros, no attributes, and a signature of zeros, which nobody verifies.
    key = bytes.fromhex("302a300506032b6570032100") + bytes(32)
    information = _der(_SEQUENCE, b"\x02\x01\x00" + der + key + _der(_CONTEXT_0, b""))
    signature = bytes.fromhex("300506032b6570034100") + bytes(64)
    try:
        return x509.load_der_x509_csr(_der(_SEQUENCE, information + signature)).subject
    except (ValueError, TypeError, x509.InvalidVersion):
        return None


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
