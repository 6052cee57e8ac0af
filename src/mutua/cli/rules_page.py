"""The catalogue of rules as a page in Markdown: what `docs/rules.md` is made of."""

import re
from collections.abc import Iterable, Iterator, Mapping

from mutua.chain import Profile
from mutua.cli.rulebook import SEVERITIES, AnyRule, told_answers
from mutua.language import _, plural

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_ESCAPED = r"\\\1"


def page(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """The page, line by line: a table of all rules, then a section for each."""
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
    yield ""
    yield from sections(rules)


def sections(rules: Mapping[str, AnyRule]) -> Iterator[str]:
    """All that the catalogue knows of each rule, without the heading of the page."""
    for number, rule in enumerate(rules.values()):
        if number:
            yield ""
        yield from _section(rule)


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


def _section(rule: AnyRule) -> Iterator[str]:
    """The anchor is the id itself, so that a link to a rule can be made from its id alone."""
    yield f'<a id="{rule.id}"></a>'
    yield ""
    yield f"## `{rule.id}`"
    yield ""
    yield f"**{_plain(rule.title)}** ({rule.requirement}). {_plain(rule.reason)}"
    yield ""
    yield "- " + _("Fix:") + f" {_plain(rule.fix)}"
    for authority, fix in rule.fixes.items():
        yield from _fix(authority, fix)
    if rule.source:
        yield "- " + _("Source:") + f" {rule.source}"
    yield from _appliance(rule)


def _fix(authority: str, fix: str) -> Iterator[str]:
    """The sentence, and below it the lines to type as a block of the same item of the list."""
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
