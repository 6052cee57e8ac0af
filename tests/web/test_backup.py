"""The page of the backup: a form whose answer is the file, or what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.backup.taken import PASSPHRASE, content, put_back, quickly_protected
from tests.running import RunningConsole
from tests.web.consoles import sign_in, visitor
from tests.web.reading import read

from mutua.backup import encryption
from mutua.console.backing_up import one_at_a_time
from mutua.console.users import Change, Role

PATH = "/settings/backup"


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """See tests/backup/conftest.py."""
    monkeypatch.setattr(encryption, "protect", quickly_protected)


@pytest.fixture
def client(running: RunningConsole) -> Iterator[httpx.Client]:
    with visitor(running) as client:
        sign_in(client)
        yield client


def create(client: httpx.Client, passphrase: str, again: str) -> httpx.Response:
    return client.post(f"{PATH}/create", data={"passphrase": passphrase, "again": again})


def test_the_file_is_a_backup(client: httpx.Client, running: RunningConsole, tmp_path: Path) -> None:
    assert client.get(PATH).status_code == 200
    answer = create(client, PASSPHRASE, PASSPHRASE)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    put_back(answer.content, tmp_path / "new")
    assert content(tmp_path / "new") == content(running.console.state.path)


@pytest.mark.parametrize(
    ("passphrase", "again", "said", "field"),
    [
        ("short", "short", "expected at least 12", "passphrase"),
        (PASSPHRASE, "another passphrase", "not the same", "again"),
        ("", "", "expected at least 12", "passphrase"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: httpx.Client, passphrase: str, again: str, said: str, field: str
) -> None:
    answer = create(client, passphrase, again)
    assert answer.status_code == 400
    assert said in answer.text
    wrong = [found.get("name") for found in read(answer.text).all("input") if "aria-invalid" in found.attributes]
    assert wrong == [field]
    assert PASSPHRASE not in answer.text


def test_while_another_is_taken_it_says_so(client: httpx.Client) -> None:
    with one_at_a_time:
        answer = create(client, PASSPHRASE, PASSPHRASE)
    assert answer.status_code == 409
    assert "another backup is being taken" in answer.text


def test_only_administrators_see_it(running: RunningConsole) -> None:
    running.console.users.add(Change("viewer", "a long password", Role.VIEWER))
    with visitor(running) as client:
        page = client.post("/login", data={"user": "viewer", "password": "a long password"})
        assert PATH not in page.text
        assert client.get(PATH).status_code == 403
        assert create(client, PASSPHRASE, PASSPHRASE).status_code == 403
