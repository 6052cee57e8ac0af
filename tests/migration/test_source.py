"""The source's side: what it promises, to whom, and when it lets go or takes back."""

import pytest
from sqlalchemy import update
from tests.migration.faults import Fate, Wire, WiredTarget
from tests.migration.sides import Pair, create, device, fleet

from mutua.inventory.records import Credential, CredentialKind, Fleet, Group
from mutua.migration import stream
from mutua.migration.errors import EndedError, MigrationError, UnknownMigrationError, WrongPhaseError
from mutua.migration.phases import Outcome, Phase
from mutua.peering.channel import PeerUnreachableError
from mutua.storage.tables import devices


@pytest.fixture
def loaded(pair: Pair) -> Pair:
    """The source has nine devices."""
    pair.source.add(fleet("a", 9))
    return pair


def names(records: frozenset[tuple[object, ...]]) -> set[str]:
    return {str(record[0]) for record in records}


def unreachable(pair: Pair) -> WiredTarget:
    return WiredTarget(Wire([Fate.REQUEST_LOST] * 9), pair.target, "source")


def test_preparing_quiesces_everything_and_promises_it(loaded: Pair) -> None:
    entry = loaded.source.source.prepare(loaded.source.meet("target"))
    assert loaded.source.live() == set()
    assert len(loaded.source.held()) == entry.counts.devices == 9
    assert (entry.counts.groups, entry.counts.credentials) == (3, 3)
    assert entry.phase is Phase.PREPARED


def test_a_console_without_devices_has_nothing_to_prepare(pair: Pair) -> None:
    pair.source.add(Fleet(groups=(Group("lonely"),)))
    with pytest.raises(MigrationError, match="manages no device"):
        pair.source.source.prepare(pair.source.meet("target"))
    assert pair.source.sent() == []


def test_only_one_migration_leaves_at_a_time(loaded: Pair) -> None:
    first = loaded.source.source.prepare(loaded.source.meet("target"))
    with pytest.raises(MigrationError, match=f"migration {first.id} from this console is prepared"):
        loaded.source.source.prepare(loaded.source.meet("another"))
    assert loaded.source.sent() == [first.id]


def test_after_an_abort_another_target_may_have_them(loaded: Pair) -> None:
    first = loaded.source.source.prepare(loaded.source.meet("another"))
    loaded.source.source.abort(first, unreachable(loaded))
    loaded.move()
    assert len(loaded.target.live()) == 9


