"""A console for the playbooks of a module, and the private CAs that its clients are told of."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.playbook import Playbooks
from tests.requirements.administrator import Authorities, leaf
from tests.running import RunningConsole, running_console
from tests.web.consoles import request_of

from mutua.authority.issue import chain
from mutua.chain import Profile


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    return Authorities.create()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[RunningConsole]:
    """A console on its first start."""
    with running_console(folder / "state") as console:
        yield console


@pytest.fixture(scope="module")
def trusted(folder: Path, authorities: Authorities) -> Path:
    """The file of the root that clients trust."""
    path = folder / "root.pem"
    path.write_bytes(chain(authorities.root))
    return path


@pytest.fixture(scope="module")
def playbooks(running: RunningConsole, folder: Path, trusted: Path, authorities: Authorities) -> Playbooks:
    """Against the console, which presents a chain of that root."""
    playbooks = Playbooks(running, trusted, folder)
    signed = leaf(request_of(running.console), authorities.inter1)
    answer = running.console.upload(chain(signed, authorities.inter1, authorities.root), Profile.MIGRATION)
    assert answer.refusal is None, answer.report.findings
    return playbooks
