"""Accounts in a real database: passwords are bounded, hashed, and compared alike for everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select

from mutua.console.accounts import Accounts, SessionKind
from mutua.console.passwords import MAX_PASSWORD
from mutua.console.users import Role, Users
from mutua.storage.database import Database
from mutua.storage.tables import sessions, users

HERE = "127.0.0.1"
LONGEST = "ñ" * MAX_PASSWORD


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    Users(database).add_first("admin", "right", must_change_password=False)
    return Accounts(database)


def test_there_is_nobody_before_the_first_is_made(database: Database) -> None:
    users = Users(database)
    assert not users.has_users()
    users.add_first("admin", "right", must_change_password=False)
    assert users.has_users()


def test_the_right_password_and_no_other(accounts: Accounts) -> None:
    user = accounts.authenticate("admin", "right", HERE)
    assert user is not None
    assert (user.name, user.role) == ("admin", Role.ADMINISTRATOR)
    for wrong in ("", "Right", "right ", "right\0", "wrong"):
        assert accounts.authenticate("admin", wrong, HERE) is None
    assert accounts.authenticate("nobody", "right", HERE) is None


@pytest.mark.parametrize("password", ["", "x" * (MAX_PASSWORD + 1)])
def test_a_password_that_nobody_could_enter_is_not_taken(database: Database, password: str) -> None:
    with pytest.raises(ValueError, match="password"):
        Users(database).add_first("other", password, must_change_password=False)


def test_the_longest_password_works_and_a_longer_one_that_begins_alike_does_not(
    accounts: Accounts, database: Database
) -> None:
    Users(database).add_first("other", LONGEST, must_change_password=False)
    assert accounts.authenticate("other", LONGEST, HERE) is not None
    assert accounts.authenticate("other", LONGEST + "x", HERE) is None
    assert accounts.authenticate("other", LONGEST * 1000, HERE) is None


@pytest.mark.parametrize("name", ["admin", "nobody"])
def test_a_wrong_password_is_verified_once_whoever_it_is_for(
    accounts: Accounts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.authenticate("nobody", "x", HERE)
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, known: str, password: str) -> bool:
        verified.append(known)
        return verify(self, known, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    assert accounts.authenticate(name, "wrong", HERE) is None
    (known,) = verified
    parameters = extract_parameters(known)
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (2, 19 * 1024, 1)


def test_neither_passwords_nor_tokens_are_stored(accounts: Accounts, database: Database) -> None:
    user = accounts.authenticate("admin", "right", HERE)
    assert user is not None
    _session, token = accounts.sign_in(user, SessionKind.API, "127.0.0.1")
    with database.reading() as connection:
        stored = [*connection.execute(select(users)).one(), *connection.execute(select(sessions)).one()]
    assert not any(isinstance(value, str) and ("right" in value or token in value) for value in stored)
    assert accounts.session_of(token) is not None


def test_tokens_are_never_alike(accounts: Accounts) -> None:
    user = accounts.authenticate("admin", "right", HERE)
    assert user is not None
    tokens = {accounts.sign_in(user, SessionKind.API, "127.0.0.1")[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 40 for token in tokens)
