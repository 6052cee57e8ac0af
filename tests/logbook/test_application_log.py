"""The application log: entries that nothing can forge, whole whoever else writes, in files that stay small."""

import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mutua.chain import appliance
from mutua.logbook import application_log
from mutua.logbook.application_log import ApplicationLog, Operation
from mutua.logbook.reading import refusals

ENTRY = re.compile(r"\[(ERROR|INFO)\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[[^\[\]\n]*\] (\w+) - (.*)")
AT = datetime.fromisoformat("2024-01-25 11:10:34.735999")
BODY = appliance.INVALID_CSR_KEY.body()


def lines(log: ApplicationLog) -> list[str]:
    return log.path.read_text(encoding="utf-8").split("\n")[:-1]


def files(log: ApplicationLog) -> list[Path]:
    """The files of a log, the oldest first."""
    return sorted(log.path.parent.glob("application.log*"), reverse=True)


@pytest.mark.parametrize(
    ("operation", "answer", "text"),
    [
        (
            Operation.UPLOAD_CHAIN,
            appliance.INVALID_CSR_KEY,
            'uploadNewCertificateChain():\n Error uploading certificate chain: {"error":{"code":"Base.1.0.',
        ),
        (
            Operation.UPLOAD_CERTIFICATE,
            appliance.INVALID_CSR_KEY,
            'uploadNewCertificate():\n Error uploading certificate: {"error":{"code":"Base.1.0.',
        ),
        (
            Operation.GENERATE_CSR,
            appliance.INVALID_DISTINGUISHED_NAME,
            'generateCSR():\n Error generating certificate signing request: {"error":{"code":"Base.1.0.',
        ),
        (Operation.UPLOAD_CHAIN, appliance.INVALID_FILE, '{"error":{"code":"Base.1.0.GeneralError",'),
        (Operation.UPLOAD_CERTIFICATE, appliance.INVALID_FILE, '{"error":{"code":"Base.1.0.GeneralError",'),
    ],
)
def test_r18_a_refusal_has_the_form_of_its_kind(
    tmp_path: Path, operation: Operation, answer: appliance.Refusal, text: str
) -> None:
    log = ApplicationLog(tmp_path)
    log.refusal(operation, answer.body(), AT)
    content = (tmp_path / "tomcat" / "application.log").read_text()
    assert content.startswith(f"[ERROR] 2024-01-25 11:10:34.735 [MainThread] SSLController - {text}")
    assert json.loads(content[content.index("{") :]) == answer.body()
    assert content.endswith("}]}}\n")


