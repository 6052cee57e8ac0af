"""What travels: numbered chunks of records, each with a keyed digest, compressed on the way.

The digests are keyed (HMAC-SHA-256) with a secret of the migration: they are kept, and a plain digest of
a chunk of credentials would let whoever reads it try passwords.
"""

import hmac
import json
import zlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from mutua.inventory.records import Fleet, InvalidFleet, fleet_from_json, fleet_to_json
from mutua.inventory.store import Counts
from mutua.message import message
from mutua.migration.errors import RefusedError

RECORDS_PER_CHUNK = 200
MAX_CHUNK_BYTES = 32 * 1024 * 1024
"""Of one chunk, unpacked: 200 devices with the largest inventory allowed, and room."""
MAX_CHUNKS = 100_000
_COMPRESSION_LEVEL = 1


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
        try:
            manifest = _manifest(value)
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(message("the source's list of chunks is malformed: {reason}", reason=error)) from error
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


def _manifest(value: Mapping[str, object]) -> Manifest:
    counts, rows = value["Counts"], value["Chunks"]
    if not isinstance(counts, Mapping) or not isinstance(rows, list) or len(rows) > MAX_CHUNKS:
        raise ValueError("counts or chunks")
    chunks = tuple(Chunk(int(number), Kind(kind), int(records), str(digest)) for number, kind, records, digest in rows)
    if any(not 0 < chunk.records <= RECORDS_PER_CHUNK for chunk in chunks):
        raise ValueError("records of a chunk")
    return Manifest(
        Counts(int(counts["devices"]), int(counts["groups"]), int(counts["credentials"])),
        chunks,
        str(value["Digest"]),
        bytes.fromhex(str(value["DigestKey"])),
    )


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
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise RefusedError(message("chunk {number} is too large or cut off.", number=chunk.number))
    if not hmac.compare_digest(digest(key, content), chunk.digest):
        raise RefusedError(
            message("chunk {number} is not what the source promised: its digest differs.", number=chunk.number)
        )
    return content
