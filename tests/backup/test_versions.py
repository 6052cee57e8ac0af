"""Older backups are restored and brought up to date; newer ones are refused; nothing is forgotten when tables grow."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from tests.backup.taken import PASSPHRASE, content, dump, put_back, transaction
from tests.storage.test_schema_steps import DATA

from mutua.backup import container, rows
from mutua.backup.container import MANIFEST, Container
from mutua.backup.contents import Lines
from mutua.backup.errors import NewerBackupError
from mutua.storage import numbering, schema
from mutua.storage.sealing import Sealer
from mutua.storage.tables import devices, metadata, users


def manifest_changed(backup: bytes, **changes: Any) -> bytes:
    """The backup with another manifest, as whoever has no passphrase can make it."""
    rewritten = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(backup)) as old, zipfile.ZipFile(rewritten, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, json.dumps(json.loads(part) | changes) if name == MANIFEST else part)
    return rewritten.getvalue()


@pytest.mark.parametrize("step", schema.steps())
def test_a_backup_from_any_step_is_restored(backup: bytes, tmp_path: Path, step: str) -> None:
    engine = create_engine("sqlite://")
    sealer = Sealer(bytes(32))
    header = Container.open(io.BytesIO(backup)).header
    file = io.BytesIO()
    with engine.begin() as connection:
        schema.bring_to(connection, step)
        for statement in DATA:
            connection.execute(text(statement))
        header = header._replace(schema=step, rows=rows.count(connection))
        lines = Lines(header, rows.read(connection, sealer), numbering.last_numbers(connection))
        container.write(file, header, lines, PASSPHRASE)
    engine.dispose()
    put_back(file.getvalue(), tmp_path / "new")
    with transaction(tmp_path / "new") as connection:
        assert connection.execute(select(devices.c.service_tag)).scalars().all() == ["TAG"]
        names = select(users.c.user_name, users.c.must_change_password).order_by(users.c.id)
        assert connection.execute(names).all() == [("admin", False), ("gone", False)]
        assert schema.step_of(connection) == schema.steps()[-1]


def test_a_backup_of_a_later_schema_is_refused(backup: bytes, tmp_path: Path) -> None:
    with pytest.raises(NewerBackupError, match=r"taken by Mutua 9\.1; this is"):
        put_back(manifest_changed(backup, schema="9999", program="9.1"), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_a_later_form_is_refused_before_anything_else_in_it_is_believed(backup: bytes) -> None:
    newer: Mapping[str, Any] = {"format": 2, "program": "9.1", "rows": "in another form"}
    with pytest.raises(NewerBackupError, match=r"taken by Mutua 9\.1; this is"):
        Container.open(io.BytesIO(manifest_changed(backup, **newer)))


def test_every_sealed_column_has_its_place() -> None:
    sealed = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        if table.name not in rows.LEFT_OUT
        for column in table.columns
        if column.name.endswith("_sealed")
    }
    assert rows.SECRETS.keys() == sealed


def test_what_is_left_out_exists() -> None:
    assert rows.LEFT_OUT - metadata.tables.keys() == {"alembic_version"}


def test_no_row_of_a_table_that_is_kept_is_lost(source: Path, backup: bytes) -> None:
    kept = {name: len(found) for name, found in dump(source).items() if name not in rows.LEFT_OUT}
    assert Container.open(io.BytesIO(backup)).header.rows == kept
    assert len(content(source).devices) == kept["devices"] > 0
