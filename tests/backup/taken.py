"""Consoles without listeners that have something of everything, and backups of them."""

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from tests.backup.age import under_passphrase
from tests.migration import contents
from tests.migration.contents import Content
from tests.migration.sides import fleet
from tests.running import PASSWORD, USER

from mutua.authority.request import Subject
from mutua.backup.container import Container
from mutua.backup.create import create
from mutua.backup.encryption import Identity
from mutua.backup.preview import Change, Preview
from mutua.backup.restore import restore
from mutua.console.console import Addresses, Console
from mutua.inventory import store
from mutua.migration import journal
from mutua.migration.phases import Phase, Role
from mutua.storage.database import Database
from mutua.storage.state import StateFolder
from mutua.storage.tables import metadata, peers

PASSPHRASE = "a passphrase for tests"
MIGRATION = "7f2a0c1e-5b0d-4c55-9d1a-0f6f5a1b2c3d"
SECRETS = ("a secret 1", "a secret 2")
"""Passwords of credentials of `filled`."""


@contextmanager
def console(folder: Path) -> Iterator[Console]:
    """A console in a folder, its listeners left out; it has an administrator from its first start on."""
    opened = Console.open(folder, "console", Addresses("console.example.net", 1, 2))
    try:
        if not opened.users.has_users():
            opened.create_administrator(USER, PASSWORD)
        yield opened
    finally:
        opened.close()


def filled(folder: Path, prefix: str = "a", devices: int = 7) -> Path:
    """The folder of a console with a fleet and a signing request, stopped."""
    with console(folder) as made:
        with made.database.writing() as connection:
            store.add_fleet(connection, fleet(prefix, devices), made.sealer)
        made.generate_request(Subject(common_name="console.example.net"), "console.example.net")
    return folder


@contextmanager
def transaction(folder: Path) -> Iterator[Connection]:
    """Write to the database of a stopped console."""
    database = Database.join(StateFolder.beside(folder).database_url)
    try:
        with database.writing() as connection:
            yield connection
    finally:
        database.close()


def migrated(folder: Path, role: Role, *phases: Phase) -> None:
    """Write down a migration with a peer that went through these phases."""
    now = datetime.now(UTC)
    with transaction(folder) as connection:
        values = {"key_sha256": "00" * 32, "name": "elsewhere", "address": "h:1", "certificates_pem": ""}
        connection.execute(peers.insert().values(verified_at=now, **values))
        peer = connection.execute(select(peers.c.id)).scalar_one()
        journal.begin(connection, MIGRATION, role, peer, phases[0])
        for phase in phases[1:]:
            journal.enter(connection, MIGRATION, phase)


def content(folder: Path) -> Content:
    """What can move, secrets opened."""
    return contents.content(folder / "console.db", StateFolder.beside(folder).sealer())


def dump(folder: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    """Every row of every table, as it is stored."""
    with transaction(folder) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))] for table in metadata.sorted_tables
        }


def taken(folder: Path) -> bytes:
    """A backup of a console."""
    file = io.BytesIO()
    create(folder, file, PASSPHRASE)
    return file.getvalue()


def put_back(
    backup: bytes,
    folder: Path,
    despite: Collection[str] = (),
    answer: Callable[[Preview], bool] = lambda _preview: True,
) -> Preview:
    """Restore a backup; the preview."""
    seen: list[Preview] = []

    def decide(preview: Preview) -> bool:
        seen.append(preview)
        return answer(preview)

    opened = Container.open(io.BytesIO(backup))
    restore(opened, opened.unlock(PASSPHRASE), folder, decide, despite)
    return seen[0]


def change(preview: Preview, kind: str) -> Change:
    """What a preview says of one kind."""
    (found,) = (change for change in preview.changes if change.kind == kind)
    return found


def quickly_protected(identity: Identity, passphrase: str) -> bytes:
    """What `encryption.protect` makes, but that a passphrase takes no time to try."""
    return under_passphrase(f"{identity.key}\n".encode(), passphrase)
