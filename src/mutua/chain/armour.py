"""PEM blocks (RFC 7468) in text that people have copied, pasted and mended: every one is found, sound or not.

Other programs skip a block whose armour is damaged without a word; here each becomes a block with a problem.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from mutua.message import N_, Message, message

BEGIN = b"-----BEGIN "

MAX_BLOCKS = 10_000
"""How many blocks, and words BEGIN that might begin one, are looked at in one text."""

BEYOND = ""
"""The label of the last block of a text that has more of them than are looked at: it begins where the looking ended."""

_ARMOUR = b"-----"
_BEGIN_WORD = b"BEGIN"
_END = b"-----END "
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\x0b\x0c\xc2\xa0"
# What word processors, mail programs and web pages make of a hyphen and a space, in UTF-8 and in Windows-1252.
_DASH = rb"(?:-|\xe2\x80[\x90-\x95]|\xe2\x88\x92|\xef\xbc\x8d|\xc2\xad|[\x96\x97\xad])"
_SPACE = rb"(?:[ \t\xa0]|\xc2\xa0)"

_DAMAGED_BEGINNING = (
    rb"BEGIN(?: (?P<label>[^\r\n-]{1,64})-----(?!-)|"
    rb"(?P<meant>%(space)b{0,4}(?:[A-Z0-9]{1,12}%(space)b{1,4}){0,2}CERTIFICATE[A-Z \t]{0,24}?)"
    rb"%(space)b{0,4}(?P<dashes>%(dash)b*))" % {b"space": _SPACE, b"dash": _DASH}
)
_LONGEST_LABEL = 64
_DASHES_BEFORE = rb"%b+%b{0,4}\Z" % (_DASH, _SPACE)
_CLOSED_BEFORE = rb"-----END [^\r\n-]{0,64}-----\Z"
_CERTIFICATE_CLOSED = rb"-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
_COUNTED = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"PKCS7", b"CMS", b"PKCS12")
_EMPTY_LINE = re.compile(rb"\n[ \t\r\x0b\x0c]*(?=\n)")


class Looseness(StrEnum):
    """A form that is read here, and that OpenSSL, which most servers are built on, does not read."""

    SHARED_LINE = "shared line"
    EMPTY_LINE = "empty line"
    CARRIAGE_RETURNS = "carriage returns"


LOOSENESS = {
    Looseness.SHARED_LINE: N_("BEGIN and END must each stand alone on a line, at its very beginning"),
    Looseness.EMPTY_LINE: N_("there is an empty line inside the block"),
    Looseness.CARRIAGE_RETURNS: N_("the lines end in a carriage return alone, as on very old Macs"),
}
"""Each form in words."""


class Block(NamedTuple):
    """One block, the line (from 1) that it begins in, and the place of its first byte.

    Where `problem` is None, `body` is what stands between the BEGIN line and the END line.
    """

    label: str
    line: int
    at: int
    body: bytes = b""
    problem: Message | None = None
    looseness: Looseness | None = None


class _Start(NamedTuple):
    """Where a block begins: the first byte of its armour, the first byte after it, and what it says."""

    at: int
    after: int
    label: bytes
    sound: bool


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks in the order of the text, whatever stands between them; beyond `MAX_BLOCKS`, `BEYOND` ends them."""
    for number, block in enumerate(_all_blocks(data)):
        if number == MAX_BLOCKS or block.label == BEYOND:
            yield Block(BEYOND, block.line, block.at)
            return
        yield block


def certificates_from(data: bytes, at: int) -> int:
    """A mere count of the blocks of certificates and containers that begin at a place or behind it."""
    text = data[at:].upper()
    return _lines_of_certificates(text, b"BEGIN") or _lines_of_certificates(text, b"END")


def _lines_of_certificates(text: bytes, word: bytes) -> int:
    return sum(text.count(b"%b %b-----" % (word, label)) for label in _COUNTED)


def _all_blocks(data: bytes) -> Iterator[Block]:
    lines = _LineCounter(data)
    current: _Start | None = None
    for following in _starts(data):
        used = 0
        if current is not None:
            end = data.find(_END, current.after, following.at)
            yield _block(data, current, end, lines.number_at(current.at))
            used = current.after if end < 0 else end + len(_END)
        yield from _endings_without_beginning(data, used, following.at, lines)
        current = following
    if current is not None and current.at < len(data):
        yield Block(BEYOND, lines.number_at(current.at), current.at)


