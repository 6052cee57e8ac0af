"""Cutting out of a log, however long, the entries that the console's certificate controller wrote as errors (R18).

A log is nearly all other entries, so it is searched, not read line by line: pieces are searched for the controller's
name, and only around a place where it stands is anything looked at. Whatever the size of the pieces, the same
entries are found.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from mutua.logbook.application_log import CONTROLLER

MAX_ENTRY_BYTES = 1024 * 1024
"""How much of one entry is looked at. It leaves room for the longest entry that is written, wrapped at every byte."""

PIECE_BYTES = 128 * 1024
"""How much is read and searched at a time."""

MAX_HEADER_BYTES = 4096
"""How far before its logger an entry may begin, and how far after it its text."""

MAX_STRAY_ENTRIES = 16
MAX_STRAY_BYTES = 64 * 1024
"""How far beyond its end the rest of an entry is looked for that others wrote into, and how much of a log's beginning
is looked at if no entry begins there."""

_NAME = CONTROLLER.encode("ascii")
_RARE = b"L"
"""The letter of the controller's name that other text has least of."""
_RARE_AT = _NAME.index(_RARE)
_RARE_TRIES = 64
_RARE_PAUSE_PIECES = 16

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = rb"(?:\s|\xc2\xa0)"
_GAP = _BLANK + rb"{1,8}"
_BEGINNING = (
    rb"\[ {0,4}(?P<level>[A-Z]{1,16}) {0,4}\]" + _GAP
    + rb"(?P<date>\d{4}-\d\d-\d\d)" + _GAP + rb"(?P<clock>\d\d:\d\d:\d\d)"
)  # fmt: skip
_HEADER = re.compile(
    _BEGINNING + rb"(?P<fraction>[.,]\d{3})" + _GAP
    + rb"\[(?P<thread>[^\n]*?)\]" + _GAP + rb"(?P<logger>\S+)" + _GAP + rb"-" + _BLANK
)  # fmt: skip
_HEADER_LINES = 4
"""Over how many lines a header may have been wrapped."""
_OTHER_LEVELS = (b"[INFO", b"[DEBUG", b"[WARN", b"[TRACE")
"""What lines begin with that need no further look."""
_NEXT = re.compile(rb"\n(?=" + _BEGINNING + rb")")
_LONGEST_BEGINNING = 128


