"""Refusals counted: which there are in a log, how often, when first and when last. What is kept is bounded."""

import re
from collections.abc import Iterator
from datetime import datetime

from mutua.logbook.entries import Readable
from mutua.logbook.reading import LogReader, Refusal, squeezed

MAX_CAUSES = 100
"""How many different causes of one log are kept apart; refusals beyond are only counted."""

MAX_LOGS = 100
"""How many logs with refusals are kept apart; refusals of those beyond are only counted."""

_MOST_ARGUMENTS = 4
_LONGEST_ARGUMENT = 200
_LONGEST_NAME = 255
_TOLD_BY_ARGUMENTS = "CGEN1008"
_ROTATED = re.compile(
    r"(?P<before>.+?)(?:[._-]\d{4}-\d\d-\d\d(?:[._-]\d+)?)?\.log(?:[._-]\d[\d._-]*)?(?:\.gz)?"
)  # fmt: skip


class Cause:
    """One code with one set of arguments."""

    def __init__(self, refusal: Refusal) -> None:
        self.message_id = refusal.message_id
        self.arguments = refusal.arguments
        self.readable = _is_readable(refusal)
        """Whether the entry goes on to what tells the cause."""
        self.count = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def add(self, refusal: Refusal) -> None:
        """Count one of its refusals."""
        self.count += 1
        if refusal.time is not None:
            self.first = min(self.first or refusal.time, refusal.time)
            self.last = max(self.last or refusal.time, refusal.time)


class Tally:
    """The refusals of one log, which may be several files: the present one and those put aside before."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: set[str] = set()
        self.cut_off = 0
        """How many entries are torn, whether or not their cause can still be read."""
        self.beyond = 0
        """How many refusals have causes beyond `MAX_CAUSES`."""
        self._causes: dict[tuple[object, ...], Cause] = {}

    def add(self, refusal: Refusal) -> None:
        """Count a refusal."""
        self.cut_off += not refusal.complete
        short = _shortened(refusal)
        key = (short.message_id, _is_readable(short), *map(squeezed, short.arguments))
        cause = self._causes.get(key)
        if cause is None:
            if len(self._causes) == MAX_CAUSES:
                self.beyond += 1
                return
            cause = self._causes[key] = Cause(short)
        cause.add(short)

    @property
    def only_file(self) -> str | None:
        """The file that all refusals are in, if it is one."""
        return next(iter(self.files)) if len(self.files) == 1 else None

    @property
    def count(self) -> int:
        """How many refusals there are."""
        return sum(cause.count for cause in self._causes.values()) + self.beyond

    @property
    def causes(self) -> list[Cause]:
        """The causes, the one that was seen first first; those without a time at the end."""
        return sorted(self._causes.values(), key=lambda cause: (cause.first is None, _sortable(cause.first)))

    def codes(self) -> Iterator[tuple[str | None, list[Cause]]]:
        """The causes by their code, in the same order; entries that are torn before their code come last."""
        causes = self.causes
        codes = dict.fromkeys(cause.message_id for cause in causes)
        for code in sorted(codes, key=lambda code: code is None):
            yield code, [cause for cause in causes if cause.message_id == code]

    @property
    def first(self) -> datetime | None:
        """When the first refusal was."""
        return min((cause.first for cause in self._causes.values() if cause.first), default=None)

    @property
    def last(self) -> datetime | None:
        """When the last refusal was."""
        return max((cause.last for cause in self._causes.values() if cause.last), default=None)

    @property
    def latest(self) -> Cause | None:
        """The cause of the last refusal; None where no refusal has a time."""
        timed = [cause for cause in self.causes if cause.last]
        return max(timed, key=lambda cause: _sortable(cause.last), default=None)


class Tallies:
    """The refusals of everything that is read, log by log."""

    def __init__(self) -> None:
        self.logs_read = 0
        """How many of the files that were read are application logs."""
        self.beyond = 0
        """How many refusals are in logs beyond `MAX_LOGS`."""
        self._tallies: dict[str, Tally] = {}

    def read(self, name: str, stream: Readable) -> None:
        """Count the refusals of one file."""
        reader = LogReader(stream)
        for refusal in reader:
            tally = self._tally(log_name(name))
            if tally is None:
                self.beyond += 1
            else:
                tally.files.add(name)
                tally.add(refusal)
        self.logs_read += reader.is_log

    def _tally(self, name: str) -> Tally | None:
        if name not in self._tallies and len(self._tallies) < MAX_LOGS:
            self._tallies[name] = Tally(name)
        return self._tallies.get(name)

    def __iter__(self) -> Iterator[Tally]:
        return iter(self._tallies.values())

    @property
    def count(self) -> int:
        """How many refusals there are."""
        return sum(tally.count for tally in self) + self.beyond


def log_name(file: str) -> str:
    """The name of the log that a file is part of: `application.log.2.gz` is a part of `application.log`."""
    folder, slash, name = file.rpartition("/")
    rotated = _ROTATED.fullmatch(name) if len(name) <= _LONGEST_NAME else None
    return file if rotated is None else f"{folder}{slash}{rotated['before']}.log"


def _is_readable(refusal: Refusal) -> bool:
    if refusal.message_id is None:
        return False
    return refusal.complete or bool(refusal.arguments) or refusal.message_id != _TOLD_BY_ARGUMENTS


def _shortened(refusal: Refusal) -> Refusal:
    code = refusal.message_id
    return refusal._replace(
        message_id=None if code is None else code[:_LONGEST_ARGUMENT],
        arguments=tuple(argument[:_LONGEST_ARGUMENT] for argument in refusal.arguments[:_MOST_ARGUMENTS]),
    )


def _sortable(time: datetime | None) -> str:
    return "" if time is None else time.isoformat(timespec="microseconds")
