"""Two sides of a migration without consoles around them: real databases, and a channel that is a function call."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.migration import contents
from tests.migration.contents import Content

from mutua.inventory import store
from mutua.inventory.records import Credential, CredentialKind, Device, DeviceType, Fleet, Group, Health
from mutua.migration import journal
from mutua.migration.journal import Entry
from mutua.migration.phases import Outcome, Phase
from mutua.migration.source import Source
from mutua.migration.stream import Manifest
from mutua.migration.target import Target
from mutua.peering import peers
from mutua.peering.peers import Peer, UnknownPeerError
from mutua.storage.database import Database
from mutua.storage.sealing import Sealer
from mutua.storage.tables import peers as peers_table


def device(tag: str, groups: tuple[str, ...] = (), credential: str | None = None) -> Device:
    """A device in order, known by its tag."""
    return Device(
        tag,
        f"host {tag}",
        "Model",
        DeviceType.SERVER,
        "10.0.0.1",
        Health.NORMAL,
        f'{{"of":"{tag}"}}',
        groups,
        credential,
    )


def fleet(prefix: str, count: int, *, groups: bool = True) -> Fleet:
    """Devices with credentials and a hierarchy of groups, all named after the prefix."""
    if not groups:
        return Fleet(tuple(device(f"{prefix}{number}") for number in range(count)))
    credentials = tuple(
        Credential(f"{prefix} c{n}", CredentialKind.REDFISH, "root", f"{prefix} secret {n}") for n in (1, 2)
    )
    parents = (Group(f"{prefix} top", "above"), Group(f"{prefix} sub", "below", f"{prefix} top"))
    return Fleet(
        tuple(
            device(f"{prefix}{number}", (f"{prefix} sub",) if number % 2 else (), f"{prefix} c{1 + number % 2}")
            for number in range(count)
        ),
        (*parents, Group(f"{prefix} empty")),
        (*credentials, Credential(f"{prefix} unused", CredentialKind.SSH, "", "")),
    )


class Side:
    """One console's database, and what others know it by."""

    def __init__(self, name: str, file: Path, kind: type[Database] = Database) -> None:
        self.name = name
        self.database = kind.open(f"sqlite:///{file}")
        # The databases of a test are many, so the key is one; a test about sealing makes its own.
        self.sealer = Sealer(b"k" * 32)
        self._file = file

    def reopen(self) -> None:
        """What a restart does to connections. The engine stays: it holds nothing but compiled statements."""
        self.database.close()

    def save(self) -> bytes:
        """The database as it is."""
        self.database.close()
        return self._file.read_bytes()

    def restore(self, saved: bytes) -> None:
        """The database as it was."""
        self.database.close()
        self._file.write_bytes(saved)

    @property
    def key(self) -> str:
        """What stands for the SHA-256 of its leaf's key."""
        return key_of(self.name)

    @property
    def source(self) -> Source:
        """Its migrations away."""
        return Source(self.database, self.sealer)

    @property
    def target(self) -> Target:
        """Its migrations hither."""
        return Target(self.database, self.sealer)

    def meet(self, other: str) -> Peer:
        """Take another side for a peer that was met; meeting it again changes nothing."""
        try:
            return self.peer(other)
        except UnknownPeerError:
            values = {
                "name": other,
                "address": f"{other}:8444",
                "certificates_pem": "",
                "verified_at": datetime.now(UTC),
            }
            with self.database.writing() as connection:
                connection.execute(peers_table.insert().values(key_sha256=key_of(other), **values))
            return self.peer(other)

    def peer(self, other: str) -> Peer:
        """A side that was met. Raises `UnknownPeerError`."""
        with self.database.reading() as connection:
            return peers.by_key(connection, key_of(other))

    def add(self, added: Fleet) -> None:
        """Import a fleet."""
        with self.database.writing() as connection:
            store.add_fleet(connection, added, self.sealer)

    def entry(self, identifier: str) -> Entry:
        """Its record of a migration. Raises `UnknownMigrationError`."""
        with self.database.reading() as connection:
            return journal.read(connection, identifier)

    def phase(self, identifier: str) -> Phase | None:
        """The phase of a migration, None where it is not known here."""
        return contents.phase(self._file, identifier)

    def phases(self, identifier: str) -> list[Phase]:
        """Every phase that a migration went through here."""
        return contents.phases(self._file, identifier)

    def sent(self) -> list[str]:
        """The migrations that were ever prepared here."""
        return [
            identifier for (identifier,) in contents.rows(self._file, "SELECT id FROM migrations WHERE role = 'source'")
        ]

    def live(self) -> set[str]:
        """The service tags that this side manages."""
        return contents.live(self._file)

    def held(self) -> set[str]:
        """The service tags that this side has, managed or not."""
        return contents.held(self._file)

    def staged(self) -> int:
        """How many chunks wait here to go live."""
        return contents.staged(self._file)

    def content(self) -> Content:
        """Everything that this side has, quiesced or not."""
        return contents.content(self._file, self.sealer)


