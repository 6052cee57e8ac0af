"""What is secret in a console is clear in memory alone: in no file, whatever is being done, and in no error."""

import io
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.backup import age
from tests.backup.taken import PASSPHRASE, SECRETS, filled, put_back

from mutua.backup.container import CONTENTS, IDENTITY, MANIFEST, Container
from mutua.backup.create import MIN_PASSPHRASE, create
from mutua.backup.errors import BackupError, BackupRefusedError, WeakPassphraseError
from mutua.backup.preview import Preview
from mutua.backup.rows import Row
from mutua.inventory import store
from mutua.storage.database import Database
from mutua.storage.state import StateFolder, StateFolderError


def found_in(folder: Path, *secrets: str) -> list[str]:
    """The secrets that are in the clear in a file below a folder."""
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [secret for secret in secrets if secret.encode() in content]


def test_no_secret_is_on_the_disk_while_a_backup_is_taken(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    seen: list[list[str]] = []

    def looking(rows: Iterable[Row], _total: int) -> Iterator[Row]:
        for row in rows:
            seen.append(found_in(tmp_path, *SECRETS, PASSPHRASE))
            yield row

    with (tmp_path / "backup").open("w+b") as file:
        create(folder, file, PASSPHRASE, looking)
    assert len(seen) > 10
    assert seen == [[]] * len(seen)
    assert found_in(tmp_path, *SECRETS, PASSPHRASE, "AGE-SECRET-KEY", 'service_tag":') == []
    assert found_in(tmp_path, "console.example.net") == ["console.example.net"]


def test_no_secret_is_on_the_disk_while_one_is_restored(backup: bytes, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look(_preview: Preview) -> bool:
        seen.append(found_in(tmp_path, *SECRETS, PASSPHRASE, "AGE-SECRET-KEY"))
        return True

    put_back(backup, tmp_path / "console", answer=look)
    put_back(backup, tmp_path / "console", answer=look)
    assert seen == [[], []]
    assert found_in(tmp_path, "a c1") == ["a c1"]


def test_the_manifest_tells_no_more_than_it_must(backup: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(backup)) as archive:
        manifest = archive.read(MANIFEST).decode()
        assert all(stat.S_IMODE(entry.external_attr >> 16) == 0o600 for entry in archive.infolist())
    names = ["a0", "a c1", "a sub", "admin", *SECRETS, PASSPHRASE]
    assert [name for name in names if f'"{name}"' in manifest] == []


def test_any_tool_for_the_age_format_opens_it(backup: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(backup)) as archive:
        identity = age.with_passphrase(archive.read(IDENTITY), PASSPHRASE).decode().strip()
        content = age.with_identity(archive.read(CONTENTS), identity)
    import gzip

    assert b'"service_tag":"a0"' in gzip.decompress(content)


def test_a_passphrase_that_is_too_short_makes_no_backup(source: Path) -> None:
    file = io.BytesIO()
    with pytest.raises(WeakPassphraseError, match="11 characters; expected at least 12"):
        create(source, file, "x" * (MIN_PASSPHRASE - 1))
    assert file.getvalue() == b""
    create(source, file, "ñ" * MIN_PASSPHRASE)
    Container.open(file).unlock("ñ" * MIN_PASSPHRASE)


def test_a_secret_that_cannot_be_opened_makes_no_backup(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    (folder / "sealing.key").write_bytes(bytes(32))
    with pytest.raises(BackupRefusedError, match="does not fit the database"):
        create(folder, io.BytesIO(), PASSPHRASE)


def test_a_lost_sealing_key_makes_no_backup_and_no_key(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console")
    (folder / "sealing.key").unlink()
    with pytest.raises(StateFolderError, match="is missing"):
        create(folder, io.BytesIO(), PASSPHRASE)
    assert not (folder / "sealing.key").exists()


def test_over_a_console_whose_seals_are_broken_a_restore_helps(backup: bytes, tmp_path: Path) -> None:
    folder = filled(tmp_path / "console", "b")
    (folder / "sealing.key").write_bytes(bytes(32))
    put_back(backup, folder)
    state = StateFolder.beside(folder)
    database = Database.join(state.database_url)
    with database.reading() as connection:
        opened = store.read_credentials(connection, state.sealer(), 0, 9)
    database.close()
    assert [record.password for _id, record in opened][:2] == list(SECRETS)


def test_an_error_names_no_secret(backup: bytes) -> None:
    with pytest.raises(BackupError) as refused:
        Container.open(io.BytesIO(backup)).unlock("a wrong passphrase")
    assert "a wrong passphrase" not in f"{refused.value}{refused.value.advice}"
