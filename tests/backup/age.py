"""The age format (age-encryption.org/v1) once more, by pyca/cryptography: it owes nothing to what is under test."""

import os
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_VERSION = b"age-encryption.org/v1"
_CHUNK = 64 * 1024 + 16
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


class _Parsed(NamedTuple):
    arguments: list[bytes]
    body: bytes
    header: bytes
    mac: bytes
    payload: bytes


def with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """Open a file that is under a passphrase."""
    parsed = _parse(sealed, "scrypt")
    salt, work = parsed.arguments
    return _opened(parsed, _scrypt(passphrase, _bytes(salt), int(work)))


def under_passphrase(clear: bytes, passphrase: str, work: int = 1) -> bytes:
    """A file of one chunk under a passphrase; to try one takes 2 ** `work` steps, which by default is no time."""
    salt, file_key, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    body = ChaCha20Poly1305(_scrypt(passphrase, salt, work)).encrypt(bytes(12), file_key, None)
    header = _VERSION + f"\n-> scrypt {_text(salt)} {work}\n{_text(body)}\n---".encode()
    mac = digest(_derived(file_key, b"", b"header"), header, sha256)
    cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    return header + f" {_text(mac)}\n".encode() + nonce + cipher.encrypt(bytes(11) + b"\1", clear, None)


def with_identity(sealed: bytes, identity: str) -> bytes:
    """Open a file for an identity (AGE-SECRET-KEY-1…)."""
    parsed = _parse(sealed, "X25519")
    (share,) = parsed.arguments
    own = X25519PrivateKey.from_private_bytes(_bech32(identity))
    public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = own.exchange(X25519PublicKey.from_public_bytes(_bytes(share)))
    return _opened(parsed, _derived(shared, _bytes(share) + public, b"age-encryption.org/v1/X25519"))


def _parse(sealed: bytes, kind: str) -> _Parsed:
    """The stanza of that kind; others are there to be passed over."""
    end = sealed.index(b"\n---") + 4
    line_end = sealed.index(b"\n", end)
    version, *stanzas = sealed[: end - 4].split(b"\n-> ")
    assert version == _VERSION
    (stanza,) = (stanza for stanza in stanzas if stanza.startswith(kind.encode() + b" "))
    first, _newline, body = stanza.partition(b"\n")
    mac = _bytes(sealed[end + 1 : line_end])
    body = body.replace(b"\n", b"")
    return _Parsed(first.split(b" ")[1:], _bytes(body), sealed[:end], mac, sealed[line_end + 1 :])


def _opened(parsed: _Parsed, wrapping_key: bytes) -> bytes:
    file_key = ChaCha20Poly1305(wrapping_key).decrypt(bytes(12), parsed.body, None)
    assert compare_digest(digest(_derived(file_key, b"", b"header"), parsed.header, sha256), parsed.mac)
    nonce, rest = parsed.payload[:16], parsed.payload[16:]
    cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    chunks = [rest[start : start + _CHUNK] for start in range(0, len(rest), _CHUNK)]
    return b"".join(
        cipher.decrypt(number.to_bytes(11, "big") + bytes([number == len(chunks) - 1]), chunk, None)
        for number, chunk in enumerate(chunks)
    )


def _derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt or None, info).derive(secret)


def _scrypt(passphrase: str, salt: bytes, work: int) -> bytes:
    return Scrypt(b"age-encryption.org/v1/scrypt" + salt, 32, 2**work, 8, 1).derive(passphrase.encode())


def _text(content: bytes) -> str:
    return b64encode(content).decode().rstrip("=")


def _bytes(text: bytes) -> bytes:
    return b64decode(text + b"=" * (-len(text) % 4), validate=True)


def _bech32(identity: str) -> bytes:
    """The key in an identity; its checksum is left alone."""
    prefix, _one, data = identity.rpartition("1")
    assert prefix == "AGE-SECRET-KEY-"
    number = 0
    for letter in data[:-6].lower():
        number = number * 32 + _BECH32.index(letter)
    return (number >> (len(data[:-6]) * 5 - 256)).to_bytes(32, "big")
