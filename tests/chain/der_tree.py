"""DER (X.690) as a tree that can be changed anywhere and written again with all its lengths right."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

_CONSTRUCTED, _BIT_STRING, _OCTET_STRING = 0x20, 0x03, 0x04


class Node:
    """One value: its tag, and either bytes or more values. `unused` is the first byte of a bit string with values."""

    def __init__(self, tag: int, content: "bytes | Nodes", unused: bytes = b"") -> None:
        self.tag = tag
        self.content = content
        self.unused = unused

    def encode(self) -> bytes:
        content = self.content if isinstance(self.content, bytes) else self.unused + encode(self.content)
        return bytes([self.tag]) + _length(len(content)) + content


Nodes: TypeAlias = list[Node]


class Place(NamedTuple):
    """Where a value stands among its neighbours."""

    among: Nodes
    number: int

    @property
    def node(self) -> Node:
        return self.among[self.number]


def parse(data: bytes) -> Nodes:
    """The values, also those inside octet and bit strings. Raises ValueError for what is not DER."""
    nodes: Nodes = []
    while data:
        tag, content, data = _take(data)
        nodes.append(_node(tag, content))
    return nodes


def encode(nodes: Nodes) -> bytes:
    return b"".join(node.encode() for node in nodes)


def places(nodes: Nodes) -> Iterator[Place]:
    """Every value of the tree, outermost first."""
    for number, node in enumerate(nodes):
        yield Place(nodes, number)
        if not isinstance(node.content, bytes):
            yield from places(node.content)


def _node(tag: int, content: bytes) -> Node:
    if tag & _CONSTRUCTED:
        return Node(tag, parse(content))
    unused = content[:1] if tag == _BIT_STRING else b""
    if (tag == _OCTET_STRING or unused == b"\x00") and len(content) > 2:
        try:
            return Node(tag, parse(content[len(unused) :]), unused)
        except ValueError:
            pass
    return Node(tag, content)


def _take(data: bytes) -> tuple[int, bytes, bytes]:
    if len(data) < 2:
        raise ValueError("too short")
    header, length = 2, data[1]
    if length & 0x80:
        header += length & 0x7F
        length = int.from_bytes(data[2:header], "big")
    if len(data) < header + length or header == 2 + 0x80:
        raise ValueError("too long")
    return data[0], data[header : header + length], data[header + length :]


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets
