"""The target's side: what it takes, what it refuses, and that its decision stands."""

from contextlib import suppress

import pytest
from sqlalchemy import update
from tests.migration.faults import Fate, MortalDatabase, SimulatedCrash, Wire, WiredSource, doom
from tests.migration.sides import Pair, ToSource, create, device, fast_folder, fleet

from mutua.inventory.records import Credential, CredentialKind, Fleet, Group
from mutua.message import message
from mutua.migration import journal, stream
from mutua.migration.errors import MigrationError, RefusedError, UnknownMigrationError, WrongPhaseError
from mutua.migration.phases import Outcome, Phase
from mutua.migration.stream import Manifest
from mutua.peering.channel import PeerUnreachableError
from mutua.storage.tables import staged_chunks

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def loaded(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """The source has nine devices, and chunks are short."""
    monkeypatch.setattr(stream, "RECORDS_PER_CHUNK", 3)
    pair.source.add(fleet("a", 9))
    return pair


def test_accepting_twice_is_once(loaded: Pair) -> None:
    identifier = loaded.prepare()
    assert loaded.target.target.accept(identifier, loaded.target.peer("source")).phase is Phase.PREPARED
    loaded.run(identifier)
    assert loaded.target.target.accept(identifier, loaded.target.peer("source")).phase is Phase.DONE


def test_what_was_aborted_is_not_accepted(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.target.target.abort(loaded.target.entry(identifier), loaded.to_source)
    with pytest.raises(WrongPhaseError):
        loaded.target.target.accept(identifier, loaded.target.peer("source"))


def test_an_abort_that_overtakes_the_migration_keeps_it_out(loaded: Pair) -> None:
    entry = loaded.source.source.prepare(loaded.source.meet("target"))
    peer = loaded.target.meet("source")
    assert loaded.target.target.abort_for(entry.id, peer) is Outcome.ABORTED
    assert loaded.target.phases(entry.id) == [Phase.ABORTED]
    with pytest.raises(WrongPhaseError):
        loaded.target.target.accept(entry.id, peer)


@pytest.mark.parametrize("identifier", ["", "x", "../../outcome", "0" * 36, "\ud800" * 36, f"{NOWHERE}\n"], ids=ascii)
def test_only_identifiers_are_taken_down(pair: Pair, identifier: str) -> None:
    peer = pair.target.meet("source")
    with pytest.raises(UnknownMigrationError):
        pair.target.target.accept(identifier, peer)
    with pytest.raises(UnknownMigrationError):
        pair.target.target.abort_for(identifier, peer)
    assert pair.target.target.abort_for(NOWHERE, peer) is Outcome.ABORTED


def test_a_migration_of_another_peer_is_unknown(loaded: Pair) -> None:
    identifier = loaded.prepare()
    stranger = loaded.target.meet("stranger")
    with pytest.raises(UnknownMigrationError):
        loaded.target.target.accept(identifier, stranger)
    with pytest.raises(UnknownMigrationError):
        loaded.target.target.abort_for(identifier, stranger)
    with pytest.raises(UnknownMigrationError):
        loaded.target.target.outcome(identifier, stranger.key_sha256)
    assert loaded.target.phase(identifier) is Phase.PREPARED
    assert loaded.target.target.outcome(identifier, loaded.source.key) is Outcome.UNDECIDED


def test_a_migration_that_leaves_this_console_does_not_come_to_it(loaded: Pair) -> None:
    entry = loaded.source.source.prepare(loaded.source.meet("target"))
    peer = loaded.source.peer("target")
    with pytest.raises(UnknownMigrationError):
        loaded.source.target.accept(entry.id, peer)
    with pytest.raises(UnknownMigrationError):
        loaded.source.target.abort_for(entry.id, peer)
    assert loaded.source.phase(entry.id) is Phase.PREPARED


def test_of_what_never_came_nothing_is_decided(pair: Pair) -> None:
    assert pair.target.target.outcome(NOWHERE, pair.target.meet("source").key_sha256) is Outcome.UNDECIDED


CLASHES = {
    "device": (Fleet((device("a4"),)), "a device with service tag a4 is already here."),
    "group": (Fleet(groups=(Group("a sub"),)), "a group named a sub is already here."),
    "credential": (
        Fleet(credentials=(Credential("a c2", CredentialKind.SSH, "", ""),)),
        "a credential named a c2 is already here.",
    ),
}


@pytest.mark.parametrize("kind", CLASHES)
def test_whatever_clashes_leaves_both_sides_as_they_were(loaded: Pair, kind: str) -> None:
    there, problem = CLASHES[kind]
    loaded.target.add(there)
    before = [side.content() for side in loaded]
    identifier = loaded.prepare()
    with pytest.raises(RefusedError) as refused:
        loaded.run(identifier)
    assert [str(told) for told in refused.value.problems] == [problem]
    assert "the source manages its devices again" in str(refused.value.advice)
    assert loaded.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert [side.content() for side in loaded] == before
    assert loaded.source.live() == loaded.source.held()
    assert loaded.target.staged() == 0
    assert [str(told) for told in loaded.target.entry(identifier).problems] == [problem]


def test_what_comes_in_between_validation_and_commit_still_clashes(monkeypatch: pytest.MonkeyPatch) -> None:
    with fast_folder() as folder:
        pair = Pair(create(folder, "source"), create(folder, "target", MortalDatabase))
        pair.source.add(fleet("a", 9))
        identifier = pair.prepare()
        doom(pair.target, 2 * (1 + 3 + 1))
        with pytest.raises(SimulatedCrash):
            pair.run(identifier)
        assert pair.target.phase(identifier) is Phase.VALIDATED
        pair.target.add(Fleet((device("a4"),)))
        with pytest.raises(RefusedError, match="a4"):
            pair.run(identifier)
        assert pair.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
        assert pair.target.held() == {"a4"}
        assert len(pair.source.live()) == 9
        for side in pair:
            side.database.close()


def test_a_refusal_that_the_source_does_not_hear_says_what_to_do(loaded: Pair) -> None:
    loaded.target.add(Fleet((device("a4"),)))
    identifier = loaded.prepare()
    asked = 1 + loaded.source.entry(identifier).chunks
    way = WiredSource(Wire([Fate.ARRIVES] * asked + [Fate.REQUEST_LOST]), loaded.source, "target")
    with pytest.raises(RefusedError) as refused:
        loaded.target.target.run(identifier, way)
    assert "resume it at the source" in str(refused.value.advice)
    assert loaded.phases(identifier) == (Phase.STREAMING, Phase.ABORTED)
    loaded.source.source.resume(loaded.source.entry(identifier), loaded.to_target)
    assert len(loaded.source.live()) == 9


def test_a_source_that_refuses_to_hear_does_not_hide_the_reason(loaded: Pair) -> None:
    class Deaf(ToSource):
        def tell(self, migration: str, decided: Outcome) -> None:
            raise MigrationError(message("no {what} of {id}", what=decided, id=migration))

    loaded.target.add(Fleet((device("a4"),)))
    identifier = loaded.prepare()
    with pytest.raises(RefusedError, match="a4"):
        loaded.target.target.run(identifier, Deaf(loaded.source, "target"))
    assert loaded.target.phase(identifier) is Phase.ABORTED


def test_after_the_commit_nothing_aborts(loaded: Pair) -> None:
    identifier = loaded.prepare()
    before_it_is_told = [Fate.ARRIVES] * (1 + loaded.source.entry(identifier).chunks)
    with pytest.raises(PeerUnreachableError):
        loaded.target.target.run(
            identifier, WiredSource(Wire([*before_it_is_told, Fate.REQUEST_LOST]), loaded.source, "target")
        )
    assert loaded.phases(identifier) == (Phase.STREAMING, Phase.COMMITTED)
    with pytest.raises(WrongPhaseError, match="can no longer be aborted"):
        loaded.target.target.abort(loaded.target.entry(identifier), loaded.to_source)
    assert loaded.target.target.abort_for(identifier, loaded.target.peer("source")) is Outcome.COMMITTED
    assert loaded.source.source.abort(loaded.source.entry(identifier), loaded.to_target).phase is Phase.DONE
    assert len(loaded.target.live()) == 9


def test_before_the_commit_the_target_aborts_even_alone(loaded: Pair) -> None:
    identifier = loaded.prepare()
    way = WiredSource(Wire([Fate.REQUEST_LOST]), loaded.source, "target")
    with pytest.raises(PeerUnreachableError):
        loaded.target.target.abort(loaded.target.entry(identifier), way)
    assert loaded.target.phase(identifier) is Phase.ABORTED
    loaded.run(identifier)
    assert loaded.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert len(loaded.source.live()) == 9


def test_an_abort_while_chunks_arrive_ends_it(loaded: Pair) -> None:
    identifier = loaded.prepare()

    def abort_halfway(done: int, _total: int) -> None:
        if done > 6:
            loaded.target.target.abort_for(identifier, loaded.target.peer("source"))

    with pytest.raises(WrongPhaseError, match="ended by somebody else"):
        loaded.target.target.run(identifier, loaded.to_source, abort_halfway)
    assert loaded.target.phase(identifier) is Phase.ABORTED
    assert loaded.target.staged() == 0
    assert loaded.target.held() == set()


def test_an_abort_after_the_last_chunk_ends_it_without_a_wrong_reason(loaded: Pair) -> None:
    identifier = loaded.prepare()

    def abort_at_the_end(done: int, total: int) -> None:
        if done == total:
            loaded.target.target.abort_for(identifier, loaded.target.peer("source"))

    with pytest.raises(WrongPhaseError, match="ended by somebody else"):
        loaded.target.target.run(identifier, loaded.to_source, abort_at_the_end)
    assert loaded.target.entry(identifier).problems == ()


def test_two_runs_at_once_make_one_migration(loaded: Pair) -> None:
    identifier = loaded.prepare()
    before = loaded.source.content()

    def another_begins(done: int, _total: int) -> None:
        if done == 6:
            # It loses the source after the chunk that the first run is about to fetch.
            way = WiredSource(Wire([Fate.ARRIVES] * 2 + [Fate.REQUEST_LOST]), loaded.source, "target")
            with suppress(PeerUnreachableError):
                loaded.target.target.run(identifier, way)

    assert loaded.target.target.run(identifier, loaded.to_source, another_begins).phase is Phase.DONE
    assert loaded.target.content() == before


def test_a_commit_by_another_run_is_not_taken_for_an_abort(loaded: Pair) -> None:
    """The source must never hear "aborted" of what is committed, or both would manage the devices."""

    class Confusing(ToSource):
        def manifest(self, migration: str) -> Manifest:
            with suppress(PeerUnreachableError):
                chunks = loaded.source.entry(migration).chunks
                way = WiredSource(Wire([Fate.ARRIVES] * (1 + chunks) + [Fate.REQUEST_LOST]), loaded.source, "target")
                loaded.target.target.run(migration, way)
            raise RefusedError(message("nonsense"))

    identifier = loaded.prepare()
    assert loaded.target.target.run(identifier, Confusing(loaded.source, "target")).phase is Phase.DONE
    assert loaded.phases(identifier) == (Phase.DONE, Phase.DONE)
    assert loaded.source.held() == set()


def test_streaming_goes_on_at_the_first_chunk_that_is_missing(loaded: Pair) -> None:
    asked: list[int] = []

    class Counting(WiredSource):
        def chunk(self, migration: str, number: int) -> bytes:
            asked.append(number)
            return super().chunk(migration, number)

    identifier = loaded.prepare()
    chunks = loaded.source.entry(identifier).chunks
    with pytest.raises(PeerUnreachableError):
        loaded.target.target.run(
            identifier, Counting(Wire([Fate.ARRIVES] * 3 + [Fate.REQUEST_LOST]), loaded.source, "target")
        )
    assert asked == [1, 2, 3]
    asked.clear()
    loaded.target.target.run(identifier, Counting(Wire(), loaded.source, "target"))
    assert asked == list(range(3, chunks + 1))


def test_progress_counts_records(loaded: Pair) -> None:
    told: list[tuple[int, int]] = []
    identifier = loaded.prepare()
    loaded.target.target.run(identifier, loaded.to_source, lambda done, total: told.append((done, total)))
    assert told == [(done, 15) for done in (3, 6, 9, 12, 15)]


def test_what_stopped_it_is_forgotten_when_it_is_done(loaded: Pair) -> None:
    """Also what stopped it so late that all was decided: the source did not hear that it is over."""
    identifier = loaded.prepare()
    up_to_the_end = [Fate.ARRIVES] * (1 + loaded.source.entry(identifier).chunks + 1)
    way = WiredSource(Wire([*up_to_the_end, Fate.REQUEST_LOST]), loaded.source, "target")
    with pytest.raises(PeerUnreachableError):
        loaded.target.target.run(identifier, way)
    assert loaded.phases(identifier) == (Phase.RELEASED, Phase.DONE)
    with loaded.target.database.writing() as connection:
        journal.note_problems(connection, identifier, [message("the source was lost.")])
    loaded.run(identifier)
    assert loaded.phases(identifier) == (Phase.DONE, Phase.DONE)
    assert loaded.target.entry(identifier).problems == ()


def test_a_staged_chunk_that_was_changed_on_the_disk_aborts(loaded: Pair) -> None:
    identifier = loaded.prepare()
    with pytest.raises(PeerUnreachableError):
        loaded.target.target.run(
            identifier, WiredSource(Wire([Fate.ARRIVES] * 3 + [Fate.REQUEST_LOST]), loaded.source, "target")
        )
    with loaded.target.database.writing() as connection:
        connection.execute(update(staged_chunks).where(staged_chunks.c.number == 1).values(payload_sealed=b"x" * 99))
    with pytest.raises(RefusedError, match="chunk 1 was changed after it had arrived"):
        loaded.run(identifier)
    assert loaded.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)


def test_problems_can_be_said_in_any_language_later(loaded: Pair) -> None:
    identifier = loaded.prepare()
    problem = message(
        "{where}: expected {expected}, {count:,}", where="x", expected=message("a {kind}", kind="y"), count=1000
    )
    with loaded.target.database.writing() as connection:
        journal.note_problems(connection, identifier, [problem])
    assert loaded.target.entry(identifier).problems == (problem,)
    assert str(loaded.target.entry(identifier).problems[0]) == "x: expected a y, 1,000"


def test_a_phase_is_entered_once_and_in_order(loaded: Pair) -> None:
    identifier = loaded.prepare()
    with loaded.target.database.writing() as connection:
        journal.enter(connection, identifier, Phase.PREPARED)
        with pytest.raises(WrongPhaseError):
            journal.enter(connection, identifier, Phase.COMMITTED)
        with pytest.raises(UnknownMigrationError):
            journal.enter(connection, NOWHERE, Phase.STREAMING)
    assert loaded.target.phases(identifier) == [Phase.PREPARED]


@pytest.mark.parametrize("decided", [Phase.COMMITTED, Phase.DONE])
def test_the_record_itself_lets_nothing_abort_after_the_commit(loaded: Pair, decided: Phase) -> None:
    identifier = loaded.prepare()
    order = [Phase.STREAMING, Phase.VALIDATED, Phase.COMMITTED, Phase.DONE]
    with loaded.target.database.writing() as connection:
        for phase in order[: order.index(decided) + 1]:
            journal.enter(connection, identifier, phase)
        for other in set(Phase) - {decided, Phase.DONE}:
            with pytest.raises(WrongPhaseError):
                journal.enter(connection, identifier, other)


@pytest.mark.parametrize("undecided", [Phase.PREPARED, Phase.STREAMING, Phase.VALIDATED])
def test_before_the_commit_everything_aborts(loaded: Pair, undecided: Phase) -> None:
    identifier = loaded.prepare()
    order = [Phase.PREPARED, Phase.STREAMING, Phase.VALIDATED]
    with loaded.target.database.writing() as connection:
        for phase in order[: order.index(undecided) + 1]:
            journal.enter(connection, identifier, phase)
    assert loaded.target.target.abort_for(identifier, loaded.target.peer("source")) is Outcome.ABORTED
    assert loaded.target.phase(identifier) is Phase.ABORTED
