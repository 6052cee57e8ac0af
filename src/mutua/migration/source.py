"""The source's side of a migration: quiesce, promise, send, and let go only of what the target has committed."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol
from uuid import uuid4

from sqlalchemy import Connection, func, select

from mutua.inventory import store
from mutua.inventory.records import Fleet
from mutua.inventory.store import Counts
from mutua.message import message
from mutua.migration import journal, stream
from mutua.migration.errors import EndedError, MigrationError, UnknownMigrationError, WrongPhaseError
from mutua.migration.journal import Entry
from mutua.migration.phases import Outcome, Phase, Role, is_final
from mutua.migration.stream import Chunk, Kind, Manifest
from mutua.peering.channel import PeerUnreachableError
from mutua.peering.peers import Peer
from mutua.storage.database import Database
from mutua.storage.sealing import Sealer
from mutua.storage.tables import outgoing_chunks


class TargetChannel(Protocol):
    """The target, as the source can ask it. Either may raise `PeerUnreachableError`."""

    def outcome(self, migration: str) -> Outcome:
        """What its record says."""

    def abort(self, migration: str) -> Outcome:
        """Have it abort, unless it has committed; its answer is written down there and stands for good."""


class _Portion(NamedTuple):
    kind: Kind
    first_id: int
    last_id: int
    fragment: Fleet


class Source:
    """The migrations away from this console."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def prepare(self, peer: Peer) -> Entry:
        """Quiesce every device and promise all of them to one peer, in one transaction.

        From here on this console manages none of them until the migration has ended. Raises
        `MigrationError` where there is nothing to move or another migration is under way.
        """
        identifier = str(uuid4())
        key = os.urandom(32)
        with self._database.writing() as connection:
            self._refuse_second(connection)
            journal.begin(connection, identifier, Role.SOURCE, peer.id)
            store.quiesce(connection, identifier)
            manifest = self._promise(connection, identifier, key)
            if not manifest.counts.devices:
                raise MigrationError(message("this console manages no device that could be moved."))
            sealed = self._sealer.seal(key, seal_place(identifier))
            journal.describe(connection, identifier, manifest.counts, len(manifest.chunks), manifest.digest, sealed)
            return journal.read(connection, identifier)

    def _refuse_second(self, connection: Connection) -> None:
        for entry in journal.read_all(connection):
            if entry.role is Role.SOURCE and not is_final(entry.phase) and entry.phase is not Phase.RELEASED:
                raise MigrationError(
                    message("migration {id} from this console is {phase}.", id=entry.id, phase=entry.phase),
                    advice=message("resume or abort it first."),
                )

    def _promise(self, connection: Connection, identifier: str, key: bytes) -> Manifest:
        chunks: list[Chunk] = []
        for number, portion in enumerate(self._portions(connection, identifier), start=1):
            records = sum(map(len, portion.fragment))
            chunk = Chunk(number, portion.kind, records, stream.digest(key, stream.encode(portion.fragment)))
            chunks.append(chunk)
            connection.execute(
                outgoing_chunks.insert().values(
                    migration_id=identifier, first_id=portion.first_id, last_id=portion.last_id, **chunk._asdict()
                )
            )
        totals = {kind: sum(chunk.records for chunk in chunks if chunk.kind is kind) for kind in Kind}
        counts = Counts(totals[Kind.DEVICES], totals[Kind.GROUPS], totals[Kind.CREDENTIALS])
        return Manifest(counts, tuple(chunks), stream.root_digest(key, (chunk.digest for chunk in chunks)), key)

    def _portions(self, connection: Connection, identifier: str) -> Iterator[_Portion]:
        for kind in Kind:
            last = 0
            while (portion := self._read(connection, identifier, kind, last, None)) is not None:
                yield portion
                last = portion.last_id

    def _read(
        self, connection: Connection, identifier: str, kind: Kind, after: int, last: int | None
    ) -> _Portion | None:
        """The next records by id, up to `last`: what was added after the promise is no part of it."""
        limit = stream.RECORDS_PER_CHUNK
        match kind:
            case Kind.CREDENTIALS:
                opened = store.read_credentials(connection, self._sealer, after, limit, last)
                fragment = Fleet(credentials=tuple(record for _id, record in opened))
                ids = [number for number, _record in opened]
            case Kind.GROUPS:
                gathered = store.read_groups(connection, after, limit, last)
                fragment = Fleet(groups=tuple(record for _id, record in gathered))
                ids = [number for number, _record in gathered]
            case Kind.DEVICES:
                quiesced = store.read_devices(connection, identifier, after, limit, last)
                fragment = Fleet(devices=tuple(record for _id, record in quiesced))
                ids = [number for number, _record in quiesced]
        return _Portion(kind, ids[0], ids[-1], fragment) if ids else None

    def manifest(self, identifier: str, peer_key: str) -> Manifest:
        """The promise, for the peer it was made to; the migration is streaming from here on.

        Raises `UnknownMigrationError` for anybody else, `EndedError` after an abort, `WrongPhaseError` after
        the release.
        """
        with self._database.writing() as connection:
            entry = self._entry(connection, identifier, peer_key)
            if entry.phase is Phase.ABORTED:
                raise EndedError
            journal.enter(connection, identifier, Phase.STREAMING)
            rows = connection.execute(
                select(outgoing_chunks)
                .where(outgoing_chunks.c.migration_id == identifier)
                .order_by(outgoing_chunks.c.number)
            ).all()
        chunks = tuple(Chunk(row.number, Kind(row.kind), row.records, row.digest) for row in rows)
        return Manifest(entry.counts, chunks, entry.digest or "", self._key(entry))

    def chunk(self, identifier: str, peer_key: str, number: int) -> bytes:
        """One chunk, compressed. The same chunk may be asked for again and again while streaming."""
        with self._database.reading() as connection:
            entry = self._entry(connection, identifier, peer_key)
            if entry.phase is not Phase.STREAMING:
                raise WrongPhaseError(message("the migration is {phase}; it sends nothing.", phase=entry.phase))
            row = connection.execute(
                select(outgoing_chunks).where(
                    outgoing_chunks.c.migration_id == identifier, outgoing_chunks.c.number == number
                )
            ).one_or_none()
            if row is None:
                raise UnknownMigrationError(identifier)
            portion = self._read(connection, identifier, Kind(row.kind), row.first_id - 1, row.last_id)
        content = stream.encode(portion.fragment if portion else Fleet())
        if stream.digest(self._key(entry), content) != row.digest:
            raise MigrationError(
                message("the records of chunk {number} changed after they were promised.", number=number)
            )
        return stream.pack(content)

    def learn(self, identifier: str, peer_key: str, outcome: Outcome) -> Entry:
        """Act on the target's decision: let go after a commit, take back after an abort; twice is once."""
        with self._database.writing() as connection:
            entry = self._entry(connection, identifier, peer_key)
            if outcome is Outcome.COMMITTED and entry.phase not in (Phase.RELEASED, Phase.DONE):
                journal.enter(connection, identifier, Phase.RELEASED)
                last = {kind: self._last_id(connection, identifier, kind) for kind in Kind}
                store.remove_moved(connection, identifier, last[Kind.GROUPS], last[Kind.CREDENTIALS])
            elif outcome is Outcome.ABORTED:
                self._take_back(connection, identifier)
            return journal.read(connection, identifier)

    def finish(self, identifier: str, peer_key: str) -> Entry:
        """The target knows that this side has let go: the migration is done."""
        with self._database.writing() as connection:
            self._entry(connection, identifier, peer_key)
            journal.enter(connection, identifier, Phase.DONE)
            return journal.read(connection, identifier)

    def resume(self, entry: Entry, target: TargetChannel) -> Entry:
        """Ask the target what became of it, and act on the answer."""
        if is_final(entry.phase):
            return entry
        return self._settle(entry, target.outcome(entry.id))

    def abort(self, entry: Entry, target: TargetChannel) -> Entry:
        """Take the devices back, if the target agrees that it has not committed: then it alone decides.

        As long as it has not even got the promise, this side decides, and the target need not be reached.
        """
        if self._withdraw(entry):
            with suppress(PeerUnreachableError, MigrationError):
                target.abort(entry.id)
        with self._database.reading() as connection:
            present = self._entry(connection, entry.id, entry.peer_key_sha256)
        return present if is_final(present.phase) else self._settle(present, target.abort(entry.id))

    def _withdraw(self, entry: Entry) -> bool:
        with self._database.writing() as connection:
            if self._entry(connection, entry.id, entry.peer_key_sha256).phase is not Phase.PREPARED:
                return False
            self._take_back(connection, entry.id)
            return True

    def _take_back(self, connection: Connection, identifier: str) -> None:
        journal.enter(connection, identifier, Phase.ABORTED)
        store.take_back(connection, identifier)

    def _settle(self, entry: Entry, outcome: Outcome) -> Entry:
        settled = self.learn(entry.id, entry.peer_key_sha256, outcome)
        if settled.phase is Phase.RELEASED:
            return self.finish(entry.id, entry.peer_key_sha256)
        return settled

    def _entry(self, connection: Connection, identifier: str, peer_key: str) -> Entry:
        entry = journal.read(connection, identifier)
        if entry.role is not Role.SOURCE or entry.peer_key_sha256 != peer_key:
            raise UnknownMigrationError(identifier)
        return entry

    def _last_id(self, connection: Connection, identifier: str, kind: Kind) -> int:
        last = select(func.coalesce(func.max(outgoing_chunks.c.last_id), 0)).where(
            outgoing_chunks.c.migration_id == identifier, outgoing_chunks.c.kind == kind
        )
        return int(connection.execute(last).scalar_one())

    def _key(self, entry: Entry) -> bytes:
        if entry.digest_key_sealed is None:
            raise WrongPhaseError(message("the migration has promised nothing yet."))
        return self._sealer.open(entry.digest_key_sealed, seal_place(entry.id))


def seal_place(identifier: str) -> str:
    """The place that the digest key of a migration is sealed for, at its source."""
    return f"migration:{identifier}"
