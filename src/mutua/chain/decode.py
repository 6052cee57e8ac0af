"""From bytes to certificates: what a file holds, found by its content and never by its name.

Nothing is dropped in silence. Every block that looks like a certificate ends up either among
`Material.certificates` or among `Material.unreadable`, with the reason.
"""

import binascii
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mutua.chain.armour import BEYOND, MAX_BLOCKS, Block, Looseness, blocks, certificates_from
from mutua.chain.certificate import Certificate, UnreadableCertificateError, printable, read_certificate
from mutua.chain.keyfile import UnreadableKeyError, is_encrypted, key_of_private_key, key_of_request
from mutua.message import Message, message

__all__ = [
    "MAX_BYTES",
    "MAX_CERTIFICATES",
    "MAX_CERTIFICATE_BYTES",
    "MAX_TOTAL_BYTES",
    "Encoding",
    "InputTooLargeError",
    "Loose",
    "Material",
    "Part",
    "Unreadable",
    "UnreadableKeyError",
    "decode",
    "key_of_private_key",
    "key_of_request",
]

MAX_BYTES = 16 * 1024 * 1024
"""The longest input that is looked at."""

MAX_TOTAL_BYTES = 4 * MAX_BYTES
"""How long several inputs that are read as one may be together."""

MAX_CERTIFICATES = 1000
"""How many certificates of one input are read; those beyond are counted as unreadable."""

MAX_CERTIFICATE_BYTES = 256 * 1024
"""The longest certificate that is read; real ones have some thousand bytes."""

_CERTIFICATE_LABELS = {"CERTIFICATE", "X509 CERTIFICATE"}
_REQUEST_LABELS = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}
_NOT_CERTIFICATES = {"ATTRIBUTE CERTIFICATE"}
_PKCS7_LABELS = {"PKCS7", "CMS"}
_PKCS12_LABEL = "PKCS12"
_TAKEN_LABELS = _CERTIFICATE_LABELS | _PKCS7_LABELS | {_PKCS12_LABEL}
_BLANKS = b" \t\n\r\x0b\x0c"
_NO_BREAK_SPACES = (b"\xc2\xa0", b"\xa0")
_PKCS7_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_UTF16 = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"-\0-\0", "utf-16-le"), (b"\0-\0-", "utf-16-be"))


class InputTooLargeError(ValueError):
    """The input is longer than `MAX_BYTES`, or several together are longer than `MAX_TOTAL_BYTES`."""


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
    """Something that should have been a certificate and is not: its line (from 1, or None) and why.

    `source` is the name of the input, where there are several. `locked` is true where a password would help.
    """

    line: int | None
    reason: Message
    source: str | None = None
    locked: bool = False


class Loose(NamedTuple):
    """A block, by its line (from 1) and its input, that could be read here and that other programs cannot read."""

    line: int
    looseness: Looseness
    source: str | None = None


class Part(NamedTuple):
    """One of the inputs: what it is called, and what was detected in it."""

    name: str | None
    material: "Material"


class Material(NamedTuple):
    """Everything that an input holds, in the order of the input.

    `encrypted_keys` is how many of the private keys are encrypted. `opened_keys` are the public halves (DER
    SubjectPublicKeyInfo) of the private keys in PKCS#12, and `old_ciphers` those that it is encrypted with.
    `parts` has an entry for each input of `decode_all`.
    """

    encoding: Encoding
    certificates: tuple[Certificate, ...] = ()
    requests: int = 0
    private_keys: int = 0
    other_blocks: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    loose: tuple[Loose, ...] = ()
    encrypted_keys: int = 0
    public_keys: int = 0
    opened_keys: tuple[bytes, ...] = ()
    old_ciphers: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def has_certificates(self) -> bool:
        """Whether there is anything that is or should have been a certificate."""
        return bool(self.certificates or self.unreadable)


def decode(data: bytes, *, password: bytes | None = None, source: str | None = None) -> Material:
    """Read whatever `data` holds; `password` is that of a PKCS#12 file, and `source` what to call the input.

    Raises `InputTooLargeError` beyond `MAX_BYTES`. Anything else is an answer, not an exception.
    """
    if len(data) > MAX_BYTES:
        raise InputTooLargeError(f"{len(data)} bytes")
    if not data.strip():
        return Material(Encoding.EMPTY)
    haul = Haul(password, source)
    if (text := _from_utf16(data)) is not None:
        return wrapped(Encoding.UTF16, decode_pem(text, haul))
    material = decode_pem(data, haul)
    if material != Material(Encoding.PEM):
        return material
    from mutua.chain.binary import decode_binary

    return decode_binary(data, haul)


