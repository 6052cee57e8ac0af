"""The fleet in the database: added all or nothing, read in portions, removed as far as nothing needs it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from mutua.inventory import store
from mutua.inventory.records import Credential, CredentialKind, Device, DeviceType, Fleet, Group, Health
from mutua.inventory.store import CannotAddError, Counts
from mutua.migration import journal
from mutua.migration.phases import Role
from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError, Sealer
from mutua.storage.tables import peers

SEALER = Sealer(bytes(32))

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MIGRATION = "00000000-0000-4000-8000-000000000000"
ANOTHER = "11111111-0000-4000-8000-000000000000"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with the built-in groups and a migration that can hold devices."""
    opened = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    with opened.writing() as connection:
        store.add_built_in_groups(connection)
        values = {
            "key_sha256": "0" * 64,
            "name": "",
            "address": "",
            "certificates_pem": "",
            "verified_at": datetime.now(UTC),
        }
        connection.execute(peers.insert().values(id=1, **values))
        for identifier in (MIGRATION, ANOTHER):
            journal.begin(connection, identifier, Role.SOURCE, 1)
    yield opened
    opened.close()


def device(tag: str, groups: tuple[str, ...] = (), credential: str | None = None) -> Device:
    return Device(tag, tag, "Model", DeviceType.SERVER, "10.0.0.1", Health.NORMAL, "{}", groups, credential)


def credential(name: str) -> Credential:
    return Credential(name, CredentialKind.REDFISH, "root", f"secret of {name}")


def add(
    database: Database, *devices: Device, groups: tuple[Group, ...] = (), credentials: tuple[str, ...] = ()
) -> None:
    with database.writing() as connection:
        store.add_fleet(connection, Fleet(devices, groups, tuple(map(credential, credentials))), SEALER)


def counts(database: Database) -> Counts:
    with database.reading() as connection:
        return store.count(connection)


def group_names(connection: Connection) -> list[str]:
    return [group.name for _id, group in store.read_groups(connection, 0, 10_000)]


def test_built_in_groups_are_added_once(database: Database) -> None:
    with database.writing() as connection:
        store.add_built_in_groups(connection)
        assert group_names(connection) == []
    assert counts(database) == Counts(0, 0, 0)


def test_what_is_added_can_be_read(database: Database) -> None:
    fleet = Fleet(
        (device("a", ("low", "top"), "c"), device("b")),
        (Group("low", "below", "top"), Group("top")),
        (credential("c"),),
    )
    with database.writing() as connection:
        store.add_fleet(connection, fleet, SEALER)
        store.quiesce(connection, MIGRATION)
        assert [one for _id, one in store.read_devices(connection, MIGRATION, 0, 10)] == list(fleet.devices)
        assert {one for _id, one in store.read_groups(connection, 0, 10)} == set(fleet.groups)
        assert [one for _id, one in store.read_credentials(connection, SEALER, 0, 10)] == list(fleet.credentials)


def test_reading_goes_on_where_it_stopped_and_ends_where_it_should(database: Database) -> None:
    add(database, *(device(f"d{n}") for n in range(7)), groups=tuple(Group(f"g{n}") for n in range(7)),
        credentials=tuple(f"c{n}" for n in range(7)))  # fmt: skip
    with database.writing() as connection:
        store.quiesce(connection, MIGRATION)
        for read in (
            lambda after, limit, last: store.read_devices(connection, MIGRATION, after, limit, last),
            lambda after, limit, last: store.read_groups(connection, after, limit, last),
            lambda after, limit, last: store.read_credentials(connection, SEALER, after, limit, last),
        ):
            everything = [number for number, _record in read(0, 10, None)]
            assert len(everything) == 7
            first = [number for number, _record in read(0, 3, None)]
            assert first == everything[:3]
            assert [number for number, _record in read(first[-1], 10, None)] == everything[3:]
            assert [number for number, _record in read(first[-1], 10, everything[4])] == everything[3:5]


def test_more_devices_than_one_statement_carries(database: Database) -> None:
    add(database, *(device(f"d{n}", ("g",), "c") for n in range(1203)), groups=(Group("g"),), credentials=("c",))
    assert counts(database) == Counts(1203, 1, 1)
    with database.reading() as connection:
        tags = (f"d{n}" for n in range(1203))
        assert len(store.clashes(connection, tags, ["g"], ["c"])) == 1205


@pytest.mark.parametrize(
    ("fleet", "problem"),
    [
        (Fleet((device("new"), device("a"))), "a device with service tag a is already here."),
        (Fleet((device("new"),), (), (credential("c"),)), "a credential named c is already here."),
        (Fleet((device("new", ("nowhere",)),)), "there is no group named nowhere."),
        (Fleet((device("new", (), "none"),)), "there is no credential named none."),
        (Fleet((device("new"),), (Group("low", "", "nowhere"),)), "there is no group named nowhere."),
        (Fleet((), (Group("x", "", "y"), Group("y", "", "x"))), "the groups x, y are each other's parents."),
    ],
)
def test_all_or_nothing(database: Database, fleet: Fleet, problem: str) -> None:
    add(database, device("a"), groups=(Group("g"),), credentials=("c",))
    with pytest.raises(CannotAddError) as refused, database.writing() as connection:
        store.add_fleet(connection, fleet, SEALER)
    assert [str(told) for told in refused.value.problems] == [problem]
    assert counts(database) == Counts(1, 1, 1)


