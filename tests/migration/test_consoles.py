"""Migrations between two running consoles, over real mutual TLS."""

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migration import contents
from tests.migration.moving import Consoles, add, content, file_of, two_consoles, wait_until
from tests.migration.sides import device, fleet
from tests.peering.certified import Authority, certify
from tests.running import PASSWORD, USER

from mutua.inventory.records import Fleet
from mutua.message import message
from mutua.migration import stream
from mutua.migration.errors import MigrationError
from mutua.migration.phases import Phase, Role
from mutua.migration.source import Source
from mutua.peering.channel import PeerUnreachableError
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Inter-CA1", "Root-CA")


@pytest.fixture
def consoles(tmp_path: Path, authority: Authority) -> Iterator[Consoles]:
    """A source with nine devices and a target, which have verified each other."""
    with two_consoles(tmp_path, authority) as two:
        add(two.source, fleet("a", 9))
        yield two


class Gate:
    """Holds the source up before it sends a chunk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        send = Source.chunk

        def hold(source: Source, identifier: str, peer_key: str, number: int) -> bytes:
            if number == before:
                self.reached.set()
                assert self.opened.wait(30)
            return send(source, identifier, peer_key, number)

        monkeypatch.setattr(Source, "chunk", hold)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Chunks are short, and the fourth is not sent before the test says so."""
    monkeypatch.setattr(stream, "RECORDS_PER_CHUNK", 3)
    held = Gate(monkeypatch, 4)
    yield held
    held.opened.set()


def test_devices_move_and_come_back(consoles: Consoles) -> None:
    before = content(consoles.source)
    moved = consoles.move()
    assert consoles.phases(moved.id) == (Phase.DONE, Phase.DONE)
    assert moved.problems == ()
    assert content(consoles.target) == before
    assert content(consoles.source).devices == frozenset()
    back = Consoles(consoles.target, consoles.source, consoles.authority)
    assert back.move().phase is Phase.DONE
    assert content(consoles.source) == before


def test_progress_is_told_while_it_streams(consoles: Consoles, gate: Gate) -> None:
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    migrating = consoles.target.console.migrating
    assert migrating.is_running(identifier)
    progress = migrating.progress(identifier)
    assert progress is not None
    assert (progress.done, progress.total) == (9, 15)
    gate.opened.set()
    consoles.wait(identifier)
    assert migrating.progress(identifier) == (15, 15)


def test_it_is_carried_on_once_at_a_time(consoles: Consoles, gate: Gate) -> None:
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    with pytest.raises(MigrationError, match="carried on already"):
        consoles.target.console.migrating.resume(identifier)
    with pytest.raises(MigrationError, match="carried on already"):
        consoles.migrate(identifier)
    gate.opened.set()
    assert consoles.wait(identifier).phase is Phase.DONE