class _LineCounter:
    """Line numbers of ascending positions, in one pass over the text."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._newline = b"\n" if b"\n" in data else b"\r"
        self._line, self._counted = 1, 0

    def number_at(self, position: int) -> int:
        """The number of the line, from 1."""
        self._line += self._data.count(self._newline, self._counted, position)
        self._counted = position
        return self._line


def _starts(data: bytes) -> Iterator[_Start]:
    """Where blocks begin, and at last, without a label, the end of what is looked at."""
    text = data.upper()
    at = text.find(_BEGIN_WORD)
    for _number in range(MAX_BLOCKS):
        if at < 0:
            break
        start, after = _sound_start(data, at), at + len(_BEGIN_WORD)
        if start is not None:
            after = start.after
        elif found := re.compile(_DAMAGED_BEGINNING, re.IGNORECASE).match(data, at):
            start, after = _damaged_start(data, found), found.end()
        if start is not None:
            yield start
        at = text.find(_BEGIN_WORD, after)
    end = len(data) if at < 0 else at
    yield _Start(end, end, b"", sound=False)


def _sound_start(data: bytes, word: int) -> _Start | None:
    """The beginning that a word BEGIN is in, where it is as it should be."""
    at, begin = word - len(_ARMOUR), word - len(_ARMOUR) + len(BEGIN)
    end = data.find(_ARMOUR, begin, begin + _LONGEST_LABEL + len(_ARMOUR))
    after = end + len(_ARMOUR)
    if at < 0 or end <= begin or not data.startswith(BEGIN, at) or data.startswith(b"-", after):
        return None
    label = data[begin:end]  # Only now: without an end it would be a copy of the whole text.
    if label.strip() != label or any(odd in label for odd in (b"\r", b"\n", b"-", b"  ")):
        return None
    # Five hyphens more may be those of the END line of the block before, with no line end between.
    if data[at - 1 : at] == b"-" and not re.search(_CLOSED_BEFORE, data[max(0, at - 90) : at]):
        return None
    return _Start(at, after, label, sound=True)


def _damaged_start(data: bytes, found: re.Match[bytes]) -> _Start | None:
    """A line that was meant to begin a certificate: the words are there, and dashes of some kind beside them."""
    meant, dashes = found["label"] or found["meant"], found["dashes"] != b""
    if b"CERTIFICATE" not in meant.upper():
        return None
    before = re.search(_DASHES_BEFORE, data[max(0, found.start() - 40) : found.start()])
    if before is None and not dashes:
        return None
    at = found.start() - (len(before[0]) if before else 0)
    return _Start(at, found.end(), meant, sound=False)


def _block(data: bytes, start: _Start, end: int, line: int) -> Block:
    label = start.label.decode("ascii", "replace")
    if not start.sound:
        expected = " ".join(label.replace("�", " ").upper().split())
        problem = message(
            "the BEGIN line is damaged; expected -----BEGIN {label}----- with five plain hyphens on each side",
            label=expected,
        )
        return Block(expected, line, start.at, problem=problem)
    if end < 0:
        problem = message("its END line is missing or damaged, as in text that was cut off")
        return Block(label, line, start.at, problem=problem)
    closing = b"%b%b-----" % (_END, start.label)
    if not data.startswith(closing, end):
        return Block(label, line, start.at, problem=message("its END line does not fit its BEGIN line"))
    looseness = _looseness(data, start, end, end + len(closing))
    return Block(label, line, start.at, data[start.after : end], None, looseness)


def _endings_without_beginning(data: bytes, used: int, limit: int, lines: _LineCounter) -> Iterator[Block]:
    """An END line that no block has used was the end of a certificate all the same."""
    if data.find(_END, used, limit) < 0:
        return
    for end in re.compile(_CERTIFICATE_CLOSED).finditer(data, used, limit):
        problem = message("an END line without its BEGIN line, as in text that was cut off")
        yield Block("CERTIFICATE", lines.number_at(end.start()), end.start(), problem=problem)


def _looseness(data: bytes, start: _Start, end: int, after_end: int) -> Looseness | None:
    body = data[start.after : end]
    first_newline = body.find(b"\n")
    if first_newline < 0 and b"\r" in body.strip():
        return Looseness.CARRIAGE_RETURNS
    if not (
        _begins_a_line(data, start.at)
        and first_newline >= 0
        and not body[:first_newline].strip(_BLANK)
        and body.endswith(b"\n")
        and _ends_a_line(data, after_end)
    ):
        return Looseness.SHARED_LINE
    # OpenSSL takes one empty line after BEGIN for the end of the headers; any other one ends the block.
    return Looseness.EMPTY_LINE if _EMPTY_LINE.search(body, first_newline + 1) else None


def _begins_a_line(data: bytes, at: int) -> bool:
    if at >= len(_BYTE_ORDER_MARK) and data.startswith(_BYTE_ORDER_MARK, at - len(_BYTE_ORDER_MARK)):
        at -= len(_BYTE_ORDER_MARK)
    return at == 0 or data[at - 1 : at] == b"\n"


def _ends_a_line(data: bytes, at: int) -> bool:
    newline = data.find(b"\n", at, at + 256)
    return not data[at : newline if newline >= 0 else at + 256].strip(_BLANK + b"\x1a")
