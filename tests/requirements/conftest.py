"""Running consoles and the CAs that certify them. RSA keys are made by the consoles, everything else is EC."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.requirements.administrator import Administrator, Authorities, Consoles, administrators


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    return Authorities.create()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administrator]:
    """One console for the tests of a module that each bring their own signing request."""
    with administrators(tmp_path_factory.mktemp("shared"), "console") as (administrator,):
        yield administrator


@pytest.fixture(scope="module")
def shared_pair(
    tmp_path_factory: pytest.TempPathFactory, authorities: Authorities
) -> Iterator[tuple[Administrator, Administrator]]:
    """A source and a target as in `pair`, for the tests of a module that change neither."""
    with administrators(tmp_path_factory.mktemp("pair"), "source", "target") as (source, target):
        source.certify(authorities, authorities.inter1, "OMENT-310")
        target.certify(authorities, authorities.inter1, "OMENT-400")
        yield source, target


@pytest.fixture
def consoles(tmp_path: Path) -> Iterator[Consoles]:
    """Start consoles of the given names, which nobody else uses."""
    with ExitStack() as running:

        def start(*names: str) -> Sequence[Administrator]:
            return running.enter_context(administrators(tmp_path, *names))

        yield start


@pytest.fixture
def pair(consoles: Consoles, authorities: Authorities) -> tuple[Administrator, Administrator]:
    """A source and a target, each with a chain by Inter-CA1 and Root-CA."""
    source, target = consoles("source", "target")
    source.certify(authorities, authorities.inter1, "OMENT-310")
    target.certify(authorities, authorities.inter1, "OMENT-400")
    return source, target
