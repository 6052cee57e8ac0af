"""Whatever happens, in whatever order: no device is managed twice, none is lost, and what is decided stays decided."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.migration.faults import Fate, MortalDatabase, SimulatedCrash, Wire, WiredSource, WiredTarget, doom
from tests.migration.sides import Pair, Side, create, device, fast_folder, fleet

from mutua.inventory.records import Fleet, Group
from mutua.migration import stream
from mutua.migration.errors import MigrationError
from mutua.migration.phases import Outcome, Phase, Role, is_final, outcome
from mutua.peering.channel import PeerUnreachableError

NAMES = ("a", "b", "c")
ACTIONS = ("run", "run", "accept", "resume", "abort at the source", "abort at the target")

Death = tuple[Role, int] | None
"""Who dies, at which of its next commit boundaries."""

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


ENDS = ((Phase.DONE, Phase.DONE), (Phase.ABORTED, Phase.ABORTED), (Phase.ABORTED, None))
UNDONE = (*ENDS[1:], (Phase.ABORTED, Phase.PREPARED))
"""A source that has promised nothing yet aborts even if the target does not hear of it."""


class Step(NamedTuple):
    """Something that one side does, what becomes of its messages, who dies of it, and what happens in between."""

    action: str
    fates: Sequence[Fate] = ()
    death: Death = None
    meanwhile: str = "resume"


fates = st.lists(st.sampled_from([*[Fate.ARRIVES] * 15, *Fate]), max_size=16)
deaths = st.one_of(st.none(), st.tuples(st.sampled_from(Role), st.integers(1, 8)))
steps = st.builds(Step, st.sampled_from(ACTIONS), fates, deaths, st.sampled_from(ACTIONS))


class Migration(NamedTuple):
    """A migration that was prepared, as the machine remembers it."""

    id: str
    source: str
    target: str


class Consoles(RuleBasedStateMachine):
    """Three consoles that migrate to each other over bad wires, and die at times."""

    migrations = Bundle("migrations")

    def __init__(self, sides: Mapping[str, Side]) -> None:
        super().__init__()
        self.sides = sides
        self.known: list[Migration] = []
        self.histories: dict[str, tuple[list[Phase], ...]] = {}
        self.tags: set[str] = set()
        self.late: list[Callable[[], object]] = []
        self.numbers = itertools.count(1)

    def teardown(self) -> None:
        self.settle()

    @initialize(counts=st.lists(st.integers(0, 4), min_size=len(NAMES), max_size=len(NAMES)))
    def begin(self, counts: list[int]) -> None:
        for name, count in zip(NAMES, counts, strict=True):
            self.add(name, fleet(f"{name}0-", count))

    @rule(name=st.sampled_from(NAMES), kind=st.integers(0, 3), data=st.data())
    def import_something(self, name: str, kind: int, data: st.DataObject) -> None:
        """Imports happen at any moment, also while a migration holds what was there before.

        One may put a new device into a group that is there, which then cannot leave with the others; another
        may take the name of a group of another console, and these two clash.
        """
        fresh = f"{name}{next(self.numbers)}-"
        if kind < 2:
            self.add(name, fleet(fresh, 3, groups=bool(kind)))
            return
        side = self.sides[name if kind == 2 else data.draw(st.sampled_from(NAMES))]
        names = sorted(str(group[0]) for group in side.content().groups if group[3] == "Static Groups")
        for group in names[:1]:
            self.add(name, Fleet((device(fresh, (group,)),), (Group(group),)))

    def add(self, name: str, added: Fleet) -> None:
        self.sides[name].add(added)
        self.tags |= {one.service_tag for one in added.devices}

    @precondition(lambda self: self.ready())
    @rule(target=migrations, data=st.data(), accepted=st.booleans(), death=deaths)
    def prepare(self, data: st.DataObject, accepted: bool, death: Death) -> object:
        """A console that manages something, and has no other migration under way, prepares its leave."""
        source = data.draw(st.sampled_from(self.ready()))
        to = data.draw(st.sampled_from([name for name in NAMES if name != source]))
        side = self.sides[source]
        if death is not None:
            doom(side, death[1])
        self.attempt(lambda: side.source.prepare(side.peer(to)))
        # Whoever dies right after the commit has prepared a migration and told nobody.
        known = {migration.id for migration in self.known}
        prepared = [Migration(identifier, source, to) for identifier in side.sent() if identifier not in known]
        self.known.extend(prepared)
        for migration in prepared if accepted else ():
            self.do(migration, Step("accept"))
        return multiple(*prepared)

    @rule(migration=migrations, steps=st.lists(steps, min_size=1, max_size=4))
    def carry_on(self, migration: Migration, steps: list[Step]) -> None:
        """Any steps at any time, over a bad wire, with sudden deaths and things that happen in between."""
        for step in steps:
            self.do(migration, step)
            self.check()

    @rule(migration=migrations, action=st.sampled_from(ACTIONS))
    def do_it_twice(self, migration: Migration, action: str) -> None:
        """Running any step twice changes nothing."""
        self.do(migration, Step(action))
        once = self.sides_as_they_are()
        self.do(migration, Step(action))
        assert self.sides_as_they_are() == once

    @rule(migration=migrations, stranger=st.sampled_from(NAMES))
    def a_third_console_meddles(self, migration: Migration, stranger: str) -> None:
        """A console that both know, but that has no part in this migration, gets nothing and changes nothing."""
        if stranger in (migration.source, migration.target):
            return
        before = self.sides_as_they_are()
        source, target = self.pair(migration)
        key, peer = self.sides[stranger].key, target.peer(stranger)
        steps: tuple[Callable[[], object], ...] = (
            lambda: source.source.manifest(migration.id, key),
            lambda: source.source.chunk(migration.id, key, 1),
            lambda: source.source.learn(migration.id, key, Outcome.COMMITTED),
            lambda: source.source.learn(migration.id, key, Outcome.ABORTED),
            lambda: source.source.finish(migration.id, key),
        )
        if target.phase(migration.id) is not None:
            steps += (
                lambda: target.target.accept(migration.id, peer),
                lambda: target.target.outcome(migration.id, key),
                lambda: target.target.abort_for(migration.id, peer),
            )
        for step in steps:
            try:
                step()
            except MigrationError:
                continue
            raise AssertionError("a stranger was answered")
        assert self.sides_as_they_are() == before

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def a_late_message_arrives(self, data: st.DataObject) -> None:
        """Nobody waits for the answer, but what it asks is done."""
        number = data.draw(st.integers(0, len(self.late) - 1))
        with suppress(MigrationError):
            self.late.pop(number)()

    @rule(migration=consumes(migrations))
    def abort_while_undecided(self, migration: Migration) -> None:
        """Before the commit everything can abort; after it nothing can."""
        pair = self.pair(migration)
        phase = pair.target.phase(migration.id)
        decided = Outcome.UNDECIDED if phase is None else outcome(phase)
        pair.source.source.abort(pair.source.entry(migration.id), pair.to_target)
        if decided is Outcome.COMMITTED:
            assert pair.source.phase(migration.id) is Phase.DONE
            assert pair.target.phase(migration.id) in (Phase.COMMITTED, Phase.DONE)
        else:
            assert pair.phases(migration.id) in UNDONE

    @rule(source_first=st.booleans())
    def settle_all(self, source_first: bool) -> None:
        """With everybody reachable, every migration that has begun ends, wherever it is resumed first."""
        self.settle(source_first)

    @invariant()
    def check(self) -> None:
        """What holds at any moment."""
        live = [side.live() for side in self.sides.values()]
        assert sum(map(len, live)) == len(set().union(*live)), "a device is managed twice"
        assert set().union(*(side.held() for side in self.sides.values())) == self.tags, "a device is lost"
        for migration in self.known:
            self.check_history(migration)

    def check_history(self, migration: Migration) -> None:
        """What is written stays written, and the source does what the target has decided."""
        now = tuple(side.phases(migration.id) for side in self.pair(migration))
        for phases, before in zip(now, self.histories.get(migration.id, ([], [])), strict=True):
            assert phases[: len(before)] == before
            assert len(phases) == len(set(phases))
        self.histories[migration.id] = now
        at_source, at_target = map(set, now)
        assert not {Phase.COMMITTED, Phase.ABORTED} <= at_target
        assert not {Phase.RELEASED, Phase.ABORTED} <= at_source
        if Phase.RELEASED in at_source:
            assert Phase.COMMITTED in at_target
        if Phase.ABORTED in at_source:
            assert Phase.COMMITTED not in at_target
        if Phase.COMMITTED in at_target:
            assert Phase.STREAMING in at_source

    def settle(self, source_first: bool = False) -> None:
        for migration in self.known:
            pair = self.pair(migration)
            if all(phase is not None and is_final(phase) for phase in pair.phases(migration.id)):
                continue
            if pair.target.phase(migration.id) is None:
                pair.source.source.abort(pair.source.entry(migration.id), pair.to_target)
            if source_first:
                pair.source.source.resume(pair.source.entry(migration.id), pair.to_target)
            with suppress(MigrationError):
                pair.run(migration.id)
            pair.source.source.resume(pair.source.entry(migration.id), pair.to_target)
            assert pair.phases(migration.id) in ENDS
        for side in self.sides.values():
            assert side.live() == side.held()
            assert side.staged() == 0
        assert sum(len(side.held()) for side in self.sides.values()) == len(self.tags)

    def pair(self, migration: Migration) -> Pair:
        return Pair(self.sides[migration.source], self.sides[migration.target])

    def ready(self) -> list[str]:
        """Who can prepare a migration."""
        busy = {
            migration.source
            for migration in self.known
            if self.sides[migration.source].phase(migration.id) in (Phase.PREPARED, Phase.STREAMING)
        }
        return [name for name, side in self.sides.items() if name not in busy and side.live()]

    def do(self, migration: Migration, step: Step) -> None:
        """One step of one side, whatever comes of it."""
        source, target = self.pair(migration)

        def meanwhile() -> None:
            with suppress(MigrationError, PeerUnreachableError):
                self.act(migration, step.meanwhile, Wire())

        if step.death is not None:
            doom(source if step.death[0] is Role.SOURCE else target, step.death[1])
        self.attempt(lambda: self.act(migration, step.action, Wire(step.fates, self.late, meanwhile)))

    def act(self, migration: Migration, action: str, wire: Wire) -> None:
        source, target = self.pair(migration)
        to_source = WiredSource(wire, source, migration.target)
        to_target = WiredTarget(wire, target, migration.source)
        match action:
            case "accept":
                target.target.accept(migration.id, target.peer(migration.source))
            case "run":
                target.target.run(migration.id, to_source)
            case "resume":
                source.source.resume(source.entry(migration.id), to_target)
            case "abort at the source":
                source.source.abort(source.entry(migration.id), to_target)
            case "abort at the target":
                target.target.abort(target.entry(migration.id), to_source)

    def attempt(self, step: Callable[[], object]) -> None:
        try:
            step()
        except SimulatedCrash as crash:
            next(side for side in self.sides.values() if side.database is crash.database).reopen()
        except (MigrationError, PeerUnreachableError):
            pass
        finally:
            for side in self.sides.values():
                doom(side, None)

    def sides_as_they_are(self) -> object:
        return [
            (side.content(), side.live(), side.staged(), [side.phases(migration.id) for migration in self.known])
            for side in self.sides.values()
        ]


@pytest.fixture
def sides() -> Iterator[dict[str, Side]]:
    """Three consoles that hold nothing and know each other."""
    with fast_folder() as folder:
        made = {name: create(folder, name, MortalDatabase) for name in NAMES}
        for one in made.values():
            for other in made.keys() - {one.name}:
                one.meet(other)
        yield made
        for one in made.values():
            one.database.close()


def test_no_order_of_events_loses_or_doubles_a_device(sides: dict[str, Side], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "RECORDS_PER_CHUNK", 2)
    empty = {name: side.save() for name, side in sides.items()}

    class Begun(Consoles):
        def __init__(self) -> None:
            for name, side in sides.items():
                side.restore(empty[name])
            super().__init__(sides)

    run_state_machine_as_test(
        Begun,
        settings=settings(max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=SLOW),
    )
