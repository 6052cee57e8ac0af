"""The state folder: whose it is, who may read it, and what it says when it cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutua.storage.database import Database
from mutua.storage.sealing import SealBrokenError
from mutua.storage.settings import guid
from mutua.storage.state import StateFolder, StateFolderError

KEY = "sealing.key"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        state = StateFolder.open(tmp_path / "new" / "console")
    finally:
        os.umask(umask)
    assert mode(state.path) == 0o700
    assert mode(state.path / KEY) == 0o600
    assert mode(state.path / "lock") == 0o600
    assert len((state.path / KEY).read_bytes()) == 32
    state.close()


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    first = StateFolder.open(tmp_path)
    sealed = first.sealer().seal(b"secret", "place")
    first.close()
    again = StateFolder.open(tmp_path)
    assert again.sealer().open(sealed, "place") == b"secret"
    again.close()


def test_a_second_console_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = StateFolder.open(tmp_path)
    with pytest.raises(StateFolderError, match="another console is running"):
        StateFolder.open(tmp_path)
    first.close()
    StateFolder.open(tmp_path).close()


def test_a_second_process_on_the_same_folder_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mutua.storage.state import StateFolder\n"
        "state = StateFolder.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            with pytest.raises(StateFolderError, match="another console is running"):
                StateFolder.open(tmp_path)
        finally:
            process.kill()
    StateFolder.open(tmp_path).close()


def test_a_path_below_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "console"):
        with pytest.raises(StateFolderError) as refused:
            StateFolder.open(path)
        assert str(path) in str(refused.value)
        assert "--state" in str(refused.value.advice)


def test_a_database_whose_key_is_gone_is_not_given_another(tmp_path: Path) -> None:
    """A new key would open nothing, and every secret would be lost for good the moment it was used."""
    state = StateFolder.open(tmp_path)
    Database.open(state.database_url).close()
    state.close()
    key = (tmp_path / KEY).read_bytes()
    (tmp_path / KEY).unlink()
    with pytest.raises(StateFolderError, match=r"sealing\.key is missing"):
        StateFolder.open(tmp_path)
    with pytest.raises(StateFolderError, match=r"sealing\.key is missing"):
        StateFolder.beside(tmp_path).sealer()
    assert not (tmp_path / KEY).exists()
    (tmp_path / KEY).write_bytes(key)
    StateFolder.open(tmp_path).close()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_that_is_none_is_told_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY).write_bytes(content)
    with pytest.raises(StateFolderError, match=r"sealing\.key cannot be used"):
        StateFolder.open(tmp_path)
    assert (tmp_path / KEY).read_bytes() == content


def test_a_key_of_which_half_was_written_is_written_anew(tmp_path: Path) -> None:
    """It never had its name, so nothing was sealed with it."""
    (tmp_path / "sealing.new").write_bytes(b"half")
    state = StateFolder.open(tmp_path)
    assert len((tmp_path / KEY).read_bytes()) == 32
    state.close()


def test_a_refused_folder_is_free_again(tmp_path: Path) -> None:
    (tmp_path / KEY).write_bytes(b"short")
    with pytest.raises(StateFolderError):
        StateFolder.open(tmp_path)
    (tmp_path / KEY).unlink()
    StateFolder.open(tmp_path).close()


def test_another_folders_key_opens_nothing(tmp_path: Path) -> None:
    one, other = StateFolder.open(tmp_path / "one"), StateFolder.open(tmp_path / "other")
    with pytest.raises(SealBrokenError):
        other.sealer().open(one.sealer().seal(b"secret", "place"), "place")
    one.close()
    other.close()


def test_a_public_file_is_replaced_whole(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path)
    state.publish(state.certificate, b"first")
    state.publish(state.certificate, b"second")
    assert state.certificate.read_bytes() == b"second"
    assert not list(tmp_path.glob("*.new"))
    state.close()


def test_a_console_keeps_its_identifier(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path)
    database = Database.open(state.database_url)
    assert guid(database) == guid(database)
    assert len(guid(database)) == 36
    database.close()
    state.close()
