"""Two running consoles that have verified each other, and a fleet to move."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.migration import contents
from tests.migration.contents import Content
from tests.peering.certified import Authority, certify, running
from tests.running import RunningConsole

from mutua.inventory import store
from mutua.inventory.records import Fleet
from mutua.migration.journal import Entry
from mutua.migration.phases import Phase
from mutua.peering.identity import key_sha256
from mutua.peering.verify import verify

_PATIENCE_S = 30


class Consoles(NamedTuple):
    """A source and a target."""

    source: RunningConsole
    target: RunningConsole
    authority: Authority

    def verify(self) -> None:
        """Meet, both ways."""
        with self.source.remote() as at_source, self.target.remote() as at_target:
            assert verify(at_source, at_target).passed

    def prepare(self) -> Entry:
        """Prepare a migration at the source."""
        return self.source.console.migrating.prepare(key_sha256(self.target.console.identity.leaf))

    def migrate(self, identifier: str) -> None:
        """Start it at the target."""
        self.target.console.migrating.migrate(identifier, key_sha256(self.source.console.identity.leaf))

    def wait(self, identifier: str) -> Entry:
        """Until the target is not at work on it any more; what it says then."""
        migrating = self.target.console.migrating
        wait_until(lambda: not migrating.is_running(identifier))
        return migrating.read(identifier)

    def move(self) -> Entry:
        """A whole migration."""
        identifier = self.prepare().id
        self.migrate(identifier)
        return self.wait(identifier)

    def phases(self, identifier: str) -> tuple[Phase, Phase]:
        """The phase at either side."""
        source, target = (console.console.migrating.read(identifier).phase for console in (self.source, self.target))
        return source, target


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fail if it does not in good time."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def file_of(console: RunningConsole) -> Path:
    """The database of a console."""
    return console.console.state.path / "console.db"


def content(console: RunningConsole) -> Content:
    """Everything that a console has."""
    return contents.content(file_of(console), console.console.sealer)


def add(console: RunningConsole, fleet: Fleet) -> None:
    """Import a fleet."""
    with console.console.database.writing() as connection:
        store.add_fleet(connection, fleet, console.console.sealer)


@contextmanager
def two_consoles(folder: Path, authority: Authority) -> Iterator[Consoles]:
    """Two consoles, certified and verified."""
    with running(folder, "source", "target") as (source, target):
        certify(source.console, authority, "OMENT-310")
        certify(target.console, authority, "OMENT-400")
        consoles = Consoles(source, target, authority)
        consoles.verify()
        yield consoles
