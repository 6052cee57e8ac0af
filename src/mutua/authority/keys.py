"""Private keys: making them, and keeping them to their owner."""

from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from mutua.authority.files import SECRET, NewFile, write_all

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class KeyType(StrEnum):
    """The kinds of key that are made here; every TLS 1.2 and 1.3 stack knows them."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"


_CURVES = {KeyType.EC_P256: ec.SECP256R1, KeyType.EC_P384: ec.SECP384R1}
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}


def generate(kind: KeyType) -> PrivateKey:
    """A new private key."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[kind])


def to_pem(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """The key as PKCS#8 in PEM (RFC 5958), encrypted where there is a passphrase.

    Raises `ValueError` on an empty passphrase: it would look like protection and be none.
    """
    if passphrase == b"":
        raise ValueError("the passphrase is empty")
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write_private(path: Path, pem: bytes, overwrite: bool = False) -> None:
    """Write a private key that only its owner can read, from the first moment on.

    Raises `FileExistsError` unless `overwrite`, and `OSError` where the folder does not allow it.
    """
    write_all([NewFile(path, pem, SECRET)], overwrite=overwrite)
