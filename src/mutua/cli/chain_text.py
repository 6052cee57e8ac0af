"""A chain report as text: the tree of the chain, each finding under its certificate, and what to do next."""

from collections.abc import Iterator

import click

from mutua.chain.catalogue import Severity
from mutua.chain.certificate import Certificate, printable
from mutua.chain.report import Finding, Report
from mutua.cli.paragraphs import WIDTH, instructed, sides, wrapped
from mutua.language import _, plural, translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.remedies import Remedy
    from mutua.chain.request import RequestFinding

_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
_MOST_INPUTS = 100
_DEEPEST_INDENT = 10
"""In levels of the tree: a chain may be longer, a line may not."""


def mark(severity: Severity) -> str:
    """What findings of this severity begin with."""
    return click.style(_MARKS[severity], fg=_COLOURS[severity], bold=True)


def lines(report: Report, name: str, request: str | None = None) -> Iterator[str]:
    """The report on the input called `name`, line by line, with colour that click drops for pipes.

    No line is longer than 80 columns, except for a file name or a word of ours that is longer itself.
    """
    yield from _heading(report, printable(name))
    yield ""
    yield from tree(report)
    yield ""
    yield from verifiers(report)
    yield from _appliance(report)
    yield from _summary(report, printable(name), printable(request) if request else None)


def tree(report: Report) -> Iterator[str]:
    """What is wrong with the file, then the certificates of the chain, each with what is wrong with it."""
    for finding in report.about(None):
        yield from finding_lines(finding, 1)
    for depth, certificate in enumerate(report.path):
        yield from _certificate(report, certificate, depth)


def _heading(report: Report, name: str) -> Iterator[str]:
    """The name and what was detected; for several inputs, a line for each."""
    material, profile = report.material, _("profile {profile}", profile=report.profile)
    count = len(material.certificates)
    if count and len(material.parts) == 1:
        what = plural(
            "{encoding}, {count} certificate", "{encoding}, {count} certificates", count, encoding=material.encoding
        )
        yield from sides(f"{name}   {what}", profile)
        return
    from mutua.cli.detected import detected_in

    for number, part in enumerate(material.parts[:_MOST_INPUTS]):
        held = f"{name if len(material.parts) == 1 else part.name}   {detected_in(part.material)}"
        yield from sides(held, profile) if number == 0 else wrapped(held, "")
    more = len(material.parts) - _MOST_INPUTS
    if more > 0:
        yield plural("and {count} more", "and {count} more", more)


def _certificate(report: Report, certificate: Certificate, depth: int) -> Iterator[str]:
    indent = 1 + 3 * min(max(0, depth - 1), _DEEPEST_INDENT)
    if depth == 0:
        lead = " " + _("leaf") + "   "
        continued = " " * len(lead)
    else:
        lead, continued = " " * (indent + 2) + "└─ ", " " * (indent + 5)
    subject = f"CN={certificate.issued_to}" if certificate.common_names else certificate.issued_to
    yield from sides(lead + click.style(_shortened(subject, lead), bold=True), _validity(report, certificate))
    if certificate is report.arrangement.anchor:
        yield continued + _("trusted by the other side: the trust anchor")
    elif certificate.is_self_signed and report.trust is None:
        yield continued + _("self-signed: the trust anchor")
    elif certificate.is_self_signed:
        yield continued + _("self-signed, and not trusted by the other side")
    else:
        issued_by = _("issued by {issuer}", issuer=certificate.issued_by)
        yield continued + _shortened(issued_by, continued)
    for finding in report.about(certificate):
        yield from finding_lines(finding, len(continued))


def _shortened(text: str, lead: str) -> str:
    room = WIDTH - len(lead)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _validity(report: Report, certificate: Certificate) -> str:
    until = _("until {date}", date=f"{certificate.not_after:%Y-%m-%d}")
    days = (certificate.not_after - report.at).days
    if 0 <= days < 365:
        return until + " " + plural("(in {count} day)", "(in {count} days)", days)
    return until


