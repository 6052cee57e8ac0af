"""All files or none, with their final mode, nothing overwritten unasked."""

import os
import stat
from pathlib import Path

import pytest

from mutua.authority.files import PUBLIC, SECRET, NewFile, write_all
from mutua.authority.keys import write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[False, True], ids=["create", "overwrite"])
def overwrite(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_files_are_written_with_their_modes(tmp_path: Path, overwrite: bool) -> None:
    write_all(
        [NewFile(tmp_path / "a", b"secret", SECRET), NewFile(tmp_path / "b", b"public", PUBLIC)], overwrite=overwrite
    )
    assert (tmp_path / "a").read_bytes() == b"secret"
    assert mode(tmp_path / "a") == 0o600
    assert mode(tmp_path / "b") == 0o644
    assert len(list(tmp_path.iterdir())) == 2


def test_a_private_key_is_secret_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode is watched at the moment that the content is made durable, under the most careless umask."""
    seen: list[int] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    before = os.umask(0)
    try:
        write_private(tmp_path / "key", b"pem")
        write_private(tmp_path / "key", b"new", overwrite=True)
    finally:
        os.umask(before)
    assert seen == [0o600, 0o600]
    assert mode(tmp_path / "key") == 0o600


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    with pytest.raises(FileExistsError) as refused:
        write_private(tmp_path / "key", b"new")
    assert refused.value.filename == str(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == b"old"


def test_an_existing_file_is_replaced_when_asked(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    (tmp_path / "key").chmod(0o644)
    write_private(tmp_path / "key", b"new", overwrite=True)
    assert (tmp_path / "key").read_bytes() == b"new"
    assert mode(tmp_path / "key") == 0o600


def test_where_the_second_file_fails_the_first_is_not_left_behind(tmp_path: Path, overwrite: bool) -> None:
    wanted = tmp_path / "missing" / "b"
    with pytest.raises(OSError, match="No such file") as refused:
        write_all([NewFile(tmp_path / "a", b"1", SECRET), NewFile(wanted, b"2", PUBLIC)], overwrite=overwrite)
    assert refused.value.filename == str(wanted)
    assert not list(tmp_path.iterdir())


def test_where_the_second_file_fails_the_first_keeps_its_old_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="regular file"):
        write_all(
            [NewFile(tmp_path / "a", b"1", SECRET), NewFile(tmp_path / "b", b"2", PUBLIC)],
            overwrite=True,
        )
    assert (tmp_path / "a").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_link_is_never_written_through(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match=r"exists|regular file"):
        write_private(tmp_path / "link", b"new", overwrite=overwrite)
    assert (tmp_path / "target").read_bytes() == b"old"
    assert (tmp_path / "link").is_symlink()
