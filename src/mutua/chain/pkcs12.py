"""PKCS#12 (RFC 7292), the locked box of certificates and a private key: a look from outside, then pyca/cryptography."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from mutua.chain.ber import CONTEXT_0, Element, NotBerError, Walk, number
from mutua.chain.derivation import MAX_ROUNDS, PBMAC1, encryption, identified, mac_rounds
from mutua.message import Message, message

_DATA, _ENCRYPTED_DATA = bytes.fromhex("2a864886f70d010701"), bytes.fromhex("2a864886f70d010706")
_BAG = bytes.fromhex("2a864886f70d010c0a01")
_KEY_BAG, _SHROUDED_KEY_BAG, _NESTED_BAG = _BAG + b"\x01", _BAG + b"\x02", _BAG + b"\x06"
_MAX_NESTING = 8
_WRONG_PASSWORD = "Invalid password or PKCS12 data"  # noqa: S105  (what pyca/cryptography says)
_MALFORMED = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


class NotOpenedError(ValueError):
    """The file was not opened; `reason` says why, `rounds` what the attempt cost.

    `locked` is true where another password may open it.
    """

    def __init__(self, reason: Message, *, rounds: int = 0, locked: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.rounds = rounds
        self.locked = locked


class Opened(NamedTuple):
    """What was in it: certificates (DER, the one that belongs to the key first), and the public half of the key (DER
    SubjectPublicKeyInfo) if there is one; what it cost to open, and the old ciphers that it is encrypted with."""

    certificates: tuple[bytes, ...]
    key: bytes | None
    rounds: int
    old_ciphers: tuple[str, ...]


class _Outside(NamedTuple):
    """What can be seen without a password."""

    rounds: int
    old_ciphers: tuple[str, ...]


def open_box(data: bytes, password: bytes | None, most_rounds: int = MAX_ROUNDS) -> Opened:
    """Open a PKCS#12 file. Where the password does not fit, or none is given, it is tried without one and an empty one.

    Raises `NotOpenedError`, before any key is derived where that would take more than `most_rounds`. A key that is
    hidden in an encrypted part of the file is not counted: it cannot be seen before.
    """
    outside = _look(data)
    if outside.rounds > most_rounds:
        raise NotOpenedError(_too_many(outside.rounds))
    try:
        return _opened(data, password or None, outside)
    except NotOpenedError as error:
        if not password or not error.locked or 2 * outside.rounds > most_rounds:
            raise
        with suppress(NotOpenedError):
            return _opened(data, None, outside)
        error.rounds *= 2
        raise


def _opened(data: bytes, password: bytes | None, outside: _Outside) -> Opened:
    box = _load(data, password, outside.rounds)
    found = [box.cert, *box.additional_certs]
    return Opened(
        tuple(one.certificate.public_bytes(Encoding.DER) for one in found if one is not None),
        box.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if box.key else None,
        outside.rounds,
        outside.old_ciphers,
    )


def _look(data: bytes) -> _Outside:
    try:
        return _outside(Walk(), data)
    except NotBerError as error:
        raise NotOpenedError(
            message("this PKCS#12 file is damaged, cut off, or of a kind that is not supported")
        ) from error


def _too_many(rounds: int) -> Message:
    return message(
        "opening this PKCS#12 file would take {rounds:,} rounds of key derivation; up to {limit:,} are computed",
        rounds=rounds,
        limit=MAX_ROUNDS,
    )


def _load(data: bytes, password: bytes | None, rounds: int) -> PKCS12KeyAndCertificates:
    """What the library makes of it; without a password it tries an empty one by itself."""
    try:
        with warnings.catch_warnings():
            # Browsers and Windows write files that are not quite DER; pyca/cryptography warns and reads them.
            warnings.simplefilter("ignore")
            return load_pkcs12(data, password)
    except _MALFORMED as error:
        if str(error) != _WRONG_PASSWORD:
            reason = message("this PKCS#12 file holds something that cannot be read")
        elif password is None:
            reason = message("this is PKCS#12, a locked box of certificates and a private key: it needs its password")
        else:
            reason = message("the password does not open this PKCS#12 file, or the file was changed later")
        raise NotOpenedError(reason, rounds=rounds, locked=str(error) == _WRONG_PASSWORD) from error


def _outside(walk: Walk, data: bytes) -> _Outside:
    """The sum of all rounds, and the old ciphers, each once, in the order of the file."""
    _version, sealed, *mac = walk.children(walk.first(data), least=2)
    rounds, old_ciphers = sum(_mac_rounds(walk, one) for one in mac), []
    for algorithm in _algorithms(walk, sealed):
        used = encryption(walk, algorithm)
        rounds += used.rounds
        old_ciphers += [used.old_cipher] if used.old_cipher else []
    return _Outside(rounds, tuple(dict.fromkeys(old_ciphers)))


def _mac_rounds(walk: Walk, mac: Element) -> int:
    """The rounds of MacData; one where none are given (RFC 7292, section 4)."""
    digest, _salt, *iterations = walk.children(mac, least=2)
    algorithm = walk.children(digest, least=1)[0]
    if walk.children(algorithm, least=1)[0].content == PBMAC1:
        return mac_rounds(walk, algorithm)
    return number(iterations[0]) if iterations else 1


def _algorithms(walk: Walk, sealed: Element) -> Iterator[Element]:
    """The AlgorithmIdentifier of everything that is encrypted, as far as it can be seen."""
    for part in walk.children(walk.first(_data_of(walk, sealed))):
        identifier, content = identified(walk, part)
        if identifier == _ENCRYPTED_DATA:
            _version, encrypted = walk.children(walk.children(content, CONTEXT_0, least=1)[0], least=2)[:2]
            yield walk.children(encrypted, least=2)[1]
        else:
            yield from _of_bags(walk, walk.first(_data_of(walk, part)), 0)


def _data_of(walk: Walk, part: Element) -> bytes:
    """The octets of a ContentInfo of the type data (RFC 5652, section 4)."""
    identifier, content = identified(walk, part)
    if identifier != _DATA:
        raise NotBerError("neither data nor encrypted data")
    return walk.octets(walk.children(content, CONTEXT_0, least=1)[0])


def _of_bags(walk: Walk, bags: Element, nesting: int) -> Iterator[Element]:
    if nesting == _MAX_NESTING:
        raise NotBerError("nested too deep")
    for bag in walk.children(bags):
        kind, value = walk.children(bag, least=2)[:2]
        inner = walk.children(value, CONTEXT_0, least=1)[0]
        if kind.content == _SHROUDED_KEY_BAG:
            yield walk.children(inner, least=1)[0]
        elif kind.content == _NESTED_BAG:
            yield from _of_bags(walk, inner, nesting + 1)
