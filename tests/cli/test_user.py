"""`mutua user`, as a process, on the state folder of a console that runs, and of one that does not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.cli.program import Ended, run, secret_file, sentence
from tests.running import PASSWORD, USER, RunningConsole, running_console

from mutua.console.accounts import SessionKind, TooManyFailuresError
from mutua.console.users import Role
from mutua.storage.database import Database

NEW = "a new password"
HERE = "127.0.0.1"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path / "console") as console:
        yield console


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The folder of a console that ran."""
    with running_console(tmp_path / "console") as console:
        return console.console.state.path


def user(state: Path, *arguments: str | Path, password: str = NEW) -> Ended:
    return run("user", *arguments, "--state", state, MUTUA_NEW_PASSWORD=password)


def listed(state: Path) -> list[dict[str, object]]:
    ended = user(state, "list", "--format", "json")
    assert ended.code == 0
    found: list[dict[str, object]] = json.loads(ended.out)
    return found


def test_an_account_from_its_first_day_to_its_last(stopped: Path) -> None:
    assert user(stopped, "add", "maria", "--role", "device-manager").code == 0
    assert user(stopped, "role", "maria", "administrator").code == 0
    maria = listed(stopped)[1]
    assert maria == {
        "id": 10079,
        "name": "maria",
        "role": "administrator",
        "enabled": True,
        "locked": False,
        "must_change_password": False,
    }
    said = user(stopped, "list").out.splitlines()
    assert [line.split() for line in said] == [["admin", "administrator"], ["maria", "administrator"]]
    assert user(stopped, "delete", "maria").code == 0
    assert [account["name"] for account in listed(stopped)] == [USER]


def test_a_new_password_holds_at_once_while_the_console_runs(running: RunningConsole) -> None:
    accounts, state = running.console.accounts, running.console.state.path
    signed_in = accounts.authenticate(USER, PASSWORD, HERE)
    assert signed_in is not None
    _session, token = accounts.sign_in(signed_in, SessionKind.API, HERE)
    ended = user(state, "passwd", USER)
    assert (ended.code, ended.err) == (0, "")
    assert accounts.session_of(token) is None
    assert accounts.authenticate(USER, PASSWORD, HERE) is None
    found = accounts.authenticate(USER, NEW, HERE)
    assert found is not None
    assert found.role is Role.ADMINISTRATOR
    assert NEW not in ended.out


def test_the_password_may_come_from_a_file(running: RunningConsole, tmp_path: Path) -> None:
    file = secret_file(tmp_path, "a password in a file")
    assert run("user", "passwd", USER, "--password-file", file, "--state", running.console.state.path).code == 0
    assert running.console.accounts.authenticate(USER, "a password in a file", HERE) is not None


def test_whoever_is_locked_out_is_let_in_again(running: RunningConsole) -> None:
    accounts, state = running.console.accounts, running.console.state.path
    for _ in range(12):
        accounts.failures.add(USER, HERE)
    with pytest.raises(TooManyFailuresError):
        accounts.authenticate(USER, PASSWORD, HERE)
    assert listed(state)[0]["locked"] is True
    assert "locked" in user(state, "list").out
    assert user(state, "unlock", USER).code == 0
    assert accounts.authenticate(USER, PASSWORD, HERE) is not None


def test_an_account_that_was_disabled_is_enabled_by_unlocking_it(stopped: Path) -> None:
    assert user(stopped, "add", "maria").code == 0
    database = Database.join(f"sqlite:///{stopped / 'console.db'}")
    with database.writing() as connection:
        connection.execute(text("UPDATE users SET enabled = 0 WHERE user_name = 'maria'"))
    database.close()
    assert "disabled" in user(stopped, "list").out
    assert user(stopped, "unlock", "maria").code == 0
    assert "disabled" not in user(stopped, "list").out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("delete", USER), "the last administrator that can sign in has to stay one."),
        (("role", USER, "viewer"), "the last administrator that can sign in has to stay one."),
        (("delete", "nobody"), "there is no user named nobody."),
        (("passwd", "nobody"), "there is no user named nobody."),
        (("unlock", "nobody"), "there is no user named nobody."),
        (("add", USER), "a user named admin is already here."),
        (("add", "ma:ria"), "no colon"),
    ],
)
def test_what_is_refused_is_said_and_changes_nothing(stopped: Path, arguments: tuple[str, ...], problem: str) -> None:
    before = listed(stopped)
    ended = user(stopped, *arguments)
    assert ended.code == 2
    assert problem in sentence(ended)
    assert listed(stopped) == before


def test_a_weak_password_is_refused(stopped: Path) -> None:
    ended = user(stopped, "passwd", USER, password="short")
    assert ended.code == 2
    assert "at least 8 characters" in sentence(ended)


def test_without_a_password_nobody_is_made(stopped: Path) -> None:
    ended = run("user", "add", "maria", "--state", stopped)
    assert ended.code == 2
    assert "MUTUA_NEW_PASSWORD" in ended.err
    assert len(listed(stopped)) == 1


def test_what_is_no_state_folder_stays_as_it_is(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        ended = user(folder, "list")
        assert ended.code == 3
        assert "not the state folder" in sentence(ended)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_version_is_left_alone(stopped: Path) -> None:
    file = stopped / "console.db"
    database = Database.join(f"sqlite:///{file}")
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    database.close()
    ended = user(stopped, "passwd", USER)
    assert ended.code == 3
    assert "another version" in sentence(ended)


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "console.db").write_bytes(b"no database, " * 100)
    ended = user(tmp_path, "list")
    assert ended.code == 3
    assert "file is not a database" in sentence(ended)


@pytest.mark.parametrize("verb", ["list", "add", "passwd", "unlock", "role", "delete"])
def test_every_verb_explains_itself(verb: str) -> None:
    ended = run("user", verb, "--help")
    assert ended.code == 0
    assert f"mutua user {verb}" in ended.out
    assert "--state" in ended.out
