"""Sealing of secrets at rest: AES-256-GCM, bound to the place that the secret belongs to."""

import os
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """The sealed bytes were changed, moved to another place, or sealed with another key."""


class Sealer:
    """Seals and opens with one 256-bit key.

    Nonces are random: 96 bits are safe for 2^32 secrets under one key (NIST SP 800-38D, section 8.3).
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """With the key in `path`, made on first use (0600)."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        with os.fdopen(descriptor, "wb") as file:
            key = AESGCM.generate_key(256)
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
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
