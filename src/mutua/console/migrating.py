"""Verifying and migrating as this console does it: with a peer it has met, in the background, one at a time."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from mutua.logbook.application_log import ApplicationLog
from mutua.message import Message, message
from mutua.migration import journal
from mutua.migration.channels import RemoteSource, RemoteTarget
from mutua.migration.errors import MigrationError
from mutua.migration.journal import Entry
from mutua.migration.phases import Role
from mutua.migration.source import Source
from mutua.migration.target import Target
from mutua.peering import contexts, peers
from mutua.peering.causes import Cause
from mutua.peering.channel import PeerChannel, PeerUnreachableError
from mutua.peering.identity import Identities
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole, why_no_session
from mutua.peering.standing import Standing
from mutua.peering.verify import Meeting, Verification, judge, verify
from mutua.storage.database import Database
from mutua.storage.sealing import Sealer


class Progress(NamedTuple):
    """Records staged so far, and in all."""

    done: int
    total: int


class Migrating:
    """The part of a console that deals with other consoles; to `verify`, it is one of the two ends."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        identities: Identities,
        log: ApplicationLog,
        standing: Callable[[], Standing],
    ) -> None:
        self.source = Source(database, sealer)
        self.target = Target(database, sealer)
        self.standing = standing
        self._database = database
        self._identities = identities
        self._log = log
        self._running: dict[str, threading.Thread] = {}
        self._progress: dict[str, Progress] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def meet(self, peer_address: str) -> Meeting:
        """Connect to a peer listener over mutual TLS; see `peers.meet`."""
        return peers.meet(self._database, self._client_context(), self.standing(), peer_address)

    def remote(self, address: str, user: str, password: str) -> RemoteConsole:
        """Another console's API, reached only if its certificate is below a root that this console trusts."""
        return RemoteConsole(address, user, password, contexts.public_client(self._identities.trusted_roots_pem()))

    def verify(self, remote: RemoteConsole, local_role: Role) -> Verification:
        """Verify the connection with a console that was signed in to (R19)."""
        return verify(self, remote) if local_role is Role.SOURCE else verify(remote, self)

    def no_session(self, local_role: Role, error: ConsoleUnreachableError | ConsoleRefusedError) -> tuple[Cause, ...]:
        """What is known without the other side: how far we came, and what is wrong with this side."""
        own = self.standing()
        # Judged against itself a console shows what is wrong with its own chain, and no difference.
        here = (cause for cause in judge(own, own) if cause.side == local_role)
        other = Role.TARGET if local_role is Role.SOURCE else Role.SOURCE
        return (why_no_session(other, error), *here)

    def start(self, remote: RemoteConsole, local_role: Role, verification: Verification) -> Entry:
        """Begin a migration with a console that was verified just now.

        Where the target does not take it up, the source takes its devices back at once. Raises `MigrationError`,
        `ConsoleUnreachableError` or `ConsoleRefusedError`.
        """
        source_key = verification.target_meets_source.peer_key_sha256 or ""
        target_key = verification.source_meets_target.peer_key_sha256 or ""
        if local_role is Role.SOURCE:
            entry = self.prepare(target_key)
            with _withdrawing(lambda: self.abort(entry.id)):
                remote.migrate(entry.id, source_key)
            return entry
        prepared = str(remote.prepare(target_key)["Id"])
        with _withdrawing(lambda: remote.abort(prepared)):
            return self.migrate(prepared, source_key)

    def prepare(self, peer_key_sha256: str) -> Entry:
        """As the source: quiesce and promise everything to a peer. Raises `MigrationError`."""
        return self.source.prepare(self._peer(peer_key_sha256))

    def migrate(self, identifier: str, peer_key_sha256: str) -> Entry:
        """As the target: pull what a peer has prepared, in the background. Raises `MigrationError`."""
        entry = self.target.accept(identifier, self._peer(peer_key_sha256))
        self._in_background(entry)
        return entry

    def resume(self, identifier: str) -> Entry:
        """Carry on from wherever it stands. Raises `MigrationError` or `PeerUnreachableError`."""
        entry = self.read(identifier)
        if entry.role is Role.TARGET:
            self._in_background(entry)
            return entry
        with self._channel(entry) as channel:
            return self.source.resume(entry, RemoteTarget(channel))

    def abort(self, identifier: str) -> Entry:
        """End it before it is committed. Raises `MigrationError` or `PeerUnreachableError`."""
        entry = self.read(identifier)
        with self._channel(entry) as channel:
            if entry.role is Role.TARGET:
                return self.target.abort(entry, RemoteSource(channel))
            return self.source.abort(entry, RemoteTarget(channel))

    def read(self, identifier: str) -> Entry:
        """One migration. Raises `UnknownMigrationError`."""
        with self._database.reading() as connection:
            return journal.read(connection, identifier)

    def all(self) -> list[Entry]:
        """Every migration, the newest first."""
        with self._database.reading() as connection:
            return journal.read_all(connection)

    def progress(self, identifier: str) -> Progress | None:
        """How far it has come since this process began to run it."""
        return self._progress.get(identifier)

    def is_running(self, identifier: str) -> bool:
        """Whether this process is at work on it."""
        thread = self._running.get(identifier)
        return thread is not None and thread.is_alive()

    def close(self) -> None:
        """Have what is under way stop after the present chunk; the journal carries it over a restart."""
        self._closing.set()
        for thread in list(self._running.values()):
            thread.join(timeout=10)

    def _in_background(self, entry: Entry) -> None:
        with self._lock:
            if self.is_running(entry.id):
                raise MigrationError(message("the migration is being carried on already."))
            thread = threading.Thread(target=self._run, args=(entry,), name=f"migration-{entry.id[:8]}", daemon=True)
            self._running[entry.id] = thread
            thread.start()

    def _run(self, entry: Entry) -> None:
        try:
            with self._channel(entry) as channel:
                self.target.run(entry.id, RemoteSource(channel), self._notice(entry.id))
        except PeerUnreachableError as error:
            self._stopped(entry, [message("the source was lost: {reason}.", reason=error.problem)])
        except MigrationError as error:
            self._stopped(entry, [*error.problems, *([error.advice] if error.advice else [])])
        except Exception as error:
            self._stopped(entry, [message("an internal error: {kind}.", kind=type(error).__name__)])
            raise

    def _notice(self, identifier: str) -> Callable[[int, int], None]:
        def notice(done: int, total: int) -> None:
            if self._closing.is_set():
                raise MigrationError(message("the console was stopped."), advice=message("resume the migration."))
            self._progress[identifier] = Progress(done, total)

        return notice

    def _stopped(self, entry: Entry, problems: list[Message]) -> None:
        with self._database.writing() as connection:
            journal.note_problems(connection, entry.id, problems)
        self._log.error(f"Migration {entry.id} stopped: {'; '.join(map(str, problems))}")

    def _channel(self, entry: Entry) -> PeerChannel:
        return PeerChannel(entry.peer_address, self._client_context(), entry.peer_key_sha256)

    def _peer(self, key_sha256: str) -> peers.Peer:
        with self._database.reading() as connection:
            try:
                return peers.by_key(connection, key_sha256)
            except peers.UnknownPeerError as error:
                raise MigrationError(
                    message("this console has met no such peer and found it in order."),
                    advice=message("verify the connection first."),
                ) from error

    def _client_context(self) -> ssl.SSLContext:
        return contexts.peer_client(self._identities.current().presented, self._identities.trusted_roots_pem())


_FAILURES = (MigrationError, PeerUnreachableError, ConsoleRefusedError, ConsoleUnreachableError)


@contextmanager
def _withdrawing(abort: Callable[[], object]) -> Iterator[None]:
    """Should the target not take the migration up, nobody would manage the devices until a person notices."""
    try:
        yield
    except _FAILURES:
        with suppress(*_FAILURES):
            abort()
        raise
