"""`mutua doctor` finds each thing that keeps a console from working, and calls nothing sound that it cannot see."""

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.running import HOST, running_console

from mutua.authority.issue import Template, issue
from mutua.cli.main import mutua
from mutua.console.condition import Condition, State, examine
from mutua.console.console import Addresses, Console


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a console that was started once and is not running."""
    Console.open(tmp_path / "console", "console", Addresses(HOST, 1, 2)).close()
    (tmp_path / "console").chmod(0o700)
    return tmp_path / "console"


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
    return port


def found(folder: Path, port: int, now: datetime | None = None) -> dict[str, Condition]:
    """The worst condition of each kind."""
    order = list(State)
    worst: dict[str, Condition] = {}
    for condition in examine(folder, HOST, (port,), now or datetime.now(UTC)):
        before = worst.setdefault(condition.about, condition)
        if order.index(condition.state) > order.index(before.state):
            worst[condition.about] = condition
    return worst


def bad(conditions: dict[str, Condition]) -> set[str]:
    return {about for about, condition in conditions.items() if condition.state is State.BAD}


def test_nothing_is_wrong_with_a_console_that_was_just_made(folder: Path, free_port: int) -> None:
    conditions = found(folder, free_port)
    assert {condition.state for condition in conditions.values()} == {State.GOOD}
    assert list(conditions) == ["folder", "key", "space", "database", "seals", "certificate", "clock", "ports"]


def test_a_running_console_has_its_ports(tmp_path: Path) -> None:
    with running_console(tmp_path / "console") as running:
        conditions = found(tmp_path / "console", running.console.addresses.port)
    assert bad(conditions) <= {"folder"}  # The test's own folder is open to others, depending on its umask.
    assert "running" in str(conditions["ports"].found)


def _open_to_others(folder: Path) -> None:
    folder.chmod(0o755)


def _key_open_to_others(folder: Path) -> None:
    (folder / "sealing.key").chmod(0o640)


def _key_of_another(folder: Path) -> None:
    (folder / "sealing.key").write_bytes(os.urandom(32))


def _key_cut_off(folder: Path) -> None:
    (folder / "sealing.key").write_bytes(b"short")


def _database_overwritten(folder: Path) -> None:
    database = folder / "console.db"
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))


def _database_of_another_version(folder: Path) -> None:
    with sqlite3.connect(folder / "console.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _chain_of_a_stranger(folder: Path) -> None:
    root, stranger = (issue(Template(common_name="Root-CA", is_ca=True)) for _number in range(2))
    leaf = issue(Template(common_name="om.example.net"), issuer=root)
    with sqlite3.connect(folder / "console.db") as connection:
        connection.execute(
            "UPDATE identities SET kind = 'chain', certificates_pem = ?", ((leaf.pem + stranger.pem).decode(),)
        )


@pytest.mark.parametrize(
    ("damage", "about"),
    [
        (_open_to_others, "folder"),
        (_key_open_to_others, "key"),
        (_key_of_another, "seals"),
        (_key_cut_off, "seals"),
        (_database_overwritten, "database"),
        (_database_of_another_version, "database"),
        (_chain_of_a_stranger, "certificate"),
    ],
)
def test_each_damage_is_named_and_no_other(
    folder: Path, free_port: int, damage: Callable[[Path], None], about: str
) -> None:
    damage(folder)
    conditions = found(folder, free_port)
    assert bad(conditions) == {about}
    assert conditions[about].advice is not None


def test_what_cannot_be_looked_at_is_unknown(folder: Path, free_port: int) -> None:
    _key_of_another(folder)
    assert found(folder, free_port)["certificate"].state is State.UNKNOWN
    _database_of_another_version(folder)
    conditions = found(folder, free_port)
    assert {conditions[about].state for about in ("seals", "certificate", "clock")} == {State.UNKNOWN}


def test_a_port_that_is_taken_by_another_program(folder: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        assert bad(found(folder, taken.getsockname()[1])) == {"ports"}


def test_a_certificate_that_expires_and_one_that_has(folder: Path, free_port: int) -> None:
    soon = datetime.now(UTC) + timedelta(days=800)
    assert found(folder, free_port, soon)["certificate"].state is State.DOUBTFUL
    assert bad(found(folder, free_port, soon + timedelta(days=100))) == {"certificate"}


def test_a_clock_that_went_back(folder: Path, free_port: int) -> None:
    conditions = found(folder, free_port, datetime.now(UTC) - timedelta(minutes=10))
    assert bad(conditions) == {"certificate", "clock"}
    assert found(folder, free_port, datetime.now(UTC) - timedelta(minutes=2))["clock"].state is State.GOOD


def run(folder: Path, port: int, *more: str) -> Result:
    ports = ("--port", str(port), "--peer-port", str(port))
    return CliRunner().invoke(mutua, ["doctor", "--state", str(folder), *ports, "--lang", "en", *more])


def test_the_exit_code_and_the_last_line_say_how_it_is(folder: Path, free_port: int) -> None:
    sound = run(folder, free_port)
    assert (sound.exit_code, sound.stdout.splitlines()[-1]) == (0, " Nothing keeps this console from working.")
    _open_to_others(folder)
    open_to_others = run(folder, free_port)
    assert open_to_others.exit_code == 1
    assert "→ chmod 700" in open_to_others.stdout
    assert "✗" in open_to_others.stdout.splitlines()[-1]


def test_programs_get_json(folder: Path, free_port: int) -> None:
    _key_open_to_others(folder)
    answer = json.loads(run(folder, free_port, "--format", "json").stdout)
    assert answer["version"] == 1
    states = {condition["about"]: condition["state"] for condition in answer["conditions"]}
    assert states["key"] == "bad"
    assert states["seals"] == "good"


def test_a_folder_that_is_none_is_one_finding(tmp_path: Path, free_port: int) -> None:
    result = run(tmp_path / "nothing", free_port)
    assert result.exit_code == 1
    assert result.stdout.count("✗") == 2  # The finding, and the last line that speaks of the mark.
    assert not (tmp_path / "nothing").exists()
