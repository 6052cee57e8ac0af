"""Just enough of BER (X.690, chapter 8) to look into a container before anything in it is decrypted."""

from typing import NamedTuple

SEQUENCE, INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x30, 0x02, 0x04, 0x06
BIT_STRING, CONTEXT_0 = 0x03, 0xA0

MAX_ELEMENTS = 100_000
"""How many elements are looked at in one walk."""

MAX_DEPTH = 16
"""How deep elements are looked at that lie in one another."""

_CONSTRUCTED, _LONG_TAG = 0x20, 0x1F
_MAX_INTEGER_BYTES = 8


class NotBerError(ValueError):
    """The bytes end too early, are not BER, or go beyond `MAX_ELEMENTS` or the depth that is looked into."""


class Element(NamedTuple):
    """An element by its identifier octet, its contents octets, and all its octets."""

    tag: int
    content: bytes
    encoding: bytes


class Walk:
    """A look into nested elements that never takes more than `MAX_ELEMENTS` steps, whoever wrote them."""

    def __init__(self) -> None:
        self._left = MAX_ELEMENTS

    def first(self, data: bytes) -> Element:
        """The first element; what stands behind it does not matter. Raises `NotBerError`."""
        return self._element(data, 0)[0]

    def children(self, element: Element, tag: int = SEQUENCE, *, least: int = 0) -> list[Element]:
        """The elements, `least` or more, in an element, which must have the tag. Raises `NotBerError`."""
        if element.tag != tag:
            raise NotBerError(f"tag {element.tag:#04x} instead of {tag:#04x}")
        found, at = [], 0
        while at < len(element.content):
            child, at = self._element(element.content, at)
            found.append(child)
        if len(found) < least:
            raise NotBerError(f"{len(found)} elements instead of {least}")
        return found

    def octets(self, element: Element, depth: int = 0) -> bytes:
        """The value of an OCTET STRING, in one piece or in several (X.690, section 8.7). Raises `NotBerError`."""
        if element.tag == OCTET_STRING:
            return element.content
        if depth == MAX_DEPTH:
            raise NotBerError("nested too deep")
        pieces = self.children(element, OCTET_STRING | _CONSTRUCTED)
        return b"".join(self.octets(piece, depth + 1) for piece in pieces)

    def _element(self, data: bytes, at: int) -> tuple[Element, int]:
        start, end, after = self._bounds(data, at, 0)
        return Element(data[at], data[start:end], data[at:after]), after

    def _bounds(self, data: bytes, at: int, depth: int) -> tuple[int, int, int]:
        """Where the contents of the element begin and end, and where the next element begins."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise NotBerError("too many elements" if self._left < 0 else "nested too deep")
        if at + 2 > len(data) or data[at] & _LONG_TAG == _LONG_TAG:
            raise NotBerError(f"no element at {at}")
        length, start = data[at + 1], at + 2
        if length == 0x80:
            return self._indefinite(data, at, start, depth)
        if length > 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            raise NotBerError("cut off")
        return start, start + length, start + length

    def _indefinite(self, data: bytes, at: int, start: int, depth: int) -> tuple[int, int, int]:
        if not data[at] & _CONSTRUCTED:
            raise NotBerError(f"no length at {at}")
        end = start
        while data[end : end + 2] != b"\0\0":
            end = self._bounds(data, end, depth + 1)[2]
        return start, end, end + 2


def number(element: Element) -> int:
    """A positive INTEGER; those of more than 8 bytes are all the same very large number. Raises `NotBerError`."""
    if element.tag != INTEGER or not element.content or element.content[0] & 0x80:
        raise NotBerError("no positive number")
    if len(element.content) > _MAX_INTEGER_BYTES:
        return 1 << (8 * _MAX_INTEGER_BYTES)
    return int.from_bytes(element.content, "big")
