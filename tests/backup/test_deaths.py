"""A process that is killed in the middle leaves everything as it was, and what comes after works."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.backup.taken import content, dump, filled, put_back

from mutua.authority.files import writing
from mutua.backup.errors import BackupRefusedError

CREATE = """
import os, signal, sys
from pathlib import Path
from mutua.authority.files import SECRET, writing
from mutua.backup.create import create

def killed(rows, _total):
    for number, row in enumerate(rows):
        if number == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield row

with writing(Path(sys.argv[2]), SECRET, overwrite=True) as file:
    create(Path(sys.argv[1]), file, "a passphrase for tests", killed)
"""
RESTORE = """
import os, signal, sys
from pathlib import Path
from mutua.backup.container import Container
from mutua.backup.restore import restore

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def killed(rows, _total):
    for number, row in enumerate(rows):
        if number == int(sys.argv[3]):
            die()
        yield row

with open(sys.argv[2], "rb") as file:
    backup = Container.open(file)
    restore(backup, backup.unlock("a passphrase for tests"), Path(sys.argv[1]), lambda _preview: die(), (), killed)
"""
LATEST = 10**9
"""After every row: when the answer is asked for, and everything but the commit is done."""


def killed(program: str, *arguments: Path | int) -> None:
    """Run a program that kills itself."""
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("row", [0, 9])
def test_killed_while_it_is_taken(source: Path, tmp_path: Path, row: int) -> None:
    file = tmp_path / "backup"
    file.write_bytes(b"an older one")
    killed(CREATE, source, file, row)
    assert file.read_bytes() == b"an older one"


@pytest.mark.parametrize("row", [0, 9, LATEST])
def test_killed_while_it_is_restored_over_a_console(backup: bytes, tmp_path: Path, row: int) -> None:
    folder, file = filled(tmp_path / "console", "b"), tmp_path / "backup"
    file.write_bytes(backup)
    before, certificate = dump(folder), (folder / "certificate.pem").read_bytes()
    killed(RESTORE, folder, file, row)
    assert dump(folder) == before
    assert (folder / "certificate.pem").read_bytes() == certificate
    put_back(backup, folder)
    assert len(content(folder).devices) == 7


@pytest.mark.parametrize("row", [9, LATEST])
def test_killed_while_it_is_restored_into_a_new_folder(backup: bytes, tmp_path: Path, row: int) -> None:
    file = tmp_path / "backup"
    file.write_bytes(backup)
    killed(RESTORE, tmp_path / "console", file, row)
    assert not (tmp_path / "console").exists()
    assert put_back(backup, tmp_path / "console").over_empty
    assert len(content(tmp_path / "console").devices) == 7


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    place = tmp_path / "backup"

    def half() -> None:
        with writing(place, 0o600) as file:
            file.write(b"half")
            raise OSError(28, "the disk is full")

    with pytest.raises(OSError, match="full") as refused:
        half()
    assert refused.value.filename == str(place)
    assert names(tmp_path) == []


def test_a_file_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "backup"

    def late() -> None:
        with writing(place, 0o600) as file:
            file.write(b"whole")
            place.write_bytes(b"another")

    with pytest.raises(FileExistsError):
        late()
    assert place.read_bytes() == b"another"
    assert names(tmp_path) == ["backup"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_is_not_replaced(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"exists|regular"), writing(tmp_path / "link", 0o600, overwrite=overwrite):
        pass
    assert names(tmp_path) == ["link"]


def test_a_database_that_cannot_grow_is_told_and_left(backup: bytes, tmp_path: Path) -> None:
    folder = filled(tmp_path / "console", "b")
    before = dump(folder)
    with limited_files(50_000), pytest.raises(BackupRefusedError, match="cannot be written"):
        put_back(backup, folder)
    assert dump(folder) == before


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: what a full disk is like."""
    present = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, present[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, present)
        signal.signal(signal.SIGXFSZ, handler)
