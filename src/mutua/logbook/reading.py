"""Reading an application log back: which refusals are in it (R18), from this console or from a real appliance.

Entries may have been wrapped on their way: a line break anywhere in an error body is undone. Nothing else is: where a
text was cut at a blank and the blank was dropped, the blank stays lost.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mutua.logbook.application_log import CONTROLLER, Operation, introduction
from mutua.logbook.error_body import cause_of, texts

MAX_ENTRY_BYTES = 1024 * 1024
"""How much of one entry is looked at. It leaves room for the longest entry that is written, wrapped at every byte."""

_PIECE_BYTES = 64 * 1024
_HEADER = re.compile(
    rb"(?:\xef\xbb\xbf)?\[ *(?P<level>[A-Z]+) *\] (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) "
    rb"\[(?P<thread>.*?)\] (?P<logger>\S+) - (?P<text>.*)"
)
_METHOD = re.compile(r"\s*(?P<name>\w+)\(\):")
_BODY = re.compile(r'\{\s*"error"\s*:')
_MESSAGE_ID = re.compile(r'"MessageId"\s*:\s*"(?P<id>[^"\\]*)"')
_MESSAGE_ARGUMENTS = re.compile(r'"MessageArgs"\s*:\s*')
_DECODER = json.JSONDecoder()


class Refusal(NamedTuple):
    """A refusal that a console wrote down.

    `time` is naive, in the local time of the console that wrote it. `operation` is None where the entry names none,
    as those of CSEC9002 do not, or one that is not known here. Not `complete`: the entry is cut off, as the last one
    of a log can be; then `message_id` is None, and `arguments` empty, if the cut is before them.
    """

    time: datetime
    thread: str
    operation: Operation | None
    message_id: str | None
    arguments: tuple[str, ...]
    complete: bool = True


class _Entry:
    """An entry of the controller's while its lines come in."""

    def __init__(self, time: datetime, thread: str, text: bytes) -> None:
        self.time = time
        self.thread = thread
        self._text = bytearray(text)

    def add(self, piece: bytes) -> None:
        self._text += piece[: MAX_ENTRY_BYTES - len(self._text)]

    @property
    def text(self) -> str:
        return self._text.decode("utf-8", "replace")


def refusals(path: Path) -> Iterator[Refusal]:
    """The refusals in a log, in its order. Uses little memory however large the file is. Raises `OSError`."""
    with path.open("rb") as stream:
        for entry in _entries(stream):
            refusal = _refusal(entry)
            if refusal is not None:
                yield refusal


def _entries(stream: BinaryIO) -> Iterator[_Entry]:
    entry: _Entry | None = None
    at_line_start = True
    while piece := stream.readline(_PIECE_BYTES):
        header = _HEADER.match(piece) if at_line_start else None
        at_line_start = piece.endswith(b"\n")
        if header is None:
            if entry is not None:
                entry.add(piece.rstrip(b"\r\n"))
            continue
        if entry is not None:
            yield entry
        entry = _begun(header)
    if entry is not None:
        yield entry


def _begun(header: re.Match[bytes]) -> _Entry | None:
    if header["level"] != b"ERROR" or header["logger"] != CONTROLLER.encode():
        return None
    try:
        time = datetime.fromisoformat(header["time"].decode("ascii"))
    except ValueError:
        return None
    return _Entry(time, header["thread"].decode("utf-8", "replace"), header["text"].rstrip(b"\r"))


def _refusal(entry: _Entry) -> Refusal | None:
    text = entry.text
    begun = Refusal(entry.time, entry.thread, _operation(text), None, (), complete=False)
    start = _BODY.search(text)
    if start is None:
        return begun if _is_cut_before_the_body(text) else None
    try:
        body, _end = _DECODER.raw_decode(text, start.start())
    except (ValueError, RecursionError):
        return _with_what_is_left(begun, text)
    cause = cause_of(body)
    if cause is None:
        return None
    return begun._replace(message_id=cause.message_id, arguments=cause.arguments, complete=True)


def _operation(text: str) -> Operation | None:
    method = _METHOD.match(text)
    try:
        return None if method is None else Operation(method["name"])
    except ValueError:
        return None


def _is_cut_before_the_body(text: str) -> bool:
    seen = "".join(text.split())
    beginnings = ('{"error":', *("".join(introduction(operation).split()) + '{"error":' for operation in Operation))
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
