"""What a file holds beside certificates: signing requests, private and public keys. Nothing of it is verified."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from mutua.chain.certificate import printable
from mutua.chain.decode import Encoding, Material, Unreadable, decode
from mutua.cli.x509_words import KeyWords, key_words
from mutua.message import Message, message

MAX_BLOCKS = 1000
"""How many requests and keys of one file are read; those beyond are counted as unreadable."""

_ARMOUR = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_REQUESTS = (b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")
_PRIVATE, _PUBLIC = b"PRIVATE KEY", b"PUBLIC KEY"
_DER = b"\x30"
_MALFORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)


class Request(NamedTuple):
    """A signing request, and the line that it begins in (from 1; None where there are no lines)."""

    line: int | None
    x509: x509.CertificateSigningRequest


class Key(NamedTuple):
    """A key by type and size, and never by content; `words` is None where it is encrypted."""

    line: int | None
    words: KeyWords | None
    private: bool


class Holding(NamedTuple):
    """Everything in a file. `unreadable` has the blocks of all kinds that should have been something and are not."""

    material: Material
    requests: tuple[Request, ...]
    keys: tuple[Key, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def encoding(self) -> Encoding:
        """What the bytes turned out to be."""
        alone_in_binary = self.material.encoding is Encoding.UNKNOWN and not self.is_empty
        return Encoding.DER if alone_in_binary else self.material.encoding

    @property
    def not_shown(self) -> tuple[str, ...]:
        """The labels of the blocks that are neither certificates, requests nor keys, each once."""
        labels = dict.fromkeys(self.material.other_blocks)
        return tuple(label for label in labels if not _is_read_here(label.encode("ascii", "replace")))

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all could be read."""
        return not (self.material.certificates or self.requests or self.keys)


def read(data: bytes) -> Holding:
    """Find everything. Raises `InputTooLargeError`; whatever cannot be read is told in the answer."""
    material = decode(data)
    requests: list[Request] = []
    keys: list[Key] = []
    unreadable = list(material.unreadable)
    for found in _others(data, material):
        match found:
            case Request():
                requests.append(found)
            case Key():
                keys.append(found)
            case Unreadable():
                unreadable.append(found)
    unreadable.sort(key=lambda block: block.line or 0)
    return Holding(material, tuple(requests), tuple(keys), tuple(unreadable))


def _others(data: bytes, material: Material) -> Iterator[Request | Key | Unreadable]:
    if _ARMOUR.search(data):
        yield from _in_text(data)
    elif data.startswith(_DER) and not material.certificates:
        found = _in_binary(data)
        if found is not None:
            yield found


def _in_text(data: bytes) -> Iterator[Request | Key | Unreadable]:
    """The blocks that are no certificates, in one pass (RFC 7468)."""
    marks = list(_ARMOUR.finditer(data))
    line, counted, taken = 1, 0, 0
    for number, mark in enumerate(marks):
        label = mark[1]
        if not _is_read_here(label):
            continue
        line += data.count(b"\n", counted, mark.start())
        counted = mark.start()
        taken += 1
        if taken > MAX_BLOCKS:
            yield Unreadable(line, message("more than {limit} requests and keys are not read", limit=MAX_BLOCKS))
            return
        following = marks[number + 1].start() if number + 1 < len(marks) else len(data)
        ending = b"-----END " + label + b"-----"
        end = data.find(ending, mark.end(), following)
        if end < 0:
            yield Unreadable(line, message("the END line is missing: the file was cut off"))
        else:
            yield _block(label, line, data[mark.start() : end + len(ending)])


def _is_read_here(label: bytes) -> bool:
    return label in _REQUESTS or label.endswith((_PRIVATE, _PUBLIC))


def _block(label: bytes, line: int, pem: bytes) -> Request | Key | Unreadable:
    try:
        if label in _REQUESTS:
            return _request(line, x509.load_pem_x509_csr(pem))
        if label.endswith(_PUBLIC):
            return Key(line, key_words(load_pem_public_key(pem)), private=False)
    except _MALFORMED as error:
        return Unreadable(line, _not_understood(label, error))
    if label.startswith(b"ENCRYPTED") or b"Proc-Type: 4,ENCRYPTED" in pem[:200]:
        return Key(line, None, private=True)
    try:
        # The key is only named, so whether its numbers are sound, which takes long to find out, is not asked.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except _MALFORMED:
        # Without the library's words: they could quote the key.
        return Unreadable(line, message("this is not a private key that can be read"))
    return Key(line, key_words(key), private=True)


def _request(line: int | None, request: x509.CertificateSigningRequest) -> Request:
    """The request, once all of it was met: extensions are decoded only when they are asked for."""
    _extensions = request.extensions
    return Request(line, request)


def _not_understood(label: bytes, error: Exception) -> Message:
    return message(
        "this is not a {label} that can be read ({detail})",
        label=label.decode().lower(),
        detail=printable(str(error)[:200]),
    )


def _in_binary(data: bytes) -> Request | Key | None:
    """A request or a key in DER; None where it is neither."""
    try:
        return _request(None, x509.load_der_x509_csr(data))
    except _MALFORMED:
        pass
    try:
        return Key(None, key_words(load_der_public_key(data)), private=False)
    except _MALFORMED:
        pass
    try:
        return Key(None, key_words(load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)), private=True)
    except TypeError:
        return Key(None, None, private=True)
    except _MALFORMED:
        return None
