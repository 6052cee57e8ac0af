"""Findings in the form that code scanning takes: SARIF 2.1.0 (OASIS Standard, errata 01)."""

import os
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from mutua import __version__
from mutua.chain import CATALOGUE, Profile, Rule, Severity
from mutua.chain.report_json import FindingJson
from mutua.cli.judged import Judged, Judgement, Place, Unread
from mutua.language import _, translate

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_STANDARD_INPUT = "-"


def sarif(judgement: Judgement) -> dict[str, Any]:
    """The log with one run. Levels are those of the profile; the rules are those that were broken."""
    broken = {finding["rule"] for judged in judgement.judged for finding in judged.findings}
    rules = [rule for rule in CATALOGUE.values() if rule.id in broken]
    indexes = {rule.id: index for index, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Mutua",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule, judgement.profile) for rule in rules],
                    }
                },
                "automationDetails": {"id": f"mutua-check/{judgement.profile}/"},
                "invocations": [
                    {
                        "executionSuccessful": not judgement.unread,
                        "toolExecutionNotifications": [_notification(unread) for unread in judgement.unread],
                    }
                ],
                "results": [result for judged in judgement.judged for result in _results(judged, indexes)],
            }
        ],
    }


def _rule(rule: Rule, profile: Profile) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.id,
        "name": _name(rule.id),
        "shortDescription": {"text": _(rule.title)},
        "fullDescription": {"text": _(rule.reason)},
        "help": {"text": "\n\n".join(_help(rule))},
        "defaultConfiguration": {"level": _LEVELS[rule.severities[profile]]},
        "properties": {"tags": [rule.requirement]},
    }
    if rule.source:
        described["properties"]["source"] = rule.source
    return described


def _name(identifier: str) -> str:
    """The id as SARIF's names are written: leaf.no-client-auth is LeafNoClientAuth."""
    return "".join(word.capitalize() for word in identifier.replace(".", "-").split("-"))


def _help(rule: Rule) -> Iterator[str]:
    yield _(rule.reason)
    yield _("What to do: {fix}", fix=_(rule.fix))
    for authority, fix in rule.fixes.items():
        yield _("{authority}: {fix}", authority=authority, fix=_(fix))


def _results(judged: Judged, indexes: dict[str, int]) -> Iterator[dict[str, Any]]:
    met: Counter[str] = Counter()
    for finding in judged.findings:
        about = f"{finding['rule']}/{finding['sha256'] or 'file'}"
        met[about] += 1
        yield {
            "ruleId": finding["rule"],
            "ruleIndex": indexes[finding["rule"]],
            "level": _LEVELS[Severity[finding["severity"].upper()]],
            "message": {"text": _sentence(finding)},
            "locations": [_location(_place(judged, finding))],
            "partialFingerprints": _fingerprints(about, met[about]),
        }


def _sentence(finding: FindingJson) -> str:
    text = finding["found"] or finding["title"]
    return _("{subject}: {text}", subject=finding["subject"], text=text) if finding["subject"] else text


def _place(judged: Judged, finding: FindingJson) -> Place:
    return judged.places.get(finding["sha256"] or "", Place(judged.files[0], None))


def _location(place: Place) -> dict[str, Any]:
    """Code scanning shows nothing without a line; where there is none it is the first."""
    region = {"startLine": place.line or 1}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, "region": region}}


def _uri(name: str) -> str:
    """Relative to where the command runs, which is the root of the repository in a pipeline."""
    if name == _STANDARD_INPUT:
        return "stdin"
    path = os.path.relpath(name)
    return quote(os.fsencode(path))


def _fingerprints(about: str, number: int) -> dict[str, str]:
    """What the result is known by in the next run, wherever the certificate stands by then.

    GitHub looks at the first of the two only; it is made of the second.
    """
    return {
        "primaryLocationLineHash": f"{sha256(about.encode()).hexdigest()[:16]}:{number}",
        "ruleAndCertificate/v1": f"{about}:{number}",
    }


def _notification(unread: Unread) -> dict[str, Any]:
    return {
        "level": "error",
        "descriptor": {"id": "unreadable"},
        "message": {"text": _("Nothing was checked here: {reason}.", reason=translate(unread.reason))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(unread.name)}}}],
    }
