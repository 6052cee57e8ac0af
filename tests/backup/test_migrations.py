"""Backups and migrations: a backup makes no device managed twice, or by nobody, unless somebody wants it."""

from pathlib import Path

import pytest
from tests.backup.taken import MIGRATION, change, dump, filled, migrated, put_back, taken

from mutua.backup.errors import BackupRefusedError
from mutua.migration.phases import Phase, Role

SOURCE = (Phase.PREPARED, Phase.STREAMING, Phase.RELEASED, Phase.DONE)
TARGET = (Phase.PREPARED, Phase.STREAMING, Phase.VALIDATED, Phase.COMMITTED, Phase.DONE)
UNDER_WAY = [(Role.SOURCE, SOURCE[:end]) for end in (1, 2, 3)] + [(Role.TARGET, TARGET[:end]) for end in (1, 2, 3, 4)]
MOVED = [(Role.SOURCE, SOURCE), (Role.TARGET, TARGET)]


@pytest.mark.parametrize(("role", "phases"), UNDER_WAY)
def test_none_is_taken_while_a_migration_is_under_way(tmp_path: Path, role: Role, phases: tuple[Phase, ...]) -> None:
    folder = filled(tmp_path / "console", devices=0)
    migrated(folder, role, *phases)
    with pytest.raises(BackupRefusedError, match=f"migration {MIGRATION} is {phases[-1]}") as refused:
        taken(folder)
    assert f"mutua migrate resume {MIGRATION}" in str(refused.value.advice)


@pytest.mark.parametrize(("role", "phases"), UNDER_WAY)
def test_none_is_restored_over_a_migration_under_way(
    backup: bytes, tmp_path: Path, role: Role, phases: tuple[Phase, ...]
) -> None:
    folder = filled(tmp_path / "console", devices=0)
    migrated(folder, role, *phases)
    before = dump(folder)
    with pytest.raises(BackupRefusedError, match=f"migration {MIGRATION} is {phases[-1]}"):
        put_back(backup, folder, despite=[MIGRATION])
    assert dump(folder) == before


@pytest.mark.parametrize(("role", "phases"), MOVED)
def test_what_has_moved_since_does_not_come_back_unless_the_migration_is_named(
    tmp_path: Path, role: Role, phases: tuple[Phase, ...]
) -> None:
    folder = filled(tmp_path / "console", devices=0)
    backup = taken(folder)
    migrated(folder, role, *phases)
    before = dump(folder)
    with pytest.raises(BackupRefusedError, match=f"older than migration {MIGRATION}") as refused:
        put_back(backup, folder, despite=["another"])
    assert f"--despite-migration {MIGRATION}" in str(refused.value.advice)
    assert dump(folder) == before
    (undone,) = put_back(backup, folder, despite=[MIGRATION]).undone
    assert (undone.id, undone.role, undone.peer) == (MIGRATION, role, "elsewhere")
    assert dump(folder)["migrations"] == []


@pytest.mark.parametrize(("role", "phases"), MOVED)
def test_a_backup_that_knows_the_migration_is_not_refused(
    tmp_path: Path, role: Role, phases: tuple[Phase, ...]
) -> None:
    folder = filled(tmp_path / "console", devices=0)
    migrated(folder, role, *phases)
    preview = put_back(taken(folder), folder)
    assert preview.undone == ()
    assert change(preview, "migrations")[1:3] == (1, 1)


def test_an_aborted_migration_has_moved_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "console", devices=0)
    backup = taken(folder)
    migrated(folder, Role.SOURCE, Phase.PREPARED, Phase.ABORTED)
    assert put_back(backup, folder).undone == ()