def test_many_who_resume_at_the_same_moment_start_it_once(consoles: Consoles, gate: Gate) -> None:
    identifier = consoles.prepare().id
    refused: list[MigrationError] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait(10)
        try:
            consoles.migrate(identifier)
        except MigrationError as error:
            refused.append(error)

    threads = [threading.Thread(target=start) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    gate.opened.set()
    assert consoles.wait(identifier).phase is Phase.DONE


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_abort_while_it_runs_gives_everything_back(consoles: Consoles, gate: Gate, side: str) -> None:
    before = content(consoles.source)
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    console = consoles.source if side == "source" else consoles.target
    assert console.console.migrating.abort(identifier).phase is Phase.ABORTED
    gate.opened.set()
    assert consoles.wait(identifier).phase is Phase.ABORTED
    assert consoles.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert content(consoles.source) == before
    assert content(consoles.target).devices == frozenset()


def test_devices_that_come_in_meanwhile_stay_with_the_source(consoles: Consoles, gate: Gate) -> None:
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    add(consoles.source, fleet("late", 4))
    gate.opened.set()
    assert consoles.wait(identifier).phase is Phase.DONE
    assert {row[0] for row in content(consoles.source).devices} == {f"late{number}" for number in range(4)}
    assert {row[0] for row in content(consoles.target).devices} == {f"a{number}" for number in range(9)}


def test_a_clash_is_told_and_changes_nothing(consoles: Consoles) -> None:
    add(consoles.target, Fleet((device("a3"),)))
    before = content(consoles.source), content(consoles.target)
    ended = consoles.move()
    assert consoles.phases(ended.id) == (Phase.ABORTED, Phase.ABORTED)
    assert [str(problem) for problem in ended.problems] == [
        "a device with service tag a3 is already here.",
        "nothing was changed here, and the source manages its devices again.",
    ]
    assert (content(consoles.source), content(consoles.target)) == before
    log = consoles.target.console.log.path.read_text()
    assert f"Migration {ended.id} stopped: a device with service tag a3 is already here." in log


@pytest.mark.parametrize("who", ["source", "target"])
def test_a_certificate_that_is_renewed_meanwhile_does_not_strand_the_devices(
    consoles: Consoles, gate: Gate, who: str
) -> None:
    """The pins on both sides name a key that is gone; verifying again gives them the new one."""
    before = content(consoles.source)
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    consoles.target.console.migrating._closing.set()
    gate.opened.set()
    stopped = consoles.wait(identifier)
    assert stopped.phase is Phase.STREAMING
    assert [str(problem) for problem in stopped.problems] == ["the console was stopped.", "resume the migration."]
    consoles.target.console.migrating._closing.clear()

    renewed = consoles.source if who == "source" else consoles.target
    certify(renewed.console, consoles.authority, "OMENT-310" if who == "source" else "OMENT-400")
    consoles.target.console.migrating.resume(identifier)
    stranded = consoles.wait(identifier)
    assert stranded.phase is Phase.STREAMING
    assert "verify the connection again" in str(stranded.problems[-1])

    consoles.verify()
    consoles.target.console.migrating.resume(identifier)
    ended = consoles.wait(identifier)
    assert consoles.phases(identifier) == (Phase.DONE, Phase.DONE)
    assert ended.problems == ()
    assert content(consoles.target) == before


def test_a_renewal_after_the_commit_does_not_strand_them_either(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_anything: object) -> None:
        raise MigrationError

    with monkeypatch.context() as patch:
        patch.setattr(Source, "learn", deaf)
        committed = consoles.move()
    assert consoles.phases(committed.id) == (Phase.STREAMING, Phase.COMMITTED)
    certify(consoles.target.console, consoles.authority, "OMENT-400")
    with pytest.raises(MigrationError, match="another console answers"):
        consoles.source.console.migrating.resume(committed.id)
    consoles.verify()
    assert consoles.source.console.migrating.resume(committed.id).phase is Phase.DONE
    assert content(consoles.source).devices == frozenset()
    assert len(content(consoles.target).devices) == 9


def test_a_target_that_is_not_verified_gets_nothing(consoles: Consoles) -> None:
    with pytest.raises(MigrationError, match="met no such peer"):
        consoles.source.console.migrating.prepare("0" * 64)
    assert consoles.prepare().phase is Phase.PREPARED


def test_a_source_that_the_target_does_not_reach_waits(tmp_path: Path, authority: Authority) -> None:
    with two_consoles(tmp_path, authority) as two:
        add(two.source, fleet("a", 3))
        with two.source.console.database.writing() as connection:
            connection.exec_driver_sql("UPDATE peers SET address = '127.0.0.1:1'")
        identifier = two.prepare().id
        with pytest.raises(PeerUnreachableError):
            two.source.console.migrating.resume(identifier)
        assert two.source.console.migrating.read(identifier).phase is Phase.PREPARED
        assert two.source.console.migrating.abort(identifier).phase is Phase.ABORTED
        assert len(two.source.console.migrating.all()) == 1


@pytest.mark.parametrize("role", list(Role))
def test_a_start_that_the_other_side_refuses_leaves_nothing_quiesced(consoles: Consoles, role: Role) -> None:
    """The target has forgotten the source: it will not take the migration up."""
    here, there = (consoles.source, consoles.target) if role is Role.SOURCE else (consoles.target, consoles.source)
    with there.remote() as remote:
        verification = here.console.migrating.verify(remote, role)
        with consoles.target.console.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM peers")
        with pytest.raises((ConsoleRefusedError, MigrationError)):
            here.console.migrating.start(remote, role, verification)
        assert [entry.phase for entry in consoles.source.console.migrating.all()] == [Phase.ABORTED]
        consoles.verify()
        verification = here.console.migrating.verify(remote, role)
        started = here.console.migrating.start(remote, role, verification)
    consoles.wait(started.id)
    assert consoles.phases(started.id) == (Phase.DONE, Phase.DONE)


def test_a_start_whose_answer_is_lost_leaves_nothing_in_between(
    consoles: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(remote: RemoteConsole, _migration: str, _key: str) -> dict[str, object]:
        raise ConsoleUnreachableError(remote.address, message("lost"))

    monkeypatch.setattr(RemoteConsole, "migrate", lost)
    with consoles.target.remote() as remote:
        verification = consoles.source.console.migrating.verify(remote, Role.SOURCE)
        with pytest.raises(ConsoleUnreachableError):
            consoles.source.console.migrating.start(remote, Role.SOURCE, verification)
    assert [entry.phase for entry in consoles.source.console.migrating.all()] == [Phase.ABORTED]


def test_a_console_that_closes_stops_after_the_present_chunk(consoles: Consoles, gate: Gate) -> None:
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    closing = threading.Thread(target=consoles.target.console.migrating.close)
    closing.start()
    wait_until(consoles.target.console.migrating._closing.is_set)
    gate.opened.set()
    closing.join(10)
    assert not consoles.target.console.migrating.is_running(identifier)
    assert consoles.phases(identifier) == (Phase.STREAMING, Phase.STREAMING)


def test_no_secret_is_ever_in_the_clear_on_a_disk(consoles: Consoles, gate: Gate) -> None:
    """Passwords and private keys, on both sides, while chunks are staged and when all is done."""
    secrets = [f"a secret {number}".encode() for number in (1, 2)]
    identifier = consoles.prepare().id
    consoles.migrate(identifier)
    assert gate.reached.wait(30)
    assert find_in_files(consoles, b"a sub"), "the search finds what is there"
    found_while_staged = [secret for secret in (*secrets, *MARKS) if find_in_files(consoles, secret)]
    payloads = contents.rows(file_of(consoles.target), "SELECT payload_sealed FROM staged_chunks")
    assert len(payloads) == 3
    for (payload,) in payloads:
        with pytest.raises(zlib.error):
            zlib.decompress(payload)
    gate.opened.set()
    assert consoles.wait(identifier).phase is Phase.DONE
    assert ("a c1", "redfish", "root", secrets[0]) in content(consoles.target).credentials
    assert found_while_staged == []
    assert [secret for secret in (*secrets, *MARKS) if find_in_files(consoles, secret)] == []


MARKS = (b"PRIVATE KEY", PASSWORD.encode(), f"{USER}:{PASSWORD}".encode())


def find_in_files(consoles: Consoles, wanted: bytes) -> list[Path]:
    """The files of both state folders, the write-ahead log included, that hold some bytes."""
    folders = (file_of(console).parent for console in (consoles.source, consoles.target))
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert any(file.name == "console.db-wal" for file in files)
    return [file for file in files if wanted in file.read_bytes()]


def test_no_private_key_is_ever_in_the_clear_on_a_disk(consoles: Consoles) -> None:
    """Not even as DER: the bytes of the secret number itself are looked for."""
    for console in (consoles.source, consoles.target):
        key = console.console.identity.presented.key
        numbers = key.private_numbers()
        secret = numbers.private_value.to_bytes(32, "big")  # type: ignore[union-attr]  # All keys here are EC.
        public = numbers.public_numbers.x.to_bytes(32, "big")  # type: ignore[union-attr]
        assert find_in_files(consoles, secret) == []
        assert find_in_files(consoles, public) == [], "certificates are kept in PEM"
