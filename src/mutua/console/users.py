"""Local users: who there is, and what an administrator may change about them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from mutua.console.passwords import hashed, problem_with
from mutua.message import Message, message
from mutua.storage.database import Database
from mutua.storage.tables import sessions, users

MAX_NAME = 64
MAX_TEXT = 1024
"""Characters of a description."""
MAX_FULL_NAME = 255


class Role(StrEnum):
    """What a user may do, by the numbers that the appliance's API gives it."""

    ADMINISTRATOR = "10"
    DEVICE_MANAGER = "101"
    VIEWER = "16"


class User(NamedTuple):
    """Somebody who has signed in."""

    id: int
    name: str
    role: Role
    must_change_password: bool = False


class Account(NamedTuple):
    """A local user as administrators see it."""

    id: int
    name: str
    role: Role
    full_name: str = ""
    description: str = ""
    enabled: bool = True
    builtin: bool = False
    must_change_password: bool = False


class UnknownAccountError(Exception):
    """There is no such account."""


class AccountRefusedError(Exception):
    """An account cannot be made or changed so: which of its fields is wrong, if one is, and why."""

    def __init__(self, field: str | None, problem: Message) -> None:
        super().__init__(str(problem))
        self.field = field
        self.problem = problem


class Change(NamedTuple):
    """What is to be changed of an account; None leaves a field as it is."""

    name: str | None = None
    password: str | None = None
    role: Role | None = None
    full_name: str | None = None
    description: str | None = None
    enabled: bool | None = None


class Users:
    """The accounts in the database. Each change is one transaction, so two of them cannot undo each other's rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_users(self) -> bool:
        """Whether the first administrator was made."""
        with self._database.reading() as connection:
            return bool(connection.execute(select(func.count()).select_from(users)).scalar_one())

    def add_first(self, name: str, password: str, *, must_change_password: bool) -> None:
        """The administrator of a first start. Raises `ValueError` for a password that nobody could enter."""
        kept = hashed(password)
        with self._database.writing() as connection:
            connection.execute(
                users.insert().values(
                    user_name=name,
                    role_id=Role.ADMINISTRATOR,
                    password_hash=kept,
                    builtin=True,
                    must_change_password=must_change_password,
                )
            )

    def add(self, change: Change) -> Account:
        """A new account with a name, a password and a role. Raises `AccountRefusedError`."""
        if change.name is None or change.password is None or change.role is None:
            raise AccountRefusedError(None, message("an account needs a name, a password and a role."))
        _check(change, change.name)
        values = _values(change)
        with self._database.writing() as connection:
            _check_name_is_free(connection, change.name, None)
            key = connection.execute(users.insert().values(values)).inserted_primary_key
            return _read(connection, int(key[0]) if key else 0)

    def read(self, identifier: int) -> Account:
        """One account. Raises `UnknownAccountError`."""
        with self._database.reading() as connection:
            return _read(connection, identifier)

    def find(self, name: str) -> Account:
        """The account of that name. Raises `UnknownAccountError`."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(users.c.user_name == name)).mappings().one_or_none()
        if row is None:
            raise UnknownAccountError
        return account_of(row)

    def all(self) -> Sequence[Account]:
        """Every account, by name."""
        with self._database.reading() as connection:
            return [account_of(row) for row in connection.execute(select(users).order_by(users.c.user_name)).mappings()]

    def change(self, identifier: int, change: Change, by: User | None = None) -> Account:
        """Change an account; a new password ends its sessions. Raises `UnknownAccountError`, `AccountRefusedError`.

        `by` is who does it: nobody shuts themselves out.
        """
        with self._database.reading() as connection:
            _check(change, change.name or _read(connection, identifier).name)
        values = _values(change)
        with self._database.writing() as connection:
            before = _read(connection, identifier)
            if change.name is not None:
                _check_name_is_free(connection, change.name, identifier)
            if values:
                connection.execute(update(users).where(users.c.id == identifier).values(values))
            after = _read(connection, identifier)
            if by is not None and by.id == identifier and (not after.enabled or after.role != before.role):
                raise AccountRefusedError(None, message("nobody can take their own access away."))
            _check_an_administrator_is_left(connection)
            if change.password is not None:
                connection.execute(delete(sessions).where(sessions.c.user_id == identifier))
            return after

    def change_own_password(self, user: User, password: str, session_id: str | None) -> None:
        """Set the password and end all the user's sessions but the one in use. Raises `AccountRefusedError`."""
        if problem := problem_with(password, user.name):
            raise AccountRefusedError("NewPassword", problem)
        kept = hashed(password)
        with self._database.writing() as connection:
            changed = update(users).where(users.c.id == user.id)
            connection.execute(changed.values(password_hash=kept, must_change_password=False))
            others = delete(sessions).where(sessions.c.user_id == user.id)
            connection.execute(others if session_id is None else others.where(sessions.c.id != session_id))

    def delete(self, identifier: int, by: User | None = None) -> None:
        """Delete an account with its sessions. Raises `UnknownAccountError`, `AccountRefusedError`."""
        if by is not None and by.id == identifier:
            raise AccountRefusedError(None, message("nobody can delete their own account."))
        with self._database.writing() as connection:
            if not connection.execute(delete(users).where(users.c.id == identifier)).rowcount:
                raise UnknownAccountError
            _check_an_administrator_is_left(connection)


