"""The console itself: what it is made of, and what the API, the pages and the peers may ask of it."""

import socket
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from mutua import __version__
from mutua.authority.keys import KeyType
from mutua.authority.request import (
    InvalidAlternativeName,
    InvalidDistinguishedName,
    Subject,
    distinguished_name,
    parse_name,
    parse_names,
)
from mutua.chain import Profile
from mutua.console.accounts import Accounts, Session
from mutua.console.api.errors import invalid_value, missing_value
from mutua.console.migrating import Migrating
from mutua.console.users import AccountRefusedError, User, Users
from mutua.inventory.store import add_built_in_groups
from mutua.logbook.application_log import ApplicationLog, Operation
from mutua.message import message
from mutua.peering import contexts
from mutua.peering.contexts import Replaceable
from mutua.peering.identity import Answer, Identities, Identity
from mutua.peering.standing import Standing
from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError
from mutua.storage.settings import guid
from mutua.storage.state import StateFolder, StateFolderError

_OPERATIONS = {Profile.MIGRATION: Operation.UPLOAD_CHAIN, Profile.SERVER: Operation.UPLOAD_CERTIFICATE}


class Addresses(NamedTuple):
    """Where a console listens. `host` is the name or address that others reach it by; X.509 must be able to hold it."""

    host: str
    port: int
    peer_port: int

    @property
    def public(self) -> str:
        """host:port of the public listener."""
        return f"{self._host}:{self.port}"

    @property
    def peers(self) -> str:
        """host:port of the peer listener."""
        return f"{self._host}:{self.peer_port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


class Console:
    """One running console."""

    def __init__(self, state: StateFolder, database: Database, name: str, addresses: Addresses) -> None:
        self.state = state
        self.database = database
        self.name = name
        self.addresses = addresses
        self.sealer = state.sealer()
        self.guid = guid(database)
        self.accounts = Accounts(database)
        self.users = Users(database)
        self.identities = Identities(database, self.sealer)
        self.log = ApplicationLog(state.logs)
        if not self.identities.has_identity():
            self._create_first_identity()
        self.identity = self.identities.current()
        roots = self.identities.trusted_roots_pem()
        self.public_tls = Replaceable(contexts.public_listener(self.identity.presented))
        self.peer_tls = Replaceable(contexts.peer_listener(self.identity.presented, roots))
        self.migrating = Migrating(database, self.sealer, self.identities, self.log, self.standing)
        self._uploading = threading.Lock()
        self._publish()

    @classmethod
    def open(cls, folder: Path, name: str, addresses: Addresses) -> Self:
        """Open a state folder, making what a first start needs. Raises `StateFolderError`."""
        with ExitStack() as opened:
            state = StateFolder.open(folder)
            opened.callback(state.close)
            database = Database.open(state.database_url)
            opened.callback(database.close)
            with database.writing() as connection:
                add_built_in_groups(connection)
            try:
                console = cls(state, database, name, addresses)
            except SealBrokenError as error:
                raise StateFolderError(
                    message("the sealing key in {path} does not fit the database there.", path=state.path),
                    message("bring both back from the same backup."),
                ) from error
            opened.pop_all()
            return console

    def close(self) -> None:
        """Let go of the database and the folder."""
        self.migrating.close()
        self.database.close()
        self.state.close()

    def create_administrator(self, name: str, password: str, *, must_change_password: bool = False) -> None:
        """The first user."""
        self.users.add_first(name, password, must_change_password=must_change_password)

    def change_own_password(self, user: User, current: str, new: str, address: str, session: Session | None) -> None:
        """Give a user another password and end all their sessions but this one.

        Raises `AccountRefusedError`, and `TooManyFailuresError`: the current password can be guessed here too.
        """
        if self.accounts.prove(user.name, current, address) is None:
            raise AccountRefusedError("CurrentPassword", message("it is not the current password."))
        if new == current:
            raise AccountRefusedError("NewPassword", message("it is the current password; choose another one."))
        self.users.change_own_password(user, new, session.id if session else None)

    def standing(self) -> Standing:
        """What this console says of itself to others."""
        return Standing(
            self.name,
            __version__,
            datetime.now(UTC),
            self.identity.kind,
            self.identity.certificates,
            self.addresses.peers,
        )

    def generate_request(self, subject: Subject, names: str, key_type: KeyType = KeyType.RSA_2048) -> str:
        """A signing request (PEM). Raises `InvalidDistinguishedName` (R11) or `InvalidAlternativeName`.

        A refusal is written to the application log (R18).
        """
        try:
            distinguished_name(subject)
            return self.identities.generate_request(subject, parse_names(names), key_type)
        except InvalidDistinguishedName as error:
            self.log.refusal(Operation.GENERATE_CSR, missing_value(error.property).refusal.body())
            raise
        except InvalidAlternativeName:
            self.log.refusal(Operation.GENERATE_CSR, invalid_value("San").refusal.body())
            raise

    def upload(self, data: bytes, profile: Profile) -> Answer:
        """Take or refuse an uploaded chain or certificate; what is taken serves the next handshake.

        A refusal changes nothing and is written to the application log (R18).
        Raises `chain.InputTooLargeError`.
        """
        with self._uploading:
            answer = self.identities.upload(data, profile)
            if answer.identity is not None:
                self._present(answer.identity)
        if answer.refusal is not None:
            self.log.refusal(_OPERATIONS[profile], answer.refusal.body())
        return answer

    def _present(self, identity: Identity) -> None:
        self.identity = identity
        self.public_tls.replace(contexts.public_listener(identity.presented))
        self.peer_tls.replace(contexts.peer_listener(identity.presented, self.identities.trusted_roots_pem()))
        self._publish()

    def _create_first_identity(self) -> None:
        names = [parse_name(name) for name in (self.addresses.host, "localhost", "127.0.0.1", "::1")]
        with suppress(InvalidAlternativeName):
            names.append(parse_name(socket.gethostname()))
        self.identities.create_self_signed(self.addresses.host, list(dict.fromkeys(names)))

    def _publish(self) -> None:
        self.state.publish(self.state.certificate, self.identity.pem)
        self.state.publish(self.state.trusted_roots, self.identities.trusted_roots_pem().encode())
