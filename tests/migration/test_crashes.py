"""Every crash and every lost message of a migration, one after the other: none of them loses or doubles a device."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from tests.migration.faults import Fate, MortalDatabase, SimulatedCrash, Wire, WiredSource, WiredTarget, doom, is_doomed
from tests.migration.sides import Pair, Side, create, fast_folder, fleet

from mutua.migration import stream
from mutua.migration.errors import MigrationError
from mutua.migration.phases import Phase
from mutua.peering.channel import PeerUnreachableError

Follow = Callable[[Pair, str], None]


def resume_at_target(pair: Pair, identifier: str) -> None:
    with suppress(MigrationError):
        pair.run(identifier)


def resume_at_source(pair: Pair, identifier: str) -> None:
    pair.source.source.resume(pair.source.entry(identifier), pair.to_target)


def abort_at_target(pair: Pair, identifier: str) -> None:
    with suppress(MigrationError):
        pair.target.target.abort(pair.target.entry(identifier), pair.to_source)


def abort_at_source(pair: Pair, identifier: str) -> None:
    pair.source.source.abort(pair.source.entry(identifier), pair.to_target)


RECOVERIES: dict[str, tuple[Follow, ...]] = {
    "resume": (resume_at_target, resume_at_source),
    "resume, the source first": (resume_at_source, resume_at_target, resume_at_source),
    "abort at the source": (abort_at_source, resume_at_target),
    "abort at the target": (abort_at_target, resume_at_source, resume_at_target),
}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "RECORDS_PER_CHUNK", 3)


@pytest.fixture(scope="module")
def saved() -> Iterator[tuple[Pair, tuple[bytes, bytes]]]:
    """Two sides that can die and know each other, the source with five devices; and their databases as they are."""
    with fast_folder() as folder:
        pair = Pair(create(folder, "source", MortalDatabase), create(folder, "target", MortalDatabase))
        pair.source.meet("target")
        pair.target.meet("source")
        pair.source.add(fleet("a", 5))
        yield pair, (pair.source.save(), pair.target.save())
        for side in pair:
            side.database.close()


@pytest.fixture
def fresh(saved: tuple[Pair, tuple[bytes, bytes]]) -> Callable[[], Pair]:
    """The two sides as they were."""

    def restore() -> Pair:
        pair, databases = saved
        for side, database in zip(pair, databases, strict=True):
            side.restore(database)
            doom(side, None)
        return pair

    return restore


def migrate(pair: Pair, wire: Wire) -> None:
    """Prepare and run, over a wire."""
    identifier = pair.source.source.prepare(pair.source.peer("target")).id
    pair.target.target.accept(identifier, pair.target.peer("source"))
    pair.target.target.run(identifier, WiredSource(wire, pair.source, "target"))


def check_together(pair: Pair) -> None:
    """What holds at any moment."""
    assert not pair.source.live() & pair.target.live()
    assert pair.source.held() | pair.target.held() == {f"a{number}" for number in range(5)}


def check_settled(pair: Pair, before: object, how: str) -> None:
    """What holds in the end: everything is on one side, managed there, as it was."""
    check_together(pair)
    for identifier in pair.source.sent():
        phases = pair.phases(identifier)
        assert phases in ((Phase.DONE, Phase.DONE), (Phase.ABORTED, Phase.ABORTED)), f"{how}: {phases}"
        there, elsewhere = (pair.target, pair.source) if phases[0] is Phase.DONE else (pair.source, pair.target)
        assert there.content() == before, how
        assert not elsewhere.held(), how
        assert there.live() == there.held(), how
        assert pair.target.staged() == 0, how


def recover(pair: Pair, recovery: tuple[Follow, ...]) -> None:
    for identifier in pair.source.sent():
        if pair.target.phase(identifier) is None:
            abort_at_source(pair, identifier)
        for follow in recovery:
            follow(pair, identifier)
            check_together(pair)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("recovery", RECOVERIES)
@pytest.mark.parametrize(("victim", "commits"), [("source", 4), ("target", 9)])
def test_a_crash_at_any_commit_is_recovered_from(
    fresh: Callable[[], Pair], victim: str, commits: int, recovery: str
) -> None:
    for boundary in range(1, 2 * commits + 1):
        pair = fresh()
        before = pair.source.content()
        dying = pair.source if victim == "source" else pair.target
        doom(dying, boundary)
        die(dying, lambda: migrate(pair, Wire()))  # noqa: B023  (called at once)
        check_together(pair)
        recover(pair, RECOVERIES[recovery])
        check_settled(pair, before, f"{victim} died at boundary {boundary}, then {recovery}")


def test_a_migration_has_no_more_commits_than_are_crashed_at(fresh: Callable[[], Pair], small_chunks: None) -> None:
    for name, commits in (("source", 4), ("target", 9)):
        pair = fresh()
        side = pair.source if name == "source" else pair.target
        doom(side, 2 * commits + 1)
        migrate(pair, Wire())
        assert is_doomed(side)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("recovery", RECOVERIES)
@pytest.mark.parametrize("fate", [Fate.ANSWER_LOST, Fate.TWICE, Fate.LATE])
def test_a_message_that_goes_astray_is_recovered_from(fresh: Callable[[], Pair], fate: Fate, recovery: str) -> None:
    whole = Wire()
    migrate(fresh(), whole)
    assert whole.carried == 1 + 4 + 2
    for number in range(whole.carried):
        pair = fresh()
        before = pair.source.content()
        wire = Wire([Fate.ARRIVES] * number + [fate])
        with suppress(PeerUnreachableError):
            migrate(pair, wire)
        check_together(pair)
        recover(pair, RECOVERIES[recovery])
        for late in wire.late:
            with suppress(MigrationError):
                late()
        check_settled(pair, before, f"message {number} {fate.value}, then {recovery}")


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("victim", ["source", "target"])
def test_a_crash_at_any_commit_of_an_abort_is_recovered_from(fresh: Callable[[], Pair], victim: str) -> None:
    for boundary in (1, 2):
        pair = fresh()
        before = pair.source.content()
        identifier = stop_in_the_middle(pair)
        dying = pair.source if victim == "source" else pair.target
        doom(dying, boundary)
        way = WiredTarget(Wire(), pair.target, "source")
        die(dying, lambda: pair.source.source.abort(pair.source.entry(identifier), way))  # noqa: B023
        recover(pair, RECOVERIES["resume"])
        check_settled(pair, before, f"{victim} died at boundary {boundary} of an abort")


def die(dying: Side, step: Callable[[], object]) -> None:
    """Do a step that one side does not survive, and start that side again."""
    with pytest.raises((SimulatedCrash, PeerUnreachableError)) as ended:
        step()
    if isinstance(ended.value, SimulatedCrash):
        dying.reopen()
    assert not is_doomed(dying)


def stop_in_the_middle(pair: Pair) -> str:
    """A migration whose target has lost the source while streaming; the id."""
    with suppress(PeerUnreachableError):
        migrate(pair, Wire([Fate.ARRIVES] * 2 + [Fate.ANSWER_LOST]))
    (identifier,) = pair.source.sent()
    assert pair.phases(identifier) == (Phase.STREAMING, Phase.STREAMING)
    return identifier
