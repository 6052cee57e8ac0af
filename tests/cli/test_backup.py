"""`mutua backup`, as a process: with the passphrase's real cost, prompts, exit codes, and files as they must be."""

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.backup.taken import MIGRATION, PASSPHRASE, content, dump, filled, migrated
from tests.cli.program import PROGRAM, environment, run, secret_file, sentence

from mutua.migration.phases import Phase, Role

KNOWN = {"MUTUA_BACKUP_PASSPHRASE": PASSPHRASE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped console, only read here."""
    return filled(tmp_path_factory.mktemp("consoles") / "console")


@pytest.fixture(scope="module")
def backup(folder: Path) -> Path:
    """A backup of it."""
    file = folder.with_name("console.backup")
    ended = run("backup", "create", "--state", folder, "-o", file, **KNOWN)
    assert (ended.code, ended.err) == (0, "")
    assert f"Written: {file}" in ended.out
    return file


def test_it_comes_back_as_it_was(folder: Path, backup: Path, tmp_path: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    ended = run("backup", "restore", backup, "--state", tmp_path / "new", **KNOWN)
    assert (ended.code, ended.err) == (0, "")
    assert "must not run any more" in ended.out
    assert content(tmp_path / "new") == content(folder)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "new").iterdir() if path.stat().st_mode & 0o077] == []


def test_what_it_holds_can_be_seen_without_the_passphrase(backup: Path) -> None:
    ended = run("backup", "show", backup)
    assert ended.code == 0
    assert "console.example.net" in ended.out
    assert "The file is whole" in ended.out
    said = json.loads(run("backup", "show", backup, "--format", "json").out)
    assert (said["version"], said["console"], said["rows"]["devices"]) == (1, "console.example.net", 7)


def test_a_dry_run_leaves_nothing_behind(backup: Path, tmp_path: Path) -> None:
    ended = run("backup", "restore", backup, "--state", tmp_path / "deep/new", "--dry-run", **KNOWN)
    assert ended.code == 0
    assert ended.out.endswith("Nothing was changed.\n")
    assert list(tmp_path.iterdir()) == []


def test_over_a_console_it_takes_a_word_more(backup: Path, tmp_path: Path) -> None:
    over = filled(tmp_path / "console", "b", 3)
    before = dump(over)
    refused = run("backup", "restore", backup, "--state", over, **KNOWN)
    assert refused.code == 1
    assert "removed: b0, b1, b2" in refused.out
    assert "added: a0, a1, a2, a3, a4 and 2 more" in refused.out
    assert refused.err.splitlines()[0] == "mutua: error: the console is not empty; it was left as it was."
    assert dump(over) == before
    assert run("backup", "restore", backup, "--state", over, "--replace", **KNOWN).code == 0
    assert len(content(over).devices) == 7


def test_a_migration_since_must_be_named(backup: Path, tmp_path: Path) -> None:
    over = filled(tmp_path / "console", "b", 3)
    migrated(over, Role.SOURCE, Phase.PREPARED, Phase.STREAMING, Phase.RELEASED, Phase.DONE)
    dry = run("backup", "restore", backup, "--state", over, "--dry-run", **KNOWN)
    assert dry.code == 1
    assert f"Migration {MIGRATION} has moved" in dry.out
    refused = run("backup", "restore", backup, "--state", over, "--replace", **KNOWN)
    assert refused.code == 1
    assert f"--despite-migration {MIGRATION}" in refused.err
    named = ("--replace", "--despite-migration", MIGRATION)
    assert run("backup", "restore", backup, "--state", over, *named, **KNOWN).code == 0


def test_a_wrong_passphrase_and_a_short_one(folder: Path, backup: Path, tmp_path: Path) -> None:
    wrong = secret_file(tmp_path, "a wrong passphrase")
    ended = run("backup", "restore", backup, "--state", tmp_path / "new", "--passphrase-file", wrong)
    assert (ended.code, sentence(ended)) == (3, "the passphrase is not the one of this backup.")
    short = run("backup", "create", "--state", folder, "-o", tmp_path / "new", MUTUA_BACKUP_PASSPHRASE="short")
    assert (short.code, sentence(short)) == (2, "the passphrase has 5 characters; expected at least 12.")
    none = run("backup", "create", "--state", folder, "-o", tmp_path / "new")
    assert none.code == 2
    assert "--passphrase-file" in none.err
    assert [path.name for path in tmp_path.iterdir()] == [wrong.name]


def test_a_file_that_is_there_is_kept(folder: Path, backup: Path) -> None:
    before = backup.read_bytes()
    ended = run("backup", "create", "--state", folder, "-o", backup, **KNOWN)
    assert (ended.code, sentence(ended)) == (2, f"{backup} exists already and was left alone.")
    assert backup.read_bytes() == before


def test_what_is_no_backup_and_what_is_no_console(backup: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    torn.write_bytes(backup.read_bytes()[:-100])
    for command in (("show", torn), ("restore", torn, "--state", tmp_path / "new")):
        ended = run("backup", *command, **KNOWN)
        assert (ended.code, sentence(ended)) == (3, "the file is no backup of Mutua, or it was cut off.")
    assert run("backup", "show", tmp_path / "missing").code == 3
    below = ("restore", backup, "--state", torn / "below")
    assert sentence(run("backup", *below, **KNOWN)).startswith(f"the state folder {torn / 'below'} cannot be used")
    ended = run("backup", "create", "--state", tmp_path / "none", "-o", tmp_path / "new", **KNOWN)
    assert (ended.code, "is not the state folder of a console" in sentence(ended)) == (3, True)
    assert [path.name for path in tmp_path.iterdir()] == ["torn"]


def test_a_kill_leaves_the_older_backup(folder: Path, tmp_path: Path) -> None:
    """The passphrase alone takes longer than it takes to see the new file appear."""
    older = tmp_path / "console.backup"
    older.write_bytes(b"an older one")
    command = [*PROGRAM, "backup", "create", "--state", folder, "-o", older, "--force"]
    process = subprocess.Popen(list(map(str, command)), env=environment(**KNOWN))
    while not list(tmp_path.glob(".*.new")):
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert older.read_bytes() == b"an older one"


def test_the_passphrase_is_asked_for_twice(folder: Path, tmp_path: Path) -> None:
    said = typed(tmp_path, folder, PASSPHRASE, PASSPHRASE)
    assert PASSPHRASE not in said
    assert (tmp_path / "asked.backup").exists()


def test_two_passphrases_that_differ_make_no_backup(folder: Path, tmp_path: Path) -> None:
    said = typed(tmp_path, folder, PASSPHRASE, "another passphrase", "\x03")
    assert "do not match" in said
    assert list(tmp_path.iterdir()) == []


def typed(target: Path, folder: Path, *lines: str) -> str:
    """Create a backup on a terminal; what it showed."""
    command = [*PROGRAM, "backup", "create", "--state", str(folder), "-o", str(target / "asked.backup")]
    process, terminal = pty.fork()
    if process == 0:
        os.execve(command[0], command, environment())  # noqa: S606
    shown = b""
    waiting = list(lines)
    while True:
        try:
            piece = os.read(terminal, 1000)
        except OSError:
            break
        shown += piece
        if waiting and piece.rstrip().endswith(b":"):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    os.waitpid(process, 0)
    os.close(terminal)
    return shown.decode()
