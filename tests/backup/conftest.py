"""A console that is filled once, and one backup of it; both are read only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.backup.taken import filled, quickly_protected, taken

from mutua.backup import encryption


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of work for each passphrase is right for people; tests/cli/test_backup.py does without this."""
    monkeypatch.setattr(encryption, "protect", quickly_protected)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the console."""
    return filled(tmp_path_factory.mktemp("source") / "console")


@pytest.fixture(scope="session")
def backup(source: Path) -> Iterator[bytes]:
    """A backup of `source`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "protect", quickly_protected)
        yield taken(source)
