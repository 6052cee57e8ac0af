"""Two chains side by side: do the same authorities stand behind both (R20)?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from mutua.chain.catalogue import Profile, Severity, errors, fixes_of
from mutua.chain.certificate import Certificate, printable
from mutua.message import N_, Message, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.remedies import Authority, Remedy


class PairRule(NamedTuple):
    """A rule about two chains, or two consoles; the same record as a rule about one, without a check of its own."""

    id: str
    requirement: str
    title: str
    reason: str
    fix: str
    severities: Mapping[Profile, Severity] = errors(Profile.MIGRATION)
    source: str | None = None
    remedy: "Remedy | None" = None

    @property
    def fixes(self) -> "Mapping[Authority, str]":
        """What to set at the authorities that are known by name; lines after the first are to be typed."""
        return fixes_of(self.remedy)


AUTHORITIES_DIFFER = PairRule(
    "pair.authorities-differ",
    "R20",
    N_("the issuing authorities differ"),
    N_(
        "The CA names of the two chains must have the same issued to and issued by, row by row; equal roots are "
        "not enough for the appliance, although TLS would accept them."
    ),
    N_("have both leaves signed by the same issuing CA, and upload both chains again."),
    remedy="same-issuer",
)
KEYS_DIFFER = PairRule(
    "pair.keys-differ",
    "R20",
    N_("an authority has the same name but another key"),
    N_("Names alone prove nothing: TLS verifies signatures, so both sides need one and the same authority."),
    N_("find out which of the two the CA uses today, and have both leaves signed by that one."),
    source="RFC 5280, section 6.1.1",
    remedy="same-issuer",
)
INTERMEDIATE_REKEYED = PairRule(
    "pair.intermediate-rekeyed",
    "R20",
    N_("an intermediate has two keys under one root"),
    N_(
        "The names are equal and the same root signed both, so the appliance and TLS accept the pair; it is what a "
        "CA that was renewed with a new key looks like."
    ),
    N_("nothing is needed; when the older leaf is renewed, both will be signed by the new key."),
    severities={Profile.MIGRATION: Severity.NOTICE},
)
SAME_LEAF = PairRule(
    "pair.same-leaf",
    "R3",
    N_("both chains have the same leaf"),
    N_("Each console takes only the certificate for its own key, so the two leaves are never the same."),
    N_("give the chain of the other console as well."),
    severities={Profile.MIGRATION: Severity.WARNING},
)

PAIR_RULES = {rule.id: rule for rule in (AUTHORITIES_DIFFER, KEYS_DIFFER, INTERMEDIATE_REKEYED, SAME_LEAF)}
"""Every rule about two chains by its id, in the order in which they are told."""


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
    """Whether both chains go up to a self-signed root of one name and one key: TLS asks for no more."""
    remarks: tuple[Difference, ...] = ()
    """What is worth knowing and keeps nobody from accepting the pair."""

    @property
    def same_authorities(self) -> bool:
        """Whether R20 is met."""
        return not self.differences

    @property
    def fix(self) -> Message | None:
        """What to do about the differences, as exactly as the two chains tell; None where there is none."""
        return _fix(self) if self.differences else None


def compare(source: Sequence[Certificate], target: Sequence[Certificate]) -> Comparison:
    """Hold two chains (leaf first) against each other, row by row.

    The leaves' own names may differ; who issued them may not.
    """
    same_root = _same_root(source, target)
    rows: list[Row] = []
    differences: list[Difference] = []
    for number, (left, right) in enumerate(zip_longest(source, target), start=1):
        difference = _difference(number, left, right, same_root)
        rows.append(Row(left, right, difference is None))
        if difference is not None:
            differences.append(difference)
    return Comparison(tuple(rows), tuple(differences), same_root, tuple(_remarks(rows)))


def _same_root(source: Sequence[Certificate], target: Sequence[Certificate]) -> bool:
    """A trust anchor is a name and a key (RFC 5280, section 6.1.1): a root may be renewed and stay the same."""
    if not source or not target:
        return False
    left, right = source[-1], target[-1]
    return (
        left.is_self_signed
        and right.is_self_signed
        and left.comparable_subject == right.comparable_subject
        and left.key_id == right.key_id
    )  # fmt: skip


def _difference(number: int, left: Certificate | None, right: Certificate | None, same_root: bool) -> Difference | None:
    if left is None or right is None:
        longer = left or right
        name = longer.issued_to if longer else ""
        found = message("Row {row}: only one of the two chains has {name}.", row=number, name=name)
        return Difference(AUTHORITIES_DIFFER, number, found)
    if left.issuer != right.issuer or (number > 1 and left.subject != right.subject):
        return Difference(AUTHORITIES_DIFFER, number, _names_differ(number, left, right))
    if number > 1 and left.key_id != right.key_id and not same_root:
        return Difference(KEYS_DIFFER, number, _keys_differ(number, left, right))
    return None


def _names_differ(number: int, left: Certificate, right: Certificate) -> Message:
    """In the names that people use, unless these are equal and the difference is elsewhere in the whole names."""
    short = (left.issued_to, left.issued_by, right.issued_to, right.issued_by)
    whole = tuple(printable(n.rfc4514_string()) for n in (left.subject, left.issuer, right.subject, right.issuer))
    told = whole if short[1] == short[3] and (number == 1 or short[0] == short[2]) else short
    return message(
        "Row {row}: {left} is issued by {left_issuer}, {right} by {right_issuer}.",
        row=number,
        left=told[0],
        left_issuer=told[1],
        right=told[2],
        right_issuer=told[3],
    )


def _keys_differ(number: int, left: Certificate, right: Certificate) -> Message:
    return message(
        "Row {row}: both are called {name}, SHA-256 {left} and {right}.",
        row=number,
        name=left.issued_to,
        left=left.fingerprint[:16],
        right=right.fingerprint[:16],
    )


def _remarks(rows: Sequence[Row]) -> Iterator[Difference]:
    for number, row in enumerate(rows, start=1):
        if row.source is None or row.target is None or not row.matches:
            continue
        if number == 1 and row.source.fingerprint == row.target.fingerprint:
            yield Difference(
                SAME_LEAF,
                number,
                message(
                    "Row {row}: {name} is in both, SHA-256 {fingerprint}.",
                    row=number,
                    name=row.source.issued_to,
                    fingerprint=row.source.fingerprint[:16],
                ),
            )
        elif number > 1 and row.source.key_id != row.target.key_id:
            yield Difference(INTERMEDIATE_REKEYED, number, _keys_differ(number, row.source, row.target))


def _fix(comparison: Comparison) -> Message:
    leaves, first = comparison.rows[0], comparison.differences[0]
    if leaves.source is None or leaves.target is None:
        return Message(first.rule.fix)
    if first.rule is AUTHORITIES_DIFFER and leaves.source.issuer == leaves.target.issuer:
        if _completes([row.source for row in comparison.rows], leaves.target):
            return message(
                "one issuer signed both leaves: put the CA certificates of the source below the target's leaf."
            )
        if _completes([row.target for row in comparison.rows], leaves.source):
            return message(
                "one issuer signed both leaves: put the CA certificates of the target below the source's leaf."
            )
    if leaves.source.issued_by != leaves.target.issued_by and not _self_signed(leaves):
        return message(
            "have both leaves signed by {left}, or both by {right}, and upload both chains again.",
            left=leaves.source.issued_by,
            right=leaves.target.issued_by,
        )
    return Message(first.rule.fix)


def _completes(chain: Sequence[Certificate | None], leaf: Certificate) -> bool:
    """Whether the CA certificates of a chain lead from somebody else's leaf up to a root."""
    present = [certificate for certificate in chain if certificate is not None]
    return len(present) > 1 and present[-1].is_self_signed and leaf.is_signed_by(present[1])


def _self_signed(row: Row) -> bool:
    return any(certificate is not None and certificate.is_self_signed for certificate in (row.source, row.target))
