"""What migrations have to say about a backup: none may be under way, and what has moved must not be here again."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from mutua.backup.errors import BackupRefusedError
from mutua.message import message
from mutua.migration import journal
from mutua.migration.journal import Entry
from mutua.migration.phases import Outcome, Phase, Role, is_final, outcome


class Undone(NamedTuple):
    """A migration that has moved devices and that a backup knows nothing of."""

    id: str
    role: Role
    peer: str
    devices: int


def refuse_under_way(connection: Connection) -> None:
    """Raise `BackupRefusedError` where a migration has not ended: half of it is at the other console."""
    for entry in journal.read_all(connection):
        if not is_final(entry.phase):
            raise BackupRefusedError(
                message("migration {id} is {phase}, and not over.", id=entry.id, phase=entry.phase),
                message(
                    "finish it with mutua migrate resume {id}, or end it with mutua migrate abort {id}.", id=entry.id
                ),
            )


def moved(connection: Connection) -> dict[str, Entry]:
    """The migrations that have moved devices, by id."""
    return {entry.id: entry for entry in journal.read_all(connection) if _has_moved(entry)}


def undone(before: dict[str, Entry], after: dict[str, Entry]) -> tuple[Undone, ...]:
    """Those that moved devices before and would not have after: their devices would be in two places, or in none."""
    lost = (entry for identifier, entry in before.items() if identifier not in after)
    return tuple(Undone(entry.id, entry.role, entry.peer_name, entry.counts.devices) for entry in lost)


def refuse_undone(undone: Iterable[Undone], despite: Iterable[str]) -> None:
    """Raise `BackupRefusedError` for the first migration that is not named in `despite`."""
    named = set(despite)
    for migration in undone:
        if migration.id not in named:
            raise BackupRefusedError(
                message("the backup is older than migration {id}, which has moved devices.", id=migration.id),
                message(
                    "make sure that no device is managed twice or by nobody, then give --despite-migration {id}.",
                    id=migration.id,
                ),
            )


def _has_moved(entry: Entry) -> bool:
    return entry.phase is Phase.RELEASED or outcome(entry.phase) is Outcome.COMMITTED
