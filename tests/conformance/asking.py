"""A situation that people really have: what is asked of the checker, and what it has to say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from tests.chain.pki import AT, authority, intermediate, leaf, pem, root

from mutua import chain
from mutua.chain import Profile, Report, Severity


class Situation(NamedTuple):
    """The question, and the answer: exactly these rules as errors, exactly these others, and these words."""

    data: bytes
    errors: Sequence[str] = ()
    others: Sequence[str] = ()
    says: Sequence[str] = ()
    profile: Profile = Profile.MTLS
    trust: Sequence[bytes] | None = None
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    crls: Sequence[bytes] = ()
    at: datetime = AT
    request_keys: Sequence[bytes] | None = None
    private_key: bytes | None = None

    def report(self) -> Report:
        """What the checker says."""
        return chain.check(
            self.data,
            at=self.at,
            profile=self.profile,
            trust=self.trust,
            names=self.names,
            addresses=self.addresses,
            crls=self.crls,
            request_keys=self.request_keys,
            private_key=self.private_key,
        )

    def prove(self) -> None:
        """The report names this cause and no other, with a fix, in these words; what is sound is called valid."""
        report = self.report()
        told = [finding for finding in report.findings if finding.severity is Severity.ERROR]
        assert sorted({finding.rule.id for finding in told}) == sorted(self.errors), self.words(report)
        rest = {finding.rule.id for finding in report.findings} - {finding.rule.id for finding in told}
        assert sorted(rest) == sorted(self.others), self.words(report)
        for words in self.says:
            assert words in self.words(report)
        assert all(str(finding.rule.fix) for finding in report.findings)
        if not self.errors and report.verdict.asked:
            assert report.valid

    def words(self, report: Report) -> str:
        """Every finding, one a line."""
        return "\n".join(f"{finding.rule.id}: {finding.found}" for finding in report.findings)


Situations = Mapping[str, Callable[[], Situation]]
"""By what people would call them."""


def cases(*tables: Situations) -> pytest.MarkDecorator:
    """One test for each situation of the tables."""
    rows = [pytest.param(make, id=name) for table in tables for name, make in table.items()]
    return pytest.mark.parametrize("make", rows)


def below(**knobs: Any) -> bytes:
    """A sound chain but for its leaf."""
    return pem(leaf(intermediate(), **knobs), intermediate(), root())


def through(**knobs: Any) -> bytes:
    """A sound chain but for its intermediate."""
    between = authority("Inter-CA1", root(), **knobs)
    return pem(leaf(between), between, root())
