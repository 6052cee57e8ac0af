"""`mutua audit`, as a process, on the state folder of a console that ran, and of one that runs."""

import json
import pwd
import re
from collections.abc import Iterator
from os import getuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.cli.program import Ended, run, sentence
from tests.running import PASSWORD, USER, RunningConsole, running_console

from mutua.console.accounts import SessionKind
from mutua.console.users import Role, User
from mutua.storage.database import Database

HERE = "127.0.0.1"
ADMIN = User(10078, USER, Role.ADMINISTRATOR)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningConsole]:
    """A console that somebody signed in to, and somebody failed to."""
    with running_console(tmp_path / "console") as console:
        console.console.accounts.sign_in(ADMIN, SessionKind.WEB, HERE)
        console.console.accounts.authenticate(USER, "wrong", HERE)
        yield console


@pytest.fixture
def state(running: RunningConsole) -> Path:
    return running.console.state.path


def audit(verb: str, state: Path, *arguments: str) -> Ended:
    return run("audit", verb, "--state", state, *arguments)


def read(verb: str, state: Path, *arguments: str) -> Any:
    ended = audit(verb, state, *arguments, "--format", "json")
    assert ended.code in (0, 1)
    return json.loads(ended.out)


def change(state: Path, statement: str) -> None:
    database = Database.join(f"sqlite:///{state / 'console.db'}")
    with database.writing() as connection:
        connection.execute(text(statement))
    database.close()


def test_what_was_done_is_listed_the_newest_first(state: Path) -> None:
    ended = audit("list", state)
    assert (ended.code, ended.err) == (0, "")
    failed, done = (re.split(" {2,}", line) for line in ended.out.splitlines())
    assert (failed[0], failed[-1]) == ("2", "refused (401)")
    assert (done[0], done[-1]) == ("1", "succeeded")
    assert {"Signing in", USER, HERE} < set(failed)
    entries = read("list", state, "--top", "1")["entries"]
    assert [(entry["number"], entry["action"], entry["status"]) for entry in entries] == [(2, "session.open", 401)]


def test_what_the_command_line_changes_is_listed_with_the_account_of_the_machine(state: Path) -> None:
    orders = (("add", "maria"), ("role", "maria", "administrator"), ("passwd", "maria"), ("unlock", "maria"),
              ("delete", "maria"))  # fmt: skip
    for order in orders:
        assert run("user", *order, "--state", state, MUTUA_NEW_PASSWORD="a new password").code == 0
    assert run("user", "delete", "nobody", "--state", state).code == 2
    assert run("user", "list", "--state", state).code == 0
    entries = read("list", state)["entries"][:-2]
    names = ["account.delete", "account.unlock", "account.password", "account.change", "account.add"]
    assert [entry["action"] for entry in entries] == names
    assert {entry["user"] for entry in entries} == {f"system:{pwd.getpwuid(getuid()).pw_name}"}
    assert {entry["subject"] for entry in entries} == {"maria"}
    assert "a new password" not in audit("list", state).out
    assert audit("verify", state).code == 0


def test_a_restored_backup_is_told_with_what_the_log_ended_with_before(state: Path, tmp_path: Path) -> None:
    secret = {"MUTUA_BACKUP_PASSPHRASE": "correct horse battery staple"}
    assert run("backup", "create", "--state", state, "-o", tmp_path / "backup", **secret).code == 0
    other = tmp_path / "other"
    assert run("backup", "restore", tmp_path / "backup", "--state", other, **secret).code == 0
    ended = read("verify", other)["last"]
    assert run("backup", "restore", tmp_path / "backup", "--state", other, "--replace", **secret).code == 0
    told = read("list", other)["entries"][0]
    assert (told["action"], told["subject"]) == ("backup.restore", ended)
    assert audit("verify", other).code == 0
    assert audit("verify", other, "--noted", ended).code == 1


