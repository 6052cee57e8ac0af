"""What was found about a signing request, as text and as JSON."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypedDict

import click

from mutua.chain import Profile, Severity
from mutua.chain.certificate import printable, readable_name
from mutua.chain.report_json import SeverityName, severity_name
from mutua.chain.request import RequestFinding, SigningRequest
from mutua.cli.chain_text import finding_lines
from mutua.cli.paragraphs import sides, wrapped
from mutua.language import _, plural, translate

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""


class RequestFindingJson(TypedDict):
    """Something that is wrong."""

    rule: str
    """The rule that is broken; mutua rules tells all about it."""
    requirement: str
    """The requirement that the rule belongs to."""
    severity: SeverityName
    """An error stops somebody, a warning will, a notice is worth knowing."""
    title: str
    """The rule in a few words, for people."""
    reason: str
    """Why it matters, for people."""
    found: str
    """What was found here, for people."""
    fix: str
    """What to do about it, for people."""
    source: str | None
    """The standard that says so, with its section."""


class CheckedRequestJson(TypedDict):
    """What was found about a signing request."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    file: str
    """The file of the request, as it was given."""
    answer: str | None
    """The file of the certificate that answers it; null where none was given."""
    profile: Profile
    """What the certificate is for."""
    subject: str
    """The subject's distinguished name (RFC 4514)."""
    findings: list[RequestFindingJson]
    """Everything that is wrong."""
    errors: int
    """How many of them are errors."""


class Checked(NamedTuple):
    """The request that was checked, the file that answers it if one was given, and the findings."""

    file: str
    answer: str | None
    profile: Profile
    request: SigningRequest
    findings: tuple[RequestFinding, ...]

    @property
    def errors(self) -> int:
        """How many of the findings stop somebody."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def lines(checked: Checked) -> Iterator[str]:
    """The report, line by line."""
    name = click.style(readable_name(checked.request.subject), bold=True)
    yield from sides(f" {name}   {printable(checked.file)}", _("profile {profile}", profile=checked.profile))
    yield ""
    for finding in checked.findings:
        yield from finding_lines(finding, 1)
    if checked.findings:
        yield ""
    yield from _summary(checked)


def _summary(checked: Checked) -> Iterator[str]:
    file = printable(checked.file)
    if checked.errors:
        yield " " + plural("{count} error.", "{count} errors.", checked.errors)
        if checked.answer is None:
            step = _("make a new request (mutua csr new), then: mutua csr check {file}", file=file)
        else:
            step = _("ask the CA for what is marked ✗, then check its new certificate")
    elif checked.answer is None:
        yield click.style(" ✓ " + _("Nothing stands in the way of sending it to the CA."), fg="green")
        step = _("when the answer is there: mutua csr check {file} --cert CHAIN", file=file)
    else:
        yield click.style(" ✓ " + _("The certificate answers this request."), fg="green")
        step = _("is its chain in order? mutua check {chain} --csr {file}", chain=printable(checked.answer), file=file)
    yield from wrapped(step, " → ", "    ")


def to_json(checked: Checked) -> CheckedRequestJson:
    """The same for machines; the sentences in it are for people."""
    return {
        "version": FORMAT_VERSION,
        "file": checked.file,
        "answer": checked.answer,
        "profile": checked.profile,
        "subject": checked.request.subject.rfc4514_string(),
        "findings": [
            {
                "rule": finding.rule.id,
                "requirement": finding.rule.requirement,
                "severity": severity_name(finding.severity),
                "title": _(finding.rule.title),
                "reason": _(finding.rule.reason),
                "found": translate(finding.found),
                "fix": _(finding.rule.fix),
                "source": finding.rule.source,
            }
            for finding in checked.findings
        ],
        "errors": checked.errors,
    }
