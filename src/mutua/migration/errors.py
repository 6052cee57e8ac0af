"""What can stop a migration, and whether trying again can help."""

from collections.abc import Sequence

from mutua.chain.certificate import printable
from mutua.message import Message, message


class MigrationError(Exception):
    """A migration cannot go on; `problems` say why, `advice` what to do."""

    def __init__(self, *problems: Message, advice: Message | None = None) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems: Sequence[Message] = problems
        self.advice = advice


class UnknownMigrationError(MigrationError):
    """No migration of that id concerns this console, or not together with this peer."""

    def __init__(self, identifier: str) -> None:
        super().__init__(message("there is no migration {id} with this console.", id=printable(identifier[:36])))


class WrongPhaseError(MigrationError):
    """The migration is not in a phase in which this can be done."""


class RefusedError(MigrationError):
    """The data cannot be taken: it clashes, or it is not what the source promised. The target aborts."""


class EndedError(RefusedError):
    """The source has aborted the migration by itself, which it may before it has promised anything."""

    def __init__(self) -> None:
        super().__init__(message("the source has aborted the migration."))