def test_an_empty_log_is_listed_and_intact(tmp_path: Path) -> None:
    with running_console(tmp_path / "console") as console:
        state = console.console.state.path
    assert audit("list", state) == (0, "", "")
    assert audit("verify", state).code == 0


def test_a_log_that_nobody_changed_is_intact(state: Path) -> None:
    ended = audit("verify", state)
    assert (ended.code, ended.err) == (0, "")
    first, _sentence, mark = ended.out.splitlines()
    assert first == "The audit log is intact: 2 entries."
    assert audit("verify", state, "--noted", mark.strip()).code == 0
    answer = read("verify", state)
    assert answer == {
        "version": 1,
        "intact": True,
        "entries": 2,
        "first": 1,
        "last": mark.strip(),
        "problem": None,
        "broken_at": None,
    }


@pytest.mark.parametrize(
    ("statement", "at", "problem"),
    [
        ("UPDATE audit_entries SET user_name = 'maria' WHERE number = 1", 1, "entry 1 was changed"),
        ("DELETE FROM audit_entries WHERE number = 1", 1, "entry 1 is missing."),
        ("DELETE FROM audit_entries WHERE number = 2", 2, "entry 2 is missing."),
        ("DELETE FROM audit_entries", 1, "the entries 1 to 2 are missing."),
        ("UPDATE audit_entries SET status = '401'", 1, "entry 1 was changed"),
        ("UPDATE audit_entries SET user_name = x'00' WHERE number = 1", 1, "entry 1 was changed"),
        ("UPDATE audit_entries SET hash = 'nonsense' WHERE number = 2", 2, "entry 2 was changed"),
    ],
)
def test_where_it_breaks_is_said(state: Path, statement: str, at: int, problem: str) -> None:
    change(state, statement)
    ended = audit("verify", state)
    assert ended.code == 1
    assert ended.out.startswith(f"The audit log is not what was written: {problem}")
    answer = read("verify", state)
    assert (answer["intact"], answer["broken_at"]) == (False, at)
    assert audit("list", state).code == 0


def test_a_log_that_was_written_anew_is_found_by_what_was_noted_down(state: Path) -> None:
    noted = read("verify", state)["last"]
    change(state, "DELETE FROM audit_entries")
    change(state, "DELETE FROM audit_head")
    assert audit("verify", state).code == 0
    ended = audit("verify", state, "--noted", noted)
    assert (ended.code, "the entries 1 to 2 are missing." in ended.out) == (1, True)


@pytest.mark.parametrize("noted", ["", "2", "2:", "x:" + "0" * 64, "1:" + "g" * 64, "1" * 30 + ":" + "0" * 64])
def test_what_is_no_entry_is_refused(tmp_path: Path, noted: str) -> None:
    ended = audit("verify", tmp_path, "--noted", noted)
    assert ended.code == 2
    assert sentence(ended).endswith("expected its number, a colon, and 64 hexadecimal digits.")


@pytest.mark.parametrize("verb", ["list", "verify"])
def test_a_folder_without_a_console_is_unreadable(tmp_path: Path, verb: str) -> None:
    ended = audit(verb, tmp_path)
    assert ended.code == 3
    assert "is not the state folder of a console" in sentence(ended)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["list", "verify"])
def test_a_log_that_cannot_be_read_is_said_so(state: Path, verb: str) -> None:
    change(state, "DROP TABLE audit_entries")
    ended = audit(verb, state)
    assert ended.code == 3
    assert sentence(ended).endswith("cannot be read.")


def test_one_entry_is_one(state: Path) -> None:
    change(state, "DELETE FROM audit_entries WHERE number = 2")
    assert audit("verify", state).out.endswith("\nUp to there 1 entry fits.\n")


def test_it_is_told_in_spanish(state: Path) -> None:
    ended = run("audit", "list", "--state", state, "--lang", "es")
    assert "Iniciar sesión" in ended.out
    assert "rechazado (401)" in ended.out
    assert PASSWORD not in ended.out
