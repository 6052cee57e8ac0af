"""From bytes to certificates: what a file holds, found by its content and never by its name.

Nothing is dropped in silence. Every block that looks like a certificate ends up either among
`Material.certificates` or among `Material.unreadable`, with the reason.
"""

import binascii
import re
import warnings
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from mutua.chain.armour import BEGIN, Block, Looseness, blocks
from mutua.chain.certificate import Certificate, UnreadableCertificateError, printable, read_certificate
from mutua.chain.keyfile import UnreadableKeyError, key_of_private_key, key_of_request
from mutua.message import Message, message

__all__ = [
    "MAX_BYTES",
    "MAX_CERTIFICATES",
    "Encoding",
    "InputTooLargeError",
    "Loose",
    "Material",
    "Unreadable",
    "UnreadableKeyError",
    "decode",
    "key_of_private_key",
    "key_of_request",
]

MAX_BYTES = 16 * 1024 * 1024
"""The longest input that is looked at."""

MAX_CERTIFICATES = 1000
"""How many certificates of one input are read; those beyond are counted as unreadable."""

_CERTIFICATE_LABELS = {"CERTIFICATE", "X509 CERTIFICATE"}
_REQUEST_LABELS = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}
_NOT_CERTIFICATES = {"ATTRIBUTE CERTIFICATE"}
_PKCS7_LABELS = {"PKCS7", "CMS"}
_NO_BREAK_SPACES = (b"\xc2\xa0", b"\xa0")
_BARE_BASE64 = rb"[A-Za-z0-9+/]{64,}={0,2}"
_PKCS7_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PKCS12_DATA = bytes.fromhex("06092a864886f70d010701")
_SEQUENCE, _INTEGER = 0x30, 0x02
_LINE_ENDS = (b"", b"\r", b"\n", b"\x1a")
_HTML = (b"<!doctype html", b"<html")
_UTF16 = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"-\0-\0", "utf-16-le"), (b"\0-\0-", "utf-16-be"))


class InputTooLargeError(ValueError):
    """The input is longer than `MAX_BYTES`."""


class Encoding(StrEnum):
    """What the bytes turned out to be."""

    PEM = "PEM"
    DER = "DER"
    PKCS7 = "PKCS#7"
    PKCS12 = "PKCS#12"
    UTF16 = "UTF-16"
    BASE64 = "Base 64"
    BASE64_OF_PEM = "Base 64 of PEM"
    HTML = "HTML"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Unreadable(NamedTuple):
    """A block that should have been a certificate and is not: its line (from 1, or None) and why."""

    line: int | None
    reason: Message


class Loose(NamedTuple):
    """A block, by its line (from 1), that could be read here and that other programs cannot read."""

    line: int
    looseness: Looseness


class Material(NamedTuple):
    """Everything that an input holds, in the order of the input."""

    encoding: Encoding
    certificates: tuple[Certificate, ...] = ()
    requests: int = 0
    private_keys: int = 0
    other_blocks: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    loose: tuple[Loose, ...] = ()

    @property
    def has_certificates(self) -> bool:
        """Whether there is anything that is or should have been a certificate."""
        return bool(self.certificates or self.unreadable)


def decode(data: bytes) -> Material:
    """Read whatever `data` holds.

    Raises `InputTooLargeError` beyond `MAX_BYTES`. Anything else is an answer, not an exception.
    """
    if len(data) > MAX_BYTES:
        raise InputTooLargeError(f"{len(data)} bytes")
    if not data.strip():
        return Material(Encoding.EMPTY)
    if (text := _from_utf16(data)) is not None:
        return _wrapped(Encoding.UTF16, _decode_pem(text))
    material = _decode_pem(data)
    if material != Material(Encoding.PEM):
        return material
    return _decode_der(data) or _decode_bare_base64(data) or _not_certificates(data)


