# ruff: noqa: E501  (the samples are to the letter)
"""Refusals come back from a log: from the appliance's, wrapped as people paste it, and from what this console writes."""

import threading
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.logbook.article import (
    INVALID_CHAIN,
    INVALID_CSR_KEY,
    INVALID_FILE,
    NO_AUTHENTICATION_USAGE,
    NOT_A_WEB_SERVER,
)

from mutua.chain import appliance
from mutua.logbook.application_log import ApplicationLog, Operation
from mutua.logbook.entries import MAX_ENTRY_BYTES
from mutua.logbook.reading import Refusal, refusals

SAMPLES = (INVALID_CSR_KEY, INVALID_CHAIN, NO_AUTHENTICATION_USAGE, NOT_A_WEB_SERVER, INVALID_FILE)
ANSWERS = (
    appliance.INVALID_CSR_KEY,
    appliance.INVALID_CHAIN,
    appliance.NO_AUTHENTICATION_USAGE,
    appliance.NOT_A_WEB_SERVER,
    appliance.INVALID_FILE,
)
TIMES = (
    "2024-01-25 11:10:34.735",
    "2024-01-25 11:04:56.396",
    "2024-01-25 10:56:54.175",
    "2024-01-25 11:01:01.475",
    "2024-01-29 08:03:05.200",
)
NUMBERS = (10, 1, 17, 3, 3)
REFUSALS = tuple(
    Refusal(
        datetime.fromisoformat(time),
        f"ajp-nio-0:0:0:0:0:0:0:1-8009-exec-{number}",
        None if answer is appliance.INVALID_FILE else Operation.UPLOAD_CHAIN,
        answer.message_id,
        answer.arguments,
    )
    for time, number, answer in zip(TIMES, NUMBERS, ANSWERS, strict=True)
)

NOISE = """\
[INFO ] 2024-01-25 11:00:00.000 [main] Startup - {"error":{"@Message.ExtendedInfo":[{"MessageId":"CGEN1008"}]}}
[ERROR] 2024-01-25 11:00:00.001 [main] DeviceController - {"error":{"@Message.ExtendedInfo":[{"MessageId":"CDEV1"}]}}
java.lang.IllegalStateException: SSLController - {"error":{"@Message.ExtendedInfo":[{"MessageId":"CGEN1008"}]}}
\tat com.example.Thing.run(Thing.java:[12]) {
[ERROR] 2024-01-25 11:00:00.002 [main] SSLController - Cannot open the key store: {"reason":"password"}
[ERROR] 2024-01-25 11:00:00.003 [main] SSLController - uploadNewCertificateChain(): Error while storing: disk full
[ERROR] 2024-13-45 99:00:00.003 [main] SSLController - {"error":{"@Message.ExtendedInfo":[{"MessageId":"CGEN1008"}]}}
2024-01-25 11:00:00,000 ERROR another format entirely

"""

Read = Callable[[bytes], list[Refusal]]


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("log") / "application.log"

    def from_bytes(content: bytes) -> list[Refusal]:
        path.write_bytes(content)
        return list(refusals(path))

    return from_bytes


@pytest.mark.parametrize(("sample", "refusal"), list(zip(SAMPLES, REFUSALS, strict=True)))
def test_r18_reads_the_samples_of_the_appliance(read: Read, sample: str, refusal: Refusal) -> None:
    assert read(sample.encode()) == [refusal]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_r18_reads_them_among_other_entries_in_their_order(read: Read, line_end: str) -> None:
    log = NOISE + "".join(sample + NOISE for sample in SAMPLES)
    assert read(b"\xef\xbb\xbf" + log.replace("\n", line_end).encode()) == list(REFUSALS)


def test_noise_alone_holds_no_refusal(read: Read) -> None:
    assert read(NOISE.encode()) == []
    assert read(b"") == []


@pytest.mark.parametrize(("sample", "number", "answer"), list(zip(SAMPLES, range(5), ANSWERS, strict=True)))
def test_r18_writes_what_the_appliance_writes(
    tmp_path: Path, sample: str, number: int, answer: appliance.Refusal
) -> None:
    log = ApplicationLog(tmp_path)
    in_thread(
        REFUSALS[number].thread, lambda: log.refusal(Operation.UPLOAD_CHAIN, answer.body(), REFUSALS[number].time)
    )
    first, *rest = log.path.read_text().splitlines()
    sample_first, *sample_rest = sample.splitlines()
    if answer is not appliance.INVALID_FILE:
        assert first == sample_first
    # The web page of the article made a blank a non-breaking one.
    assert first + "".join(rest) == (sample_first + "".join(sample_rest)).replace("\xa0", " ")


@pytest.mark.parametrize("sample", SAMPLES)
def test_an_entry_cut_anywhere_is_reported_or_nothing_of_it_was_there(read: Read, sample: str) -> None:
    (whole,) = read(sample.encode())
    text = sample.rstrip("\n")
    before = text.index("SSLController - ") + len("SSLController - ")
    for end in range(len(text)):
        found = read((INVALID_CHAIN + text[:end]).encode())
        assert found[0] == REFUSALS[1]
        assert len(found) == (2 if end > before else 1)
        for cut in found[1:]:
            assert not cut.complete
            assert (cut.time, cut.thread) == (whole.time, whole.thread)
            assert cut.operation in (None, whole.operation)
            assert cut.message_id in (None, whole.message_id)
            assert cut.arguments in ((), whole.arguments)
    assert found[1][:-1] == whole[:-1]


