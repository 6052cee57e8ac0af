"""A chain report as text: the tree of the chain, each finding under its certificate, and what to do next."""

import textwrap
from collections.abc import Iterator

import click

from mutua.chain.catalogue import Severity
from mutua.chain.certificate import Certificate
from mutua.chain.report import Finding, Report
from mutua.language import _, plural, translate

_WIDTH = 80
_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def lines(report: Report, name: str, request: str | None = None) -> Iterator[str]:
    """The report on the input called `name`, line by line, with colour that click drops for pipes."""
    yield _heading(report, name)
    yield ""
    for finding in report.about(None):
        yield from _finding(finding, 1)
    for depth, certificate in enumerate(report.path):
        yield from _certificate(report, certificate, depth)
    yield ""
    yield from _appliance(report)
    yield from _summary(report, name, request)


def _heading(report: Report, name: str) -> str:
    count = len(report.material.certificates)
    what = plural(
        "{encoding}, {count} certificate", "{encoding}, {count} certificates", count, encoding=report.material.encoding
    )
    return _sides(f"{name}   {what}", _("profile {profile}", profile=report.profile))


def _certificate(report: Report, certificate: Certificate, depth: int) -> Iterator[str]:
    indent = 1 + 3 * max(0, depth - 1)
    if depth == 0:
        lead, continued = f" {_('leaf')}   ", " " * 8
    else:
        lead, continued = " " * (indent + 2) + "└─ ", " " * (indent + 5)
    subject = f"CN={certificate.issued_to}" if certificate.common_names else certificate.issued_to
    yield _sides(lead + click.style(subject, bold=True), _validity(report, certificate))
    if certificate.is_self_signed:
        yield continued + _("self-signed: the trust anchor")
    else:
        yield continued + _("issued by {issuer}", issuer=certificate.issued_by)
    for finding in report.about(certificate):
        yield from _finding(finding, len(continued))


def _validity(report: Report, certificate: Certificate) -> str:
    until = _("until {date}", date=f"{certificate.not_after:%Y-%m-%d}")
    days = (certificate.not_after - report.at).days
    if 0 <= days < 365:
        return f"{until} {plural('(in {count} day)', '(in {count} days)', days)}"
    return until


def _finding(finding: Finding, indent: int) -> Iterator[str]:
    rule = finding.rule
    mark = click.style(_MARKS[finding.severity], fg=_COLOURS[finding.severity], bold=True)
    pad = " " * indent
    yield _sides(f"{pad}{mark} {_(rule.title)}", f"{rule.id}  {rule.requirement}")
    yield from _wrapped(f"{translate(finding.found)} {_(rule.reason)}", indent + 2)
    fixes = [_("{authority}: {fix}", authority=authority, fix=_(fix)) for authority, fix in rule.fixes.items()]
    for number, fix in enumerate([_(rule.fix), *fixes]):
        yield from _wrapped(fix, indent + 4, f"{pad}  → " if number == 0 else f"{pad}    ")


def _appliance(report: Report) -> Iterator[str]:
    refusal = report.refusal
    if refusal is None:
        return
    arguments = f'  "{refusal.arguments[0]}"' if refusal.arguments else ""
    labels = [_("The appliance would answer"), _("It shows you")]
    width = max(map(len, labels)) + 3
    yield f" {labels[0]:<{width}}{refusal.message_id}{arguments}"
    yield from _wrapped(refusal.message, width + 1, f" {labels[1]:<{width}}")
    yield ""


def _summary(report: Report, name: str, request: str | None) -> Iterator[str]:
    errors, warnings = len(report.errors), len(report.warnings)
    if not errors:
        anchor = report.arrangement.root.issued_to if report.arrangement.root else "—"
        clean = _("No errors. Trust anchor: {anchor}, the chain's own root.", anchor=anchor)
        yield click.style(f" ✓ {clean}", fg="green")
        if warnings:
            yield " " + plural("{count} warning.", "{count} warnings.", warnings)
        return
    counted = plural("{count} error.", "{count} errors.", errors)
    if request and not any(finding.rule.id == "leaf.csr-key-mismatch" for finding in report.errors):
        counted += " " + _("The signing request fits: {request} can be signed again.", request=request)
    yield from _wrapped(counted, 1)
    yield from _wrapped(_("mend what is marked ✗, then: mutua check {name}", name=name), 4, " → ")


def _sides(left: str, right: str) -> str:
    """Two texts at the two edges of the page, or below each other where they do not fit."""
    room = _WIDTH - len(click.unstyle(left)) - len(right)
    return f"{left}{' ' * room}{right}" if room > 1 else f"{left}  {right}"


def _wrapped(text: str, indent: int, first: str | None = None) -> list[str]:
    pad = " " * indent
    return textwrap.wrap(
        text, _WIDTH, initial_indent=pad if first is None else first, subsequent_indent=pad,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