def test_a_moment_with_a_time_zone_is_shown_in_local_time(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    moment = datetime(2024, 1, 25, 20, 0, 0, 1500, timezone(timedelta(hours=9)))
    log.refusal(Operation.UPLOAD_CHAIN, BODY, moment)
    (refusal,) = refusals(log.path)
    assert refusal.time is not None
    assert refusal.time.astimezone(UTC) == datetime(2024, 1, 25, 11, 0, 0, 1000, UTC)


def test_now_is_the_time_of_an_entry_without_one(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    log.refusal(Operation.UPLOAD_CHAIN, BODY)
    (refusal,) = refusals(log.path)
    assert refusal.time is not None
    assert before <= refusal.time.astimezone(UTC) <= datetime.now(UTC)


def test_general_entries(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.info("The console is ready: niño ✓")
    log.error("The peer went away")
    first, second = (ENTRY.fullmatch(line) for line in lines(log))
    assert first is not None
    assert first.groups() == ("INFO", "Console", "The console is ready: niño ✓")
    assert second is not None
    assert second.groups() == ("ERROR", "Console", "The peer went away")


FORGED = "x\n[ERROR] 2024-01-25 11:10:34.735 [a] SSLController - " + json.dumps(BODY)


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b", "\x1c"])
def test_a_message_cannot_forge_an_entry(tmp_path: Path, line_end: str) -> None:
    log = ApplicationLog(tmp_path)
    log.error(FORGED.replace("\n", line_end))
    assert len(log.path.read_text(encoding="utf-8").splitlines()) == 1
    assert list(refusals(log.path)) == []


def test_a_thread_name_cannot_forge_an_entry(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    thread = threading.Thread(target=log.error, args=("text",), name=f"] SSLController - {FORGED}")
    thread.start()
    thread.join()
    (line,) = lines(log)
    assert ENTRY.fullmatch(line)
    assert list(refusals(log.path)) == []


@settings(deadline=None)
@given(st.text(), st.text(min_size=1))
@example("\x7f\x00\x1b[31m\u202e\ud800", "\x7f\x00\x1b[31m\u202e\ud800")
def test_whatever_is_said_is_one_line_without_control_characters(
    tmp_path_factory: pytest.TempPathFactory, text: str, argument: str
) -> None:
    log = ApplicationLog(tmp_path_factory.mktemp("logs"))
    log.info(text)
    answer = appliance.Refusal("CGEN1008", text, argument, (text, argument))
    log.refusal(Operation.UPLOAD_CHAIN, answer.body())
    content = log.path.read_text(encoding="utf-8")
    assert content.count("\n") == 3
    assert all(character.isprintable() for character in content.replace("\n", ""))


def test_a_long_message_is_shortened_and_a_long_body_refused(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.info("é" * 10**6)
    assert log.path.stat().st_size < application_log.MAX_ENTRY_BYTES
    with pytest.raises(ValueError, match="too long for the application log"):
        log.refusal(Operation.UPLOAD_CHAIN, {"error": "x" * application_log.MAX_ENTRY_BYTES})
    assert len(lines(log)) == 1


def test_the_file_is_for_its_owner_and_group_alone(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path / "logs")
    umask = os.umask(0)
    try:
        log.info("text")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o750


def test_the_group_may_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    umask = os.umask(0o077)
    try:
        log.info("text")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


def test_an_entry_after_a_torn_one_begins_on_its_own_line(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.refusal(Operation.UPLOAD_CHAIN, BODY, AT)
    content = log.path.read_bytes()
    log.path.write_bytes(content[:-40])
    log.refusal(Operation.UPLOAD_CHAIN, BODY, AT)
    assert log.path.read_bytes() == content[:-40] + b"\n" + content
    assert [refusal.complete for refusal in refusals(log.path)] == [False, True]


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the kernel cuts the write short in the same way."""
    log = ApplicationLog(tmp_path)
    log.info("x" * 900)
    before = log.path.read_bytes()
    program = f"""
import resource, sys
from pathlib import Path
from mutua.logbook.application_log import ApplicationLog
log = ApplicationLog(Path({str(tmp_path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
try:
    log.info("y" * 900)
except OSError:
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 7
    assert log.path.read_bytes() == before
    log.info("z")
    assert len(lines(log)) == 2


def nearly_full(log: ApplicationLog, text: str) -> None:
    log.path.parent.mkdir(exist_ok=True)
    log.path.write_bytes(text.encode() + b"\n" * (application_log.MAX_FILE_BYTES - len(text) - 10))


def test_a_full_log_is_put_aside_and_five_are_kept(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    for number in range(7):
        nearly_full(log, f"file {number}")
        log.info(f"after file {number}")
        assert len(lines(log)) == 1
    begins = {path.name: path.read_text().split("\n")[0][-12:] for path in files(log)}
    assert begins == {
        "application.log": "after file 6",
        "application.log.1": "file 6",
        "application.log.2": "file 5",
        "application.log.3": "file 4",
        "application.log.4": "file 3",
        "application.log.5": "file 2",
    }
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


def test_a_log_that_is_not_full_stays(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.info("first")
    content = log.path.read_bytes()
    log.path.write_bytes(content + b"\n" * (application_log.MAX_FILE_BYTES - 2 * len(content)))
    log.info("other")
    assert log.path.stat().st_size == application_log.MAX_FILE_BYTES
    assert files(log) == [log.path]


WRITER = """
import sys, threading
from pathlib import Path
from mutua.logbook.application_log import ApplicationLog
process = sys.argv[2]
log = ApplicationLog(Path(sys.argv[1]))
def write(thread):
    for number in range(20):
        log.info(f"{process} {thread} {number} " + "x" * 30_000)
threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_and_processes_lose_nothing_while_files_are_put_aside(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    nearly_full(log, "before")
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)]) for number in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    written = list(entries(log))
    assert len(written) == len(set(written)) == 4 * 4 * 20
    for process in range(4):
        for thread in range(4):
            numbers = [number for p, t, number in written if (p, t) == (process, thread)]
            assert all(earlier < later for earlier, later in pairwise(numbers))
    assert [path.name for path in files(log)] == ["application.log.1", "application.log"]
    assert all(path.stat().st_size <= application_log.MAX_FILE_BYTES for path in files(log))


def test_nothing_is_written_while_another_one_writes(tmp_path: Path) -> None:
    log = ApplicationLog(tmp_path)
    log.info("first")
    thread = threading.Thread(target=log.info, args=("second",))
    with (log.path.parent / ".application.log.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        assert len(lines(log)) == 1
    thread.join(timeout=10)
    assert len(lines(log)) == 2


def entries(log: ApplicationLog) -> Iterator[tuple[int, int, int]]:
    for path in files(log):
        for line in filter(None, path.read_text().split("\n")):
            if line != "before":
                entry = ENTRY.fullmatch(line)
                assert entry is not None
                process, thread, number, filling = entry[3].split(" ")
                assert filling == "x" * 30_000
                yield int(process), int(thread), int(number)


def test_local_time_follows_the_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        log = ApplicationLog(tmp_path)
        log.refusal(Operation.UPLOAD_CHAIN, BODY, datetime(2024, 1, 25, 11, 0, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert lines(log)[0].startswith("[ERROR] 2024-01-25 20:00:00.000 ")
