"""Findings as test results, which nearly every pipeline counts and shows: JUnit's XML.

No standard describes it. What Jenkins and GitLab read is written: one suite for each file, in it one case for each rule
that holds for the profile.
"""

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from mutua.chain import CATALOGUE, Rule, Severity
from mutua.chain.report_json import FindingJson
from mutua.cli.judged import Judged, Judgement, Unread, severity_of
from mutua.language import _, translate

_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, escaped or not (section 2.2)."""


def junit(judgement: Judgement, least: Severity) -> str:
    """The document; findings below `least` are told with a case that has passed."""
    root = ET.Element("testsuites", name="mutua check")
    rules = [rule for rule in CATALOGUE.values() if judgement.profile in rule.severities]
    for judged in judgement.judged:
        _suite(root, judged, rules, least).set("timestamp", judgement.at.isoformat())
    for unread in judgement.unread:
        _unread(root, unread).set("timestamp", judgement.at.isoformat())
    for counted in ("tests", "failures", "errors"):
        root.set(counted, str(sum(int(suite.get(counted, 0)) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _suite(root: ET.Element, judged: Judged, rules: Sequence[Rule], least: Severity) -> ET.Element:
    name = _legal(judged.name)
    found: dict[str, list[FindingJson]] = {}
    for finding in judged.findings:
        found.setdefault(finding["rule"], []).append(finding)
    suite = ET.SubElement(root, "testsuite", name=name, tests=str(len(rules)), errors="0", skipped="0")
    failures = 0
    for rule in rules:
        case = ET.SubElement(suite, "testcase", classname=name, name=rule.id, file=_legal(judged.files[0]))
        if rule.id in found:
            failures += _tell(case, rule, found[rule.id], least)
    suite.set("failures", str(failures))
    return suite


def _tell(case: ET.Element, rule: Rule, findings: Sequence[FindingJson], least: Severity) -> bool:
    """Say in the case what was found; whether it has failed by that."""
    text = _legal("\n".join(_lines(rule, findings)))
    if all(severity_of(finding) < least for finding in findings):
        ET.SubElement(case, "system-out").text = text
        return False
    ET.SubElement(case, "failure", message=_(rule.title), type=findings[0]["severity"]).text = text
    return True


def _lines(rule: Rule, findings: Sequence[FindingJson]) -> Iterator[str]:
    for finding in findings:
        subject, text = finding["subject"], finding["found"]
        yield _("{subject}: {text}", subject=subject, text=text) if subject else text
    yield _(rule.reason)
    yield _("What to do: {fix}", fix=_(rule.fix))


def _unread(root: ET.Element, unread: Unread) -> ET.Element:
    name = _legal(unread.name)
    suite = ET.SubElement(root, "testsuite", name=name, tests="1", failures="0", errors="1", skipped="0")
    case = ET.SubElement(suite, "testcase", classname=name, name="file.readable", file=name)
    reason = _legal(translate(unread.reason))
    ET.SubElement(case, "error", message=reason, type="unreadable").text = reason
    return suite


def _legal(text: str) -> str:
    return _ILLEGAL.sub("�", text)
