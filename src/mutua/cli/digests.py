"""Digests of certificates and keys in the form that people compare them in."""

from hashlib import sha256

from mutua.chain.certificate import Certificate

_SHOWN_OCTETS = 8


def key_sha256(certificate: Certificate) -> str:
    """SHA-256 of the public key (DER SubjectPublicKeyInfo), lower-case hexadecimal."""
    return sha256(certificate.key_id).hexdigest()


def spaced(digest: str) -> str:
    """Pairs of upper-case digits with colons between, as browsers and openssl show them."""
    return bytes.fromhex(digest).hex(":").upper()


def shortened(digest: str) -> str:
    """The first octets: enough to tell two apart by eye, not enough to trust one."""
    return spaced(digest[: 2 * _SHOWN_OCTETS]) + "…"
