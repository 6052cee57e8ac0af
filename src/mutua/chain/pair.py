"""Two chains side by side: do the same authorities stand behind both (R20)?"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from mutua.chain.certificate import Certificate
from mutua.message import N_, Message, message


class PairRule(NamedTuple):
    """A rule about two chains; the same record as a rule about one, without a check of its own."""

    id: str
    requirement: str
    title: str
    reason: str
    fix: str


AUTHORITIES_DIFFER = PairRule(
    "pair.authorities-differ",
    "R20",
    N_("the issuing authorities differ"),
    N_(
        "The CA names of the two chains must have the same issued to and issued by, row by row; equal roots are "
        "not enough for the appliance, although TLS would accept them."
    ),
    N_("have both leaves signed by the same issuing CA, and upload both chains again."),
)
KEYS_DIFFER = PairRule(
    "pair.keys-differ",
    "R20",
    N_("an authority has the same name but another key"),
    N_("Names alone prove nothing: TLS verifies signatures, so both sides need one and the same authority."),
    N_("find out which of the two the CA uses today, and have both leaves signed by that one."),
)


class Row(NamedTuple):
    """One line of the table: a certificate of each chain, or None where one chain is shorter."""

    source: Certificate | None
    target: Certificate | None
    matches: bool


class Difference(NamedTuple):
    """A rule that the pair breaks, in which row (from 1), with the evidence."""

    rule: PairRule
    row: int
    found: Message


class Comparison(NamedTuple):
    """R20's table, and what is wrong in it."""

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    same_root: bool

    @property
    def same_authorities(self) -> bool:
        """Whether R20 is met."""
        return not self.differences


def compare(source: Sequence[Certificate], target: Sequence[Certificate]) -> Comparison:
    """Hold two chains (leaf first) against each other, row by row.

    The leaves' own names may differ; who issued them may not.
    """
    rows: list[Row] = []
    differences: list[Difference] = []
    for number, (left, right) in enumerate(zip_longest(source, target), start=1):
        difference = _difference(number, left, right)
        rows.append(Row(left, right, difference is None))
        if difference is not None:
            differences.append(difference)
    same_root = bool(source and target) and source[-1].key_id == target[-1].key_id
    return Comparison(tuple(rows), tuple(differences), same_root)


def _difference(number: int, left: Certificate | None, right: Certificate | None) -> Difference | None:
    if left is None or right is None:
        longer = left or right
        name = longer.issued_to if longer else ""
        found = message("Row {row}: only one of the two chains has {name}.", row=number, name=name)
        return Difference(AUTHORITIES_DIFFER, number, found)
    if left.issuer != right.issuer or (number > 1 and left.subject != right.subject):
        found = message(
            "Row {row}: {left} is issued by {left_issuer}, {right} by {right_issuer}.",
            row=number,
            left=left.issued_to,
            left_issuer=left.issued_by,
            right=right.issued_to,
            right_issuer=right.issued_by,
        )
        return Difference(AUTHORITIES_DIFFER, number, found)
    if number > 1 and left.key_id != right.key_id:
        return Difference(
            KEYS_DIFFER,
            number,
            message(
                "Row {row}: both are called {name}, SHA-256 {left} and {right}.",
                row=number,
                name=left.issued_to,
                left=left.fingerprint[:16],
                right=right.fingerprint[:16],
            ),
        )
    return None
