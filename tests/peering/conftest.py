"""An authority, and two consoles that it has certified, for the tests that change neither."""

from collections.abc import Iterator

import pytest
from tests.peering.certified import Authority, certify, running
from tests.running import RunningConsole

Pair = tuple[RunningConsole, RunningConsole]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.create("Inter-CA1", "Root-CA")


@pytest.fixture(scope="session")
def stranger() -> Authority:
    """Called like `authority`, with other keys."""
    return Authority.create("Inter-CA1", "Root-CA")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Pair]:
    """A source and a target, certified by `authority`."""
    with running(tmp_path_factory.mktemp("pair"), "source", "target") as (source, target):
        certify(source.console, authority, "OMENT-310")
        certify(target.console, authority, "OMENT-400")
        yield source, target
