"""Failed sign-ins: who waits how long, who does not, and that nobody learns anything from it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from mutua.console.accounts import Accounts, TooManyFailuresError
from mutua.console.failures import ACCOUNT, ADDRESS, FORGOTTEN_AFTER, HERE, LONGEST_WAIT, Failures, Limit
from mutua.console.users import Role, Users
from mutua.storage.database import Database
from mutua.storage.tables import sign_in_failures

NAME, ADDRESS_1, ADDRESS_2 = "admin", "192.0.2.1", "192.0.2.2"
RIGHT = "the right password"
NO_WAIT = timedelta()
MORE = 6
"""Failures after which a test has time to look: a wait of a minute."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


@pytest.fixture
def failures(database: Database) -> Failures:
    return Failures(database)


def fail(failures: Failures, times: int, name: str = NAME, address: str = ADDRESS_1) -> None:
    for _ in range(times):
        failures.add(name, address)


def pass_time(database: Database, elapsed: timedelta) -> None:
    """As if all failures had been earlier."""
    with database.writing() as connection:
        for subject, last_at in connection.execute(select(sign_in_failures.c.subject, sign_in_failures.c.last_at)):
            connection.execute(
                update(sign_in_failures).where(sign_in_failures.c.subject == subject).values(last_at=last_at - elapsed)
            )


@given(st.integers(1, 1000), st.integers(0, 10**9))
def test_the_wait_never_shrinks_and_has_an_end(allowed: int, failed: int) -> None:
    limit = Limit(allowed)
    assert NO_WAIT <= limit.wait(failed) <= limit.wait(failed + 1) <= LONGEST_WAIT
    assert (limit.wait(failed) == NO_WAIT) is (failed < allowed)


def test_the_wait_doubles() -> None:
    assert [HERE.wait(HERE.failures + more).total_seconds() for more in range(11)] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900,
    ]  # fmt: skip


def test_a_few_mistakes_cost_nothing_and_one_more_costs_a_wait(failures: Failures) -> None:
    fail(failures, HERE.failures - 1)
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    fail(failures, 1 + MORE)
    assert NO_WAIT < failures.wait(NAME, ADDRESS_1) <= timedelta(seconds=64)


def test_guessing_at_one_address_keeps_nobody_out_elsewhere(failures: Failures) -> None:
    fail(failures, 30)
    assert failures.wait(NAME, ADDRESS_1) > NO_WAIT
    assert failures.wait(NAME, ADDRESS_2) == NO_WAIT


def test_one_password_tried_on_many_accounts_is_stopped_too(failures: Failures) -> None:
    for number in range(ADDRESS.failures):
        assert failures.wait("somebody else", ADDRESS_1) == NO_WAIT
        failures.add(f"user {number}", ADDRESS_1)
    fail(failures, MORE)
    assert failures.wait("somebody else", ADDRESS_1) > NO_WAIT
    assert failures.wait("somebody else", ADDRESS_2) == NO_WAIT


def test_guessing_from_many_addresses_is_stopped_too(failures: Failures) -> None:
    for number in range(ACCOUNT.failures):
        assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
        failures.add(NAME, f"198.51.100.{number}")
    fail(failures, 4, address="198.51.100.200")
    fail(failures, 4, address="198.51.100.201")
    assert failures.wait(NAME, ADDRESS_1) > NO_WAIT
    assert failures.wait("another", ADDRESS_1) == NO_WAIT


def test_one_subscriber_of_ipv6_is_one_address(failures: Failures) -> None:
    for number in range(HERE.failures + MORE):
        failures.add(NAME, f"2001:db8:0:1::{number:x}")
    assert failures.wait(NAME, "2001:db8:0:1:ffff::") > NO_WAIT
    assert failures.wait(NAME, "2001:db8:0:2::") == NO_WAIT
    fail(failures, HERE.failures + MORE, address="::ffff:192.0.2.1")
    assert failures.wait(NAME, ADDRESS_1) > NO_WAIT


def test_waiting_ends_and_in_the_end_all_is_forgotten(failures: Failures, database: Database) -> None:
    fail(failures, HERE.failures + MORE)
    pass_time(database, timedelta(seconds=65))
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    fail(failures, 1)
    assert failures.wait(NAME, ADDRESS_1) > timedelta(seconds=65)
    pass_time(database, FORGOTTEN_AFTER)
    fail(failures, 1)
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    with database.reading() as connection:
        assert set(connection.execute(select(sign_in_failures.c.failures)).scalars()) == {1}


