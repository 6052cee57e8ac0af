"""The catalogue of rules as a page in Markdown: what `docs/rules.md` is made of."""

import re
from collections.abc import Iterable, Iterator, Mapping

from mutua.chain import Profile
from mutua.chain.remedies import Authority
from mutua.cli.rulebook import SEVERITIES, AnyRule, told_answers
from mutua.language import _, plural

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_ESCAPED = r"\\\1"


def page(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """The page, line by line: a table of all rules, a section for each, and the remedies that many of them share."""
    yield "# " + _("The rules")
    yield ""
    yield "<!-- " + _("Generated: mutua rules --lang en --format markdown > docs/rules.md") + " -->"
    yield ""
    yield (
        plural("Mutua checks certificates by {count} rule.", "Mutua checks certificates by {count} rules.", len(rules))
        + " "
        + _("R1 to R25 are the requirements of the appliance; a dash says that a rule does not hold for a profile.")
    )
    yield ""
    yield from _table(rules)
    for rule in rules.values():
        yield ""
        yield from _section(rule, _link(rule))
    yield from _remedies(rules)


def sections(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """All that the catalogue knows of each rule, without the heading of the page."""
    for number, rule in enumerate(rules.values()):
        if number:
            yield ""
        yield from _section(rule, _fixes(rule.fixes))


def _table(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    heading = (_("rule"), _("requirement"), *Profile, _("title"))
    yield _cells(heading)
    yield _cells(["---"] * len(heading))
    for rule in rules.values():
        link = f"[`{rule.id}`](#{rule.id})"
        yield _cells((link, rule.requirement, *(_severity(rule, profile) for profile in Profile), _plain(rule.title)))


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _severity(rule: AnyRule, profile: Profile) -> str:
    severity = rule.severities.get(profile)
    return "–" if severity is None else _(SEVERITIES[severity])


def _section(rule: AnyRule, by_name: Iterable[str]) -> Iterator[str]:
    """The anchor is the id itself, so that a link to a rule can be made from its id alone."""
    yield f'<a id="{rule.id}"></a>'
    yield ""
    yield f"## `{rule.id}`"
    yield ""
    yield f"**{_plain(rule.title)}** ({rule.requirement}). {_plain(rule.reason)}"
    yield ""
    yield "- " + _("Fix:") + f" {_plain(rule.fix)}"
    yield from by_name
    if rule.source:
        yield "- " + _("Source:") + f" {rule.source}"
    yield from _appliance(rule)


def _link(rule: AnyRule) -> list[str]:
    return [] if rule.remedy is None else ["- " + _("By name, for each CA:") + f" [`{rule.remedy}`](#{rule.remedy})"]


def _remedies(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """Each remedy once; its anchor is the one that Markdown makes of a heading."""
    fixes = {rule.remedy: rule.fixes for rule in rules.values() if rule.remedy is not None}
    if fixes:
        yield from ("", "## " + _("Remedies"))
    for remedy, by_authority in sorted(fixes.items()):
        yield from ("", f"### `{remedy}`", "", *_fixes(by_authority))


def _fixes(by_authority: Mapping[Authority, str]) -> Iterator[str]:
    """A sentence for each authority, and below it the lines to type as a block of the same item of the list."""
    for authority, fix in by_authority.items():
        sentence, *typed = _(fix).split("\n")
        yield f"- {authority}: {_SPECIAL.sub(_ESCAPED, sentence)}"
        if typed:
            yield from ("  ```", *(f"  {line}" for line in typed), "  ```")


def _appliance(rule: AnyRule) -> Iterator[str]:
    told = told_answers(rule)
    if not told:
        yield "- " + _("The appliance does not refuse it.")
    for heading, refusal in told:
        said = [f"`{refusal.message_id}` `{refusal.message}`", *(f"`{argument}`" for argument in refusal.arguments)]
        yield f"- {heading} {' '.join(said)}"


def _plain(text: str) -> str:
    """A sentence of the catalogue in the current language, with nothing in it that Markdown would act on."""
    return _SPECIAL.sub(_ESCAPED, _(text))