def test_a_torn_entry_in_the_middle_is_reported_too(read: Read) -> None:
    assert read((INVALID_CSR_KEY[:300] + "\n" + INVALID_CHAIN).encode()) == [
        REFUSALS[0]._replace(message_id=None, arguments=(), complete=False),
        REFUSALS[1],
    ]


def test_an_unknown_method_has_no_operation(read: Read) -> None:
    other = INVALID_CSR_KEY.replace("uploadNewCertificateChain", "uploadSomethingElse")
    assert read(other.encode()) == [REFUSALS[0]._replace(operation=None)]


def test_a_huge_line_does_not_fill_the_memory(read: Read, tmp_path: Path) -> None:
    log = tmp_path / "application.log"
    with log.open("wb") as stream:
        stream.write(INVALID_CSR_KEY.rstrip("\n").encode())
        for _megabyte in range(32):
            stream.write(b"{[ " * (1 << 18))
        stream.write(b"\n" + INVALID_CHAIN.encode() + INVALID_CHAIN.split("{")[0].encode() + b'{"error":{"x":"')
        for _megabyte in range(32):
            stream.write(b"x" * (1 << 20))
    tracemalloc.start()
    try:
        found = list(refusals(log))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found[:2] == [REFUSALS[0], REFUSALS[1]]
    assert [refusal.complete for refusal in found] == [True, True, False]
    assert peak < 8 * MAX_ENTRY_BYTES


def test_nesting_without_end_is_a_cut_entry(read: Read) -> None:
    start = INVALID_FILE.split("{")[0]
    (found,) = read(f'{start}{{"error":{"[" * 500_000}'.encode())
    assert not found.complete


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_hold_no_refusal(read: Read, content: bytes) -> None:
    assert read(content) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from([*SAMPLES, NOISE]), max_size=5), st.data())
def test_a_damaged_log_is_read_to_its_end(read: Read, entries: list[str], data: st.DataObject) -> None:
    content = "".join(entries).encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    damaged = content[:start] + data.draw(st.binary(max_size=10)) + content[end:]
    assert read(damaged + b"\n" + INVALID_CHAIN.encode())[-1] == REFUSALS[1]


answers = st.builds(
    appliance.Refusal,
    message_id=st.sampled_from(["CGEN1008", "CSEC9002", "CGEN6002"]) | st.text(max_size=8),
    message=st.text(max_size=30),
    resolution=st.text(max_size=30),
    arguments=st.lists(st.text(max_size=30), max_size=3).map(tuple),
)
HOSTILE = appliance.Refusal(
    "CGEN1008", "\n[ERROR] 2024-01-25 11:10:34.735 [x] SSLController - {", '{"error":', ('\x7f"\u2028\ud800',)
)


@settings(deadline=None)
@given(
    entries=st.lists(st.tuples(st.sampled_from(Operation), answers, st.datetimes(), st.text(min_size=1)), max_size=4),
    data=st.data(),
)
@example(entries=[(Operation.UPLOAD_CHAIN, HOSTILE, datetime.fromisoformat("0001-01-01"), "a]\n[b")], data=None)
def test_r18_whatever_is_written_comes_back_equal_even_wrapped(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[Operation, appliance.Refusal, datetime, str]],
    data: st.DataObject | None,
) -> None:
    log = ApplicationLog(tmp_path_factory.mktemp("logs"))
    expected = [write(log, *entry) for entry in entries]
    if not entries:
        assert not log.path.exists()
        return
    assert list(refusals(log.path)) == expected
    if data is not None:
        wrap(log.path, data)
        assert list(refusals(log.path)) == expected


def write(log: ApplicationLog, operation: Operation, answer: appliance.Refusal, at: datetime, thread: str) -> Refusal:
    in_thread(thread, lambda: log.refusal(operation, answer.body(), at))
    log.error(thread)
    named = None if answer.message_id == "CSEC9002" else operation
    shown = "".join(c for c in thread if c.isprintable() and c not in "[]")
    milliseconds = at.replace(microsecond=at.microsecond // 1000 * 1000)
    return Refusal(milliseconds, shown, named, answer.message_id, answer.arguments)


def wrap(path: Path, data: st.DataObject) -> None:
    """Break the error bodies at random places, as a terminal or a web page does."""
    lines = path.read_bytes().split(b"\n")
    for index, line in enumerate(lines):
        start = line.rfind(b'{"error"')
        if start > 0:
            cuts = sorted(data.draw(st.sets(st.integers(start, len(line)), max_size=5)))
            lines[index] = b"\r\n".join(line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True))
    wrapped = b"\n".join(lines)
    assume(wrapped.count(b"\n[ERROR] ") == path.read_bytes().count(b"\n[ERROR] "))
    path.write_bytes(wrapped)


def in_thread(name: str, action: Callable[[], None]) -> None:
    thread = threading.Thread(target=action, name=name)
    thread.start()
    thread.join()