def decode_all(parts: Sequence[bytes]) -> Material:
    """Read several inputs as one: the certificates are numbered through, in the order of the inputs.

    The encoding is that of the first input that is not PEM, if there is one. Certificates beyond
    `MAX_CERTIFICATES` are counted as unreadable. Raises `InputTooLargeError` as `decode` does.
    """
    if len(parts) == 1:
        return decode(parts[0])
    materials = [decode(part) for part in parts]
    found = (certificate for material in materials for certificate in material.certificates)
    certificates = [read_certificate(certificate.der, position) for position, certificate in enumerate(found, 1)]
    excess = len(certificates) - MAX_CERTIFICATES
    return Material(
        encoding=next((material.encoding for material in materials if material.encoding != Encoding.PEM), Encoding.PEM),
        certificates=tuple(certificates[:MAX_CERTIFICATES]),
        requests=sum(material.requests for material in materials),
        private_keys=sum(material.private_keys for material in materials),
        other_blocks=tuple(label for material in materials for label in material.other_blocks),
        unreadable=(
            *(block for material in materials for block in material.unreadable),
            *[Unreadable(None, _too_many())] * excess,
        ),
        loose=tuple(block for material in materials for block in material.loose),
    )


def _from_utf16(data: bytes) -> bytes | None:
    for mark, encoding in _UTF16:
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode("utf-8", "replace")
    return None


def _wrapped(encoding: Encoding, inner: Material) -> Material:
    """What was found after unwrapping; other programs do not unwrap, so the rest of it is not there for them."""
    if not inner.has_certificates:
        return Material(encoding)
    return Material(encoding, inner.certificates, private_keys=inner.private_keys, unreadable=inner.unreadable)


def _not_certificates(data: bytes) -> Material:
    is_html = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML)
    return Material(Encoding.HTML if is_html else Encoding.UNKNOWN)


class _Haul:
    """The certificates taken out of an input so far, and those that could not be read."""

    def __init__(self) -> None:
        self.certificates: list[Certificate] = []
        self.unreadable: list[Unreadable] = []

    def refuse(self, line: int | None, reason: Message) -> None:
        self.unreadable.append(Unreadable(line, reason))

    def take(self, block: Block) -> bool:
        """A block labelled as a certificate; whether it could be read."""
        before = len(self.certificates)
        if self._is_full():
            self._refuse_more(block.line)
        elif (der := _base64(block.body)) is not None:
            self.take_der(der, block.line)
        elif b"\\n" in block.body:
            self.refuse(block.line, message("its line ends are written as \\n, as in JSON or a variable"))
        else:
            self.refuse(block.line, message("the text between BEGIN and END is not Base 64"))
        return len(self.certificates) > before

    def take_der(self, der: bytes, line: int | None) -> None:
        """The bytes of one certificate."""
        if self._is_full():
            self._refuse_more(line)
            return
        try:
            self.certificates.append(read_certificate(der, len(self.certificates) + len(self.unreadable) + 1))
        except UnreadableCertificateError as error:
            reason = message("this is not a certificate that can be read ({detail})", detail=str(error))
            self.refuse(line, reason)

    def take_pkcs7(self, der: bytes | None, line: int | None) -> None:
        """All certificates of a PKCS#7 container."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

        try:
            with warnings.catch_warnings():
                # Windows writes containers that are not quite DER; pyca/cryptography warns and reads them.
                warnings.simplefilter("ignore")
                found = load_der_pkcs7_certificates(der or b"")
        except (ValueError, UnsupportedAlgorithm) as error:
            reason = message("this PKCS#7 file cannot be read ({detail})", detail=printable(str(error)))
            self.refuse(line, reason)
            return
        for certificate in found:
            self.take_der(certificate.public_bytes(KeyEncoding.DER), line)

    def _is_full(self) -> bool:
        return len(self.certificates) + len(self.unreadable) >= MAX_CERTIFICATES

    def _refuse_more(self, line: int | None) -> None:
        self.refuse(line, _too_many())


def _too_many() -> Message:
    return message("more than {limit} certificates in one file are not read", limit=MAX_CERTIFICATES)


def _decode_pem(data: bytes) -> Material:
    haul = _Haul()
    others: list[str] = []
    loose: list[Loose] = []
    requests = private_keys = 0
    encoding = Encoding.PEM
    for block in blocks(data):
        if block.label in _REQUEST_LABELS:
            requests += 1
        elif block.label.endswith("PRIVATE KEY"):
            private_keys += 1
        elif (reason := _why_not_taken(block)) is not None:
            haul.refuse(block.line, reason)
        elif block.label in _PKCS7_LABELS or _is_pkcs7(block):
            encoding = Encoding.PKCS7
            haul.take_pkcs7(_base64(block.body), block.line)
        elif block.label in _CERTIFICATE_LABELS:
            if haul.take(block) and block.looseness is not None:
                loose.append(Loose(block.line, block.looseness))
        else:
            others.append(printable(block.label))
    return Material(
        encoding,
        tuple(haul.certificates),
        requests,
        private_keys,
        tuple(others),
        tuple(haul.unreadable),
        tuple(loose),
    )


def _is_pkcs7(block: Block) -> bool:
    """Whether a block labelled as a certificate holds a PKCS#7 container; some tools write that."""
    if block.label not in _CERTIFICATE_LABELS or block.body.lstrip()[:1] != b"M":
        return False
    start = _base64(block.body[:128].strip()[:64])
    return start is not None and _PKCS7_SIGNED_DATA in start[:32]


