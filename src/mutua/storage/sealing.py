"""Sealing of secrets at rest: AES-256-GCM, bound to the place that the secret belongs to."""

import os
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32


class SealBrokenError(Exception):
    """The sealed bytes were changed, moved to another place, or sealed with another key."""


class SealingKeyError(Exception):
    """The file does not hold a sealing key."""


class Sealer:
    """Seals and opens with one 256-bit key.

    Nonces are random: 96 bits are safe for 2^32 secrets under one key (NIST SP 800-38D, section 8.3).
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """With the key in `path`, made on first use (0600). Raises `SealingKeyError`, `OSError`."""
        if not path.exists():
            _write_key(path)
        key = path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise SealingKeyError(f"{path} is {len(key)} bytes long, not {_KEY_BYTES}")
        return cls(key)

    def seal(self, secret: bytes, place: str) -> bytes:
        """The secret, sealed for `place` (such as `credential:idrac`)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The secret again. Raises `SealBrokenError`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError(f"the seal of {place} is broken") from error


def _write_key(path: Path) -> None:
    """The file appears with the whole key in it, on the disk: half a key would lock its owner out for good."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(AESGCM.generate_key(_KEY_BYTES * 8))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
