"""Input that is not text with blocks: DER, PKCS#12, Base 64 without armour, or something else altogether."""

import re
from collections.abc import Callable, Iterator

from cryptography import x509

from mutua.chain.armour import BEGIN
from mutua.chain.ber import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, NotBerError, Walk
from mutua.chain.containers import take_pkcs7, take_pkcs12
from mutua.chain.decode import MAX_CERTIFICATES, Encoding, Haul, Material, base64, decode_pem, wrapped

_BARE_BASE64 = rb"[A-Za-z0-9+/]{64,}={0,2}"
_PKCS7_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PKCS12_DATA = bytes.fromhex("06092a864886f70d010701")
_VERSIONED_CERTIFICATE = re.compile(
    rb"\x30(?:\x81.|\x82..|\x83...)\x30(?:\x81.|\x82..|\x83...)\xa0\x03\x02\x01", re.DOTALL
)
"""Two sequences of a length of at least 128 bytes, and a version in its own tag: nothing else begins so."""
_LINE_ENDS = (b"", b"\r", b"\n", b"\x1a")
_HTML = (b"<!doctype html", b"<html")


def decode_binary(data: bytes, haul: Haul) -> Material:
    """What it is; the certificates in it are in the haul too."""
    return _decode_der(data, haul) or _decode_bare_base64(data, haul) or _not_certificates(data)


def _not_certificates(data: bytes) -> Material:
    is_html = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML)
    return Material(Encoding.HTML if is_html else Encoding.UNKNOWN)


def _decode_bare_base64(data: bytes, haul: Haul) -> Material | None:
    """Base 64 without BEGIN and END: of a certificate, or of a whole PEM file as Kubernetes keeps it."""
    compact = data.removeprefix(b"\xef\xbb\xbf").translate(None, b" \t\n\r\x0b\x0c")
    inner = base64(compact) if re.fullmatch(_BARE_BASE64, compact) else None
    if inner is None:
        return None
    if BEGIN in inner:
        return wrapped(Encoding.BASE64_OF_PEM, decode_pem(inner, haul))
    found = _decode_der(inner, haul)
    return None if found is None else wrapped(Encoding.BASE64, found)


def _decode_der(data: bytes, haul: Haul) -> Material | None:
    """DER, or None where the bytes do not begin with an ASN.1 sequence that could be a certificate or a key."""
    if len(data) < 8 or data[0] != SEQUENCE:
        return None
    if _PKCS7_SIGNED_DATA in data[:32]:
        take_pkcs7(haul, data, None)
        return haul.material(Encoding.PKCS7)
    inner = data[2 + (data[1] & 0x7F if data[1] & 0x80 else 0) :][:3]
    if inner == b"\x02\x01\x03" and _PKCS12_DATA in data[:48]:
        take_pkcs12(haul, data, None)
        return haul.material(Encoding.PKCS12)
    if not _VERSIONED_CERTIFICATE.match(data):
        if (key := _key(data)) is not None:
            return key
        if not 0x81 <= data[1] <= 0x84:
            return None
        if inner[:1] == bytes([INTEGER]):
            return Material(Encoding.DER, private_keys=1)
        if _is(x509.load_der_x509_csr, data):
            return Material(Encoding.DER, requests=1)
        if _is(x509.load_der_x509_crl, data):
            return Material(Encoding.DER, other_blocks=("X509 CRL",))
    for element in _elements(data):
        haul.take_der(element, None)
    return haul.material(Encoding.DER)


def _key(data: bytes) -> Material | None:
    """A key, known by the shape of its outermost sequence (RFC 5208; RFC 5280, section 4.1; RFC 8017, A.1.1)."""
    walk = Walk()
    try:
        tags = tuple(element.tag for element in walk.children(walk.first(data)))
    except NotBerError:
        return None
    if tags == (SEQUENCE, OCTET_STRING):
        return Material(Encoding.DER, private_keys=1, encrypted_keys=1)
    if tags in ((SEQUENCE, BIT_STRING), (INTEGER, INTEGER)):
        return Material(Encoding.DER, public_keys=1)
    return Material(Encoding.DER, private_keys=1) if tags[:1] == (INTEGER,) and len(tags) > 2 else None


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
    if data[start] != SEQUENCE or not 0x81 <= data[min(start + 1, len(data) - 1)] <= 0x84:
        return None
    contents = start + 2 + (data[start + 1] & 0x7F)
    end = contents + int.from_bytes(data[start + 2 : contents], "big")
    return end if end <= len(data) else None


def _is(load: Callable[[bytes], object], data: bytes) -> bool:
    """Whether that is what the library can load."""
    try:
        load(data)
    except (ValueError, x509.InvalidVersion):
        return False
    return True
