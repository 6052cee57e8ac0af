"""What a console's database holds, read by queries that owe nothing to the program."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mutua.migration.phases import Phase
from mutua.storage.sealing import Sealer

Row = tuple[Any, ...]


class Content(NamedTuple):
    """Everything that can move, quiesced or not, passwords opened; no matter in which order it came."""

    devices: frozenset[Row]
    groups: frozenset[Row]
    credentials: frozenset[Row]


def rows(file: Path, query: str, *values: object) -> list[Row]:
    """The answer to a query."""
    with closing(sqlite3.connect(file, timeout=20)) as connection:
        return connection.execute(query, values).fetchall()


def live(file: Path) -> set[str]:
    """The service tags that are managed here."""
    return {tag for (tag,) in rows(file, "SELECT service_tag FROM devices WHERE quiesced_by IS NULL")}


def held(file: Path) -> set[str]:
    """The service tags that are here, managed or not."""
    return {tag for (tag,) in rows(file, "SELECT service_tag FROM devices")}


def staged(file: Path) -> int:
    """How many chunks wait here to go live."""
    return int(rows(file, "SELECT count(*) FROM staged_chunks")[0][0])


def phase(file: Path, migration: str) -> Phase | None:
    """The phase of a migration, None where it is not known here."""
    found = rows(file, "SELECT phase FROM migrations WHERE id = ?", migration)
    return Phase(found[0][0]) if found else None


def phases(file: Path, migration: str) -> list[Phase]:
    """Every phase that a migration went through here."""
    query = "SELECT phase FROM migration_phases WHERE migration_id = ? ORDER BY number"
    return [Phase(name) for (name,) in rows(file, query, migration)]


def content(file: Path, sealer: Sealer) -> Content:
    """Everything that is here."""
    return Content(frozenset(_devices(file)), frozenset(_groups(file)), frozenset(_credentials(file, sealer)))


def _devices(file: Path) -> Iterator[Row]:
    member_of: dict[int, set[str]] = {}
    for number, group in rows(file, "SELECT device_id, name FROM group_members JOIN groups ON groups.id = group_id"):
        member_of.setdefault(number, set()).add(group)
    query = """
        SELECT devices.id, service_tag, devices.name, model, type, address, health, inventory, credentials.name
        FROM devices LEFT JOIN credentials ON credentials.id = credential_id
    """
    for number, *values in rows(file, query):
        yield (*values, frozenset(member_of.get(number, ())))


def _groups(file: Path) -> list[Row]:
    query = """
        SELECT groups.name, groups.description, groups.type_id, parent.name
        FROM groups LEFT JOIN groups AS parent ON parent.id = groups.parent_id
    """
    return rows(file, query)


def _credentials(file: Path, sealer: Sealer) -> Iterator[Row]:
    for name, kind, user, sealed in rows(file, "SELECT name, kind, user_name, password_sealed FROM credentials"):
        yield name, kind, user, sealer.open(sealed, f"credential:{name}")
