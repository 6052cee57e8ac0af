"""Accounts as administrators change them: what is taken, what is refused, and that one of them always stays."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mutua.console.accounts import Accounts, SessionKind
from mutua.console.passwords import MAX_PASSWORD, MIN_PASSWORD, problem_with
from mutua.console.users import (
    MAX_FULL_NAME,
    MAX_NAME,
    MAX_TEXT,
    AccountRefusedError,
    Change,
    Role,
    UnknownAccountError,
    User,
    Users,
)
from mutua.storage.database import Database

PASSWORD = "a long password"
HERE = "127.0.0.1"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


@pytest.fixture
def users(database: Database) -> Users:
    users = Users(database)
    users.add_first("admin", PASSWORD, must_change_password=True)
    return users


@pytest.fixture
def admin(users: Users) -> User:
    account = users.find("admin")
    return User(account.id, account.name, account.role)


def viewer(name: str = "maria") -> Change:
    return Change(name, PASSWORD, Role.VIEWER)


def test_an_account_is_as_it_was_added(users: Users) -> None:
    added = users.add(Change("maria", PASSWORD, Role.DEVICE_MANAGER, "María Pérez", "night shift", enabled=False))
    assert added == users.read(added.id) == users.find("maria")
    assert added[1:] == ("maria", Role.DEVICE_MANAGER, "María Pérez", "night shift", False, False, False)
    assert [account.name for account in users.all()] == ["admin", "maria"]


@pytest.mark.parametrize("missing", ["name", "password", "role"])
def test_a_new_account_needs_all_three(users: Users, missing: str) -> None:
    with pytest.raises(AccountRefusedError):
        users.add(viewer()._replace(**{missing: None}))


@pytest.mark.parametrize(
    "name", ["", " ", " maria", "maria ", "ma:ria", "ma\nria", "ma\0ria", "x" * (MAX_NAME + 1), "ma\u200bria"]
)
def test_a_name_that_could_not_sign_in_or_be_told_from_another_is_refused(users: Users, name: str) -> None:
    with pytest.raises(AccountRefusedError) as refused:
        users.add(viewer(name))
    assert refused.value.field == "UserName"
    assert len(users.all()) == 1


@pytest.mark.parametrize("name", ["m", "maría", "EXAMPLE\\maria", "maria@example.net", "x" * MAX_NAME, "ma ria"])
def test_names_as_people_have_them_are_taken(users: Users, name: str) -> None:
    assert users.add(viewer(name)).name == name


@pytest.mark.parametrize("password", ["", "x" * (MIN_PASSWORD - 1), "x" * (MAX_PASSWORD + 1), "Mariaaaa"])
def test_a_password_that_is_too_short_too_long_or_the_name_is_refused(users: Users, password: str) -> None:
    with pytest.raises(AccountRefusedError) as refused:
        users.add(viewer("mariaaaa")._replace(password=password))
    assert refused.value.field == "Password"
    assert problem_with("x" * MIN_PASSWORD, "maria") is problem_with("x" * MAX_PASSWORD, "maria") is None


def test_texts_are_bounded(users: Users) -> None:
    fits = viewer()._replace(full_name="x" * MAX_FULL_NAME, description="x" * MAX_TEXT)
    for field, change in (
        ("Name", fits._replace(full_name="x" * (MAX_FULL_NAME + 1))),
        ("Description", fits._replace(description="x" * (MAX_TEXT + 1))),
    ):
        with pytest.raises(AccountRefusedError) as refused:
            users.add(change)
        assert refused.value.field == field
    assert users.add(fits).description == "x" * MAX_TEXT


def test_two_accounts_never_have_one_name(users: Users) -> None:
    maria = users.add(viewer())
    with pytest.raises(AccountRefusedError, match="already here"):
        users.add(viewer())
    with pytest.raises(AccountRefusedError, match="already here"):
        users.change(maria.id, Change(name="admin"))
    assert users.change(maria.id, Change(name="maria")).name == "maria"


def test_only_what_is_given_changes(users: Users) -> None:
    before = users.add(viewer())
    assert users.change(before.id, Change()) == before
    after = users.change(before.id, Change(description="day shift"))
    assert after == before._replace(description="day shift")


def test_a_new_password_ends_the_sessions_of_the_account_and_of_no_other(users: Users, database: Database) -> None:
    accounts = Accounts(database)
    maria = users.add(viewer())
    of_maria = accounts.sign_in(User(maria.id, "maria", maria.role), SessionKind.API, HERE)[1]
    admin = users.find("admin")
    of_admin = accounts.sign_in(User(admin.id, "admin", admin.role), SessionKind.API, HERE)[1]
    users.change(maria.id, Change(description="stays"))
    assert accounts.session_of(of_maria) is not None
    users.change(maria.id, Change(password="another password"))
    assert accounts.session_of(of_maria) is None
    assert accounts.session_of(of_admin) is not None
    assert accounts.authenticate("maria", PASSWORD, HERE) is None
    assert accounts.authenticate("maria", "another password", HERE) is not None


def test_ones_own_new_password_ends_every_session_but_the_one_in_use(
    users: Users, admin: User, database: Database
) -> None:
    accounts = Accounts(database)
    assert users.find("admin").must_change_password
    (used, token), (_other, other_token) = (accounts.sign_in(admin, SessionKind.WEB, HERE) for _ in range(2))
    with pytest.raises(AccountRefusedError):
        users.change_own_password(admin, "short", used.id)
    assert accounts.session_of(other_token) is not None
    users.change_own_password(admin, "another password", used.id)
    assert accounts.session_of(token) is not None
    assert accounts.session_of(other_token) is None
    assert not users.find("admin").must_change_password


@pytest.mark.parametrize(
    "change", [Change(enabled=False), Change(role=Role.VIEWER), Change(enabled=False, role=Role.DEVICE_MANAGER)]
)
def test_the_last_administrator_stays_one(users: Users, admin: User, change: Change) -> None:
    with pytest.raises(AccountRefusedError, match="last administrator"):
        users.change(admin.id, change)
    second = users.add(Change("second", PASSWORD, Role.ADMINISTRATOR))
    users.change(admin.id, change)
    with pytest.raises(AccountRefusedError, match="last administrator"):
        users.delete(second.id)


def test_a_disabled_administrator_does_not_count(users: Users, admin: User) -> None:
    users.add(Change("second", PASSWORD, Role.ADMINISTRATOR, enabled=False))
    with pytest.raises(AccountRefusedError, match="last administrator"):
        users.delete(admin.id)


@pytest.mark.parametrize("change", [Change(enabled=False), Change(role=Role.VIEWER)])
def test_nobody_shuts_themselves_out(users: Users, admin: User, change: Change) -> None:
    second = users.add(Change("second", PASSWORD, Role.ADMINISTRATOR))
    with pytest.raises(AccountRefusedError, match="own access"):
        users.change(admin.id, change, by=admin)
    with pytest.raises(AccountRefusedError, match="own account"):
        users.delete(admin.id, by=admin)
    assert users.find("admin").enabled
    users.change(admin.id, Change(description="myself"), by=admin)
    users.delete(second.id, by=admin)


def test_what_is_not_there_is_said_so(users: Users) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: users.read(1),
        lambda: users.delete(1),
        lambda: users.find("nobody"),
        lambda: users.change(1, Change(enabled=True)),
    ]
    for attempt in attempts:
        with pytest.raises(UnknownAccountError):
            attempt()


def test_two_administrators_who_remove_each_other_at_once_leave_one(users: Users, admin: User) -> None:
    second = users.add(Change("second", PASSWORD, Role.ADMINISTRATOR))
    start, refused = threading.Barrier(2), list[Exception]()

    def remove(attempt: Callable[[], object]) -> None:
        start.wait(10)
        try:
            attempt()
        except AccountRefusedError as error:
            refused.append(error)

    attempts: list[Callable[[], object]] = [
        lambda: users.delete(second.id),
        lambda: users.change(admin.id, Change(role=Role.VIEWER)),
    ]
    threads = [threading.Thread(target=remove, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [account.role for account in users.all()].count(Role.ADMINISTRATOR) == 1