def decode_all(parts: Sequence[bytes], names: Sequence[str] = (), *, password: bytes | None = None) -> Material:
    """Read several inputs as one: the certificates are numbered through, in the order of the inputs.

    `names` are what to call the inputs, else they are numbered: #1, #2. The encoding is that of the first input that
    is not PEM, if there is one. Certificates beyond `MAX_CERTIFICATES` are counted as unreadable. Raises
    `InputTooLargeError` as `decode` does, and beyond `MAX_TOTAL_BYTES`.
    """
    if len(parts) < 2:
        material = decode(parts[0] if parts else b"", password=password)
        return material._replace(parts=(Part(printable(names[0]) if names else None, material),))
    if sum(map(len, parts)) > MAX_TOTAL_BYTES:
        raise InputTooLargeError(f"{sum(map(len, parts))} bytes")
    called = [printable(name) for name in names] or [f"#{number}" for number in range(1, len(parts) + 1)]
    materials = [decode(part, password=password, source=name) for part, name in zip(parts, called, strict=True)]
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
            *(Unreadable(None, _too_many()),) * excess,
        ),
        loose=tuple(block for material in materials for block in material.loose),
        encrypted_keys=sum(material.encrypted_keys for material in materials),
        public_keys=sum(material.public_keys for material in materials),
        opened_keys=tuple(key for material in materials for key in material.opened_keys),
        old_ciphers=tuple(dict.fromkeys(cipher for material in materials for cipher in material.old_ciphers)),
        parts=tuple(map(Part, called, materials)),
    )


def _from_utf16(data: bytes) -> bytes | None:
    for mark, encoding in _UTF16:
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode("utf-8", "replace")
    return None


def wrapped(encoding: Encoding, inner: Material) -> Material:
    """What was found after unwrapping; other programs do not unwrap, so the rest of it is not there for them."""
    if not inner.has_certificates:
        return Material(encoding)
    return inner._replace(encoding=encoding, requests=0, public_keys=0, other_blocks=(), loose=())


class Haul:
    """The certificates taken out of an input so far, and those that could not be read."""

    def __init__(self, password: bytes | None = None, source: str | None = None) -> None:
        self.certificates: list[Certificate] = []
        self.unreadable: list[Unreadable] = []
        self.opened_keys: list[bytes] = []
        self.old_ciphers: list[str] = []
        self.password = password
        self.rounds = 0
        self._source = source

    def refuse(self, line: int | None, reason: Message, *, locked: bool = False) -> None:
        """Count something as unreadable."""
        self.unreadable.append(Unreadable(line, reason, self._source, locked))

    def refuse_more(self, count: int) -> None:
        """Count so many, and do not look at any."""
        reason = message("only the first {limit} blocks of a file are looked at", limit=MAX_BLOCKS)
        self.unreadable += [Unreadable(None, reason, self._source)] * count

    def loose(self, block: Block) -> tuple[Loose, ...]:
        """What other programs will not read in a block."""
        return (Loose(block.line, block.looseness, self._source),) if block.looseness is not None else ()

    def take(self, block: Block) -> bool:
        """A block labelled as a certificate; whether it could be read."""
        before = len(self.certificates)
        if self._is_full():
            self.refuse(None, _too_many())
        elif (der := base64(block.body)) is not None:
            self.take_der(der, block.line)
        elif b"\\n" in block.body:
            self.refuse(block.line, message("its line ends are written as \\n, as in JSON or a variable"))
        else:
            self.refuse(block.line, message("the text between BEGIN and END is not Base 64"))
        return len(self.certificates) > before

    def take_der(self, der: bytes, line: int | None) -> None:
        """The bytes of one certificate."""
        if self._is_full():
            self.refuse(None, _too_many())
            return
        if len(der) > MAX_CERTIFICATE_BYTES:
            limit = MAX_CERTIFICATE_BYTES // 1024
            self.refuse(line, message("this is longer than {limit} KiB, and no certificate is", limit=limit))
            return
        try:
            self.certificates.append(read_certificate(der, len(self.certificates) + len(self.unreadable) + 1))
        except UnreadableCertificateError as error:
            reason = message("this is not a certificate that can be read ({detail})", detail=str(error))
            self.refuse(line, reason)

    def material(self, encoding: Encoding) -> Material:
        """What was taken, and nothing else."""
        return Material(
            encoding,
            tuple(self.certificates),
            private_keys=len(self.opened_keys),
            unreadable=tuple(self.unreadable),
            opened_keys=tuple(self.opened_keys),
            old_ciphers=tuple(dict.fromkeys(self.old_ciphers)),
        )

    def _is_full(self) -> bool:
        return len(self.certificates) + len(self.unreadable) >= MAX_CERTIFICATES


