"""Devices, groups and credentials in the database: adding, reading in portions, removing.

Every function works inside the caller's transaction, so an import or a migration is all or nothing.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, TypeVar, TypeVarTuple

from sqlalchemy import Connection, RowMapping, Select, Table, func, insert, select, update

from mutua.inventory.records import Credential, CredentialKind, Device, DeviceType, Fleet, Group, Health
from mutua.message import N_, Message, message
from mutua.storage.sealing import Sealer
from mutua.storage.tables import credentials, devices, group_members, groups

ALL_DEVICES = "All Devices"
STATIC_GROUPS = "Static Groups"
"""The root of the groups that people make."""

BUILT_IN, USER_DEFINED = 2000, 3000
_PORTION = 500
_NAMES_SHOWN = 10
_TAKEN = {
    "devices": N_("a device with service tag {name} is already here."),
    "groups": N_("a group named {name} is already here."),
    "credentials": N_("a credential named {name} is already here."),
}
_MISSING = {
    "groups": N_("there is no group named {name}."),
    "credentials": N_("there is no credential named {name}."),
}

LISTED_DEVICES = select(*(column for column in devices.c if column is not devices.c.inventory))
"""What a list shows of each device: all but its inventory."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CannotAddError(Exception):
    """A name is already here, or one that is referred to is not; `problems` says which."""

    def __init__(self, problems: Sequence[Message]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class Counts(NamedTuple):
    """How many of each."""

    devices: int
    groups: int
    credentials: int


def add_built_in_groups(connection: Connection) -> None:
    """The groups that every console has; adding them again changes nothing."""
    present = set(connection.execute(select(groups.c.name).where(groups.c.type_id == BUILT_IN)).scalars())
    for name in (ALL_DEVICES, STATIC_GROUPS):
        if name not in present:
            connection.execute(
                groups.insert().values(name=name, description="", type_id=BUILT_IN, created_at=datetime.now(UTC))
            )


def count(connection: Connection) -> Counts:
    """What this console manages: quiesced devices do not count, built-in groups neither."""
    managed = select(func.count()).select_from(devices).where(devices.c.quiesced_by.is_(None))
    made = select(func.count()).select_from(groups).where(groups.c.type_id == USER_DEFINED)
    known = select(func.count()).select_from(credentials)
    return Counts(*(connection.execute(query).scalar_one() for query in (managed, made, known)))


def count_devices(connection: Connection) -> int:
    """All devices that this console has, quiesced ones too."""
    return int(connection.execute(select(func.count()).select_from(devices)).scalar_one())


def list_devices(connection: Connection, skip: int, top: int, identifier: int | None = None) -> Sequence[RowMapping]:
    """A portion of the devices by id, without their inventory; or the one with an id."""
    numbers = select(devices.c.id).order_by(devices.c.id).offset(skip).limit(top)
    if identifier is not None:
        numbers = numbers.where(devices.c.id == identifier)
    query = LISTED_DEVICES.where(devices.c.id.in_(numbers)).order_by(devices.c.id)
    return connection.execute(query).mappings().all()


def inventory_of(connection: Connection, number: int) -> str | None:
    """The inventory document of a device, as JSON text; None if there is no such device."""
    return connection.execute(select(devices.c.inventory).where(devices.c.id == number)).scalar_one_or_none()


def add_fleet(connection: Connection, fleet: Fleet, sealer: Sealer) -> None:
    """Add everything; groups that are here already get the new devices too. Raises `CannotAddError`."""
    here = _ids(connection, groups, "name", [group.name for group in fleet.groups])
    add_credentials(connection, fleet.credentials, sealer)
    add_groups(connection, [group for group in fleet.groups if group.name not in here])
    add_devices(connection, fleet.devices)


def add_credentials(connection: Connection, added: Sequence[Credential], sealer: Sealer) -> None:
    """Add credentials, their passwords sealed. Raises `CannotAddError`."""
    _refuse(_clashes(connection, credentials, "name", [credential.name for credential in added]))
    rows = [
        {
            "name": credential.name,
            "kind": credential.kind,
            "user_name": credential.username,
            "password_sealed": sealer.seal(credential.password.encode(), seal_place(credential.name)),
        }
        for credential in added
    ]
    if rows:
        connection.execute(insert(credentials), rows)


def add_groups(connection: Connection, added: Sequence[Group]) -> None:
    """Add groups, parents before children. Raises `CannotAddError`; parents must be added or present."""
    _refuse(_clashes(connection, groups, "name", [group.name for group in added]))
    root = connection.execute(select(groups.c.id).where(groups.c.name == STATIC_GROUPS)).scalar_one()
    for group in _parents_first(added):
        parent = root if group.parent is None else _present(connection, groups, [group.parent])[group.parent]
        connection.execute(
            groups.insert().values(
                name=group.name,
                description=group.description,
                type_id=USER_DEFINED,
                parent_id=parent,
                created_at=datetime.now(UTC),
            )
        )


def add_devices(connection: Connection, added: Sequence[Device]) -> None:
    """Add devices with their memberships; groups and credentials must be present. Raises `CannotAddError`."""
    now = datetime.now(UTC)
    for portion in _portions(added):
        tags = [device.service_tag for device in portion]
        _refuse(_clashes(connection, devices, "service_tag", tags))
        credential_ids = _present(connection, credentials, {d.credential for d in portion if d.credential})
        group_ids = _present(connection, groups, {name for device in portion for name in device.groups})
        connection.execute(
            insert(devices),
            [
                {
                    "service_tag": device.service_tag,
                    "name": device.name,
                    "model": device.model,
                    "type": device.type,
                    "address": device.address,
                    "health": device.health,
                    "inventory": device.inventory,
                    "credential_id": credential_ids[device.credential] if device.credential else None,
                    "added_at": now,
                }
                for device in portion
            ],
        )
        device_ids = _ids(connection, devices, "service_tag", tags)
        members = [
            {"group_id": group_ids[name], "device_id": device_ids[device.service_tag]}
            for device in portion
            for name in device.groups
        ]
        if members:
            connection.execute(insert(group_members), members)


def remove_devices(connection: Connection, numbers: Collection[int]) -> list[int]:
    """Forget devices with their memberships; returns those that are unknown or held by a migration, which stay."""
    free = devices.c.id.in_(numbers) & devices.c.quiesced_by.is_(None)
    found = set(connection.execute(select(devices.c.id).where(free)).scalars())
    connection.execute(devices.delete().where(free))
    return sorted(set(numbers) - found)


def clashes(
    connection: Connection, tags: Iterable[str], group_names: Iterable[str], credential_names: Iterable[str]
) -> list[Message]:
    """Which of these are already here, each as a sentence."""
    return [
        *_clashes(connection, devices, "service_tag", tags),
        *_clashes(connection, groups, "name", group_names),
        *_clashes(connection, credentials, "name", credential_names),
    ]


def read_credentials(
    connection: Connection, sealer: Sealer, after: int, limit: int, last: int | None = None
) -> list[tuple[int, Credential]]:
    """The next credentials by id, up to `last`, passwords opened. Raises `SealBrokenError`."""
    query = _next(select(credentials), credentials, after, limit, last)
    return [(row.id, _credential(row._mapping, sealer)) for row in connection.execute(query)]


def read_groups(connection: Connection, after: int, limit: int, last: int | None = None) -> list[tuple[int, Group]]:
    """The next user-defined groups by id, up to `last`."""
    parent = groups.alias()
    made = (
        select(groups.c.id, groups.c.name, groups.c.description, parent.c.name.label("parent"))
        .join(parent, parent.c.id == groups.c.parent_id)
        .where(groups.c.type_id == USER_DEFINED)
    )
    return [
        (row.id, Group(row.name, row.description, None if row.parent == STATIC_GROUPS else row.parent))
        for row in connection.execute(_next(made, groups, after, limit, last))
    ]


def read_devices(
    connection: Connection, migration: str, after: int, limit: int, last: int | None = None
) -> list[tuple[int, Device]]:
    """The next devices by id, up to `last`, among those that a migration has quiesced."""
    quiesced = (
        select(devices, credentials.c.name.label("credential"))
        .outerjoin(credentials, credentials.c.id == devices.c.credential_id)
        .where(devices.c.quiesced_by == migration)
    )
    query = _next(quiesced, devices, after, limit, last)
    rows = connection.execute(query).mappings().all()
    memberships = _memberships(connection, [row["id"] for row in rows])
    return [(row["id"], _device(row, memberships.get(row["id"], ()))) for row in rows]


def quiesce(connection: Connection, migration: str) -> None:
    """Stop managing every device that no other migration holds, on behalf of this one."""
    connection.execute(update(devices).where(devices.c.quiesced_by.is_(None)).values(quiesced_by=migration))


def take_back(connection: Connection, migration: str) -> None:
    """Manage again what a migration had quiesced."""
    connection.execute(update(devices).where(devices.c.quiesced_by == migration).values(quiesced_by=None))


def remove_moved(connection: Connection, migration: str, last_group: int, last_credential: int) -> None:
    """Forget what a migration has moved: its devices, and the groups and credentials that nothing needs now.

    `last_group` and `last_credential` are the highest ids that were sent; what came later stays.
    """
    connection.execute(devices.delete().where(devices.c.quiesced_by == migration))
    in_use = select(devices.c.credential_id).where(devices.c.credential_id.is_not(None))
    connection.execute(credentials.delete().where(credentials.c.id <= last_credential, credentials.c.id.not_in(in_use)))
    child = groups.alias()
    kept = select(group_members.c.group_id).union(select(child.c.parent_id).where(child.c.parent_id.is_not(None)))
    leaves = groups.delete().where(
        groups.c.type_id == USER_DEFINED, groups.c.id <= last_group, groups.c.id.not_in(kept)
    )
    while connection.execute(leaves).rowcount:
        pass  # Each pass removes one level of the hierarchy, from the bottom.


def _next(query: Select[*Ts], table: Table, after: int, limit: int, last: int | None) -> Select[*Ts]:
    bounded = query.where(table.c.id > after).order_by(table.c.id).limit(limit)
    return bounded if last is None else bounded.where(table.c.id <= last)


def _parents_first(added: Sequence[Group]) -> Iterator[Group]:
    names = {group.name for group in added}
    children: dict[str | None, list[Group]] = {}
    for group in added:
        children.setdefault(group.parent if group.parent in names else None, []).append(group)
    ready = deque(children.pop(None, ()))
    while ready:
        group = ready.popleft()
        yield group
        ready.extend(children.pop(group.name, ()))
    if children:
        circle = ", ".join(sorted(group.name for below in children.values() for group in below)[:_NAMES_SHOWN])
        raise CannotAddError([message("the groups {names} are each other's parents.", names=circle)])


def _portions(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    iterator = iter(items)
    while portion := tuple(islice(iterator, _PORTION)):
        yield portion


def _ids(connection: Connection, table: Table, column: str, names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for portion in _portions(names):
        query = select(table.c[column], table.c.id).where(table.c[column].in_(portion))
        found.update((name, number) for name, number in connection.execute(query))
    return found


def _present(connection: Connection, table: Table, names: Collection[str]) -> dict[str, int]:
    found = _ids(connection, table, "name", names)
    _refuse([Message(_MISSING[table.name], {"name": name}) for name in sorted(set(names) - set(found))])
    return found


def _clashes(connection: Connection, table: Table, column: str, names: Iterable[str]) -> list[Message]:
    present = _ids(connection, table, column, names)
    return [Message(_TAKEN[table.name], {"name": name}) for name in sorted(present)]


def _refuse(problems: Sequence[Message]) -> None:
    if problems:
        raise CannotAddError(problems)


def seal_place(credential: str) -> str:
    """The place that a credential's password is sealed for."""
    return f"credential:{credential}"


def _credential(row: RowMapping, sealer: Sealer) -> Credential:
    password = sealer.open(row["password_sealed"], seal_place(row["name"])).decode()
    return Credential(row["name"], CredentialKind(row["kind"]), row["user_name"], password)


def _device(row: RowMapping, member_of: Sequence[str]) -> Device:
    return Device(
        service_tag=row["service_tag"],
        name=row["name"],
        model=row["model"],
        type=DeviceType(row["type"]),
        address=row["address"],
        health=Health(row["health"]),
        inventory=row["inventory"],
        groups=tuple(member_of),
        credential=row["credential"],
    )


def _memberships(connection: Connection, device_ids: Sequence[int]) -> dict[int, list[str]]:
    query = (
        select(group_members.c.device_id, groups.c.name)
        .join(groups, groups.c.id == group_members.c.group_id)
        .where(group_members.c.device_id.in_(device_ids))
        .order_by(group_members.c.device_id, groups.c.name)
    )
    found: dict[int, list[str]] = {}
    for device_id, name in connection.execute(query):
        found.setdefault(device_id, []).append(name)
    return found