def _why_not_taken(block: Block) -> Message | None:
    """The reason where a block that holds certificates is damaged, or under a label that other programs pass over."""
    known = block.label in _CERTIFICATE_LABELS | _PKCS7_LABELS
    if known or block.label in _NOT_CERTIFICATES:
        return block.problem if known else None
    if block.label == "TRUSTED CERTIFICATE":
        return message(
            "TRUSTED CERTIFICATE is a form of OpenSSL's own; convert it: openssl x509 -in FILE -out FILE.pem"
        )
    if block.label == "PKCS12":
        return message("this is PKCS#12, a locked box of certificates and a private key")
    if "CERT" in block.label.upper():
        return message("its label is {label}; expected CERTIFICATE", label=printable(block.label))
    return None


def _base64(body: bytes) -> bytes | None:
    """The decoded body, or None where it is not Base 64."""
    try:
        for space in _NO_BREAK_SPACES:
            body = body.replace(space, b"")
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        return None


def _decode_bare_base64(data: bytes) -> Material | None:
    """Base 64 without BEGIN and END: of a certificate, or of a whole PEM file as Kubernetes keeps it."""
    compact = b"".join(data.removeprefix(b"\xef\xbb\xbf").split())
    inner = _base64(compact) if re.fullmatch(_BARE_BASE64, compact) else None
    if inner is None:
        return None
    if BEGIN in inner:
        return _wrapped(Encoding.BASE64_OF_PEM, _decode_pem(inner))
    found = _decode_der(inner)
    return None if found is None else _wrapped(Encoding.BASE64, found)


def _decode_der(data: bytes) -> Material | None:
    """DER, or None where the bytes do not begin with an ASN.1 sequence that could be a certificate or a key."""
    if len(data) < 8 or data[0] != _SEQUENCE or not (0x81 <= data[1] <= 0x84 or data[2] == _INTEGER):
        return None
    inner = data[2 + (data[1] & 0x7F if data[1] & 0x80 else 0) :]
    if _PKCS7_SIGNED_DATA in data[:32]:
        haul = _Haul()
        haul.take_pkcs7(data, None)
        return Material(Encoding.PKCS7, tuple(haul.certificates), unreadable=tuple(haul.unreadable))
    if inner[:3] == b"\x02\x01\x03" and _PKCS12_DATA in data[:48]:
        return Material(Encoding.PKCS12)
    if inner[0] == _INTEGER:
        return Material(Encoding.DER, private_keys=1)
    if _is_request(data):
        return Material(Encoding.DER, requests=1)
    haul = _Haul()
    for element in _elements(data):
        haul.take_der(element, None)
    return Material(Encoding.DER, tuple(haul.certificates), unreadable=tuple(haul.unreadable))


def _elements(data: bytes) -> Iterator[bytes]:
    """The ASN.1 sequences that stand one after the other; from where they do not fit any more, all in one piece."""
    start = 0
    for _number in range(MAX_CERTIFICATES):
        end = _end_of_sequence(data, start)
        if end is None:
            break
        yield data[start:end]
        start = end
        if data[start : start + 1] in _LINE_ENDS and not data[start:].strip(b"\r\n\x1a"):
            return
    yield data[start:]


def _end_of_sequence(data: bytes, start: int) -> int | None:
    """Where a sequence with a length of 128 bytes or more ends, or None where there is none (X.690, section 8.1.3)."""
    if data[start] != _SEQUENCE or not 0x81 <= data[min(start + 1, len(data) - 1)] <= 0x84:
        return None
    contents = start + 2 + (data[start + 1] & 0x7F)
    end = contents + int.from_bytes(data[start + 2 : contents], "big")
    return end if end <= len(data) else None


def _is_request(data: bytes) -> bool:
    from cryptography import x509

    try:
        x509.load_der_x509_csr(data)
    except (ValueError, x509.InvalidVersion):
        return False
    return True