def finding_lines(finding: "Finding | RequestFinding", indent: int) -> Iterator[str]:
    """A finding with its reason and its fixes, in from the left by so many columns."""
    rule = finding.rule
    pad = " " * indent
    yield from sides(f"{pad}{mark(finding.severity)} {_(rule.title)}", f"{rule.id}  {rule.requirement}")
    yield from _paragraph(f"{translate(finding.found)} {_(rule.reason)}", f"{pad}  ")
    yield from _paragraph(_(rule.fix), f"{pad}  → ")
    if rule.remedy is not None:
        yield from at_the_authority(rule.remedy, rule.id, f"{pad}    ")


def at_the_authority(remedy: "Remedy", identifier: str, indent: str) -> Iterator[str]:
    """What to set at the authority that most people have; for the others there is no room here."""
    from mutua.chain.remedies import Authority, fix

    usual = fix(Authority.AD_CS, remedy)
    if usual is not None:
        yield from instructed(_("{authority}: {fix}", authority=Authority.AD_CS, fix=_(usual)), indent)
    yield from wrapped(_("for other CAs: mutua rules {rule}", rule=identifier), indent)


def verifiers(report: Report) -> Iterator[str]:
    """Who accepts the chain and who refuses it, where they differ; each paragraph with a blank line below it."""
    disagreement = report.disagreement
    if disagreement is not None:
        yield from wrapped(translate(disagreement), f" {mark(Severity.WARNING)} ")
        yield ""
    if not report.is_ordinary_but_for_names:
        from mutua.cli.families_text import family_lines

        yield from family_lines(report)
    elif not report.is_ordinary:
        sentence = _(
            "Verifiers differ on this chain: OpenSSL, Python and Java 17 accept a certificate without a subject "
            "alternative name; pyca/cryptography refuses it, and Go refuses it in a server."
        )
        yield from wrapped(sentence, " ")
        yield ""


def _appliance(report: Report) -> Iterator[str]:
    refusal = report.refusal
    if refusal is None:
        return
    labels = [_("The appliance would answer"), _("It shows you")]
    width = max(map(len, labels)) + 3
    arguments = f'  "{refusal.arguments[0]}"' if refusal.arguments else ""
    yield from _paragraph(f"{refusal.message_id}{arguments}", f" {labels[0]:<{width}}")
    yield from _paragraph(refusal.message, f" {labels[1]:<{width}}")
    yield ""


def _summary(report: Report, name: str, request: str | None) -> Iterator[str]:
    errors = len(report.errors)
    if not errors:
        anchor = report.arrangement.root.issued_to if report.arrangement.root else "—"
        if report.trust is None:
            sentence = _("No errors. Trust anchor: {anchor}, the chain's own root.", anchor=anchor)
        else:
            sentence = _("No errors. Trust anchor: {anchor}, which the other side trusts.", anchor=anchor)
        for line in _paragraph(sentence, " ✓ "):
            yield click.style(line, fg="green")
        yield from lesser(report)
        return
    counted = plural("{count} error.", "{count} errors.", errors)
    if request and not any(finding.rule.id == "leaf.csr-key-mismatch" for finding in report.errors):
        counted += " " + _("The signing request fits: {request} can be signed again.", request=request)
    yield from wrapped(counted, " ")
    from mutua.cli.mending import what_to_do

    yield from what_to_do(report, name)


def lesser(report: Report) -> Iterator[str]:
    """How many findings there are that stop nobody today."""
    warnings = sum(finding.severity is Severity.WARNING for finding in report.warnings)
    notices = len(report.warnings) - warnings
    if warnings:
        yield " " + plural("{count} warning.", "{count} warnings.", warnings)
    if notices:
        yield " " + plural("{count} notice.", "{count} notices.", notices)


def _paragraph(text: str, first: str) -> list[str]:
    """A paragraph whose long words are broken: names come from strangers and need not have a space in them."""
    import textwrap

    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )  # fmt: skip
