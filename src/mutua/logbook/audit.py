"""The audit log: who did what, when, from where, and how it ended; each entry bound to all before it.

An entry's hash is the SHA-256 of the hash before it and of the entry itself, so whoever changes, removes or swaps
entries has to write all later ones anew; what was written last is kept beside them, so that a missing end shows too.
Whoever may write to the whole database can do all of that: the hash of the last entry, noted down elsewhere, is what
finds them out (`verify`).
"""

import json
import os
import pwd
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, text, update

from mutua.logbook.actions import ACTIONS, CUT_AUDIT_LOG, Action
from mutua.message import Message, message
from mutua.storage.tables import audit_entries, audit_head

MAX_ENTRIES = 100_000
"""How many are kept; some 15 MiB."""
PORTION = 1000
"""So many of the oldest are removed at once."""

NOTHING = "0" * 64
"""The hash before the first entry."""

_HEAD = audit_head.c.id == 1
_MAX_NAME = 255
_MAX_ADDRESS = 64


class Deed(NamedTuple):
    """What somebody did. `user_name` is empty where nobody knows; `status` is that of HTTP.

    `subject` names what it was done to, and holds nothing that a caller sent in a body.
    """

    action: Action
    user_name: str
    address: str
    status: int = 200
    subject: str = ""


def by_system(action: Action, subject: str = "") -> Deed:
    """What is done by the state folder, by the account of the machine that runs this program.

    No user of a console has a colon in their name.
    """
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = str(os.getuid())
    return Deed(action, f"system:{account}", "", subject=subject)


class Entry(NamedTuple):
    """A deed as it is kept. `at` is in UTC: `2026-01-02 03:04:05.678`."""

    number: int
    at: str
    user_name: str
    address: str
    action: str
    subject: str
    status: int

    @property
    def title(self) -> Message:
        """What was done, for people; by its name where only a newer version knows it."""
        action = ACTIONS.get(self.action)
        return message("{action}", action=self.action) if action is None else Message(action.title)

    @property
    def outcome(self) -> Message:
        """How it ended, for people."""
        return message("succeeded") if self.status < 400 else message("refused ({status})", status=self.status)

    def hash_after(self, previous: str) -> str:
        """The hash of this entry where the one before it has the hash `previous`; both in hexadecimal."""
        # Whoever has changed an entry may have put anything in the place of a text.
        said = json.dumps([previous, *self], ensure_ascii=True, separators=(",", ":"), default=repr)
        return sha256(said.encode("ascii")).hexdigest()


class Mark(NamedTuple):
    """An entry by its number and hash: what to note down, and what a log that was cut begins after."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, written: str) -> "Mark":
        """A mark again. Raises `ValueError`."""
        number, _colon, digest = written.strip().partition(":")
        if not (number.isascii() and number.isdigit() and len(number) <= 18 and len(digest) == len(NOTHING)):
            raise ValueError("no mark")
        return cls(int(number), bytes.fromhex(digest).hex())


START = Mark(0, NOTHING)


def append(connection: Connection, deed: Deed, keep: int = MAX_ENTRIES) -> Mark:
    """Write a deed down inside the caller's transaction, which others that write one wait for.

    Beyond `keep` entries the oldest are removed, `PORTION` at a time; an entry says so and carries the hash that the
    rest follows on. A log that somebody has broken goes on, and stays broken.
    """
    head = _add(connection, _locked_head(connection), deed)
    first = _scalar(connection, func.min(audit_entries.c.number), head.number)
    if head.number - first >= keep + PORTION:
        head = _cut(connection, head, keep)
    connection.execute(update(audit_head).where(_HEAD).values(number=head.number, hash=head.hash))
    return head


def head_of(connection: Connection) -> Mark | None:
    """The entry that was written last, as it is kept beside the log; None where none ever was."""
    row = connection.execute(select(audit_head).where(_HEAD)).one_or_none()
    return None if row is None else Mark(row.number, row.hash)


def latest(connection: Connection, most: int, before: int | None = None) -> Sequence[Entry]:
    """The newest entries, or the newest of those before one; the newest first."""
    newest = select(audit_entries).order_by(audit_entries.c.number.desc()).limit(most)
    if before is not None:
        newest = newest.where(audit_entries.c.number < before)
    return [entry_of(row) for row in connection.execute(newest)]


def entry_of(row: Row[tuple[object, ...]]) -> Entry:
    """An entry from its row in the table."""
    return Entry(row.number, row.at, row.user_name, row.address, row.action, row.subject, row.status)


def _locked_head(connection: Connection) -> Mark:
    locked = select(audit_head).where(_HEAD).with_for_update()
    row = connection.execute(locked).one_or_none()
    if row is None:
        first = {"number": START.number, "hash": START.hash}
        written = "INSERT INTO audit_head (id, number, hash) VALUES (1, :number, :hash) ON CONFLICT DO NOTHING"
        connection.execute(text(written), first)
        row = connection.execute(locked).one()
    return Mark(row.number, row.hash)


def _add(connection: Connection, after: Mark, deed: Deed) -> Mark:
    entry = Entry(
        max(after.number, _scalar(connection, func.max(audit_entries.c.number), 0)) + 1,
        datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds"),
        _shown(deed.user_name, _MAX_NAME),
        _shown(deed.address, _MAX_ADDRESS),
        deed.action.name,
        _shown(deed.subject, _MAX_NAME),
        deed.status,
    )
    mark = Mark(entry.number, entry.hash_after(after.hash))
    connection.execute(audit_entries.insert().values(entry._asdict() | {"hash": mark.hash}))
    return mark


def _scalar(connection: Connection, asked: ColumnElement[int], otherwise: int) -> int:
    found = connection.execute(select(asked)).scalar_one_or_none()
    return otherwise if found is None else found


def _cut(connection: Connection, head: Mark, keep: int) -> Mark:
    """One more than is kept goes: the entry that says so takes its place."""
    number = head.number + 1 - keep
    last = select(audit_entries.c.hash).where(audit_entries.c.number == number)
    cut = Mark(number, connection.execute(last).scalar_one())
    connection.execute(delete(audit_entries).where(audit_entries.c.number <= number))
    return _add(connection, head, Deed(CUT_AUDIT_LOG, "", "", subject=str(cut)))


def _shown(words: str, limit: int) -> str:
    """Text that every database keeps and every terminal shows as it is."""
    return "".join(c if c.isprintable() else "?" for c in words)[:limit]
