"""Two sides on databases of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migration.sides import Pair, create


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two sides that hold nothing yet."""
    sides = Pair(create(tmp_path, "source"), create(tmp_path, "target"))
    yield sides
    for side in sides:
        side.database.close()
