"""The record of a migration that either side keeps: its phase, written before the phase is acted on."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, func, select, update

from mutua.inventory.store import Counts
from mutua.message import Message, message
from mutua.migration.errors import UnknownMigrationError, WrongPhaseError
from mutua.migration.phases import FOLLOWING, Phase, Role
from mutua.storage.tables import migration_phases, migrations, peers

_IDENTIFIER = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Entry(NamedTuple):
    """A migration as this side knows it."""

    id: str
    role: Role
    phase: Phase
    peer_id: int
    peer_name: str
    peer_address: str
    peer_key_sha256: str
    counts: Counts
    chunks: int
    digest: str | None
    digest_key_sealed: bytes | None
    problems: tuple[Message, ...]
    created_at: datetime


def begin(connection: Connection, identifier: str, role: Role, peer_id: int, phase: Phase = Phase.PREPARED) -> None:
    """Open the record of a migration with a known peer. Raises `UnknownMigrationError` for what is no id."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise UnknownMigrationError(identifier)
    connection.execute(
        migrations.insert().values(id=identifier, role=role, peer_id=peer_id, phase=phase, created_at=datetime.now(UTC))
    )
    _note(connection, identifier, phase)


def describe(
    connection: Connection, identifier: str, counts: Counts, chunks: int, digest: str, digest_key_sealed: bytes
) -> None:
    """Write down what will be moved."""
    connection.execute(
        update(migrations)
        .where(migrations.c.id == identifier)
        .values(**counts._asdict(), chunks=chunks, digest=digest, digest_key_sealed=digest_key_sealed)
    )


def enter(connection: Connection, identifier: str, phase: Phase) -> None:
    """Go to the next phase; entering the present one again changes nothing.

    Raises `WrongPhaseError` where the phase may not follow, `UnknownMigrationError` for an unknown id.
    """
    entry = read(connection, identifier)
    if entry.phase is phase:
        return
    if phase not in FOLLOWING[entry.role].get(entry.phase, ()):
        raise WrongPhaseError(
            message("the migration is {present}; it cannot become {wanted}.", present=entry.phase, wanted=phase)
        )
    changed = connection.execute(
        update(migrations)
        .where(migrations.c.id == identifier, migrations.c.phase == entry.phase)
        .values(phase=phase, problem=None)
    )
    if changed.rowcount != 1:
        raise WrongPhaseError(message("the migration has moved on in the meantime."))
    _note(connection, identifier, phase)


def note_problems(connection: Connection, identifier: str, problems: Sequence[Message]) -> None:
    """Keep why it stopped, for whoever looks at it later."""
    text = json.dumps([_to_json(problem) for problem in problems])
    connection.execute(update(migrations).where(migrations.c.id == identifier).values(problem=text))


def is_known(connection: Connection, identifier: str) -> bool:
    """Whether there is a record of that id, whoever it is with."""
    if not _IDENTIFIER.fullmatch(identifier):
        return False
    found = connection.execute(select(migrations.c.id).where(migrations.c.id == identifier))
    return found.one_or_none() is not None


def read(connection: Connection, identifier: str) -> Entry:
    """One migration. Raises `UnknownMigrationError`."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise UnknownMigrationError(identifier)
    row = connection.execute(_ENTRIES.where(migrations.c.id == identifier)).mappings().one_or_none()
    if row is None:
        raise UnknownMigrationError(identifier)
    return _entry(row)


def read_all(connection: Connection) -> list[Entry]:
    """Every migration, newest first."""
    return [_entry(row) for row in connection.execute(_ENTRIES.order_by(migrations.c.created_at.desc())).mappings()]


def phases(connection: Connection, identifier: str) -> list[tuple[Phase, datetime]]:
    """The phases that a migration went through, and when."""
    query = (
        select(migration_phases.c.phase, migration_phases.c.at)
        .where(migration_phases.c.migration_id == identifier)
        .order_by(migration_phases.c.number)
    )
    return [(Phase(phase), at) for phase, at in connection.execute(query)]


_ENTRIES = select(
    migrations,
    peers.c.name.label("peer_name"),
    peers.c.address.label("peer_address"),
    peers.c.key_sha256.label("peer_key_sha256"),
).join(peers, peers.c.id == migrations.c.peer_id)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        id=row["id"],
        role=Role(row["role"]),
        phase=Phase(row["phase"]),
        peer_id=row["peer_id"],
        peer_name=row["peer_name"],
        peer_address=row["peer_address"],
        peer_key_sha256=row["peer_key_sha256"],
        counts=Counts(row["devices"], row["groups"], row["credentials"]),
        chunks=row["chunks"],
        digest=row["digest"],
        digest_key_sealed=row["digest_key_sealed"],
        problems=tuple(map(_from_json, json.loads(row["problem"] or "[]"))),
        created_at=row["created_at"],
    )


def _note(connection: Connection, identifier: str, phase: Phase) -> None:
    number = select(func.count()).where(migration_phases.c.migration_id == identifier).scalar_subquery()
    connection.execute(
        migration_phases.insert().values(migration_id=identifier, number=number, phase=phase, at=datetime.now(UTC))
    )


def _to_json(value: object) -> object:
    """A message with the messages in it, so that it can still be said in any language; else a number or a text."""
    if isinstance(value, Message):
        return {"template": value.template, "values": {name: _to_json(inner) for name, inner in value.values.items()}}
    return value if isinstance(value, int) else str(value)


def _from_json(value: dict[str, Any]) -> Message:
    values = {name: _from_json(inner) if isinstance(inner, dict) else inner for name, inner in value["values"].items()}
    return Message(value["template"], values)
