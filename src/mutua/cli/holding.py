"""What a file holds beside certificates: signing requests, private and public keys. Nothing of it is verified."""

import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding as DerOrPem
from cryptography.hazmat.primitives.serialization import (
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from mutua.chain.armour import Block, blocks
from mutua.chain.certificate import printable
from mutua.chain.decode import Encoding, Material, Unreadable, UnreadableKeyError, decode
from mutua.chain.keyfile import is_encrypted, refuse_too_many_rounds
from mutua.cli.x509_words import KeyWords, key_words
from mutua.message import Message, message

MAX_BLOCKS = 1000
"""How many requests and keys of one file are read; those beyond are counted as unreadable."""

_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_PRIVATE, _PUBLIC = "PRIVATE KEY", "PUBLIC KEY"
_SEQUENCE = b"\x30"
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
    """A key by type and size, and never by content; `words` is None where it is encrypted and was not opened."""

    line: int | None
    words: KeyWords | None
    private: bool
    encrypted: bool = False
    key_id: bytes | None = None
    """The public key or public half as DER SubjectPublicKeyInfo."""


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
        return tuple(label for label in labels if not _is_read_here(label))

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all could be read."""
        return not (self.material.certificates or self.requests or self.keys)


class _Opener:
    """A passphrase, and what it has cost so far to open keys of one file with it."""

    def __init__(self, passphrase: bytes) -> None:
        self.passphrase = passphrase
        self._rounds = 0

    def pay(self, data: bytes, pem: bytes | None) -> None:
        """Raise `UnreadableKeyError` where opening one more key, in PEM or else in DER, is too dear."""
        self._rounds += refuse_too_many_rounds(data, pem, self._rounds)


def read(data: bytes, passphrase: bytes | None = None) -> Holding:
    """Find everything; `passphrase` opens PKCS#12 files and private keys that are encrypted.

    Raises `InputTooLargeError`; whatever cannot be read is told in the answer.
    """
    material = decode(data, password=passphrase)
    opener = None if passphrase is None else _Opener(passphrase)
    if material.encoding is Encoding.PKCS12:
        return _holding(material, [*map(_in_the_box, material.opened_keys), *_in_text(data, opener)])
    if not material.certificates and (alone := _in_binary(data, opener)) is not None:
        return _holding(material._replace(unreadable=()), [alone])
    return _holding(material, _in_text(data, opener))


def _holding(material: Material, others: Iterable[Request | Key | Unreadable]) -> Holding:
    requests: list[Request] = []
    keys: list[Key] = []
    unreadable = list(material.unreadable)
    for found in others:
        match found:
            case Request():
                requests.append(found)
            case Key():
                keys.append(found)
            case Unreadable():
                unreadable.append(found)
    unreadable.sort(key=lambda block: block.line or 0)
    return Holding(material, tuple(requests), tuple(keys), tuple(unreadable))


def _in_the_box(key_id: bytes) -> Key:
    """The key of a PKCS#12 file by its public half."""
    return _public_key(None, load_der_public_key(key_id))._replace(private=True, encrypted=True)


def _in_text(data: bytes, opener: _Opener | None) -> Iterator[Request | Key | Unreadable]:
    taken = 0
    for block in blocks(data):
        if not _is_read_here(block.label):
            continue
        taken += 1
        if taken > MAX_BLOCKS:
            yield Unreadable(block.line, message("more than {limit} requests and keys are not read", limit=MAX_BLOCKS))
            return
        yield _read_block(block, opener) if block.problem is None else Unreadable(block.line, block.problem)


def _is_read_here(label: str) -> bool:
    return label in _REQUESTS or label.endswith((_PRIVATE, _PUBLIC))


def _read_block(block: Block, opener: _Opener | None) -> Request | Key | Unreadable:
    label = block.label.encode()
    pem = b"-----BEGIN %b-----%b-----END %b-----\n" % (label, block.body, label)
    try:
        if block.label in _REQUESTS:
            return _request(block.line, x509.load_pem_x509_csr(pem))
        if block.label.endswith(_PUBLIC):
            return _public_key(block.line, load_pem_public_key(pem))
    except _MALFORMED as error:
        return Unreadable(block.line, _not_understood(block.label, error))
    encrypted = is_encrypted(block)
    if encrypted and opener is None:
        return Key(block.line, None, private=True, encrypted=True)
    try:
        if opener is not None:
            opener.pay(pem, pem)
        # The key is only named, so whether its numbers are sound, which takes long to find out, is not asked.
        key = load_pem_private_key(
            pem, opener.passphrase if encrypted and opener else None, unsafe_skip_rsa_key_validation=True
        )
    except UnreadableKeyError as error:
        return Unreadable(block.line, error.reason)
    except _MALFORMED:
        # Without the library's words: they could quote the key.
        return Unreadable(
            block.line, _NOT_OPENED if encrypted else message("this is not a private key that can be read")
        )
    return _private_key(block.line, key, encrypted)


_NOT_OPENED = message("the password does not open this private key, or the key is damaged")


def _private_key(line: int | None, key: PrivateKeyTypes, encrypted: bool) -> Key:
    return _public_key(line, key.public_key())._replace(words=key_words(key), private=True, encrypted=encrypted)


def _public_key(line: int | None, key: PublicKeyTypes) -> Key:
    key_id = key.public_bytes(DerOrPem.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(line, key_words(key), private=False, key_id=key_id)


def _request(line: int | None, request: x509.CertificateSigningRequest) -> Request:
    """The request, once all of it was met: subject and extensions are decoded only when they are asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The library warns of lengths; here they are only shown.
        _met = request.subject, request.extensions
    return Request(line, request)


def _not_understood(label: str, error: Exception) -> Message:
    return message(
        "this is not a {label} that can be read ({detail})", label=label.lower(), detail=printable(str(error))
    )


def _in_binary(data: bytes, opener: _Opener | None) -> Request | Key | Unreadable | None:
    """A request or a key in DER; None where it is neither."""
    if not data.startswith(_SEQUENCE):
        return None
    try:
        return _request(None, x509.load_der_x509_csr(data))
    except _MALFORMED:
        pass
    try:
        return _public_key(None, load_der_public_key(data))
    except _MALFORMED:
        pass
    try:
        return _private_key(None, load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True), False)
    except TypeError:
        return _encrypted_in_binary(data, opener)
    except _MALFORMED:
        return None


def _encrypted_in_binary(data: bytes, opener: _Opener | None) -> Key | Unreadable:
    if opener is None:
        return Key(None, None, private=True, encrypted=True)
    try:
        opener.pay(data, None)
        key = load_der_private_key(data, opener.passphrase, unsafe_skip_rsa_key_validation=True)
    except UnreadableKeyError as error:
        return Unreadable(None, error.reason)
    except _MALFORMED:
        return Unreadable(None, _NOT_OPENED)
    return _private_key(None, key, True)
