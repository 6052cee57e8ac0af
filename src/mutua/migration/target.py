"""The target's side of a migration: stage, validate, and commit in one transaction that alone decides."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Select, delete, select

from mutua.inventory import store
from mutua.inventory.records import Fleet
from mutua.inventory.store import CannotAddError
from mutua.message import Message, message
from mutua.migration import journal, stream
from mutua.migration.errors import MigrationError, RefusedError, UnknownMigrationError, WrongPhaseError
from mutua.migration.journal import Entry
from mutua.migration.phases import Outcome, Phase, Role, outcome
from mutua.migration.stream import Chunk, Kind, Manifest
from mutua.peering.channel import PeerUnreachableError
from mutua.peering.peers import Peer
from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError, Sealer
from mutua.storage.tables import staged_chunks

_PROBLEMS_TOLD = 20

Progress = Callable[[int, int], None]
"""Called with the records staged so far and the records in all."""


class SourceChannel(Protocol):
    """The source, as the target can ask it. Each may raise `PeerUnreachableError`."""

    def manifest(self, migration: str) -> Manifest:
        """What it promises. Raises `RefusedError` where that makes no sense."""

    def chunk(self, migration: str, number: int) -> bytes:
        """One chunk, compressed."""

    def tell(self, migration: str, decided: Outcome) -> None:
        """Let it know the decision."""

    def finish(self, migration: str) -> None:
        """Let it know that this side has ended the migration."""


class Target:
    """The migrations to this console."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def accept(self, identifier: str, peer: Peer) -> Entry:
        """Open the record of a migration that a peer has prepared; accepting it again changes nothing.

        Raises `WrongPhaseError` where it has been aborted here already, `UnknownMigrationError` where the id
        is another's or none.
        """
        with self._database.writing() as connection:
            entry = self._open_record(connection, identifier, peer, Phase.PREPARED)
        if entry.phase is Phase.ABORTED:
            raise WrongPhaseError(message("the migration was aborted."))
        return entry

    def _open_record(self, connection: Connection, identifier: str, peer: Peer, first: Phase) -> Entry:
        if not journal.is_known(connection, identifier):
            journal.begin(connection, identifier, Role.TARGET, peer.id, first)
        return self._entry(connection, identifier, peer.key_sha256)

    def run(self, identifier: str, source: SourceChannel, progress: Progress = lambda _done, _total: None) -> Entry:
        """Carry the migration on from wherever it stands until it is done.

        Raises `PeerUnreachableError` where the source is lost: nothing is decided then, and it can be run
        again. What can never be taken is aborted here and now, and raised as `RefusedError`.
        """
        try:
            self._decide(identifier, source, progress)
        except RefusedError as error:
            if self._abort(identifier, error.problems) is Outcome.ABORTED:
                raise RefusedError(*error.problems, advice=_tell_of_abort(identifier, source)) from error
        return self._conclude(identifier, source)

    def _decide(self, identifier: str, source: SourceChannel, progress: Progress) -> None:
        if self.read(identifier).phase in (Phase.PREPARED, Phase.STREAMING):
            self._stage(identifier, source, progress)
        if self.read(identifier).phase is Phase.VALIDATED:
            self._commit(identifier)

    def _stage(self, identifier: str, source: SourceChannel, progress: Progress) -> None:
        manifest = source.manifest(identifier)
        with self._database.writing() as connection:
            sealed = self._sealer.seal(manifest.digest_key, seal_place(identifier, 0))
            journal.describe(connection, identifier, manifest.counts, len(manifest.chunks), manifest.digest, sealed)
            journal.enter(connection, identifier, Phase.STREAMING)
            staged = set(connection.execute(_staged(identifier, staged_chunks.c.number)).scalars())
        total = sum(manifest.counts)
        done = sum(chunk.records for chunk in manifest.chunks if chunk.number in staged)
        for chunk in manifest.chunks:
            if chunk.number not in staged:
                self._stage_chunk(identifier, chunk, source.chunk(identifier, chunk.number), manifest.digest_key)
                done += chunk.records
            progress(done, total)
        self._validate(identifier, manifest)

    def _stage_chunk(self, identifier: str, chunk: Chunk, packed: bytes, key: bytes) -> None:
        stream.decode(stream.unpack(packed, chunk, key), chunk)
        with self._database.writing() as connection:
            if self._read(connection, identifier).phase is not Phase.STREAMING:
                raise WrongPhaseError(message("the migration was ended by somebody else."))
            if chunk not in self._staged_chunks(connection, identifier, chunk.number):
                connection.execute(
                    staged_chunks.insert().values(
                        migration_id=identifier,
                        payload_sealed=self._sealer.seal(packed, seal_place(identifier, chunk.number)),
                        **chunk._asdict(),
                    )
                )

    def _validate(self, identifier: str, manifest: Manifest) -> None:
        """The promise is kept, and nothing that arrives is here already."""
        with self._database.reading() as connection:
            if self._read(connection, identifier).phase is not Phase.STREAMING:
                raise WrongPhaseError(message("the migration was ended by somebody else."))
            self._check(connection, identifier, manifest)
        with self._database.writing() as connection:
            journal.enter(connection, identifier, Phase.VALIDATED)

    def _check(self, connection: Connection, identifier: str, manifest: Manifest) -> None:
        staged = self._staged_chunks(connection, identifier)
        if tuple(staged) != manifest.chunks:
            raise RefusedError(message("the chunks that arrived are not those that were promised."))
        for chunk in staged:
            fragment = self._open(connection, identifier, chunk, manifest.digest_key)
            clashes = store.clashes(
                connection,
                (device.service_tag for device in fragment.devices),
                (group.name for group in fragment.groups),
                (credential.name for credential in fragment.credentials),
            )
            if clashes:
                raise RefusedError(*clashes[:_PROBLEMS_TOLD])

    def _commit(self, identifier: str) -> None:
        """Everything goes live and the decision is written, in one transaction or not at all."""
        try:
            with self._database.writing() as connection:
                key = self._digest_key(self._read(connection, identifier))
                for chunk in self._staged_chunks(connection, identifier):
                    fragment = self._open(connection, identifier, chunk, key)
                    store.add_credentials(connection, fragment.credentials, self._sealer)
                    store.add_groups(connection, fragment.groups)
                    store.add_devices(connection, fragment.devices)
                connection.execute(delete(staged_chunks).where(staged_chunks.c.migration_id == identifier))
                journal.enter(connection, identifier, Phase.COMMITTED)
        except CannotAddError as error:
            raise RefusedError(*error.problems[:_PROBLEMS_TOLD]) from error

    def _conclude(self, identifier: str, source: SourceChannel) -> Entry:
        entry = self.read(identifier)
        decided = outcome(entry.phase)
        if decided is Outcome.UNDECIDED:
            raise WrongPhaseError(message("the migration is {phase}.", phase=entry.phase))
        source.tell(identifier, decided)
        if entry.phase is Phase.COMMITTED:
            with self._database.writing() as connection:
                journal.enter(connection, identifier, Phase.DONE)
        if decided is Outcome.COMMITTED:
            source.finish(identifier)
            self._forget_problems(entry)
        return self.read(identifier)

    def _forget_problems(self, entry: Entry) -> None:
        """What once stopped a migration that is over is nobody's concern any more."""
        if entry.problems:
            with self._database.writing() as connection:
                journal.note_problems(connection, entry.id, ())

    def outcome(self, identifier: str, peer_key: str) -> Outcome:
        """The decision, for the source that asks; undecided where the migration never came here.

        Raises `UnknownMigrationError` where it is another's.
        """
        with self._database.reading() as connection:
            if not journal.is_known(connection, identifier):
                return Outcome.UNDECIDED
            return outcome(self._entry(connection, identifier, peer_key).phase)

    def abort_for(self, identifier: str, peer: Peer) -> Outcome:
        """Abort at the source's wish unless it is committed, and say what stands. The answer is final.

        A migration that never reached this console is written down as aborted, so that it cannot start
        after the source has taken its devices back. Raises `UnknownMigrationError` where the id is another's.
        """
        with self._database.writing() as connection:
            entry = self._open_record(connection, identifier, peer, Phase.ABORTED)
            return self._give_up(connection, entry, ())

    def abort(self, entry: Entry, source: SourceChannel) -> Entry:
        """Abort here unless it is committed, then let the source know."""
        decided = self._abort(entry.id)
        if decided is not Outcome.ABORTED:
            raise WrongPhaseError(
                message("the migration is committed; it can no longer be aborted."),
                advice=message("resume it, so that the source learns it too."),
            )
        source.tell(entry.id, decided)
        return self.read(entry.id)

    def _abort(self, identifier: str, problems: Sequence[Message] = ()) -> Outcome:
        with self._database.writing() as connection:
            return self._give_up(connection, self._read(connection, identifier), problems)

    def _give_up(self, connection: Connection, entry: Entry, problems: Sequence[Message]) -> Outcome:
        """Abort unless it is decided already, and say what stands."""
        decided = outcome(entry.phase)
        if decided is not Outcome.UNDECIDED:
            return decided
        connection.execute(delete(staged_chunks).where(staged_chunks.c.migration_id == entry.id))
        journal.enter(connection, entry.id, Phase.ABORTED)
        journal.note_problems(connection, entry.id, problems)
        return Outcome.ABORTED

    def read(self, identifier: str) -> Entry:
        """The record. Raises `UnknownMigrationError`."""
        with self._database.reading() as connection:
            return self._read(connection, identifier)

    def _read(self, connection: Connection, identifier: str) -> Entry:
        entry = journal.read(connection, identifier)
        if entry.role is not Role.TARGET:
            raise UnknownMigrationError(identifier)
        return entry

    def _entry(self, connection: Connection, identifier: str, peer_key: str) -> Entry:
        entry = self._read(connection, identifier)
        if entry.peer_key_sha256 != peer_key:
            raise UnknownMigrationError(identifier)
        return entry

    def _staged_chunks(self, connection: Connection, identifier: str, only: int | None = None) -> list[Chunk]:
        query = _staged(identifier, *(staged_chunks.c[name] for name in Chunk._fields))
        if only is not None:
            query = query.where(staged_chunks.c.number == only)
        rows = connection.execute(query.order_by(staged_chunks.c.number))
        return [Chunk(number, Kind(kind), records, digest) for number, kind, records, digest in rows]

    def _open(self, connection: Connection, identifier: str, chunk: Chunk, key: bytes) -> Fleet:
        payload = _staged(identifier, staged_chunks.c.payload_sealed).where(staged_chunks.c.number == chunk.number)
        try:
            packed = self._sealer.open(connection.execute(payload).scalar_one(), seal_place(identifier, chunk.number))
        except SealBrokenError as error:
            raise RefusedError(
                message("chunk {number} was changed after it had arrived.", number=chunk.number)
            ) from error
        return stream.decode(stream.unpack(packed, chunk, key), chunk)

    def _digest_key(self, entry: Entry) -> bytes:
        if entry.digest_key_sealed is None:
            raise MigrationError(message("the migration has received no promise yet."))
        return self._sealer.open(entry.digest_key_sealed, seal_place(entry.id, 0))


def _tell_of_abort(identifier: str, source: SourceChannel) -> Message:
    try:
        source.tell(identifier, Outcome.ABORTED)
    except (PeerUnreachableError, MigrationError):
        return message("nothing was changed here; resume it at the source, so that it takes its devices back.")
    return message("nothing was changed here, and the source manages its devices again.")


def _staged(identifier: str, *columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).where(staged_chunks.c.migration_id == identifier)


def seal_place(identifier: str, number: int) -> str:
    """The place that a staged chunk is sealed for, at the target; number 0 is the digest key's."""
    return f"staged:{identifier}:{number}"
