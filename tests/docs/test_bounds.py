"""docs/bounds.md says the numbers that hold."""

from pathlib import Path

import pytest

from mutua.chain import armour, ber, catalogue, decode, derivation, verdict
from mutua.chain.rules import constraints
from mutua.cli import holding, tree

PAGE = (Path(__file__).parents[2] / "docs/bounds.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]

BOUNDS = {
    "one input": f"{decode.MAX_BYTES >> 20} MiB",
    "several inputs": f"{decode.MAX_TOTAL_BYTES >> 20} MiB",
    "blocks of a text": f"{armour.MAX_BLOCKS:,}",
    "certificates of an input": f"{decode.MAX_CERTIFICATES:,}",
    "one certificate": f"{decode.MAX_CERTIFICATE_BYTES >> 10} KiB",
    "one path": f"{verdict.MAX_PATH} certificates",
    "rounds of key derivation": f"{derivation.MAX_ROUNDS:,}",
    "elements of a container": f"{ber.MAX_ELEMENTS:,}, nested {ber.MAX_DEPTH} deep",
    "names held against constraints": f"{constraints.MAX_COMPARISONS:,}",
    "findings of one rule": f"{catalogue.SHOWN},",
    "requests and keys of a file": f"{holding.MAX_BLOCKS:,}",
    "files in folders": f"{tree.MAX_FILES:,}, {tree.MAX_DEPTH} folders deep",
}


@pytest.mark.parametrize("what", BOUNDS)
def test_the_page_has_the_number_of_the_code(what: str) -> None:
    (row,) = (row for row in ROWS if row[0].startswith(f"| {what}"))
    assert row[1].startswith(BOUNDS[what])


def test_the_page_has_no_bound_that_is_not_held_against_the_code() -> None:
    assert len(ROWS) == len(BOUNDS) + 2
