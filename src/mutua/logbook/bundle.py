"""What is inside a log bundle: the files of a folder, of a zip or tar archive, of a gzip, and of those inside them.

Told by content, never by name. Nothing is written anywhere, and no name from an archive is used for more than being
shown. What an archive may cost is bounded (`Limits`); what cannot be read is told, and the rest is read.
"""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from mutua.logbook.entries import PIECE_BYTES, Readable
from mutua.logbook.unpacking import (
    MIB,
    UNREADABLE,
    BoundedDirectory,
    BoundedHeaders,
    Continued,
    Guarded,
    Inflated,
    Recoded,
    StrictTarInfo,
    UnreadableError,
)
from mutua.message import Message, message


class Limits(NamedTuple):
    """How far one file is unpacked."""

    depth: int = 5
    """Archives and gzips inside each other."""
    parts: int = 20_000
    """Files inside it, whether or not they can be read."""
    free_bytes: int = 64 * MIB
    """How much it may always expand to."""
    ratio: int = 250
    """How many times its own size it may expand to; logs shrink to a tenth or a fortieth."""
    expanded_bytes: int = 16 * 1024 * MIB
    """How much it may expand to at most."""
    held_bytes: int = 64 * MIB
    """The largest zip archive inside something compressed: that one is held in memory."""
    directory_bytes: int = 4 * MIB
    """The largest table of contents of a zip archive."""


LIMITS = Limits()


class Unread(NamedTuple):
    """A part that could not be read, or not to its end, and why."""

    name: str
    reason: Message


Visit = Callable[[str, Readable], None]
"""Called with the name and the content of each part that is no archive."""

_HEAD_BYTES = 512
_GZIP, _ZIP, _EMPTY_ZIP, _TAR = b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x05\x06", b"ustar"
_TAR_AT = 257
_NOT_UNPACKED = {
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
}
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TAR_BLOCKS_BYTES = 64 * 1024
_UNPACKED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_MAX_NAME_CHARACTERS = 255


