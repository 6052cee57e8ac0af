"""Two consoles as real processes, killed with SIGKILL in the middle of a migration: nothing is lost or doubled.

The devices go wherever the last test has left them: who is the source is whoever has them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.migration.processes import ConsoleProcess, wait_for
from tests.migration.sides import fleet
from tests.peering.certified import Authority

from mutua.inventory.records import Fleet, fleet_to_json
from mutua.migration.phases import Phase
from mutua.peering.remote import ConsoleRefusedError
from mutua.peering.verify import verify

DEVICES = 2000
CHUNKS = 1 + 1 + 10


class Two(NamedTuple):
    """The console that has the devices, and the one that will have them."""

    source: ConsoleProcess
    target: ConsoleProcess

    def begin(self) -> str:
        """Verify, prepare, and have the target begin; the id."""
        with self.source.signed_in() as at_source, self.target.signed_in() as at_target:
            verification = verify(at_source, at_target)
            assert verification.passed, verification.causes
            migration = str(at_source.prepare(verification.source_meets_target.peer_key_sha256 or "")["Id"])
            at_target.migrate(migration, verification.target_meets_source.peer_key_sha256 or "")
        return migration

    def stream(self, chunks: int) -> str:
        """Begin, and come back when so many chunks have arrived."""
        migration = self.begin()
        wait_for(lambda: self.target.staged() >= chunks or self.target.phase(migration) is Phase.COMMITTED)
        return migration

    def commit(self) -> str:
        """Begin, and come back when the target has committed; the source stands still and knows nothing of it."""
        migration = self.stream(CHUNKS)
        self.source.hold()
        wait_for(lambda: self.target.phase(migration) is Phase.COMMITTED)
        return migration

    def resume(self, migration: str, at: ConsoleProcess) -> None:
        """Carry the migration on at one of the two, and wait until nothing moves any more."""
        with at.signed_in() as console:
            console.resume(migration)
            wait_for(lambda: not console.migration(migration)["Running"])

    def phases(self, migration: str) -> tuple[Phase | None, Phase | None]:
        """The phase at either side."""
        return self.source.phase(migration), self.target.phase(migration)


def everything() -> Fleet:
    """Two thousand devices with about 1 KB each."""
    made = fleet("a", DEVICES)
    inventory = '{"components":"' + "c" * 1000 + '"}'
    return made._replace(devices=tuple(device._replace(inventory=inventory) for device in made.devices))


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two certified consoles, one of them with all the devices."""
    folder = tmp_path_factory.mktemp("processes")
    two = Two(ConsoleProcess(folder / "one", "one"), ConsoleProcess(folder / "other", "other"))
    try:
        authority = Authority.create("Inter-CA1", "Root-CA")
        for process in two:
            process.start()
            process.certify(authority, f"OMENT {process.name}")
        with two.source.signed_in() as console:
            console.post("/DeviceService/Actions/DeviceService.ImportDevices", fleet_to_json(everything()))
        yield two
    finally:
        for process in two:
            process.end()


@pytest.fixture
def two(processes: Two) -> Iterator[Two]:
    """Both run, and one of them has the devices."""
    one, other = processes
    placed = Two(one, other) if one.live() else Two(other, one)
    before = placed.source.content()
    assert len(before.devices) == DEVICES
    yield placed
    somewhere = placed.source if placed.source.content().devices else placed.target
    assert somewhere.content() == before
    assert len(somewhere.live()) == DEVICES


def check_moved(two: Two, migration: str) -> None:
    assert two.phases(migration) == (Phase.DONE, Phase.DONE)
    assert len(two.target.live()) == DEVICES
    assert two.source.content().devices == frozenset()
    assert two.target.staged() == 0


def test_the_source_dies_while_streaming(two: Two) -> None:
    migration = two.stream(2)
    two.source.kill()
    assert two.target.staged() < CHUNKS
    assert two.phases(migration) == (Phase.STREAMING, Phase.STREAMING)
    assert two.source.live() | two.target.live() == set()
    two.source.start()
    with two.target.signed_in() as console:
        wait_for(lambda: not console.migration(migration)["Running"])
        assert console.migration(migration)["Problems"]
    two.resume(migration, two.target)
    check_moved(two, migration)


def test_the_target_dies_while_streaming(two: Two) -> None:
    migration = two.stream(2)
    two.target.kill()
    arrived = two.target.staged()
    assert 2 <= arrived < CHUNKS
    two.target.start()
    assert two.target.staged() == arrived
    two.resume(migration, two.target)
    check_moved(two, migration)


def test_the_target_dies_right_after_its_commit(two: Two) -> None:
    migration = two.commit()
    two.target.kill()
    two.source.release()
    assert two.phases(migration) == (Phase.STREAMING, Phase.COMMITTED)
    two.target.start()
    with two.target.signed_in() as console, pytest.raises(ConsoleRefusedError):
        console.abort(migration)
    two.resume(migration, two.target)
    check_moved(two, migration)


def test_the_source_dies_before_it_learns_of_the_commit(two: Two) -> None:
    migration = two.commit()
    two.source.kill()
    assert two.phases(migration) == (Phase.STREAMING, Phase.COMMITTED)
    assert two.source.live() == set()
    two.source.start()
    with two.source.signed_in() as console:
        assert console.abort(migration)["Phase"] == Phase.DONE, "what is committed cannot be aborted"
    two.resume(migration, two.target)
    check_moved(two, migration)


def test_both_die_while_streaming_and_it_is_aborted(two: Two) -> None:
    migration = two.stream(2)
    for process in two:
        process.kill()
    assert two.phases(migration) == (Phase.STREAMING, Phase.STREAMING)
    for process in two:
        process.start()
    with two.source.signed_in() as console:
        assert console.abort(migration)["Phase"] == Phase.ABORTED
    assert two.phases(migration) == (Phase.ABORTED, Phase.ABORTED)
    assert len(two.source.live()) == DEVICES
    assert two.target.content().devices == frozenset()
    assert two.target.staged() == 0
