"""Every rule is broken by one input and by nothing else in it, and its near twin breaks no rule at all."""

import json

import pytest
from tests.chain.asked import web
from tests.chain.examples import EXAMPLES, PAIR_EXAMPLES
from tests.chain.pki import ids

from mutua.chain import CATALOGUE, Profile
from mutua.chain.catalogue import CHAINS
from mutua.chain.pair import PAIR_RULES, compare


def test_the_examples_are_those_of_the_rules() -> None:
    assert set(EXAMPLES) == set(CATALOGUE)
    assert list(PAIR_EXAMPLES) == list(PAIR_RULES)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_bad_example_breaks_this_rule_and_no_other(rule: str) -> None:
    case = EXAMPLES[rule].bad()
    report = case.check()
    assert set(ids(report)) == {rule}
    finding = report.findings[0]
    assert finding.severity is CATALOGUE[rule].severities[case.profile]
    assert str(finding.found)
    assert json.loads(json.dumps(report.to_json(str)))["findings"][0]["rule"] == rule


@pytest.mark.parametrize("rule", EXAMPLES)
def test_its_twin_breaks_none_and_is_valid(rule: str) -> None:
    case = EXAMPLES[rule].good()
    report = case.check()
    assert report.findings == ()
    assert report.refusal is None
    # A single certificate has no path to ask the engine about.
    assert report.verdict.valid is (case.profile in CHAINS or report.trust is not None)
    assert report.valid is report.verdict.valid


@pytest.mark.parametrize("rule", [rule for rule, entry in CATALOGUE.items() if entry.explains])
def test_what_is_said_to_explain_the_engine_goes_with_its_refusal(rule: str) -> None:
    verdict = EXAMPLES[rule].bad().check().verdict
    assert not verdict.valid or rule in ACCEPTED_ALL_THE_SAME


ACCEPTED_ALL_THE_SAME = {
    "chain.self-signed-leaf": "it is its own anchor",
    "algorithm.weak-key": "the engine looks at the keys of CAs only",
    "crl.revoked": "the engine knows no revocation lists",
    "crl.unusable": "the engine knows no revocation lists",
    "certificate.subject-key-id": "the engine finds issuers by name and key",
    "certificate.name-constraints": "the engine heeds them, critical or not",
    "certificate.policy-constraints": "the engine does not look at policies",
    "leaf.common-name-spelled-otherwise": "the engine does not look at common names",
    "leaf.unusual-purposes": "the engine takes a leaf without purposes for any",
    "leaf.odd-key-length": "the engine looks at the keys of CAs only",
    "leaf.wildcard-too-wide": "the engine knows no public suffixes",
}


@pytest.mark.parametrize("rule", PAIR_EXAMPLES)
def test_the_bad_pair_breaks_this_rule_and_no_other(rule: str) -> None:
    comparison = compare(*PAIR_EXAMPLES[rule].bad())
    told = [*comparison.differences, *comparison.remarks]
    assert {difference.rule.id for difference in told} == {rule}
    assert all(str(difference.found).startswith(f"Row {difference.row}: ") for difference in told)


@pytest.mark.parametrize("rule", PAIR_EXAMPLES)
def test_its_twin_breaks_none_and_has_the_same_authorities(rule: str) -> None:
    comparison = compare(*PAIR_EXAMPLES[rule].good())
    assert comparison.same_authorities
    assert comparison.differences == comparison.remarks == ()
    assert comparison.fix is None
    assert len(comparison.rows) == 3


def test_every_profile_takes_the_sound_chain() -> None:
    for profile in set(Profile) - {Profile.WEBPKI}:
        report = EXAMPLES["chain.wrong-order"].good()._replace(profile=profile).check()
        assert report.errors == ()
        assert ids(report) == (["file.chain-is-dropped"] if profile is Profile.SERVER else [])


def test_the_web_takes_a_chain_of_its_own_and_no_other() -> None:
    assert web().check().findings == ()
    assert not web(names=()).check().valid
