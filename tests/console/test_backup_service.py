"""BackupService: a backup by REST is the one that `mutua backup` writes, and nothing of it stays behind."""

from io import BytesIO
from pathlib import Path

import pytest
from tests.backup.taken import PASSPHRASE, content, put_back, quickly_protected
from tests.migration.sides import fleet
from tests.running import RunningConsole

from mutua.backup import encryption
from mutua.backup.container import Container
from mutua.console.backing_up import one_at_a_time
from mutua.inventory import store
from mutua.migration import journal
from mutua.migration.phases import Phase, Role
from mutua.storage.tables import peers

CREATE = "/api/BackupService/Actions/BackupService.CreateBackup"


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """See tests/backup/conftest.py."""
    monkeypatch.setattr(encryption, "protect", quickly_protected)


def test_what_is_downloaded_can_be_restored(running: RunningConsole, tmp_path: Path) -> None:
    console = running.console
    with console.database.writing() as connection:
        store.add_fleet(connection, fleet("backup", 5), console.sealer)
    with running.client() as client:
        answer = client.post(CREATE, json={"Passphrase": PASSPHRASE})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"].endswith('.backup"')
    put_back(answer.content, tmp_path / "new")
    assert content(tmp_path / "new") == content(console.state.path)


def test_a_short_passphrase_is_refused_and_never_shown(running: RunningConsole) -> None:
    with running.client() as client:
        short = client.post(CREATE, json={"Passphrase": "too short"})
        none = client.post(CREATE, json={"Passphrase": ""})
    assert (short.status_code, none.status_code) == (400, 400)
    assert "expected at least 12" in short.text
    assert "too short" not in short.text
    log = running.console.state.logs
    assert [path for path in log.rglob("*") if path.is_file() and b"too short" in path.read_bytes()] == []


def test_it_is_refused_during_a_migration(running: RunningConsole) -> None:
    console = running.console
    identifier = "11111111-5b0d-4c55-9d1a-0f6f5a1b2c3d"
    with console.database.writing() as connection:
        values = {"key_sha256": "11" * 32, "name": "elsewhere", "address": "h:1", "certificates_pem": ""}
        added = connection.execute(peers.insert().values(verified_at=console.standing().clock, **values))
        assert added.inserted_primary_key is not None
        journal.begin(connection, identifier, Role.TARGET, added.inserted_primary_key[0])
    try:
        with running.client() as client:
            answer = client.post(CREATE, json={"Passphrase": PASSPHRASE})
        assert answer.status_code == 400
        assert f"migration {identifier} is prepared" in answer.text
        assert PASSPHRASE not in answer.text
    finally:
        with console.database.writing() as connection:
            journal.enter(connection, identifier, Phase.ABORTED)


def test_no_file_stays_behind(running: RunningConsole) -> None:
    before = {path.name for path in running.console.state.path.iterdir()}
    with running.client() as client:
        for passphrase in (PASSPHRASE, "short"):
            answer = client.post(CREATE, json={"Passphrase": passphrase})
    assert answer.status_code == 400
    assert {path.name for path in running.console.state.path.iterdir()} == before


def test_two_at_once_are_one_and_a_refusal(running: RunningConsole) -> None:
    with one_at_a_time, running.client() as client:
        assert client.post(CREATE, json={"Passphrase": PASSPHRASE}).status_code == 400
    with running.client() as client:
        answer = client.post(CREATE, json={"Passphrase": PASSPHRASE})
    assert Container.open(BytesIO(answer.content)).header.console == running.console.identity.leaf.issued_to
