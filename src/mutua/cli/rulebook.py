"""The catalogue as it is shown to people: the rules about one chain, two, two consoles, and signing requests."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from mutua.chain import CATALOGUE, Profile, Refusal, Rule, Severity
from mutua.chain.appliance import CERTIFICATE_UPLOAD, CHAIN_UPLOAD
from mutua.chain.pair import PAIR_RULES, PairRule
from mutua.chain.report_json import SeverityName, severity_name
from mutua.chain.request import REQUEST_RULES, RequestRule
from mutua.language import _
from mutua.message import N_
from mutua.peering.causes import CONNECTION_RULES

AnyRule: TypeAlias = Rule | PairRule | RequestRule

RULES: Mapping[str, AnyRule] = {**CATALOGUE, **PAIR_RULES, **CONNECTION_RULES, **REQUEST_RULES}
"""Every rule by its id."""

MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}
SEVERITIES = {Severity.ERROR: N_("error"), Severity.WARNING: N_("warning"), Severity.NOTICE: N_("notice")}

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""

_MOST_SUGGESTIONS = 8


class RuleJson(TypedDict):
    """A rule that certificates are checked by."""

    id: str
    """Its id, which never changes."""
    requirement: str
    """The requirement that it belongs to."""
    severities: dict[Profile, SeverityName]
    """How much it matters for which profile; it does not hold for those that are not named."""
    title: str
    """The rule in a few words, for people."""
    reason: str
    """Why it matters, for people."""
    fix: str
    """What to do about it, for people."""
    fixes: dict[str, str]
    """What to set at the authorities that are known by name, for people."""
    source: str | None
    """The standard that says so, with its section."""
    appliance: dict[str, dict[str, Any]]
    """What the appliance answers, by what is done: the upload of a chain or a certificate, or a connection."""


class RulesJson(TypedDict):
    """The catalogue of rules."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    rules: list[RuleJson]
    """In the order in which findings are told."""


class Answer(NamedTuple):
    """What the appliance says to a chain that breaks a rule."""

    when: str
    refusal: Refusal


CHAIN, CERTIFICATE, CONNECTION, REQUEST = "chain", "certificate", "connection", "request"
_WHEN = {
    CHAIN: N_("The appliance answers on the upload of a chain:"),
    CERTIFICATE: N_("The appliance answers on the upload of a single certificate:"),
    CONNECTION: N_("The appliance answers on verifying the connection of two consoles:"),
    REQUEST: N_("The appliance answers when it is asked to make such a request:"),
}


def answers(rule: AnyRule) -> list[Answer]:
    """The appliance's answers where the rule is an error; empty where the appliance does not mind."""
    if isinstance(rule, PairRule):
        return _pair_answers(rule)
    if isinstance(rule, RequestRule):
        return [Answer(REQUEST, rule.refusal)] if rule.refusal else []
    if rule.stage is None:
        return []
    uploads = {CHAIN: (Profile.MIGRATION, CHAIN_UPLOAD), CERTIFICATE: (Profile.SERVER, CERTIFICATE_UPLOAD)}
    return [
        Answer(when, refusals[rule.stage])
        for when, (profile, refusals) in uploads.items()
        if rule.severities.get(profile) is Severity.ERROR
    ]


def _pair_answers(rule: PairRule) -> list[Answer]:
    from mutua.peering.verify import CANNOT_AUTHENTICATE

    refused = rule.severities.get(Profile.MIGRATION) is Severity.ERROR
    return [Answer(CONNECTION, CANNOT_AUTHENTICATE)] if refused else []


def told_answers(rule: AnyRule) -> list[tuple[str, Refusal]]:
    """The answers for people, each with its heading: one that is the same for both uploads is told once."""
    given = answers(rule)
    if len(given) > 1 and given[0].refusal == given[1].refusal:
        return [(_("The appliance answers on either upload, of a chain or a single certificate:"), given[0].refusal)]
    return [(_(_WHEN[when]), refusal) for when, refusal in given]


def severities(rule: AnyRule) -> str:
    """How much the rule matters for which profiles, as a sentence would say it."""
    return "; ".join(
        _(
            "{severity} for {profiles}",
            severity=_(SEVERITIES[severity]),
            profiles=", ".join(profile for profile, other in rule.severities.items() if other is severity),
        )
        for severity in sorted(set(rule.severities.values()), reverse=True)
    )


def closest(identifier: str) -> list[str]:
    """The ids that somebody may have meant, best first: those that contain the text, then those spelt alike."""
    wanted = identifier.strip().lower()
    containing = sorted((known for known in RULES if wanted and wanted in known), key=lambda known: known.find(wanted))
    alike = get_close_matches(wanted[:100], RULES, n=_MOST_SUGGESTIONS, cutoff=0.5)
    return list(dict.fromkeys([*containing, *alike]))[:_MOST_SUGGESTIONS]


def to_json(rules: Mapping[str, AnyRule]) -> RulesJson:
    """The rules for machines; the sentences in them are for people."""
    return {"version": FORMAT_VERSION, "rules": [_rule_json(rule) for rule in rules.values()]}


def _rule_json(rule: AnyRule) -> RuleJson:
    return {
        "id": rule.id,
        "requirement": rule.requirement,
        "severities": {profile: severity_name(severity) for profile, severity in rule.severities.items()},
        "title": _(rule.title),
        "reason": _(rule.reason),
        "fix": _(rule.fix),
        "fixes": {authority: _(fix) for authority, fix in rule.fixes.items()},
        "source": rule.source,
        "appliance": {answer.when: answer.refusal.body() for answer in answers(rule)},
    }
