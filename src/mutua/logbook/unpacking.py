"""The streams that a log bundle is read through: each gives what is inside another one, at a bounded cost."""

import codecs
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, Self

from mutua.logbook.entries import Readable
from mutua.message import Message, message

MIB = 1024 * 1024

_COMPRESSED_PIECE_BYTES = 16 * 1024
_MAX_LOST_BYTES = 16 * 1024
"""What is inflated at a time; where a damage is met, so much before it is lost."""
_MAX_TAR_HEADER_BYTES = 1 * MIB


class UnreadableError(ValueError):
    """What is to be read cannot be, and why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
"""What reading a damaged or hostile archive can raise."""


class Guarded:
    """A part's content: what goes wrong while it is read ends it like any file ends, and is raised by `close`."""

    def __init__(self, stream: Readable, spend: Callable[[int], None] | None = None) -> None:
        self._stream = stream
        self._spend = spend
        self._failure: Exception | None = None

    @property
    def failed(self) -> bool:
        return self._failure is not None

    def read(self, size: int, /) -> bytes:
        if self._failure is not None:
            return b""
        try:
            piece = self._stream.read(size)
            if self._spend is not None:
                self._spend(len(piece))
        except UNREADABLE as error:
            self._failure = error
            return b""
        return piece

    def close(self) -> None:
        if self._failure is not None:
            raise self._failure


class Continued:
    """A stream whose beginning has been read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if not self._head:
            return self._rest.read(size)
        piece, self._head = self._head[:size], self._head[size:]
        return piece


class Inflated:
    """What a gzip holds, all its members one after the other. Raises `EOFError` and `zlib.error`."""

    def __init__(self, compressed: Readable) -> None:
        self._compressed = compressed
        self._pending = b""
        self._begin()

    def _begin(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        """31: with a gzip header, and its checksum is verified."""

    def read(self, size: int, /) -> bytes:
        while True:
            if self._inflate.eof and not self._has_another():
                return b""
            compressed = self._pending or self._compressed.read(_COMPRESSED_PIECE_BYTES)
            piece = self._inflate.decompress(compressed, min(size, _MAX_LOST_BYTES))
            self._pending = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                return piece
            if not compressed:
                raise EOFError

    def _has_another(self) -> bool:
        """Whether a further member follows; what pads a gzip to a block's size is skipped."""
        while not (rest := self._pending.lstrip(b"\0")):
            self._pending = self._compressed.read(_COMPRESSED_PIECE_BYTES)
            if not self._pending:
                return False
        self._pending = rest
        self._begin()
        return True


class Recoded:
    """Text in UTF-16, as Windows saves it, in UTF-8."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def read(self, size: int, /) -> bytes:
        while piece := self._stream.read(max(2, size // 2)):
            if text := self._decoder.decode(piece):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", True).encode("utf-8", "replace")


class BoundedDirectory:
    """A zip archive for `zipfile`, which reads the whole table of contents at once, whatever its size."""

    def __init__(self, file: BinaryIO, longest: int) -> None:
        self.opened = False
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file
        self._longest = longest

    def read(self, size: int = -1, /) -> bytes:
        if self.opened:
            return self._file.read(size)
        piece = self._file.read(self._longest + 1 if size < 0 else min(size, self._longest + 1))
        if len(piece) > self._longest:
            raise UnreadableError(
                message("its table of contents is larger than {limit} MiB", limit=self._longest // MIB)
            )
        return piece


class BoundedHeaders:
    """A tar archive for `tarfile`, which holds in memory as much between two members as an archive makes it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.next_header()

    def next_header(self) -> None:
        self.in_header = True
        self._allowed = _MAX_TAR_HEADER_BYTES

    def read(self, size: int, /) -> bytes:
        if self.in_header:
            self._allowed -= size
            if self._allowed < 0:
                raise UnreadableError(message("the description of a file in it is larger than 1 MiB"))
        return self._stream.read(size)


class StrictTarInfo(tarfile.TarInfo):
    """`tarfile` takes a header that it cannot read for the end of the archive; here it is a damage."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf.count(0) == len(buf):
                raise  # The end, in the regular way.
            raise tarfile.ReadError(str(error)) from error