def account_of(row: RowMapping) -> Account:
    """An account from its row in the table."""
    return Account(
        row["id"],
        row["user_name"],
        Role(row["role_id"]),
        row["full_name"],
        row["description"],
        row["enabled"],
        row["builtin"],
        row["must_change_password"],
    )


def _read(connection: Connection, identifier: int) -> Account:
    row = connection.execute(select(users).where(users.c.id == identifier)).mappings().one_or_none()
    if row is None:
        raise UnknownAccountError
    return account_of(row)


def _check(change: Change, name: str) -> None:
    if problem := _problem_with_name(name):
        raise AccountRefusedError("UserName", problem)
    if change.password is not None and (problem := problem_with(change.password, name)):
        raise AccountRefusedError("Password", problem)
    for field, text, limit in (
        ("Name", change.full_name, MAX_FULL_NAME),
        ("Description", change.description, MAX_TEXT),
    ):
        if text is not None and len(text) > limit:
            raise AccountRefusedError(
                field, message("it has {length} characters; at most {limit} are kept.", length=len(text), limit=limit)
            )


def _problem_with_name(name: str) -> Message | None:
    """Basic credentials (RFC 7617) end a name at its first colon."""
    if not 0 < len(name) <= MAX_NAME:
        return message(
            "a user name has 1 to {limit} characters; this one has {length}.", limit=MAX_NAME, length=len(name)
        )
    if not name.isprintable() or name != name.strip() or ":" in name:
        return message("a user name has characters that can be printed, no colon, and no blank at its ends.")
    return None


def _values(change: Change) -> Mapping[str, object]:
    values = {
        "user_name": change.name,
        "role_id": change.role,
        "full_name": change.full_name,
        "description": change.description,
        "enabled": change.enabled,
    }
    given: dict[str, object] = {column: value for column, value in values.items() if value is not None}
    if change.password is not None:
        given |= {"password_hash": hashed(change.password), "must_change_password": False}
    return given


def _check_name_is_free(connection: Connection, name: str, identifier: int | None) -> None:
    holder = connection.execute(select(users.c.id).where(users.c.user_name == name)).scalar_one_or_none()
    if holder not in (None, identifier):
        raise AccountRefusedError("UserName", message("a user named {name} is already here.", name=name))


def _check_an_administrator_is_left(connection: Connection) -> None:
    """After the change, before it is committed: the last one could never be made again from within."""
    able = select(users.c.id).where(users.c.role_id == Role.ADMINISTRATOR, users.c.enabled.is_(True))
    if connection.execute(able.limit(1)).first() is None:
        raise AccountRefusedError(None, message("the last administrator that can sign in has to stay one."))
