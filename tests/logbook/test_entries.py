"""Entries are cut out of a log whole and once, wherever the pieces that it is read in end."""

import io
import re
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mutua.logbook.entries import MAX_ENTRY_BYTES, MAX_HEADER_BYTES, MAX_STRAY_BYTES, Entry, EntryFinder
from mutua.logbook.reading import LogReader

TIME = "2024-01-25 11:10:34.735"
AT = datetime.fromisoformat(TIME)
LINE = re.compile(r"\[([A-Z]+) *\] (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[(.*?)\] (\S+) - (.*)")


def found(log: bytes, piece_bytes: int = 128 * 1024) -> list[Entry]:
    return list(EntryFinder(io.BytesIO(log), piece_bytes))


def read_line_by_line(log: str) -> Iterator[Entry]:
    """The plain way, which is too slow for a large log."""
    lines = log.split("\n")
    if not LINE.match(lines[0]):
        begun: tuple[datetime | None, str, list[str]] | None = (None, "", [])
    else:
        begun = None
    for line in lines:
        header = LINE.match(line)
        if header is None:
            if begun is not None:
                begun[2].append(line.rstrip("\r"))
            continue
        if begun is not None:
            yield Entry(begun[0], begun[1], "".join(begun[2]))
        level, time, thread, logger, text = header.groups()
        is_wanted = (level, logger) == ("ERROR", "SSLController")
        begun = (datetime.fromisoformat(time), thread, [text.rstrip("\r")]) if is_wanted else None
    if begun is not None:
        yield Entry(begun[0], begun[1], "".join(begun[2]))


def header(level: str, logger: str, text: str) -> str:
    return f"[{level}] {TIME} [ajp-nio-0:0:0:0:0:0:0:1-8009-exec-1] {logger} - {text}"


chunks = st.sampled_from(
    [
        header("ERROR", "SSLController", "uploadNewCertificateChain():"),
        header("ERROR", "SSLController", '{"error":{"code":"x"}}'),
        header("INFO ", "SSLController", "listening"),
        header("ERROR", "DeviceController", "SSLController - no"),
        header("WARN ", "JobService", "LLLLLLLLLL SSLContr"),
        header("ERROR", "SSLControllers", "another logger"),
        ' Error uploading certificate chain: {"error":{"MessageId":"CGEN1008"}}',
        "\tat com.example.SSLController.upload(SSLController.java:12) - [ERROR] x",
        "[ERROR] not a header SSLController - ",
        "SSLController - text",
        "",
        "ñandú ✓",
    ]
)
logs = st.lists(chunks, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda end: end.join(lines))
)


@settings(deadline=None)
@given(logs, st.integers(1, 80))
def test_nothing_is_lost_or_doubled_wherever_the_pieces_end(log: str, piece_bytes: int) -> None:
    assert found(log.encode(), piece_bytes) == list(read_line_by_line(log))


@settings(deadline=None)
@given(logs, logs)
def test_large_pieces_give_the_same(first: str, second: str) -> None:
    filling = header("INFO ", "JobService", "All Logs: LLL " * 20) + "\n"  # The rare letter is not rare here.
    log = f"{first}\n{filling * 80}{second}"
    assert found(log.encode()) == list(read_line_by_line(log)) == found(log.encode(), 1000)


@settings(deadline=None)
@given(st.binary(max_size=300) | logs.map(str.encode), st.integers(1, 40))
@example(b"\n" * 5000 + b"SSLController", 7)
def test_refusals_do_not_depend_on_the_pieces(log: bytes, piece_bytes: int) -> None:
    assert list(LogReader(io.BytesIO(log), piece_bytes)) == list(LogReader(io.BytesIO(log)))


def short_reads(log: bytes) -> Callable[[int], bytes]:
    stream = io.BytesIO(log)
    return lambda size: stream.read(min(size, 3))


def test_a_stream_may_give_less_than_was_asked_for() -> None:
    class Slow:
        def __init__(self, log: bytes) -> None:
            self.read = short_reads(log)

    log = header("ERROR", "SSLController", "one") + "\n" + header("ERROR", "SSLController", "two")
    assert [entry.text for entry in EntryFinder(Slow(log.encode()))] == ["one", "two"]


