"""The catalogue of rules as text: a compact list, or everything about one rule."""

import textwrap
from collections.abc import Iterator, Mapping

import click

from mutua.chain import Profile, Severity
from mutua.chain.pair import PairRule
from mutua.chain.request import RequestRule
from mutua.cli.paragraphs import WIDTH, instructed, sides, wrapped
from mutua.cli.rulebook import MARKS, SEVERITIES, AnyRule, severities, told_answers
from mutua.language import _, plural
from mutua.peering.causes import CONNECTION_RULES

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
_DOES_NOT_HOLD = "–"


def overview(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """One line for each rule; a column of marks for each profile, which the heading names."""
    legend = "   ".join(f"{_mark(severity)} {_(SEVERITIES[severity])}" for severity in reversed(Severity))
    count = plural("{count} rule", "{count} rules", len(rules))
    absent = _("does not apply")
    yield from sides(f" {count}", f"{legend}   {_DOES_NOT_HOLD} {absent}")
    yield ""
    identifiers = max(len(identifier) for identifier in rules)
    requirements = max(len(rule.requirement) for rule in rules.values())
    before = 1 + identifiers + 2 + requirements + 2
    yield from _profile_heading(before)
    for rule in rules.values():
        lead = f" {rule.id:<{identifiers}}  {rule.requirement:<{requirements}}  {_marks(rule)}  "
        yield from _titled(lead, _(rule.title))
    yield ""
    yield from wrapped(_("everything about one of them: mutua rules ID"), " → ")


def _profile_heading(before: int) -> Iterator[str]:
    """The names of the profiles, each above its column, with a line down to it."""
    for number, profile in enumerate(Profile):
        yield " " * before + "│ " * number + profile


def _marks(rule: AnyRule) -> str:
    return " ".join(_mark(rule.severities.get(profile)) for profile in Profile)


def _mark(severity: Severity | None) -> str:
    return _DOES_NOT_HOLD if severity is None else click.style(MARKS[severity], fg=_COLOURS[severity], bold=True)


def _titled(lead: str, title: str) -> Iterator[str]:
    room = WIDTH - len(click.unstyle(lead))
    first, *others = textwrap.wrap(title, max(room, 12))
    yield lead + first
    for other in others:
        yield " " * (WIDTH - room) + other


def details(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """All that the catalogue knows of each rule."""
    for rule in rules.values():
        yield from _details(rule)


def _details(rule: AnyRule) -> Iterator[str]:
    yield from sides(f" {click.style(rule.id, bold=True)}", rule.requirement)
    yield f" {_(rule.title)}"
    yield ""
    facts = [
        (_("why"), _(rule.reason)),
        (_("fix"), _(rule.fix)),
        *((str(authority), _(fix)) for authority, fix in rule.fixes.items()),
        (_("severity"), severities(rule)),
        (_("source"), rule.source or "—"),
    ]
    column = max(len(label) for label, _text in facts) + 3
    for label, text in facts:
        yield from instructed(text, f" {label:<{column - 1}}")
    yield ""
    yield from _appliance(rule)
    yield ""
    if rule.id in CONNECTION_RULES:
        yield from wrapped(_("do two consoles break it? mutua migrate verify"), " → ")
    elif isinstance(rule, PairRule):
        yield from wrapped(_("do two chains break it? mutua compare SOURCE TARGET"), " → ")
    elif isinstance(rule, RequestRule):
        yield from wrapped(_("does a signing request break it? mutua csr check FILE"), " → ")
    else:
        yield from wrapped(_("does a file break it? mutua check FILE"), " → ")


def _appliance(rule: AnyRule) -> Iterator[str]:
    """The appliance's own words are never translated: people look for them in logs."""
    told = told_answers(rule)
    if not told:
        yield from wrapped(_("The appliance does not refuse it."), " ")
    for heading, refusal in told:
        yield from wrapped(heading, " ")
        yield from wrapped(refusal.message, f"   {refusal.message_id}  ")
        indent = " " * (5 + len(refusal.message_id))
        yield from wrapped(refusal.resolution, indent)
        for argument in refusal.arguments:
            yield from wrapped(_("in the log: {argument}", argument=argument), indent)
