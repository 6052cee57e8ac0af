"""Reading an application log back: which refusals are in it (R18), from this console or from a real appliance.

Entries may have been wrapped on their way: line breaks anywhere in an error body are undone, and so are the blanks
that came with them where they break it. Where a text was cut at a blank and the blank was dropped, it stays lost:
compare texts by `squeezed`.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mutua.logbook.application_log import Operation, introduction
from mutua.logbook.entries import MAX_STRAY_BYTES, PIECE_BYTES, Entry, EntryFinder, Readable
from mutua.logbook.error_body import Cause, cause_of, texts

MESSAGE_IDS = frozenset({"CGEN1008", "CSEC9002", "CGEN6002"})
"""The codes that refusals are known to have (R11–R17)."""

_BLANKS = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_MOST_PUT_OFF = 16
_METHOD = re.compile(r"\s*(?P<name>\w+)\(\):")
_BODY = re.compile(r'\{\s*"error"\s*:')
_MESSAGE_ID = re.compile(r'"MessageId"\s*:\s*"(?P<id>[^"\\]*)"')
_MESSAGE_ARGUMENTS = re.compile(r'"MessageArgs"\s*:\s*')
_DECODER = json.JSONDecoder(strict=False)


class Refusal(NamedTuple):
    """A refusal that a console wrote down.

    `time` is naive, in the local time of the console that wrote it; None, with an empty `thread`, where a log begins
    in the middle of an entry. `operation` is None where the entry names none, as those of CSEC9002 do not, or one
    that is not known here. Not `complete`: the entry is cut off, as the last one of a log can be; then `message_id`
    is None, and `arguments` empty, if the cut is before them.
    """

    time: datetime | None
    thread: str
    operation: Operation | None
    message_id: str | None
    arguments: tuple[str, ...]
    complete: bool = True


class LogReader:
    """The refusals in a log, in its order. Uses little memory however long the log is.

    Iterating raises whatever reading raises.
    """

    def __init__(self, stream: Readable, piece_bytes: int = PIECE_BYTES) -> None:
        self._entries = EntryFinder(stream, piece_bytes)
        self._bodiless: deque[Refusal] = deque()

    @property
    def is_log(self) -> bool:
        """Whether what was read is an application log at all. Known when it has been read to its end."""
        return self._entries.is_log

    def __iter__(self) -> Iterator[Refusal]:
        for entry in self._entries:
            if entry.time is None:
                yield from _without_beginning(entry)
            else:
                yield from self._refusals(entry)
        yield from self._given_up()

    def _refusals(self, entry: Entry) -> Iterator[Refusal]:
        """Where entries were written into each other, one can hold the bodies of others that were begun before it."""
        begun = Refusal(entry.time, entry.thread, _operation(entry.text), None, (), complete=False)
        causes = _causes(entry.text)
        if not causes and _is_cut(entry.text):
            beyond = self._cause_beyond(entry.text)
            if beyond is None and not _has_body(entry.text):
                yield from self._put_off(begun)
                return
            if beyond is None:
                yield from self._given_up()
                yield _with_what_is_left(begun, entry.text)
                return
            causes = [beyond]
        while len(causes) > 1 and self._bodiless:
            yield _with_cause(self._bodiless.popleft(), causes.pop(0))
        if causes:
            yield from self._given_up()
            yield _with_cause(begun, causes[0])

    def _cause_beyond(self, text: str) -> Cause | None:
        if len(text) > MAX_STRAY_BYTES:
            return None
        for stray in self._entries.strays():
            text += stray
            if causes := _causes(text):
                return causes[0]
        return None

    def _put_off(self, begun: Refusal) -> Iterator[Refusal]:
        if len(self._bodiless) == _MOST_PUT_OFF:
            yield self._bodiless.popleft()
        self._bodiless.append(begun)

    def _given_up(self) -> Iterator[Refusal]:
        while self._bodiless:
            yield self._bodiless.popleft()


def refusals(path: Path) -> Iterator[Refusal]:
    """The refusals in a log, in its order. Uses little memory however large the file is. Raises `OSError`."""
    with path.open("rb", buffering=0) as stream:
        yield from LogReader(stream)


def squeezed(text: str) -> str:
    """A text without its blanks, for comparing what may have lost or gained some."""
    for blank in _BLANKS:
        text = text.replace(blank, "")
    return text


def _causes(text: str) -> list[Cause]:
    """As they stand there, unless blanks in the wrong places hide something."""
    plain, tight = list(_bodies(text)), list(_bodies(squeezed(text)))
    return tight if tight and _squeezed(plain) != _squeezed(tight) else plain


def _squeezed(causes: list[Cause]) -> list[list[str]]:
    return [[squeezed(part) for part in (cause.message_id, *cause.arguments)] for cause in causes]


def _bodies(text: str) -> Iterator[Cause]:
    start = _BODY.search(text)
    while start is not None:
        try:
            body, end = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            return
        if (cause := cause_of(body)) is not None:
            known = squeezed(cause.message_id)
            yield cause._replace(message_id=known) if known in MESSAGE_IDS else cause
        start = _BODY.search(text, end)


def _with_cause(begun: Refusal, cause: Cause) -> Refusal:
    return begun._replace(message_id=cause.message_id, arguments=cause.arguments, complete=True)


def _without_beginning(entry: Entry) -> Iterator[Refusal]:
    """What stands before a log's first entry can be anything, so only the codes that are known count."""
    begun = Refusal(None, "", None, None, (), complete=False)
    left = [_with_cause(begun, cause) for cause in _causes(entry.text)] or [_with_what_is_left(begun, entry.text)]
    for refusal in left:
        if refusal.message_id in MESSAGE_IDS:
            yield refusal


def _operation(text: str) -> Operation | None:
    method = _METHOD.match(text)
    try:
        return None if method is None else Operation(method["name"])
    except ValueError:
        return None


def _has_body(text: str) -> bool:
    return _BODY.search(squeezed(text)) is not None


def _is_cut(text: str) -> bool:
    """Whether an entry without a cause is the beginning of a refusal; else it tells of something else."""
    seen = squeezed(text)
    start = _BODY.search(seen)
    if start is None:
        return _is_cut_before_the_body(seen)
    try:
        _DECODER.raw_decode(seen, start.start())
    except (ValueError, RecursionError):
        return True
    return False


def _is_cut_before_the_body(seen: str) -> bool:
    beginnings = ('{"error":', *(squeezed(introduction(operation)) + '{"error":' for operation in Operation))
    return bool(seen) and any(beginning.startswith(seen) for beginning in beginnings)


def _with_what_is_left(begun: Refusal, text: str) -> Refusal:
    message_id = _MESSAGE_ID.search(text)
    if message_id is None:
        return begun
    arguments: object = None
    if at := _MESSAGE_ARGUMENTS.search(text, message_id.end()):
        try:
            arguments, _end = _DECODER.raw_decode(text, at.end())
        except (ValueError, RecursionError):
            arguments = None
    return begun._replace(message_id=message_id["id"], arguments=texts(arguments))