def read_path(path: Path, name: str, visit: Visit, limits: Limits = LIMITS) -> list[Unread]:
    """Show every part of a file, or of all regular files in a folder, to `visit`; no links are followed.

    The answer is what could not be read. Raises `OSError` if the path itself cannot be.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            return read_stream(file, name, visit, status.st_size if stat.S_ISREG(status.st_mode) else None, limits)
    unread: list[Unread] = []
    for inside in _files(path, unread):
        shown = f"{name}/{inside.relative_to(path)}"
        try:
            unread += read_path(inside, shown, visit, limits)
        except OSError as error:
            unread.append(Unread(shown, _reason(error)))
    return unread


def read_stream(
    file: BinaryIO, name: str, visit: Visit, size: int | None = None, limits: Limits = LIMITS
) -> list[Unread]:
    """The same for a file that is open; `size` is how many bytes it has, None where nobody knows, as of a pipe."""
    reader = _Reader(visit, limits, size)
    reader.read(name, file)
    return reader.unread


def _files(folder: Path, unread: list[Unread]) -> Iterator[Path]:
    def told(error: OSError) -> None:
        unread.append(Unread(str(error.filename), _reason(error)))

    for inside, subfolders, names in os.walk(folder, onerror=told):
        subfolders.sort()
        for file in (Path(inside, name) for name in sorted(names)):
            if file.is_file() and not file.is_symlink():
                yield file


class _TooMuchError(UnreadableError):
    """The whole file has used up what it may cost."""


class _Reader:
    """Goes through one file and everything inside it."""

    def __init__(self, visit: Visit, limits: Limits, size: int | None) -> None:
        self.unread: list[Unread] = []
        self._visit = visit
        self._limits = limits
        self._parts = 0
        self._expanded = 0
        allowed = limits.expanded_bytes if size is None else min(size * limits.ratio, limits.expanded_bytes)
        self._allowed = max(allowed, limits.free_bytes)

    def read(self, name: str, file: BinaryIO) -> None:
        try:
            self._content(name, file, 0)
        except UNREADABLE as error:
            self.unread.append(Unread(name, _reason(error)))

    def _inside(self, name: str, content: Guarded, depth: int) -> None:
        """Raises what is wrong with the way to the content; what is wrong with the content itself is only told."""
        try:
            self._content(name, content, depth + 1)
        except _TooMuchError:
            raise
        except UNREADABLE as error:
            if not content.failed:
                self.unread.append(Unread(name, _reason(error)))
        content.close()

    def _content(self, name: str, stream: Readable, depth: int) -> None:
        if depth > self._limits.depth:
            raise UnreadableError(message("archives are nested more than {depth} deep", depth=self._limits.depth))
        head = _head(stream)
        if head.startswith(_GZIP):
            self._inside(name, Guarded(Inflated(Continued(head, stream)), self._spend), depth)
        elif head.startswith((_ZIP, _EMPTY_ZIP)):
            self._zip(name, self._seekable(head, stream), depth)
        elif head[_TAR_AT:].startswith(_TAR):
            self._tar(name, Continued(head, stream), depth)
        elif kind := _not_unpacked(head):
            raise UnreadableError(message("it is packed as {kind}, which is not read here: unpack it first", kind=kind))
        else:
            text = Guarded(Continued(head, stream))
            self._visit(name, Recoded(text) if head.startswith(_UTF16_MARKS) else text)
            text.close()

    def _zip(self, name: str, file: BinaryIO, depth: int) -> None:
        bounded = BoundedDirectory(file, self._limits.directory_bytes)
        with zipfile.ZipFile(cast(BinaryIO, bounded)) as archive:
            bounded.opened = True
            for member in archive.infolist():
                if not member.is_dir():
                    self._count()
                    self._zip_member(_inside_of(name, member.filename), archive, member, depth)

    def _zip_member(self, name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> None:
        problem = _member_problem(member)
        if problem is not None:
            self.unread.append(Unread(name, problem))
            return
        try:
            with archive.open(member) as content:
                self._inside(name, Guarded(content, self._spend), depth)
        except _TooMuchError:
            raise
        except UNREADABLE as error:
            self.unread.append(Unread(name, _reason(error)))

    def _tar(self, name: str, stream: Readable, depth: int) -> None:
        bounded = BoundedHeaders(stream)
        file = cast(BinaryIO, bounded)
        with tarfile.open(fileobj=file, mode="r|", bufsize=_TAR_BLOCKS_BYTES, tarinfo=StrictTarInfo) as archive:
            while (member := archive.next()) is not None:
                self._count()
                if not member.isdir():
                    bounded.in_header = False
                    self._tar_member(_inside_of(name, member.name), archive, member, depth)
                bounded.next_header()

    def _tar_member(self, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo, depth: int) -> None:
        if not member.isreg() and member.type in tarfile.SUPPORTED_TYPES:
            return  # Links and devices have no content.
        content = archive.extractfile(member)
        if content is None:
            return
        expanded = Guarded(content, self._spend)
        if member.isreg():
            self._inside(name, expanded, depth)
        while expanded.read(PIECE_BYTES):
            pass
        expanded.close()

    def _seekable(self, head: bytes, stream: Readable) -> BinaryIO:
        """Zip archives are read from their end."""
        if isinstance(stream, io.BufferedIOBase):
            if not stream.seekable():
                raise UnreadableError(message("a zip archive cannot be read from a pipe: name the file"))
            return cast(BinaryIO, stream)
        held = bytearray(head)
        while piece := stream.read(PIECE_BYTES):
            held += piece
            if len(held) > self._limits.held_bytes:
                raise UnreadableError(
                    message(
                        "it is a zip archive of more than {limit} MiB inside another archive: unpack the outer one",
                        limit=self._limits.held_bytes // MIB,
                    )
                )
        return io.BytesIO(held)

    def _count(self) -> None:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise _TooMuchError(
                message("it holds more than {limit:,} files; those beyond are not read", limit=self._limits.parts)
            )

    def _spend(self, expanded: int) -> None:
        self._expanded += expanded
        if self._expanded > self._allowed:
            raise _TooMuchError(
                message(
                    "it expands to more than {limit:,} MiB and may be a bomb; the rest is not read",
                    limit=self._allowed // MIB,
                )
            )


def _inside_of(archive: str, member: str) -> str:
    return f"{archive}/{member[:_MAX_NAME_CHARACTERS]}"


def _not_unpacked(head: bytes) -> str | None:
    return next((kind for mark, kind in _NOT_UNPACKED.items() if head.startswith(mark)), None)


def _head(stream: Readable) -> bytes:
    head = b""
    while len(head) < _HEAD_BYTES and (piece := stream.read(_HEAD_BYTES - len(head))):
        head += piece
    return head


def _member_problem(member: zipfile.ZipInfo) -> Message | None:
    if member.flag_bits & _ENCRYPTED:
        return message("it is locked with a password: unpack it first")
    if member.compress_type not in _UNPACKED_METHODS:
        # The other methods of the zip format let a few bytes ask for gigabytes of memory.
        return message(
            "it is packed with method {number} of zip, which is not read here: unpack it first",
            number=member.compress_type,
        )
    return None


def _reason(error: Exception) -> Message:
    if isinstance(error, UnreadableError):
        return error.reason
    if isinstance(error, EOFError):
        return message("it ends too early; what is there has been read")
    if isinstance(error, OSError) and error.strerror:
        return message("it cannot be read: {reason}", reason=error.strerror)
    return message("it is damaged ({detail}); what is before the damage has been read", detail=str(error)[:200])
