"""Everything that can go wrong between two consoles: messages that are lost or come twice, and sudden deaths."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TypeVar

from sqlalchemy import Connection, Engine
from tests.migration.sides import Side, ToSource, ToTarget

from mutua.message import message
from mutua.migration.errors import EndedError, MigrationError
from mutua.migration.phases import Outcome
from mutua.migration.stream import Manifest
from mutua.peering.channel import PeerUnreachableError
from mutua.storage.database import Database

T = TypeVar("T")


class SimulatedCrash(BaseException):
    """The process of one side is gone. Nothing in the program may catch it."""

    def __init__(self, database: "MortalDatabase") -> None:
        super().__init__()
        self.database = database


class MortalDatabase(Database):
    """A real database whose process dies when told to: just before a commit, or just after it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._left: int | None = None

    def die_at(self, boundary: int | None) -> None:
        """Die at the n-th commit boundary from now, counted from 1; each transaction has two. None: live."""
        self._left = boundary

    @property
    def doomed(self) -> bool:
        """Whether its death is still to come."""
        return self._left is not None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
            self._pass_boundary()
        self._pass_boundary()

    def _pass_boundary(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._left = None
                raise SimulatedCrash(self)


def doom(side: Side, boundary: int | None) -> None:
    """Have a side die at the n-th commit boundary from now."""
    assert isinstance(side.database, MortalDatabase)
    side.database.die_at(boundary)


def is_doomed(side: Side) -> bool:
    """Whether a side's death is still to come."""
    return isinstance(side.database, MortalDatabase) and side.database.doomed


class Fate(Enum):
    """What becomes of a message and its answer."""

    ARRIVES = "arrives"
    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    TWICE = "arrives twice"
    LATE = "arrives when nobody waits for it any more"
    MEANWHILE = "arrives after something else has happened"


class Wire:
    """Carries messages, each to its fate; beyond the fates that were given, all arrive. `late` holds what is late."""

    def __init__(
        self,
        fates: Iterable[Fate] = (),
        late: list[Callable[[], object]] | None = None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        self._fates = iter(fates)
        self.late = [] if late is None else late
        self._meanwhile = meanwhile
        self.carried = 0

    def carry(self, remote: Side, request: Callable[[], T]) -> T:
        """The answer. Raises `PeerUnreachableError` where there is none."""
        self.carried += 1
        fate = next(self._fates, Fate.ARRIVES)
        if fate is Fate.LATE:
            self.late.append(request)
        if fate in (Fate.REQUEST_LOST, Fate.LATE):
            raise _lost()
        if fate is Fate.MEANWHILE:
            deliver(remote, self._meanwhile)
        answer = deliver(remote, request)
        if fate is Fate.TWICE:
            answer = deliver(remote, request)
        if fate is Fate.ANSWER_LOST:
            raise _lost()
        return answer


def deliver(remote: Side, request: Callable[[], T]) -> T:
    """Have a side answer. Its death is a broken connection to the other; what it refuses is a refusal."""
    try:
        return request()
    except SimulatedCrash as crash:
        if crash.database is not remote.database:
            raise
        remote.reopen()
        raise _lost() from crash
    except EndedError:
        raise
    except MigrationError as error:
        raise MigrationError(*error.problems) from error


def _lost() -> PeerUnreachableError:
    return PeerUnreachableError(message("lost"))


class WiredSource(ToSource):
    """The target's way to the source, over a wire."""

    def __init__(self, wire: Wire, source: Side, caller: str) -> None:
        super().__init__(source, caller)
        self._wire = wire

    def manifest(self, migration: str) -> Manifest:
        return self._wire.carry(self._side, lambda: super(WiredSource, self).manifest(migration))

    def chunk(self, migration: str, number: int) -> bytes:
        return self._wire.carry(self._side, lambda: super(WiredSource, self).chunk(migration, number))

    def tell(self, migration: str, decided: Outcome) -> None:
        self._wire.carry(self._side, lambda: super(WiredSource, self).tell(migration, decided))

    def finish(self, migration: str) -> None:
        self._wire.carry(self._side, lambda: super(WiredSource, self).finish(migration))


class WiredTarget(ToTarget):
    """The source's way to the target, over a wire."""

    def __init__(self, wire: Wire, target: Side, caller: str) -> None:
        super().__init__(target, caller)
        self._wire = wire

    def outcome(self, migration: str) -> Outcome:
        return self._wire.carry(self._side, lambda: super(WiredTarget, self).outcome(migration))

    def abort(self, migration: str) -> Outcome:
        return self._wire.carry(self._side, lambda: super(WiredTarget, self).abort(migration))
