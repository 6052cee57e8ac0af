"""Whether the audit log is what was written: every entry held against the hash before it, and both ends."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from mutua.logbook.actions import CUT_AUDIT_LOG
from mutua.logbook.audit import START, Mark, entry_of, head_of
from mutua.message import Message, message
from mutua.storage.tables import audit_entries

_PORTION = 1000


class Checked(NamedTuple):
    """What was found: how many entries fit, from which to which, and the first thing that does not.

    `last` is what to note down. `at` is the number of the first entry that is missing or does not fit.
    """

    entries: int
    first: int | None
    last: Mark
    problem: Message | None = None
    at: int | None = None


class _BrokenError(Exception):
    def __init__(self, at: int, problem: Message) -> None:
        super().__init__(str(problem))
        self.at = at
        self.problem = problem


def verify(connection: Connection, noted: Mark | None = None) -> Checked:
    """Go through all entries, the oldest first, up to the first that does not fit.

    `noted` is an entry that somebody noted down: it must still be there and be the same.
    """
    start = _start(connection)
    walk = _Walk(start, noted)
    try:
        walk.through(connection)
        walk.end(head_of(connection))
    except _BrokenError as broken:
        return walk.checked(broken.problem, broken.at)
    return walk.checked()


def _start(connection: Connection) -> Mark:
    """What the oldest entry follows on, by the latest entry that says that older ones were removed."""
    cuts = select(audit_entries.c.subject).where(audit_entries.c.action == CUT_AUDIT_LOG.name)
    said = connection.execute(cuts.order_by(audit_entries.c.number.desc()).limit(1)).scalar_one_or_none()
    if said is None:
        return START
    try:
        return Mark.parse(said)
    except ValueError:
        return START


class _Walk:
    """From entry to entry."""

    def __init__(self, start: Mark, noted: Mark | None) -> None:
        self._at = start
        self._noted = noted
        self._first = start.number + 1
        self._count = 0

    def through(self, connection: Connection) -> None:
        self._compare_with_note(self._at)
        ordered = select(audit_entries).order_by(audit_entries.c.number).execution_options(yield_per=_PORTION)
        for row in connection.execute(ordered):
            expected = self._at.number + 1
            if row.number != expected:
                raise _missing(expected, row.number - 1) if row.number > expected else _unfit(row.number)
            if entry_of(row).hash_after(self._at.hash) != row.hash:
                raise _unfit(row.number)
            mark = Mark(row.number, row.hash)
            self._compare_with_note(mark)
            self._at = mark
            self._count += 1

    def end(self, head: Mark | None) -> None:
        """Raises `_BrokenError` where entries are missing at the end, or the last one is another one."""
        last = START if head is None else head
        if last.number > self._at.number:
            raise _missing(self._at.number + 1, last.number)
        if last != self._at:
            raise _BrokenError(
                self._at.number,
                message("entry {number} is not the one that was written last.", number=self._at.number),
            )
        if self._noted is not None and self._noted.number > self._at.number:
            raise _missing(self._at.number + 1, self._noted.number)
        if self._noted is not None and self._noted.number < self._first - 1:
            raise _BrokenError(
                self._first,
                message(
                    "entry {number} is not kept any more, so it cannot be compared; the oldest one is {first}.",
                    number=self._noted.number,
                    first=self._first,
                ),
            )

    def checked(self, problem: Message | None = None, at: int | None = None) -> Checked:
        return Checked(self._count, self._first if self._count else None, self._at, problem, at)

    def _compare_with_note(self, mark: Mark) -> None:
        if self._noted is not None and self._noted.number == mark.number and self._noted != mark:
            raise _BrokenError(
                mark.number, message("entry {number} is not the one that was noted down.", number=mark.number)
            )


def _unfit(number: int) -> _BrokenError:
    return _BrokenError(
        number, message("entry {number} was changed, or it does not belong after the one before it.", number=number)
    )


def _missing(first: int, last: int) -> _BrokenError:
    if first == last:
        return _BrokenError(first, message("entry {number} is missing.", number=first))
    return _BrokenError(first, message("the entries {first} to {last} are missing.", first=first, last=last))
