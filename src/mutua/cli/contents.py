"""All that files hold, in a form that can be written again: certificates, private keys and signing requests."""

import binascii
import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from mutua.chain.armour import Block, blocks
from mutua.chain.certificate import Certificate, printable
from mutua.chain.decode import Encoding, Material, Unreadable, decode
from mutua.chain.keyfile import UnreadableKeyError, is_encrypted, refuse_too_many_rounds
from mutua.cli.check import PASSWORD_VARIABLE
from mutua.cli.exits import Exit, Failure
from mutua.message import Message, message

_MALFORMED = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_PRIVATE = "PRIVATE KEY"
_MOST_WRAPPINGS = 3


class Key(NamedTuple):
    """A private key, and whether it was encrypted where it came from."""

    private: PrivateKeyTypes
    encrypted: bool


class Part(NamedTuple):
    """What was in one file; `left_out` are the labels of the blocks that are nothing of all that."""

    name: str
    encoding: Encoding
    certificates: tuple[Certificate, ...]
    keys: tuple[Key, ...]
    requests: tuple[x509.CertificateSigningRequest, ...]
    left_out: tuple[str, ...]
    old_ciphers: tuple[str, ...]


class Contents(NamedTuple):
    """What was in all files together, in their order."""

    parts: tuple[Part, ...]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """As often as they are there."""
        return tuple(certificate for part in self.parts for certificate in part.certificates)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The private keys."""
        return tuple(key for part in self.parts for key in part.keys)

    @property
    def requests(self) -> tuple[x509.CertificateSigningRequest, ...]:
        """The signing requests."""
        return tuple(request for part in self.parts for request in part.requests)


def read_contents(files: Mapping[str, bytes], password: bytes | None) -> Contents:
    """Read the files by what is in them. Nothing that cannot be read is passed over: raises `Failure`."""
    return Contents(tuple(_read(printable(name), data, password) for name, data in files.items()))


def _read(name: str, data: bytes, password: bytes | None) -> Part:
    material = decode(data, password=password)
    encoding = material.encoding
    for _wrapping in range(_MOST_WRAPPINGS):
        if material.encoding not in (Encoding.UTF16, Encoding.BASE64, Encoding.BASE64_OF_PEM):
            break
        data = _unwrapped(data, material.encoding)
        material = decode(data, password=password)
    for block in material.unreadable:
        raise _unreadable(name, block)
    keys, requests = tuple(_keys(name, data, material, password)), tuple(_requests(name, data, material))
    if len(keys) != material.private_keys or len(requests) != material.requests:
        raise Failure(
            message("{name} holds a private key or signing request in a form that is not converted.", name=name),
            Exit.UNREADABLE,
        )
    if not (material.certificates or keys or requests):
        raise Failure(
            message("{name} holds no certificate, private key or signing request that can be read.", name=name),
            Exit.UNREADABLE,
            message("mutua check {name} says what it is instead.", name=name),
        )
    left_out = (*material.other_blocks, *["PUBLIC KEY"] * material.public_keys)
    return Part(name, encoding, material.certificates, keys, requests, left_out, material.old_ciphers)


def _unwrapped(data: bytes, encoding: Encoding) -> bytes:
    if encoding is not Encoding.UTF16:
        return binascii.a2b_base64(data.removeprefix(b"\xef\xbb\xbf"))
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    unmarked = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    return data.decode("utf-16" if marked else unmarked, "replace").encode("utf-8", "replace")


def _keys(name: str, data: bytes, material: Material, password: bytes | None) -> Iterator[Key]:
    if not material.private_keys:
        return
    try:
        if material.encoding is Encoding.DER:
            yield _key_in_der(data, password)
        elif material.encoding is Encoding.PKCS12 and material.opened_keys:
            yield from _keys_in_box(data, password)
        for block in blocks(data):
            if block.label.endswith(_PRIVATE):
                yield _key_in_block(block, password)
    except UnreadableKeyError as error:
        raise _no_key(name, error.reason, encrypted=error.encrypted) from error
    except _MALFORMED as error:
        # Without the library's words: they could quote the key.
        raise _no_key(
            name, message("it is damaged, or the password is wrong"), encrypted=password is not None
        ) from error


def _key_in_der(data: bytes, password: bytes | None) -> Key:
    try:
        return Key(load_der_private_key(data, None), encrypted=False)
    except TypeError:
        _require(password)
        refuse_too_many_rounds(data, None)
        return Key(load_der_private_key(data, password), encrypted=True)


def _key_in_block(block: Block, password: bytes | None) -> Key:
    if block.problem is not None:
        raise UnreadableKeyError(block.problem)
    encrypted = is_encrypted(block)
    if encrypted:
        _require(password)
    pem = _pem(block)
    refuse_too_many_rounds(pem, pem)
    return Key(load_pem_private_key(pem, password if encrypted else None), encrypted)


def _keys_in_box(data: bytes, password: bytes | None) -> Iterator[Key]:
    """The key of a PKCS#12 file, which the checker has opened before: with the password, or it needed none."""
    with warnings.catch_warnings():
        # As the checker does: browsers and Windows write files that are not quite DER.
        warnings.simplefilter("ignore")
        try:
            found = load_pkcs12(data, password)
        except ValueError:
            found = load_pkcs12(data, None)
    if found.key is not None:
        yield Key(found.key, encrypted=password is not None)


def _require(password: bytes | None) -> None:
    if password is None:
        raise UnreadableKeyError(message("it is encrypted"), encrypted=True)


def _requests(name: str, data: bytes, material: Material) -> Iterator[x509.CertificateSigningRequest]:
    if not material.requests:
        return
    try:
        if material.encoding is Encoding.DER:
            yield x509.load_der_x509_csr(data)
            return
        for block in blocks(data):
            if block.label in _REQUESTS:
                yield x509.load_pem_x509_csr(_pem(block))
    except _MALFORMED as error:
        raise Failure(
            message("{name} holds a signing request that cannot be read.", name=name), Exit.UNREADABLE
        ) from error


def _pem(block: Block) -> bytes:
    label = block.label.encode()
    return b"-----BEGIN %b-----%b-----END %b-----\n" % (label, block.body, label)


def _unreadable(name: str, block: Unreadable) -> Failure:
    if block.line is None:
        problem = message("{name} cannot be read: {reason}.", name=name, reason=block.reason)
    else:
        problem = message(
            "line {line} of {name} cannot be read: {reason}.", line=block.line, name=name, reason=block.reason
        )
    return Failure(problem, Exit.UNREADABLE, _give_the_password() if block.locked else None)


def _no_key(name: str, reason: Message, *, encrypted: bool) -> Failure:
    return Failure(
        message("the private key in {name} cannot be read: {reason}.", name=name, reason=reason),
        Exit.UNREADABLE,
        _give_the_password() if encrypted else None,
    )


def _give_the_password() -> Message:
    return message("give the password with --password-file, or set {variable}.", variable=PASSWORD_VARIABLE)
