"""What travels: numbered chunks of records, each with a keyed digest, compressed on the way.

The digests are keyed (HMAC-SHA-256) with a secret of the migration: they are kept, and a plain digest of
a chunk of credentials would let whoever reads it try passwords.
"""

import hmac
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeGuard

from mutua.inventory.records import Fleet, InvalidFleet, fleet_from_json, fleet_to_json
from mutua.inventory.store import Counts
from mutua.message import message
from mutua.migration.errors import RefusedError

RECORDS_PER_CHUNK = 200
MAX_CHUNK_BYTES = 40 * 1024 * 1024
"""Of one chunk, unpacked: 200 devices, each with 64 KB of inventory and 100 groups of the longest name, and room."""
MAX_PACKED_BYTES = MAX_CHUNK_BYTES + MAX_CHUNK_BYTES // 1000
"""Of one chunk on the way: what cannot be compressed grows by 5 bytes in 16 KB (RFC 1951, section 3.2.4)."""
MAX_CHUNKS = 100_000
_COMPRESSION_LEVEL = 1
_256_BITS = re.compile("[0-9a-f]{64}")


class Kind(StrEnum):
    """What the records of a chunk are, in the order of sending: each kind refers only to those before it."""

    CREDENTIALS = "credentials"
    GROUPS = "groups"
    DEVICES = "devices"


class Chunk(NamedTuple):
    """What the source promises of a chunk before it sends it."""

    number: int
    kind: Kind
    records: int
    digest: str


class Manifest(NamedTuple):
    """Everything that the source promises: the counts, the chunks, and the digest over all their digests."""

    counts: Counts
    chunks: tuple[Chunk, ...]
    digest: str
    digest_key: bytes

    def to_json(self) -> dict[str, object]:
        """The manifest on the wire."""
        return {
            "Counts": self.counts._asdict(),
            "Chunks": [[chunk.number, chunk.kind, chunk.records, chunk.digest] for chunk in self.chunks],
            "Digest": self.digest,
            "DigestKey": self.digest_key.hex(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> "Manifest":
        """A manifest from a peer. Raises `RefusedError` where it is malformed or does not agree with itself."""
        rows = value.get("Chunks")
        if not isinstance(rows, list) or len(rows) > MAX_CHUNKS:
            raise _malformed("Chunks")
        chunks = tuple(map(_chunk, rows))
        digest, key = _256_bits(value, "Digest"), _256_bits(value, "DigestKey")
        manifest = cls(_counts(value.get("Counts")), chunks, digest, bytes.fromhex(key))
        manifest._check()
        return manifest

    def _check(self) -> None:
        if [chunk.number for chunk in self.chunks] != list(range(1, len(self.chunks) + 1)):
            raise RefusedError(message("the source's chunks are not numbered one after the other."))
        if self.digest != root_digest(self.digest_key, (chunk.digest for chunk in self.chunks)):
            raise RefusedError(message("the source's digest is not the digest of its chunks."))
        totals = {kind: sum(chunk.records for chunk in self.chunks if chunk.kind is kind) for kind in Kind}
        if self.counts != Counts(totals[Kind.DEVICES], totals[Kind.GROUPS], totals[Kind.CREDENTIALS]):
            raise RefusedError(message("the source's counts are not those of its chunks."))


def _malformed(part: str) -> RefusedError:
    """Names the part and never shows what is in it: that is a stranger's text, and may be huge."""
    return RefusedError(message("the source's list of chunks is malformed: {part}.", part=part))


def _chunk(row: object) -> Chunk:
    if not isinstance(row, list) or len(row) != len(Chunk._fields):
        raise _malformed("Chunks")
    number, kind, records, digest = row
    if not (_is_count(number, MAX_CHUNKS) and _is_count(records, RECORDS_PER_CHUNK)):
        raise _malformed("Chunks")
    if kind not in tuple(Kind) or not _is_256_bits(digest):
        raise _malformed("Chunks")
    return Chunk(number, Kind(kind), records, digest)


def _counts(value: object) -> Counts:
    if not isinstance(value, dict) or any(type(value.get(field)) is not int for field in Counts._fields):
        raise _malformed("Counts")
    return Counts(*(value[field] for field in Counts._fields))


def _256_bits(value: Mapping[str, object], part: str) -> str:
    text = value.get(part)
    if not _is_256_bits(text):
        raise _malformed(part)
    return text


def _is_count(value: object, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 < value <= most


def _is_256_bits(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _256_BITS.fullmatch(value) is not None


def encode(fragment: Fleet) -> bytes:
    """The records of one chunk as bytes; the same records always give the same bytes."""
    return json.dumps(fleet_to_json(fragment), ensure_ascii=False, separators=(",", ":")).encode()


def decode(content: bytes, chunk: Chunk) -> Fleet:
    """The records of a chunk, whoever sent it. Raises `RefusedError`."""
    try:
        fragment = fleet_from_json(json.loads(content), fragment=True)
    except InvalidFleet as error:
        raise RefusedError(
            message("chunk {number} holds broken records:", number=chunk.number), *error.problems
        ) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(message("chunk {number} is no JSON.", number=chunk.number)) from error
    found = {Kind.CREDENTIALS: fragment.credentials, Kind.GROUPS: fragment.groups, Kind.DEVICES: fragment.devices}
    lengths = {kind: len(records) for kind, records in found.items() if records}
    if lengths != {chunk.kind: chunk.records}:
        raise RefusedError(message("chunk {number} does not hold what was promised.", number=chunk.number))
    return fragment


def digest(key: bytes, content: bytes) -> str:
    """The keyed digest of a chunk's bytes before compression, in hexadecimal."""
    return hmac.digest(key, content, "sha256").hex()


def root_digest(key: bytes, digests: Iterable[str]) -> str:
    """The digest over the digests of all chunks in order."""
    return hmac.digest(key, "\n".join(digests).encode(), "sha256").hex()


def pack(content: bytes) -> bytes:
    """Compress a chunk for the way."""
    return zlib.compress(content, _COMPRESSION_LEVEL)


def unpack(packed: bytes, chunk: Chunk, key: bytes) -> bytes:
    """A chunk's bytes again, never more than `MAX_CHUNK_BYTES`. Raises `RefusedError`."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, MAX_CHUNK_BYTES)
    except zlib.error as error:
        raise RefusedError(message("chunk {number} cannot be unpacked.", number=chunk.number)) from error
    if not unpacker.eof or unpacker.unused_data:
        raise RefusedError(
            message("chunk {number} is too large, cut off, or has something behind it.", number=chunk.number)
        )
    if not hmac.compare_digest(digest(key, content), chunk.digest):
        raise RefusedError(
            message("chunk {number} is not what the source promised: its digest differs.", number=chunk.number)
        )
    return content
