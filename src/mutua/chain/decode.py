"""From bytes to certificates: what a file holds, found by its content and never by its name.

Nothing is dropped in silence. Every block that looks like a certificate ends up either among
`Material.certificates` or among `Material.unreadable`, with the reason.
"""

import binascii
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
from cryptography.hazmat.primitives.serialization import PublicFormat

from mutua.chain.certificate import Certificate, UnreadableCertificateError
from mutua.message import Message, message

MAX_BYTES = 16 * 1024 * 1024
"""The longest input that is looked at."""

MAX_CERTIFICATES = 1000
"""How many certificates of one input are read; those beyond are counted as unreadable."""

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_CERTIFICATE_LABELS = {"CERTIFICATE", "X509 CERTIFICATE"}
_REQUEST_LABELS = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}
_PKCS7_LABELS = {"PKCS7", "CMS"}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PKCS7_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PKCS12_DATA = bytes.fromhex("06092a864886f70d010701")


class InputTooLargeError(ValueError):
    """The input is longer than `MAX_BYTES`."""


class Encoding(StrEnum):
    """What the bytes turned out to be."""

    PEM = "PEM"
    DER = "DER"
    PKCS7 = "PKCS#7"
    PKCS12 = "PKCS#12"
    UTF16 = "UTF-16"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Unreadable(NamedTuple):
    """A block that should have been a certificate and is not: its line (from 1, or None) and why."""

    line: int | None
    reason: Message


class Material(NamedTuple):
    """Everything that an input holds, in the order of the input."""

    encoding: Encoding
    certificates: tuple[Certificate, ...] = ()
    requests: int = 0
    private_keys: int = 0
    other_blocks: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


class _Block(NamedTuple):
    label: str
    line: int
    body: bytes | None
    """The Base 64 between the armour lines; None where the END line is missing."""


def decode(data: bytes) -> Material:
    """Read whatever `data` holds.

    Raises `InputTooLargeError` beyond `MAX_BYTES`. Anything else is an answer, not an exception.
    """
    if len(data) > MAX_BYTES:
        raise InputTooLargeError(f"{len(data)} bytes")
    if not data.strip():
        return Material(Encoding.EMPTY)
    if data.startswith(_UTF16_MARKS):
        return Material(Encoding.UTF16)
    if _BEGIN in data:
        return _decode_pem(data)
    return _decode_der(data)


def _decode_pem(data: bytes) -> Material:
    certificates: list[Certificate] = []
    unreadable: list[Unreadable] = []
    others: list[str] = []
    requests = private_keys = 0
    encoding = Encoding.PEM
    for block in _blocks(data):
        if block.label in _CERTIFICATE_LABELS:
            _take(block, certificates, unreadable)
        elif block.label in _REQUEST_LABELS:
            requests += 1
        elif block.label.endswith("PRIVATE KEY"):
            private_keys += 1
        elif block.label in _PKCS7_LABELS:
            encoding = Encoding.PKCS7
            _take_pkcs7(_base64(block), block.line, certificates, unreadable)
        else:
            others.append(block.label)
    return Material(encoding, tuple(certificates), requests, private_keys, tuple(others), tuple(unreadable))


def _blocks(data: bytes) -> Iterator[_Block]:
    """The PEM blocks (RFC 7468), in one pass: whatever stands between them is skipped."""
    line, counted, start = 1, 0, data.find(_BEGIN)
    while start >= 0:
        line += data.count(b"\n", counted, start)
        counted = start
        label_start = start + len(_BEGIN)
        label_end = data.find(_DASHES, label_start, label_start + 64)
        following = data.find(_BEGIN, label_start)
        label = data[label_start:label_end].decode("ascii", "replace") if label_end >= 0 else ""
        end = data.find(_END, label_start, following if following >= 0 else len(data))
        body = data[label_end + len(_DASHES) : end] if end >= 0 and label_end >= 0 else None
        yield _Block(label, line, body)
        start = following


def _base64(block: _Block) -> bytes | None:
    """The decoded body, or None where it is cut off or not Base 64."""
    if block.body is None:
        return None
    try:
        return binascii.a2b_base64(b"".join(block.body.split()), strict_mode=True)
    except binascii.Error:
        return None


def _take(block: _Block, certificates: list[Certificate], unreadable: list[Unreadable]) -> None:
    der = _base64(block)
    if block.body is None:
        reason = message("the END line is missing: the file was cut off")
        unreadable.append(Unreadable(block.line, reason))
    elif der is None:
        reason = message("the text between BEGIN and END is not Base 64")
        unreadable.append(Unreadable(block.line, reason))
    else:
        _take_der(der, block.line, certificates, unreadable)


def _take_der(der: bytes, line: int | None, certificates: list[Certificate], unreadable: list[Unreadable]) -> None:
    position = len(certificates) + len(unreadable) + 1
    if position > MAX_CERTIFICATES:
        reason = message("more than {limit} certificates in one file are not read", limit=MAX_CERTIFICATES)
        unreadable.append(Unreadable(line, reason))
        return
    try:
        certificates.append(Certificate(der, position))
    except UnreadableCertificateError as error:
        reason = message("this is not a certificate that can be read ({detail})", detail=str(error)[:200])
        unreadable.append(Unreadable(line, reason))


def _take_pkcs7(
    der: bytes | None, line: int | None, certificates: list[Certificate], unreadable: list[Unreadable]
) -> None:
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

    try:
        found = load_der_pkcs7_certificates(der or b"")
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = message("this PKCS#7 file cannot be read ({detail})", detail=str(error)[:200])
        unreadable.append(Unreadable(line, reason))
        return
    for certificate in found:
        _take_der(certificate.public_bytes(KeyEncoding.DER), line, certificates, unreadable)


def _decode_der(data: bytes) -> Material:
    certificates: list[Certificate] = []
    unreadable: list[Unreadable] = []
    if not data.startswith(b"\x30"):
        return Material(Encoding.UNKNOWN)
    if _PKCS7_SIGNED_DATA in data[:32]:
        _take_pkcs7(data, None, certificates, unreadable)
        return Material(Encoding.PKCS7, tuple(certificates), unreadable=tuple(unreadable))
    if _PKCS12_DATA in data[:48]:
        return Material(Encoding.PKCS12)
    _take_der(data, None, certificates, unreadable)
    if certificates:
        return Material(Encoding.DER, tuple(certificates))
    if _is_request(data):
        return Material(Encoding.DER, requests=1)
    return Material(Encoding.UNKNOWN)


def _is_request(data: bytes) -> bool:
    try:
        x509.load_der_x509_csr(data)
    except ValueError:
        return False
    return True


class UnreadableKeyError(ValueError):
    """The bytes are not the request or the key that was expected."""


def key_of_request(data: bytes) -> bytes:
    """The public key (DER SubjectPublicKeyInfo) of a signing request in PEM or DER.

    Raises `UnreadableKeyError`, also where the request's own signature does not verify.
    """
    try:
        load = x509.load_pem_x509_csr if _BEGIN in data else x509.load_der_x509_csr
        request = load(data)
        if not request.is_signature_valid:
            raise UnreadableKeyError("the signature of the request does not verify")
        return request.public_key().public_bytes(KeyEncoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UnreadableKeyError:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnreadableKeyError(str(error)) from error


def key_of_private_key(data: bytes, passphrase: bytes | None = None) -> bytes:
    """The public key (DER SubjectPublicKeyInfo) that belongs to a private key in PEM or DER.

    Raises `UnreadableKeyError`; the private key itself appears in no message.
    """
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    try:
        load = load_pem_private_key if _BEGIN in data else load_der_private_key
        return load(data, passphrase).public_key().public_bytes(KeyEncoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except TypeError as error:
        raise UnreadableKeyError("it is encrypted" if passphrase is None else "it is not encrypted") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableKeyError("it cannot be read, or the passphrase is wrong") from error