@pytest.mark.parametrize("gap", ["\n", "\r\n", " \n ", "\u00a0", "  "])
@pytest.mark.parametrize("number", range(5))
def test_a_header_may_be_wrapped_at_any_of_its_blanks(gap: str, number: int) -> None:
    parts = re.split(" ", header("ERROR", "SSLController", "text"))
    wrapped = " ".join(parts[: number + 1]) + gap + " ".join(parts[number + 1 :])
    assert [(entry.time, entry.text) for entry in found(f"before\n{wrapped}\nmore".encode())][1:] == [(AT, "textmore")]


def test_a_word_more_than_a_header_has_makes_it_none() -> None:
    log = header("ERROR", "SSLController", "x").replace(" SSLC", " a SSLC")
    assert [entry.time for entry in found(log.encode())] == [None]


def test_a_logger_of_a_similar_name_is_another() -> None:
    assert found(header("ERROR", "MySSLController", "x").encode()) == []
    assert found(header("ERROR", "SSLController2", "x").encode()) == []
    assert len(found(header("ERROR", "SSLController", "x").encode())) == 1


@pytest.mark.parametrize("piece_bytes", [1, 100, 128 * 1024])
@pytest.mark.parametrize(("length", "count"), [(MAX_HEADER_BYTES - 200, 1), (MAX_HEADER_BYTES + 1, 0)])
def test_a_header_is_looked_for_within_bounds(length: int, count: int, piece_bytes: int) -> None:
    log = f"[INFO ] {TIME} [main] X - y\n[ERROR] {TIME} [{'t' * length}] SSLController - x"
    assert len(found(log.encode(), piece_bytes)) == count


@pytest.mark.parametrize("piece_bytes", [1000, 128 * 1024])
def test_a_long_entry_is_cut_and_the_next_one_found(piece_bytes: int) -> None:
    endless = "x" * (MAX_ENTRY_BYTES + 5000)
    log = f"{header('ERROR', 'SSLController', endless)}\n{header('ERROR', 'SSLController', 'next')}\n"
    first, second = found(log.encode(), piece_bytes)
    assert first.text == "x" * MAX_ENTRY_BYTES
    assert second.text == "next"


def test_what_stands_before_the_first_entry_is_bounded() -> None:
    (head,) = found(b"x" * (3 * MAX_STRAY_BYTES))
    assert head == Entry(None, "", "x" * MAX_STRAY_BYTES)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (header("INFO ", "JobService", "x"), True),
        ("\ufeff" + header("INFO ", "JobService", "x"), True),
        ("the end of an entry\n" + header("INFO ", "JobService", "x"), True),
        ("a text\nof two lines\n", False),
        ("", False),
        ("2024-01-25 11:10:34.735 ERROR another format", False),
    ],
)
def test_a_log_is_known_by_its_entries(log: str, expected: bool) -> None:
    finder = EntryFinder(io.BytesIO(log.encode()))
    list(finder)
    assert finder.is_log is expected


class Endless:
    """A log of one kind of line, as long as anybody reads on, up to 16 MiB."""

    def __init__(self, line: bytes) -> None:
        self._piece = line * (128 * 1024 // len(line))
        self.left = 16 * 1024 * 1024

    def read(self, size: int, /) -> bytes:
        self.left -= size
        return self._piece[:size] if self.left > 0 else b""


@pytest.mark.parametrize(
    "line",
    [
        header("INFO ", "JobService", "moved\n").encode(),
        header("INFO ", "JobService", "ALL LOCAL URLs: LLLL\n").encode(),
        header("ERROR", "SSLController", "x" * 9000 + "\n").encode(),
        b"SSLController" + b"x" * 200,
        b"\n",
    ],
)
def test_memory_does_not_grow_with_the_log(line: bytes) -> None:
    endless = Endless(line)
    tracemalloc.start()
    try:
        for _entry in EntryFinder(endless):
            if endless.left < 14 * 1024 * 1024:
                break
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MAX_ENTRY_BYTES
