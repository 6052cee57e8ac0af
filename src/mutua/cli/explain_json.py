"""Codes and refusals for machines; the sentences in them are for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mutua.chain import Rule
from mutua.chain.pair import PairRule
from mutua.cli.codes import Code
from mutua.language import _, translate
from mutua.logbook.bundle import Unread
from mutua.logbook.meaning import Meaning, meanings_of
from mutua.logbook.tally import Cause, Tallies, Tally

FORMAT_VERSION = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""


def codes_json(codes: Sequence[Code]) -> dict[str, object]:
    """Everything that the codes can mean."""
    return {"version": FORMAT_VERSION, "codes": [_code(code) for code in codes]}


def logs_json(tallies: Tallies, unread: Sequence[Unread]) -> dict[str, object]:
    """The refusals of one or more logs. Times are naive: the local time of the console that wrote them."""
    return {
        "version": FORMAT_VERSION,
        "logs_read": tallies.logs_read,
        "refusals": tallies.count,
        "refusals_only_counted": tallies.beyond,
        "logs": [_log(tally) for tally in tallies],
        "unread": [{"name": part.name, "reason": translate(part.reason)} for part in unread],
    }


def _code(code: Code) -> dict[str, Any]:
    return {
        "code": code.refusal.message_id,
        "message": code.refusal.message,
        "resolution": code.refusal.resolution,
        "causes": [_meaning(meaning) for meaning in code.meanings],
    }


def _meaning(meaning: Meaning) -> dict[str, Any]:
    return {
        "requirement": meaning.requirement,
        "arguments": list(meaning.refusal.arguments),
        "uploads": list(meaning.uploads),
        "title": translate(meaning.title),
        "fix": translate(meaning.fix),
        "rules": [_rule(rule) for rule in meaning.rules],
    }


def _rule(rule: Rule | PairRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "requirement": rule.requirement,
        "title": _(rule.title),
        "reason": _(rule.reason),
        "fix": _(rule.fix),
        "fixes": {authority: _(fix) for authority, fix in rule.fixes.items()},
    }


def _log(tally: Tally) -> dict[str, Any]:
    return {
        "name": tally.name,
        "files": sorted(tally.files),
        "first": _time(tally.first),
        "last": _time(tally.last),
        "refusals": tally.count,
        "cut_off": tally.cut_off,
        "refusals_only_counted": tally.beyond,
        "causes": [_cause(cause) for cause in tally.causes],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    known = cause.readable and cause.message_id is not None
    meanings = meanings_of(cause.message_id or "", cause.arguments) if known else ()
    return {
        "code": cause.message_id,
        "arguments": list(cause.arguments),
        "readable": cause.readable,
        "count": cause.count,
        "first": _time(cause.first),
        "last": _time(cause.last),
        "meanings": [_meaning(meaning) for meaning in meanings],
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")
