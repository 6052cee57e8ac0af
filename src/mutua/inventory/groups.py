"""Groups as people arrange them: making, renaming, moving and deleting them, and who belongs to them.

Every function works inside the caller's transaction. While a migration holds devices nothing about groups changes
that it has promised to the other console.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, true, update

from mutua.inventory.records import MAX_GROUPS, MAX_LONG_TEXT, MAX_NAME
from mutua.inventory.store import ALL_DEVICES, STATIC_GROUPS, USER_DEFINED
from mutua.message import Message, message
from mutua.storage.tables import devices, group_members, groups


class GroupRefusedError(Exception):
    """A group cannot be made or changed so."""

    def __init__(self, problem: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem


class UnknownGroupError(GroupRefusedError):
    """There is no such group, or none that people have made."""


class NameTakenError(GroupRefusedError):
    """Another group has that name."""


class InvalidParentError(GroupRefusedError):
    """A group cannot be below that one."""


class MembersRefusedError(GroupRefusedError):
    """These devices are unknown, or are members already; `device_ids` says which."""

    def __init__(self, device_ids: Sequence[int]) -> None:
        super().__init__(message("the devices are unknown, or are members already."))
        self.device_ids = tuple(device_ids)


class Shape(NamedTuple):
    """What people choose about a group. None leaves it as it is, or for a new one as it mostly is."""

    name: str | None = None
    description: str | None = None
    parent: int | None = None


def create(connection: Connection, shape: Shape) -> int:
    """Add a group; its number. Raises `GroupRefusedError`."""
    name, description = shape.name or "", shape.description or ""
    _check_texts(connection, name, description, None)
    parent = _parent(connection, shape.parent, None)
    made = select(func.count()).select_from(groups).where(groups.c.type_id == USER_DEFINED)
    if connection.execute(made).scalar_one() >= MAX_GROUPS:
        raise GroupRefusedError(message("there are {limit} groups already; no more are kept.", limit=MAX_GROUPS))
    added = insert(groups).values(
        name=name,
        description=description,
        type_id=USER_DEFINED,
        parent_id=parent,
        created_at=datetime.now(UTC),
    )
    return int(connection.execute(added.returning(groups.c.id)).scalar_one())


def change(connection: Connection, number: int, shape: Shape) -> None:
    """Rename, describe and move a group. Raises `GroupRefusedError`."""
    _check_made(connection, number)
    _check_nothing_moves(connection)
    before = connection.execute(select(groups).where(groups.c.id == number)).one()
    name = before.name if shape.name is None else shape.name
    description = before.description if shape.description is None else shape.description
    _check_texts(connection, name, description, number)
    parent = before.parent_id if shape.parent is None else _parent(connection, shape.parent, number)
    changed = update(groups).where(groups.c.id == number)
    connection.execute(changed.values(name=name, description=description, parent_id=parent))


def remove(connection: Connection, numbers: Collection[int]) -> None:
    """Delete groups; their devices stay. Those below must be among them. Raises `GroupRefusedError`."""
    for number in numbers:
        _check_made(connection, number)
    _check_nothing_moves(connection)
    left = connection.execute(
        select(groups.c.name).where(groups.c.parent_id.in_(numbers), groups.c.id.not_in(numbers)).limit(1)
    ).scalar_one_or_none()
    if left is not None:
        raise GroupRefusedError(message("the group {name} is below one of them; delete it first.", name=left))
    gone = groups.c.id.in_(numbers)
    connection.execute(update(groups).where(gone).values(parent_id=None))
    connection.execute(delete(groups).where(gone))


def add_members(connection: Connection, number: int, device_ids: Collection[int]) -> None:
    """Put devices into a group: all of them, or none. Raises `GroupRefusedError`."""
    _check_made(connection, number)
    _check_nothing_moves(connection)
    known = set(connection.execute(select(devices.c.id).where(devices.c.id.in_(device_ids))).scalars())
    inside = _members(connection, number, device_ids)
    if refused := sorted((set(device_ids) - known) | inside):
        raise MembersRefusedError(refused)
    if device_ids:
        rows = [{"group_id": number, "device_id": device} for device in set(device_ids)]
        connection.execute(insert(group_members), rows)


def remove_members(connection: Connection, number: int, device_ids: Collection[int]) -> None:
    """Take devices out of a group: all of them, or none. Raises `GroupRefusedError`."""
    _check_made(connection, number)
    _check_nothing_moves(connection)
    if refused := sorted(set(device_ids) - _members(connection, number, device_ids)):
        raise MembersRefusedError(refused)
    ours = (group_members.c.group_id == number, group_members.c.device_id.in_(device_ids))
    connection.execute(delete(group_members).where(*ours))


def exists(connection: Connection, number: int) -> bool:
    """Whether there is such a group, built in or made."""
    return connection.execute(select(groups.c.id).where(groups.c.id == number)).first() is not None


def members(connection: Connection, number: int, *, deep: bool) -> ColumnElement[bool]:
    """What tells the devices of a group from all others; `deep` counts those of the groups below it too."""
    name = connection.execute(select(groups.c.name).where(groups.c.id == number)).scalar_one()
    if name == ALL_DEVICES:
        return true()
    within = _with_all_below(number) if deep else select(groups.c.id).where(groups.c.id == number)
    return devices.c.id.in_(select(group_members.c.device_id).where(group_members.c.group_id.in_(within)))


def _with_all_below(number: int) -> Select[int]:
    """The numbers of a group and of every group below it."""
    tree = select(groups.c.id).where(groups.c.id == number).cte(recursive=True)
    tree = tree.union(select(groups.c.id).join(tree, groups.c.parent_id == tree.c.id))
    return select(tree.c.id)


def _members(connection: Connection, number: int, device_ids: Collection[int]) -> set[int]:
    inside = select(group_members.c.device_id).where(
        group_members.c.group_id == number, group_members.c.device_id.in_(device_ids)
    )
    return set(connection.execute(inside).scalars())


def _is_within(connection: Connection, number: int, tree: int) -> bool:
    return number in connection.execute(_with_all_below(tree)).scalars().all()


def _check_made(connection: Connection, number: int) -> None:
    made = select(groups.c.id).where(groups.c.id == number, groups.c.type_id == USER_DEFINED)
    if connection.execute(made).first() is None:
        raise UnknownGroupError(message("there is no group with the number {number} to be changed.", number=number))


def _check_nothing_moves(connection: Connection) -> None:
    held = select(devices.c.id).where(devices.c.quiesced_by.is_not(None)).limit(1)
    if connection.execute(held).first() is not None:
        raise GroupRefusedError(message("a migration holds devices; groups stay as they are until it has ended."))


def _check_texts(connection: Connection, name: str, description: str, number: int | None) -> None:
    if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise GroupRefusedError(
            message("a group's name has 1 to {limit} characters that can be printed.", limit=MAX_NAME)
        )
    if len(description) > MAX_LONG_TEXT:
        raise GroupRefusedError(message("a description has at most {limit} characters.", limit=MAX_LONG_TEXT))
    holder = connection.execute(select(groups.c.id).where(groups.c.name == name)).scalar_one_or_none()
    if holder not in (None, number):
        raise NameTakenError(message("a group named {name} is already here.", name=name))


def _parent(connection: Connection, parent: int | None, number: int | None) -> int:
    """The number of the group above; without one the root of all that people make. Raises `InvalidParentError`."""
    above = groups.c.name == STATIC_GROUPS if parent is None else groups.c.id == parent
    may_hold = or_(groups.c.type_id == USER_DEFINED, groups.c.name == STATIC_GROUPS)
    found = connection.execute(select(groups.c.id).where(above, may_hold)).scalar_one_or_none()
    if found is None or (number is not None and _is_within(connection, found, number)):
        raise InvalidParentError(message("a group cannot be below that one."))
    return int(found)