def test_a_release_that_was_not_confirmed_does_not_hold_up_the_next_migration(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.run(identifier)
    loaded.source.add(fleet("b", 2))
    again = loaded.move()
    assert loaded.phases(again) == (Phase.DONE, Phase.DONE)
    assert len(loaded.target.live()) == 11


def test_what_is_imported_meanwhile_stays_and_disturbs_nothing(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.add(fleet("late", 4))
    loaded.run(identifier)
    assert loaded.target.live() == {f"a{number}" for number in range(9)}
    assert loaded.source.live() == {f"late{number}" for number in range(4)}
    assert names(loaded.source.content().credentials) == {"late c1", "late c2", "late unused"}
    assert {"late top", "late sub", "late empty"} < names(loaded.source.content().groups)
    assert not names(loaded.source.content().groups) & names(fleet_groups("a"))


def fleet_groups(prefix: str) -> frozenset[tuple[object, ...]]:
    return frozenset(fleet(prefix, 1).groups)


def test_groups_that_are_still_in_use_stay_with_those_above_them(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.add(Fleet((device("late", ("a sub",)),), (Group("a sub"),)))
    loaded.run(identifier)
    assert names(loaded.source.content().groups) == {"All Devices", "Static Groups", "a top", "a sub"}
    assert {"a top", "a sub", "a empty"} < names(loaded.target.content().groups)
    assert loaded.source.live() == {"late"}


def test_a_record_that_changes_after_the_promise_is_not_sent(loaded: Pair) -> None:
    identifier = loaded.prepare()
    with loaded.source.database.writing() as connection:
        connection.execute(update(devices).where(devices.c.service_tag == "a3").values(name="renamed"))
    with pytest.raises(MigrationError, match="changed after they were promised"):
        loaded.run(identifier)
    loaded.source.source.abort(loaded.source.entry(identifier), loaded.to_target)
    assert loaded.phases(identifier) == (Phase.ABORTED, Phase.ABORTED)
    assert loaded.target.held() == set()


def test_before_it_has_promised_anything_the_source_aborts_alone(loaded: Pair) -> None:
    entry = loaded.source.source.prepare(loaded.source.meet("target"))
    aborted = loaded.source.source.abort(entry, unreachable(loaded))
    assert aborted.phase is Phase.ABORTED
    assert len(loaded.source.live()) == 9


def test_after_its_promise_the_source_cannot_abort_alone(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.source.manifest(identifier, loaded.target.key)
    with pytest.raises(PeerUnreachableError):
        loaded.source.source.abort(loaded.source.entry(identifier), unreachable(loaded))
    assert loaded.source.phase(identifier) is Phase.STREAMING
    assert loaded.source.live() == set()


def test_a_target_that_comes_after_an_abort_aborts_too(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.source.abort(loaded.source.entry(identifier), unreachable(loaded))
    assert loaded.target.phase(identifier) is Phase.PREPARED
    with pytest.raises(EndedError):
        loaded.source.source.manifest(identifier, loaded.target.key)
    with pytest.raises(MigrationError, match="the source has aborted"):
        loaded.run(identifier)
    assert loaded.target.phase(identifier) is Phase.ABORTED


def test_a_target_cannot_have_committed_what_it_was_never_promised(loaded: Pair) -> None:
    identifier = loaded.prepare()
    with pytest.raises(WrongPhaseError):
        loaded.source.source.learn(identifier, loaded.target.key, Outcome.COMMITTED)
    assert len(loaded.source.held()) == 9


def test_an_undecided_target_changes_nothing(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.source.manifest(identifier, loaded.target.key)
    entry = loaded.source.source.resume(loaded.source.entry(identifier), loaded.to_target)
    assert entry.phase is Phase.STREAMING
    assert loaded.source.live() == set()


def test_nothing_is_finished_before_it_is_released(loaded: Pair) -> None:
    identifier = loaded.prepare()
    loaded.source.source.manifest(identifier, loaded.target.key)
    with pytest.raises(WrongPhaseError):
        loaded.source.source.finish(identifier, loaded.target.key)
    loaded.run(identifier)
    assert loaded.source.source.finish(identifier, loaded.target.key).phase is Phase.DONE


def test_after_the_release_no_word_of_the_target_brings_anything_back(loaded: Pair) -> None:
    identifier = loaded.move()
    with pytest.raises(WrongPhaseError):
        loaded.source.source.learn(identifier, loaded.target.key, Outcome.ABORTED)
    assert loaded.source.held() == set()


def test_what_has_ended_asks_nobody(loaded: Pair) -> None:
    identifier = loaded.move()
    assert loaded.source.source.resume(loaded.source.entry(identifier), unreachable(loaded)).phase is Phase.DONE
    assert loaded.source.source.abort(loaded.source.entry(identifier), unreachable(loaded)).phase is Phase.DONE


def test_the_promise_is_for_one_peer_alone(loaded: Pair) -> None:
    identifier = loaded.prepare()
    stranger = loaded.source.meet("stranger").key_sha256
    for attempt in (
        lambda: loaded.source.source.manifest(identifier, stranger),
        lambda: loaded.source.source.chunk(identifier, stranger, 1),
        lambda: loaded.source.source.learn(identifier, stranger, Outcome.ABORTED),
        lambda: loaded.source.source.learn(identifier, stranger, Outcome.COMMITTED),
        lambda: loaded.source.source.finish(identifier, stranger),
    ):
        with pytest.raises(UnknownMigrationError):
            attempt()
    assert loaded.source.phase(identifier) is Phase.PREPARED
    assert loaded.source.source.manifest(identifier, loaded.target.key).counts.devices == 9


def test_chunks_are_sent_while_streaming_only(loaded: Pair) -> None:
    identifier = loaded.prepare()
    key = loaded.target.key
    with pytest.raises(WrongPhaseError, match="prepared"):
        loaded.source.source.chunk(identifier, key, 1)
    chunks = loaded.source.source.manifest(identifier, key).chunks
    assert loaded.source.source.chunk(identifier, key, 1) == loaded.source.source.chunk(identifier, key, 1)
    with pytest.raises(UnknownMigrationError):
        loaded.source.source.chunk(identifier, key, len(chunks) + 1)
    loaded.run(identifier)
    with pytest.raises(WrongPhaseError, match="done"):
        loaded.source.source.chunk(identifier, key, 1)


def test_the_largest_chunk_that_records_can_make_may_travel(pair: Pair) -> None:
    """Each name, description and inventory at its limit, in characters that take the most bytes."""
    long_names = tuple(f"{number:03}" + "\U0001f5a5" * 252 for number in range(100))
    inventory = '{"a":"' + "x" * (64 * 1024 - 8) + '"}'
    widest = device("w", long_names)._replace(
        name="\U0001f5a5" * 255, model="\U0001f5a5" * 255, inventory=inventory, address="a" * 63
    )
    fragment = Fleet(tuple(widest._replace(service_tag=f"w{number}") for number in range(stream.RECORDS_PER_CHUNK)))
    size = len(stream.encode(fragment))
    assert size > 32 * 1024 * 1024
    assert size <= stream.MAX_CHUNK_BYTES


def test_passwords_are_opened_for_the_way_only(loaded: Pair) -> None:
    loaded.source.add(Fleet(credentials=(Credential("late", CredentialKind.SNMP, "u", "open sesame"),)))
    loaded.move()
    assert ("late", "snmp", "u", b"open sesame") in loaded.target.content().credentials


def test_a_fleet_of_many_chunks_comes_over_whole(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "RECORDS_PER_CHUNK", 7)
    pair.source.add(fleet("a", 100))
    before = pair.source.content()
    identifier = pair.move()
    assert pair.target.entry(identifier).chunks == 1 + 1 + 15
    assert pair.target.content() == before


def test_devices_move_back_as_they_were(loaded: Pair, tmp_path: object) -> None:
    before = loaded.source.content()
    loaded.move()
    loaded.back.move()
    assert loaded.source.content() == before
    assert len(loaded.source.live()) == 9
    assert loaded.target.held() == set()


def test_three_consoles_pass_them_on(loaded: Pair, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = loaded.source.content()
    third = create(tmp_path_factory.mktemp("third"), "third")
    try:
        loaded.move()
        Pair(loaded.target, third).move()
        assert third.content() == before
    finally:
        third.database.close()
