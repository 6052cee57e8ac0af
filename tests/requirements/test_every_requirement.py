"""Every requirement has a test that is named after it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LAST = 25


def _tests() -> Iterator[str]:
    """The names of the functions that pytest collects here."""
    for file in Path(__file__).parent.glob("test_*.py"):
        for statement in ast.parse(file.read_text()).body:
            if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_"):
                yield statement.name


def test_every_requirement_has_a_test() -> None:
    named = {int(found[1]) for name in _tests() if (found := re.match(r"test_R(\d+)_", name))}
    assert named == set(range(1, LAST + 1))


def test_every_file_holds_the_tests_of_its_requirement() -> None:
    for file in Path(__file__).parent.glob("test_R*.py"):
        number = int(file.name[6:8])
        names = re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
        assert names, file
        assert all(name.startswith(f"test_R{number}_") for name in names), file