def key_of(name: str) -> str:
    """What stands for the SHA-256 of the key of a side's leaf."""
    return sha256(name.encode()).hexdigest()


def create(folder: Path, name: str, kind: type[Database] = Database) -> Side:
    """A side with a database of its own: a copy, because making the tables takes longer than most tests."""
    file = folder / f"{name}.db"
    file.write_bytes(_empty_database())
    return Side(name, file, kind)


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory where the system has one: to wait for a disk at every commit is not what is tested."""
    memory = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "empty.db")
        database = Database.open(f"sqlite:///{file}")
        with database.writing() as connection:
            store.add_built_in_groups(connection)
        database.close()
        return file.read_bytes()


class ToSource:
    """What the target asks of the source, as the peer listener passes it on: the caller is who it has proved to be."""

    def __init__(self, source: Side, caller: str) -> None:
        self._side = source
        self._caller = key_of(caller)

    def manifest(self, migration: str) -> Manifest:
        return Manifest.from_json(self._side.source.manifest(migration, self._caller).to_json())

    def chunk(self, migration: str, number: int) -> bytes:
        return self._side.source.chunk(migration, self._caller, number)

    def tell(self, migration: str, decided: Outcome) -> None:
        self._side.source.learn(migration, self._caller, decided)

    def finish(self, migration: str) -> None:
        self._side.source.finish(migration, self._caller)


class ToTarget:
    """What the source asks of the target."""

    def __init__(self, target: Side, caller: str) -> None:
        self._side = target
        self._caller = caller

    def outcome(self, migration: str) -> Outcome:
        return self._side.target.outcome(migration, key_of(self._caller))

    def abort(self, migration: str) -> Outcome:
        return self._side.target.abort_for(migration, self._side.peer(self._caller))


class Pair(NamedTuple):
    """Two sides that know each other."""

    source: Side
    target: Side

    @property
    def to_source(self) -> ToSource:
        """The target's way to the source."""
        return ToSource(self.source, self.target.name)

    @property
    def to_target(self) -> ToTarget:
        """The source's way to the target."""
        return ToTarget(self.target, self.source.name)

    @property
    def back(self) -> "Pair":
        """The same two, the other way round."""
        return Pair(self.target, self.source)

    def prepare(self) -> str:
        """Prepare at the source and accept at the target; the id."""
        entry = self.source.source.prepare(self.source.meet(self.target.name))
        self.target.target.accept(entry.id, self.target.meet(self.source.name))
        return entry.id

    def run(self, identifier: str) -> Entry:
        """Carry the migration on at the target."""
        return self.target.target.run(identifier, self.to_source)

    def move(self) -> str:
        """A whole migration; the id."""
        identifier = self.prepare()
        self.run(identifier)
        return identifier

    def phases(self, identifier: str) -> tuple[Phase | None, Phase | None]:
        """The phase at either side."""
        return self.source.phase(identifier), self.target.phase(identifier)