def _too_many() -> Message:
    return message("more than {limit} certificates in one file are not read", limit=MAX_CERTIFICATES)


def decode_pem(data: bytes, haul: Haul) -> Material:
    """What stands in the blocks of a text; with nothing in it, it may not be PEM at all."""
    others: list[str] = []
    loose: list[Loose] = []
    requests = private_keys = encrypted_keys = public_keys = 0
    encoding = Encoding.PEM
    for block in blocks(data):
        if block.label in _REQUEST_LABELS:
            requests += 1
        elif block.label.endswith("PRIVATE KEY"):
            private_keys += 1
            encrypted_keys += is_encrypted(block)
        elif block.label == BEYOND:
            haul.refuse_more(certificates_from(data, block.at))
        elif (reason := _why_not_taken(block)) is not None:
            haul.refuse(block.line, reason)
        elif block.label in _PKCS7_LABELS or _is_pkcs7(block):
            encoding = Encoding.PKCS7
            _take_pkcs7(haul, block)
        elif block.label == _PKCS12_LABEL:
            encoding = Encoding.PKCS12
            _take_pkcs12(haul, block)
        elif block.label in _CERTIFICATE_LABELS:
            if haul.take(block):
                loose.extend(haul.loose(block))
        elif block.label.endswith("PUBLIC KEY"):
            public_keys += 1
        else:
            others.append(printable(block.label))
    taken = haul.material(encoding)
    return taken._replace(
        requests=requests,
        private_keys=private_keys + taken.private_keys,
        other_blocks=tuple(others),
        loose=tuple(loose),
        encrypted_keys=encrypted_keys,
        public_keys=public_keys,
    )


def _take_pkcs7(haul: Haul, block: Block) -> None:
    from mutua.chain.containers import take_pkcs7

    take_pkcs7(haul, base64(block.body) or b"", block.line)


def _take_pkcs12(haul: Haul, block: Block) -> None:
    from mutua.chain.containers import take_pkcs12

    take_pkcs12(haul, base64(block.body) or b"", block.line)


def _is_pkcs7(block: Block) -> bool:
    """Whether a block labelled as a certificate holds a PKCS#7 container; some tools write that."""
    if block.label not in _CERTIFICATE_LABELS or block.body.lstrip()[:1] != b"M":
        return False
    start = base64(block.body[:128].strip()[:64])
    return start is not None and _PKCS7_SIGNED_DATA in start[:32]


def _why_not_taken(block: Block) -> Message | None:
    """The reason where a block that holds certificates is damaged, or under a label that other programs pass over."""
    known = block.label in _TAKEN_LABELS
    if known or block.label in _NOT_CERTIFICATES:
        return block.problem if known else None
    if block.label == "TRUSTED CERTIFICATE":
        return message(
            "TRUSTED CERTIFICATE is a form of OpenSSL's own; convert it: openssl x509 -in FILE -out FILE.pem"
        )
    if "CERT" in block.label.upper():
        return message("its label is {label}; expected CERTIFICATE", label=printable(block.label))
    return None


def base64(body: bytes) -> bytes | None:
    """The decoded body, or None where it is not Base 64."""
    try:
        for space in _NO_BREAK_SPACES:
            body = body.replace(space, b"")
        return binascii.a2b_base64(body.translate(None, _BLANKS), strict_mode=True)
    except binascii.Error:
        return None