def test_a_group_that_is_here_gets_the_new_devices(database: Database) -> None:
    add(database, device("a", ("g",)), groups=(Group("g"),))
    add(database, device("b", ("g", "h")), groups=(Group("g"), Group("h", "", "g")))
    assert counts(database) == Counts(2, 2, 0)


@patient
@given(st.permutations(range(12)), st.lists(st.integers(0, 11), min_size=12, max_size=12))
def test_parents_come_before_children_in_whatever_order_they_are_given(order: list[int], wanted: list[int]) -> None:
    groups = [Group(str(n), "", str(parent) if parent < n else None) for n, parent in enumerate(wanted)]
    sorted_ = list(store._parents_first([groups[n] for n in order]))
    assert set(sorted_) == set(groups)
    seen: set[str] = set()
    for group in sorted_:
        assert group.parent is None or group.parent in seen
        seen.add(group.name)


def test_a_deep_hierarchy_is_sorted_in_no_time() -> None:
    groups = [Group(str(n), "", str(n - 1) if n else None) for n in range(10_000)]
    groups = [*groups[1::2], *groups[-2::-2]]
    began = time.process_time()
    assert len(list(store._parents_first(groups))) == 10_000
    assert time.process_time() - began < 1


def test_a_quiesced_device_is_held_and_not_managed(database: Database) -> None:
    add(database, device("a"), device("b"))
    with database.writing() as connection:
        store.quiesce(connection, MIGRATION)
    assert counts(database).devices == 0
    with database.reading() as connection:
        assert store.count_devices(connection) == 2
    add(database, device("c"))
    assert counts(database).devices == 1
    with database.writing() as connection:
        store.take_back(connection, MIGRATION)
    assert counts(database).devices == 3


def test_what_one_migration_holds_is_nothing_to_another(database: Database) -> None:
    add(database, device("a"))
    with database.writing() as connection:
        store.quiesce(connection, MIGRATION)
        store.add_devices(connection, [device("b")])
        store.quiesce(connection, ANOTHER)
        for holder, tag in ((MIGRATION, "a"), (ANOTHER, "b")):
            assert [one.service_tag for _id, one in store.read_devices(connection, holder, 0, 10)] == [tag]
        store.take_back(connection, MIGRATION)
        assert store.count(connection).devices == 1
        store.quiesce(connection, MIGRATION)
        store.remove_moved(connection, ANOTHER, 0, 0)
        assert [row["service_tag"] for row in store.list_devices(connection, 0, 10)] == ["a"]


def test_the_list_of_devices_is_by_id_and_without_inventories(database: Database) -> None:
    add(database, *(device(f"d{n}") for n in range(5)))
    with database.reading() as connection:
        rows = store.list_devices(connection, 1, 2)
        assert [row["service_tag"] for row in rows] == ["d1", "d2"]
        assert "inventory" not in rows[0]
        (one,) = store.list_devices(connection, 0, 1, rows[1]["id"])
        assert one["service_tag"] == "d2"
        assert store.list_devices(connection, 0, 1, 1) == []


def remove(database: Database) -> None:
    """Let go of everything that was there before `late` came."""
    with database.writing() as connection:
        store.quiesce(connection, MIGRATION)
        last_group = max([number for number, _group in store.read_groups(connection, 0, 100)], default=0)
        last_credential = max(
            [number for number, _one in store.read_credentials(connection, SEALER, 0, 100)], default=0
        )
        store.add_fleet(
            connection,
            Fleet((device("late", ("kept", "new")),), (Group("kept"), Group("new")), (credential("new"),)),
            SEALER,
        )
        store.remove_moved(connection, MIGRATION, last_group, last_credential)


def test_what_nothing_needs_goes_and_the_rest_stays(database: Database) -> None:
    add(
        database,
        device("a", ("low",), "c"),
        device("b", ("kept",)),
        groups=(
            Group("top"),
            Group("middle", "", "top"),
            Group("low", "", "middle"),
            Group("above"),
            Group("kept", "", "above"),
        ),
        credentials=("c", "unused"),
    )
    remove(database)
    with database.reading() as connection:
        assert group_names(connection) == ["above", "kept", "new"]
        assert [one.name for _id, one in store.read_credentials(connection, SEALER, 0, 10)] == ["new"]
        assert store.count(connection) == Counts(1, 3, 1)


def test_a_credential_that_is_still_in_use_stays(database: Database) -> None:
    add(database, device("a", (), "c"), credentials=("c",))
    with database.writing() as connection:
        number = store.read_credentials(connection, SEALER, 0, 1)[0][0]
        store.remove_moved(connection, MIGRATION, 0, number)
    assert counts(database) == Counts(1, 0, 1)


def test_a_password_that_was_moved_to_another_name_does_not_open(database: Database) -> None:
    add(database, credentials=("a", "b"))
    with database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE credentials SET password_sealed = (SELECT password_sealed FROM credentials WHERE name = 'a')"
        )
        with pytest.raises(SealBrokenError):
            store.read_credentials(connection, SEALER, 0, 10)