class Readable(Protocol):
    """Where the bytes of a log come from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Entry(NamedTuple):
    """An error of the controller's: when (naive, the console's local time), by which thread, and its text.

    The text has no line ends. `time` is None for what stands before the first entry of a log: the end of one that
    began elsewhere.
    """

    time: datetime | None
    thread: str
    text: str


class EntryFinder:
    """The entries of one log, in its order. Uses little memory however long the log or an entry is.

    Iterating raises whatever reading raises.
    """

    def __init__(self, stream: Readable, piece_bytes: int = PIECE_BYTES) -> None:
        self._stream = stream
        self._piece_bytes = piece_bytes
        self._window = bytearray()
        self._at_start = True
        self._at_end = False
        self._entry_end = 0
        self._rare_pause = 0
        self.is_log = False
        """Whether an entry of any logger begins in what has been looked at; the beginning of the log is, at first."""

    def __iter__(self) -> Iterator[Entry]:
        yield from self._head()
        position = self._entry_end
        while True:
            name = self._find_name(position)
            if name is None:
                return
            position = name + 1
            header = self._header(name)
            if header is None:
                continue
            self.is_log = True
            if header["level"] == b"ERROR" and (time := _time(header)) is not None:
                thread = header["thread"].decode("utf-8", "replace")
                yield Entry(time, thread, self._text(header.end()))
                position = self._entry_end

    def strays(self) -> Iterator[str]:
        """The text between the entries that follow the one found last, piece by piece.

        If others wrote into an entry, the rest of it is there. Ends where the controller's next error begins.
        """
        start = self._entry_end
        for _number in range(MAX_STRAY_ENTRIES):
            self._hold(start + MAX_HEADER_BYTES)
            header = _HEADER.match(self._window, start + 1, start + MAX_HEADER_BYTES)
            if header is None or (header["logger"] == _NAME and header["level"] == b"ERROR"):
                return
            after = header.end()
            end = self._next_entry(after, self._entry_end + MAX_STRAY_BYTES)
            line_end = self._window.find(b"\n", after, end)
            if line_end >= 0:
                yield _joined(self._window[line_end:end])
            start = end

    def _head(self) -> Iterator[Entry]:
        """What stands before the first entry, if the log does not begin with one."""
        self._hold(MAX_HEADER_BYTES)
        start = self._entry_end = self._log_start()
        if _HEADER.match(self._window, start, start + MAX_HEADER_BYTES):
            self.is_log = True
            return
        text = self._text(start, MAX_STRAY_BYTES)
        self.is_log = _NEXT.match(self._window, self._entry_end) is not None
        yield Entry(None, "", text)

    def _log_start(self) -> int:
        return len(_BYTE_ORDER_MARK) if self._window.startswith(_BYTE_ORDER_MARK) else 0

    def _find_name(self, position: int) -> int | None:
        """Where the controller's name stands next, with what belongs around it in the window."""
        while True:
            name = self._find(position)
            if name >= 0:
                if name > MAX_HEADER_BYTES + self._piece_bytes:
                    name -= self._forget(name - MAX_HEADER_BYTES)
                self._hold(name + MAX_HEADER_BYTES)
                return name
            if self._at_end:
                return None
            unsearched = max(position, len(self._window) - len(_NAME) + 1)
            position = unsearched - self._forget(unsearched - MAX_HEADER_BYTES)
            self._more()

    def _find(self, position: int) -> int:
        """Where the controller's name stands next in the window, or -1.

        Looking for its rarest letter alone is ten times as fast as looking for the name. Where that letter turns out
        not to be rare, the name is looked for after all, for some pieces.
        """
        rare = position + _RARE_AT - 1
        if not self._rare_pause:
            for _try in range(_RARE_TRIES):
                rare = self._window.find(_RARE, rare + 1)
                if rare < 0:
                    return -1
                if self._window.startswith(_NAME, rare - _RARE_AT):
                    return rare - _RARE_AT
            self._rare_pause = _RARE_PAUSE_PIECES
        return self._window.find(_NAME, rare - _RARE_AT + 1)

    def _header(self, name: int) -> re.Match[bytes] | None:
        """The header of an error whose logger stands at `name`, which may have been wrapped and begin lines earlier.

        Its groups are to be read before the window changes.
        """
        earliest = max(0, name - MAX_HEADER_BYTES)
        line_end = name
        for _line in range(_HEADER_LINES):
            line_end = self._window.rfind(b"\n", earliest, line_end)
            if line_end >= 0:
                start = line_end + 1
            elif self._at_start and earliest == 0:
                start = self._log_start()
            else:
                return None
            if self._window.startswith(_OTHER_LEVELS, start):
                return None
            header = _HEADER.match(self._window, start, name + MAX_HEADER_BYTES)
            if header is not None:
                is_its_logger = header.start("logger") == name and header["logger"] == _NAME
                return header if is_its_logger else None
            if line_end < 0:
                return None
        return None

    def _text(self, start: int, longest: int = MAX_ENTRY_BYTES) -> str:
        self._entry_end = self._next_entry(start, start + longest)
        return _joined(self._window[start : self._entry_end])

    def _next_entry(self, start: int, limit: int) -> int:
        """Where the line ends after which the next entry begins; `limit` if that is earlier, or the log's end."""
        searched = start - 1
        while True:
            found = _NEXT.search(self._window, max(0, searched))
            if found is not None:
                return min(found.start(), limit)
            if self._at_end or len(self._window) >= limit + _LONGEST_BEGINNING:
                return min(len(self._window), limit)
            searched = max(searched, len(self._window) - _LONGEST_BEGINNING)
            self._more()

    def _hold(self, length: int) -> None:
        while len(self._window) < length and not self._at_end:
            self._more()

    def _more(self) -> None:
        piece = self._stream.read(self._piece_bytes)
        self._rare_pause = max(0, self._rare_pause - 1)
        self._window += piece
        self._at_end = not piece

    def _forget(self, length: int) -> int:
        """Drop so much of the window; the answer is how much that was."""
        if length <= 0:
            return 0
        del self._window[:length]
        self._at_start = False
        return length


def _time(header: re.Match[bytes]) -> datetime | None:
    text = b"%b %b%b" % (header["date"], header["clock"], header["fraction"])
    try:
        return datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None


def _joined(lines: bytearray) -> str:
    return lines.translate(None, b"\r\n").decode("utf-8", "replace")
