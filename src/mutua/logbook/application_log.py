"""The console's application log, `tomcat/application.log`, in the appliance's format (R18).

Whatever a client sends can reach an entry's text, never its shape: an entry is one line (two for a refusal that names
its operation), and nothing in a message can end it.
"""

import errno
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from mutua.logbook.error_body import cause_of

CONTROLLER = "SSLController"
"""The logger of refusals. Every other entry has `CONSOLE`."""

CONSOLE = "Console"

MAX_FILE_BYTES = 10 * 1024 * 1024
"""A log that would become larger is put aside as application.log.1 first."""

KEPT_FILES = 5
"""How many files that were put aside are kept: application.log.1 (the latest) to application.log.5."""

MAX_ENTRY_BYTES = 256 * 1024
"""The longest entry. Readers may rely on it."""

_BARE_MESSAGE = "CSEC9002"
_ERROR, _INFO = "ERROR", "INFO"


class Operation(StrEnum):
    """What was refused; the value is the method that an entry names.

    Only the chain upload's entries are known from the appliance (R18); the others are formed alike.
    """

    UPLOAD_CHAIN = "uploadNewCertificateChain"
    UPLOAD_CERTIFICATE = "uploadNewCertificate"
    GENERATE_CSR = "generateCSR"


_SENTENCES = {
    Operation.UPLOAD_CHAIN: "Error uploading certificate chain:",
    Operation.UPLOAD_CERTIFICATE: "Error uploading certificate:",
    Operation.GENERATE_CSR: "Error generating certificate signing request:",
}


def introduction(operation: Operation) -> str:
    """What stands between the logger and the error body in an entry that names its operation."""
    return f"{operation.value}():\n {_SENTENCES[operation]} "


class ApplicationLog:
    """Appends entries to `<folder>/tomcat/application.log`; any number of threads and processes may do so at once.

    Each entry is one write to the end of the file, under a lock that also covers putting full files aside. Every
    method raises `OSError` if the entry cannot be written whole; then nothing of it stays in the file.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tomcat" / "application.log"

    def refusal(self, operation: Operation, body: Mapping[str, object], at: datetime | None = None) -> None:
        """Write down an error body (R12–R17) that the console answered.

        `at` is shown in the console's local time, a naive one as it is; None is now. Raises `ValueError` for a body
        that JSON cannot carry or that makes an entry of more than `MAX_ENTRY_BYTES`.
        """
        cause = cause_of(body)
        bare = cause is not None and cause.message_id == _BARE_MESSAGE
        text = ("" if bare else introduction(operation)) + _compact(body)
        entry = _entry(_ERROR, CONTROLLER, text, at)
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an error body of {len(text)} characters is too long for the application log")
        self._append(entry)

    def error(self, message: str) -> None:
        """Write down that something failed."""
        self._append(_entry(_ERROR, CONSOLE, _one_line(message), None))

    def info(self, message: str) -> None:
        """Write down that something was done."""
        self._append(_entry(_INFO, CONSOLE, _one_line(message), None))

    def _append(self, entry: bytes) -> None:
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with self._locked():
            self._make_room(len(entry))
            log = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                _write(log, entry)
            finally:
                os.close(log)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self.path.with_name(".application.log.lock"), os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            # Closing alone would not release it if another thread forked meanwhile: the child has the lock open too.
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _make_room(self, length: int) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size + length > MAX_FILE_BYTES:
            for number in range(KEPT_FILES - 1, 0, -1):
                if self._aside(number).exists():
                    self._aside(number).replace(self._aside(number + 1))
            self.path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _write(log: int, entry: bytes) -> None:
    size = os.fstat(log).st_size
    if size == 0:
        os.fchmod(log, 0o640)
    elif os.pread(log, 1, size - 1) != b"\n":
        # The last entry was torn off by a crash: the next one must still begin on a line of its own.
        entry = b"\n" + entry
    if os.write(log, entry) != len(entry):
        os.ftruncate(log, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _entry(level: str, logger: str, text: str, at: datetime | None) -> bytes:
    moment = datetime.now(UTC) if at is None else at
    local = moment if moment.tzinfo is None else moment.astimezone().replace(tzinfo=None)
    thread = "".join(c for c in threading.current_thread().name if c.isprintable() and c not in "[]")
    return f"[{level}] {local.isoformat(' ', 'milliseconds')} [{thread}] {logger} - {text}\n".encode()


def _compact(body: Mapping[str, object]) -> str:
    # In ASCII alone JSON escapes everything that could end a line or move a cursor.
    return json.dumps(dict(body), ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _one_line(message: str) -> str:
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in message)
    longest = MAX_ENTRY_BYTES // 8
    return shown if len(shown) <= longest else f"{shown[:longest]}…"
