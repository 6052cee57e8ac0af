"""The report: the chain in order, everything that is wrong with it, and what the appliance would say."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD, Refusal
from mutua.chain.catalogue import Evidence, Examined, Profile, Rule, Severity
from mutua.chain.certificate import Certificate
from mutua.chain.decode import Material
from mutua.chain.order import Arrangement
from mutua.chain.trust import Trust
from mutua.chain.verdict import Verdict
from mutua.message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.report_json import ReportJson

_UPLOAD_OF = {Profile.MIGRATION: CHAIN_UPLOAD, Profile.SERVER: CERTIFICATE_UPLOAD}


class Finding(NamedTuple):
    """A rule that was broken, by which certificate (None: the file as a whole), and the evidence."""

    rule: Rule
    severity: Severity
    found: Message
    certificate: Certificate | None

    @classmethod
    def of(cls, rule: Rule, profile: Profile, evidence: Evidence) -> "Finding":
        """The finding that a rule makes of a piece of evidence."""
        return cls(rule, rule.severities[profile], evidence.found, evidence.certificate)


class Report(NamedTuple):
    """All that is to be said about one input."""

    profile: Profile
    at: datetime
    material: Material
    arrangement: Arrangement
    verdict: Verdict
    findings: tuple[Finding, ...]
    trust: Trust | None = None

    @property
    def path(self) -> tuple[Certificate, ...]:
        """The chain in order, leaf first."""
        return self.arrangement.path

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop somebody."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that do not stop anybody today."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.ERROR)

    @property
    def valid(self) -> bool:
        """Whether the engine found a valid path, and no rule about validity is broken as an error."""
        return self.verdict.valid and not any(finding.rule.explains for finding in self.errors)

    @property
    def conforming(self) -> bool:
        """Whether it is valid, and its certificates are as RFC 5280, section 4, demands of whoever issues.

        Path validation (section 6) does not ask for that, and private PKI does not keep all of it; strict verifiers
        ask. Under no profile is this an error by itself, except for the Web PKI's.
        """
        from mutua.chain.rules.webpki import breaches

        examined = Examined(
            self.profile, self.at, self.material, self.arrangement, self.verdict, None, None, trust=self.trust
        )
        return self.valid and not any(True for _evidence in breaches(examined))

    @property
    def refusal(self) -> Refusal | None:
        """The one error that the appliance would answer an upload with, or None if it would take it."""
        answers = _UPLOAD_OF.get(self.profile)
        stages = [finding.rule.stage for finding in self.errors if finding.rule.stage is not None]
        return answers[min(stages)] if answers and stages else None

    def about(self, certificate: Certificate | None) -> tuple[Finding, ...]:
        """The findings about one certificate; with None, those about the file."""
        return tuple(finding for finding in self.findings if finding.certificate is certificate)

    def to_json(self, translate: Callable[[Message], str]) -> "ReportJson":
        """The report for machines; the sentences in it are for people and go through `translate`."""
        from mutua.chain.report_json import report_json

        return report_json(self, translate)
