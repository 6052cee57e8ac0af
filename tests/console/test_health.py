"""Whatever starts and balances consoles hears whether one lives and whether it can work, and nothing else."""

from pathlib import Path

import pytest
from tests.console.wire import Wire
from tests.running import running_console


@pytest.mark.parametrize(("path", "status"), [("/healthz", "alive"), ("/readyz", "ready")])
def test_nobody_has_to_sign_in_to_hear_how_it_is(wire: Wire, path: str, status: str) -> None:
    answer = wire.ask("GET", path)
    assert (answer.status, answer.json) == (200, {"status": status})


def test_a_console_without_its_database_lives_and_is_not_ready(tmp_path: Path) -> None:
    with running_console(tmp_path / "console") as running:
        database = running.console.database
        with Wire(running) as wire:
            assert wire.ask("GET", "/readyz").status == 200
            database.close()
            for file in (tmp_path / "console").glob("console.db*"):
                file.unlink()
            lost = wire.ask("GET", "/readyz")
            assert (lost.status, lost.json) == (503, {"status": "the database does not answer"})
            assert wire.ask("GET", "/healthz").status == 200
