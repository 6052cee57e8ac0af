"""Every rule about a connection is broken by one situation and by nothing else in it, and its twin breaks none."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

import pytest
from tests.peering.certified import Authority
from tests.peering.said import ADDRESS, Said, said

from mutua.chain.catalogue import Profile, Severity
from mutua.chain.pair import PairRule
from mutua.message import message
from mutua.peering.causes import CONNECTION_RULES, Cause
from mutua.peering.identity import IdentityKind, key_sha256
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, why_no_session
from mutua.peering.standing import Standing
from mutua.peering.verify import Meeting, judge, verify

Told = Callable[[Standing, Standing], Iterable[Cause]]


class Example(NamedTuple):
    """What is told of two consoles that say of themselves that all is well, but for one thing."""

    bad: Told
    good: Told


def _skewed(**skew: int) -> Told:
    return lambda source, target: judge(source, target._replace(clock=source.clock + timedelta(**skew)))


def _met(problem: str | None = None, by: str = "target") -> Told:
    """The source's handshake fails, or another one answers; the target's own is as it should be."""

    def told(source: Standing, target: Standing) -> Iterable[Cause]:
        answers = source if by == "source" else target
        key = None if problem else key_sha256(answers.certificates[0])
        meeting = Meeting(message("{problem}", problem=problem) if problem else None, key)
        return verify(Said(source, meeting), Said(target, Meeting(None, key_sha256(source.certificates[0])))).causes

    return told


def _without_a_chain(source: Standing, target: Standing) -> Iterable[Cause]:
    return judge(source, target._replace(kind=IdentityKind.SELF_SIGNED))


def _unreachable(_source: Standing, _target: Standing) -> Iterable[Cause]:
    yield why_no_session("target", ConsoleUnreachableError(ADDRESS, message("nothing listens there")))


def _answered(status: int) -> Told:
    return lambda _source, _target: [why_no_session("target", ConsoleRefusedError(ADDRESS, status, {}))]


EXAMPLES = {
    "pair.no-chain": Example(_without_a_chain, judge),
    "pair.clocks-differ": Example(_skewed(seconds=301), _skewed(seconds=299)),
    "pair.handshake-failed": Example(_met("nothing listens there"), _met()),
    "pair.somebody-else": Example(_met(by="source"), _met()),
    "pair.unreachable": Example(_unreachable, judge),
    "pair.not-signed-in": Example(_answered(401), judge),
    "pair.refused": Example(_answered(500), judge),
}


@pytest.fixture
def source(authority: Authority) -> Standing:
    return said(authority, "OMENT-310")


@pytest.fixture
def target(authority: Authority) -> Standing:
    return said(authority, "OMENT-400")


def test_the_examples_are_those_of_the_rules() -> None:
    assert list(EXAMPLES) == list(CONNECTION_RULES)


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_the_situation_breaks_this_rule_and_no_other(source: Standing, target: Standing, identifier: str) -> None:
    (cause,) = EXAMPLES[identifier].bad(source, target)
    rule = CONNECTION_RULES[identifier]
    assert (cause.rule, str(cause.title), str(cause.fix)) == (rule.id, rule.title, rule.fix)
    assert str(cause.found)
    assert cause.side in {"source", "target", "both"}


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_its_twin_breaks_none(source: Standing, target: Standing, identifier: str) -> None:
    assert list(EXAMPLES[identifier].good(source, target)) == []


@pytest.mark.parametrize("rule", CONNECTION_RULES.values(), ids=CONNECTION_RULES)
def test_a_rule_says_why_it_stops_a_migration(rule: PairRule) -> None:
    assert all((rule.title, rule.reason, rule.fix, rule.requirement))
    assert rule.severities == {Profile.MIGRATION: Severity.ERROR}
