"""Where rules and engine disagree the report says so, and the answer is no; valid and conforming are two questions."""

from collections.abc import Callable

import pytest
from cryptography import x509
from tests.chain.asked import NAME, Asked, web_below
from tests.chain.examples import EXAMPLES
from tests.chain.pki import AT, Case, authority, intermediate, key, leaf, pem, root, sound

from mutua import chain
from mutua.authority.issue import Issued
from mutua.chain import Profile, Report
from mutua.chain.verdict import ENGINE


@pytest.mark.parametrize("rule", EXAMPLES)
def test_no_disagreement_is_kept_quiet(rule: str) -> None:
    for report in (EXAMPLES[rule].bad().check(), EXAMPLES[rule].good().check()):
        rules_refuse = any(finding.rule.explains for finding in report.errors)
        unexplained = bool(
            {"engine.refused", "engine.no-trusted-path"} & {finding.rule.id for finding in report.errors}
        )
        assert (report.disagreement is not None) is (unexplained or (report.verdict.valid and rules_refuse))
        assert not (report.disagreement and report.valid)


def test_the_engine_refuses_and_no_rule_says_why() -> None:
    report = EXAMPLES["engine.refused"].bad().check()
    assert not report.valid
    assert report.errors
    assert str(report.disagreement) == f"{ENGINE} refuses the path and no rule says why, so the chain is not valid."
    assert report.to_json(str)["disagreement"] == str(report.disagreement)


def test_a_rule_refuses_and_the_engine_does_not() -> None:
    report = EXAMPLES["algorithm.weak-key"].bad().check()
    assert report.verdict.valid
    assert not report.valid
    sentence = f"{ENGINE} finds a valid path; algorithm.weak-key refuses it, so the chain is not valid."
    assert str(report.disagreement) == sentence


def test_where_both_refuse_or_both_accept_there_is_no_disagreement() -> None:
    assert Case(sound(), Profile.MTLS).check().disagreement is None
    expired = Case(pem(leaf(intermediate(), not_after=AT.replace(year=2026, month=5, day=20)), intermediate(), root()))
    assert not expired.check().valid
    assert expired.check().disagreement is None


def below(between: Issued) -> Asked:
    return Asked(pem(leaf(between, names=[x509.DNSName(NAME)]), between, root()), Profile.MTLS)


NOT_CONFORMING: dict[str, Callable[[], Asked]] = {
    "no authority key identifier": lambda: below(authority("Inter-CA1", root(), authority_key_identifier=False)),
    "no subject key identifier": lambda: below(authority("Inter-CA1", root(), subject_key_identifier=False)),
    "policy constraints not critical": lambda: web_below(extra=[(x509.PolicyConstraints(None, 0), False)])._replace(
        profile=Profile.SERVER, trust=[root().pem]
    ),
}


@pytest.mark.parametrize("kind", NOT_CONFORMING)
def test_what_private_pki_does_is_valid_and_does_not_conform(kind: str) -> None:
    report = NOT_CONFORMING[kind]().check()
    assert (report.valid, report.conforming) == (True, False)
    assert report.errors == ()


def test_the_usual_chain_conforms_and_a_broken_one_does_not() -> None:
    assert Case(sound()).check().conforming
    assert not Case(pem(leaf(intermediate()), root())).check().conforming


def with_depth(below_root: int, max_depth: int, *, self_issued: int) -> Report:
    """Authorities of names of their own, and some that are issued by their own name with another key."""
    heap = [root()]
    for number in range(below_root):
        heap.insert(0, authority(f"Inter-CA{number}", heap[0]))
    for number in range(self_issued):
        heap.insert(0, authority(f"Inter-CA{below_root - 1}", heap[0], key(f"renewed {number}")))
    end = leaf(heap[0], names=[x509.DNSName(NAME)])
    return chain.check(
        pem(end, *heap[:-1]), at=AT, profile=Profile.MTLS, trust=[root().pem], names=[NAME], max_depth=max_depth
    )


@pytest.mark.parametrize("self_issued", [0, 1, 2])
def test_certificates_issued_by_their_own_name_do_not_count_in_the_depth(self_issued: int) -> None:
    assert with_depth(1, 1, self_issued=self_issued).verdict.valid
    assert with_depth(2, 2, self_issued=self_issued).verdict.valid
    assert not with_depth(2, 1, self_issued=self_issued).verdict.valid
