"""What a check says a repair can mend, a repair mends; and what it does not say so of, it cannot."""

import pytest
from click import unstyle
from tests.chain.examples import EXAMPLES
from tests.chain.pki import Case, ids, intermediate, leaf, pem, root

from mutua.authority.issue import SERVER_AUTH
from mutua.chain.decode import decode
from mutua.chain.repair import Asked, Candidate, plan
from mutua.cli.chain_text import lines
from mutua.cli.mending import MENDED_ALONE, MENDED_WITH_MORE

AUTHORITIES = [Candidate(one, "ca.pem") for one in decode(pem(intermediate(), root())).certificates]


def ending(data: bytes) -> list[str]:
    said = [unstyle(line) for line in lines(Case(data).check(), "in.pem")]
    return said[max(number for number, line in enumerate(said) if " error" in line) :]


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_a_repair_mends_what_is_said_and_nothing_else(rule: str) -> None:
    case = EXAMPLES[rule].bad()
    if not isinstance(case, Case):
        assert rule not in MENDED_ALONE | MENDED_WITH_MORE
        return
    before = case.check()
    asked = Asked(case.request_keys, case.private_key)
    alone, with_more = plan(before, (), asked), plan(before, AUTHORITIES, asked)
    is_error = rule in [finding.rule.id for finding in before.errors]
    assert (is_error and rule not in ids(alone.after) and bool(alone.certificates)) == (
        rule in MENDED_ALONE or rule in MENDED_BY_LEAVING_OUT
    )
    if rule in MENDED_WITH_MORE:
        assert not with_more.after.errors


MENDED_BY_LEAVING_OUT = {"file.unreadable-certificate"}
"""What cannot be read is left out, which may be what was needed: nobody is told that a repair mends it."""


def test_the_last_line_says_what_to_type() -> None:
    assert ending(pem(root(), intermediate(), leaf(intermediate()))) == [
        " 1 error.",
        " A repair can mend it:",
        " → mutua repair in.pem -o repaired.pem",
    ]
    assert ending(pem(leaf(intermediate()), root(), root())) == [
        " 2 errors.",
        " A repair can mend all of them:",
        " → mutua repair in.pem --from DIR -o repaired.pem",
    ]


def test_what_the_ca_must_mend_comes_after() -> None:
    faulty = leaf(intermediate(), extended_key_usage=[SERVER_AUTH])
    assert ending(pem(root(), intermediate(), faulty)) == [
        " 2 errors.",
        " A repair can mend 1 of them:",
        " → mutua repair in.pem -o repaired.pem",
        " → mend what is marked ✗, then: mutua check in.pem",
    ]
    assert ending(pem(faulty, intermediate(), root()))[1:] == [" → mend what is marked ✗, then: mutua check in.pem"]