def test_success_forgets_what_was_here_and_not_what_came_from_elsewhere(failures: Failures) -> None:
    fail(failures, HERE.failures + MORE)
    failures.succeeded(NAME, ADDRESS_1)
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    fail(failures, ACCOUNT.failures, address=ADDRESS_2)
    failures.succeeded(NAME, ADDRESS_1)
    assert failures.wait(NAME, ADDRESS_1) > NO_WAIT, "the account's own limit"


def test_an_account_that_is_forgiven_starts_anew_everywhere(failures: Failures) -> None:
    fail(failures, HERE.failures)
    fail(failures, ACCOUNT.failures, address=ADDRESS_2)
    fail(failures, HERE.failures + MORE, name="another", address="192.0.2.9")
    assert failures.locked()(NAME)
    failures.forgive(NAME)
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    assert not failures.locked()(NAME)
    assert failures.locked()("another")


def test_neither_names_nor_what_was_typed_for_one_are_kept(failures: Failures, database: Database) -> None:
    fail(failures, 1, name="my password")
    with database.reading() as connection:
        assert not any(
            "my password" in subject for subject in connection.execute(select(sign_in_failures.c.subject)).scalars()
        )


@pytest.fixture
def accounts(database: Database) -> Accounts:
    Users(database).add_first(NAME, RIGHT, must_change_password=False)
    return Accounts(database)


@pytest.mark.parametrize("name", [NAME, "nobody"])
def test_whoever_it_is_for_the_wait_is_the_same_and_the_right_password_does_not_shorten_it(
    accounts: Accounts, name: str
) -> None:
    for _ in range(HERE.failures):
        assert accounts.authenticate(name, "wrong", ADDRESS_1) is None
    fail(accounts.failures, MORE, name)
    for password in ("wrong", RIGHT):
        with pytest.raises(TooManyFailuresError) as refused:
            accounts.authenticate(name, password, ADDRESS_1)
        assert 50 < refused.value.wait_s <= 64


def test_after_the_wait_the_right_password_is_right_again(accounts: Accounts, database: Database) -> None:
    fail(accounts.failures, HERE.failures)
    pass_time(database, timedelta(seconds=2))
    user = accounts.authenticate(NAME, RIGHT, ADDRESS_1)
    assert user is not None
    assert user.role is Role.ADMINISTRATOR
    fail(accounts.failures, HERE.failures - 1)
    assert accounts.authenticate(NAME, RIGHT, ADDRESS_1) is not None


def test_guesses_made_at_once_get_no_more_than_one_after_the_other(accounts: Accounts) -> None:
    """The right one is among them, and comes last: it starts before the limit is reached and ends after."""
    fail(accounts.failures, HERE.failures - 1)
    entered, finish, outcome = threading.Event(), threading.Event(), list[object]()
    looked = accounts.failures.wait

    def wait(name: str, address: str) -> timedelta:
        found = looked(name, address)
        if not entered.is_set():
            entered.set()
            finish.wait(10)
        return found

    accounts.failures.wait = wait  # type: ignore[method-assign]

    def guess() -> None:
        try:
            outcome.append(accounts.authenticate(NAME, RIGHT, ADDRESS_1))
        except TooManyFailuresError as error:
            outcome.append(error)

    thread = threading.Thread(target=guess)
    thread.start()
    assert entered.wait(10)
    fail(accounts.failures, 10)
    finish.set()
    thread.join()
    assert [type(found) for found in outcome] == [TooManyFailuresError]


def test_a_restart_forgets_nothing(database: Database, tmp_path: Path) -> None:
    fail(Failures(database), 12)
    database.close()
    again = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    assert Failures(again).wait(NAME, ADDRESS_1) > timedelta(minutes=1)
    again.close()


def test_failures_in_the_future_keep_nobody_waiting_for_it(failures: Failures, database: Database) -> None:
    fail(failures, HERE.failures)
    with database.writing() as connection:
        connection.execute(update(sign_in_failures).values(last_at=datetime.now(UTC) + timedelta(days=1)))
    assert failures.wait(NAME, ADDRESS_1) == NO_WAIT
    fail(failures, MORE)
    assert NO_WAIT < failures.wait(NAME, ADDRESS_1) <= LONGEST_WAIT
