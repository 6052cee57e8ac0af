"""Consoles of each test's own, and authorities that sign for them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.running import RunningConsole, running_console
from tests.web.consoles import Pair, StartConsole, add_fleet, certify, fleet, sign_in, visitor

from mutua.authority import ca
from mutua.authority.ca import Authority
from mutua.authority.keys import KeyType


@pytest.fixture
def start_console(tmp_path: Path) -> Iterator[StartConsole]:
    """Start a console by its name; all of them stop at the end."""
    with ExitStack() as running:
        yield lambda name: running.enter_context(running_console(tmp_path / name, name))


@pytest.fixture
def running(start_console: StartConsole) -> RunningConsole:
    """A console on its first start."""
    return start_console("source")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Root CA and Intermediate CA named Lab."""
    return ca.create(tmp_path_factory.mktemp("lab") / "ca", name="Lab", key_type=KeyType.EC_P256)


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one, named Elsewhere."""
    return ca.create(tmp_path_factory.mktemp("elsewhere") / "ca", name="Elsewhere", key_type=KeyType.EC_P256)


@pytest.fixture
def pair(start_console: StartConsole, authority: Authority) -> Iterator[Pair]:
    """Both with a chain of the same authority, the source with 60 devices."""
    source, target = start_console("source"), start_console("target")
    certify(source, authority)
    certify(target, authority)
    add_fleet(source.console, fleet(60))
    with visitor(source) as at_source, visitor(target) as at_target:
        sign_in(at_source)
        sign_in(at_target)
        yield Pair(source, target, at_source, at_target)
