"""Codes and refusals for machines; the sentences in them are for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

from mutua.chain import Rule
from mutua.chain.pair import PairRule
from mutua.cli.codes import Code
from mutua.language import _, translate
from mutua.logbook.bundle import Unread
from mutua.logbook.meaning import Meaning, Upload, meanings_of
from mutua.logbook.tally import Cause, Tallies, Tally

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""


class ExplainedRuleJson(TypedDict):
    """A rule that may be broken."""

    id: str
    """Its id; mutua rules tells all about it."""
    requirement: str
    """The requirement that it belongs to."""
    title: str
    """The rule in a few words, for people."""
    reason: str
    """Why it matters, for people."""
    fix: str
    """What to do about it, for people."""
    fixes: dict[str, str]
    """What to set at the authorities that are known by name, for people."""


class MeaningJson(TypedDict):
    """One cause that a refusal may have."""

    requirement: str
    """What the cause breaks."""
    arguments: list[str]
    """The MessageArgs that the appliance gives with it."""
    uploads: list[Upload]
    """On which uploads it gives this refusal; empty for a refusal of something else."""
    title: str
    """The cause in a few words, for people."""
    fix: str
    """What to do about it, for people."""
    rules: list[ExplainedRuleJson]
    """Which rules look for it."""


class CodeJson(TypedDict):
    """A code of the appliance."""

    code: str
    """Its MessageId."""
    message: str
    """What it shows."""
    resolution: str
    """What it advises."""
    causes: list[MeaningJson]
    """What it can mean."""


class CodesJson(TypedDict):
    """What codes of the appliance can mean."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    codes: list[CodeJson]
    """In the order asked for."""


class CauseJson(TypedDict):
    """Refusals of one log that are alike."""

    code: str | None
    """The MessageId; null where the entry holds none."""
    arguments: list[str]
    """The MessageArgs."""
    readable: bool
    """Whether the entry could be read whole."""
    count: int
    """How many there were."""
    first: str | None
    """When the first was: ISO 8601 without a zone, the local time of the console that wrote it."""
    last: str | None
    """When the last was."""
    meanings: list[MeaningJson]
    """What they can mean."""


class LogJson(TypedDict):
    """One log, which may be several files one after the other."""

    name: str
    """What it is called."""
    files: list[str]
    """Its files."""
    first: str | None
    """When the first refusal was: ISO 8601 without a zone, the local time of the console that wrote it."""
    last: str | None
    """When the last refusal was."""
    refusals: int
    """How many there were."""
    cut_off: int
    """How many entries were cut off."""
    refusals_only_counted: int
    """How many refusals are counted and stand under no cause."""
    causes: list[CauseJson]
    """The refusals by cause."""


class UnreadPartJson(TypedDict):
    """A part that could not be read."""

    name: str
    """Its name."""
    reason: str
    """Why, for people."""


class LogsJson(TypedDict):
    """The refusals of logs."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    logs_read: int
    """How many files were read as logs."""
    refusals: int
    """How many refusals there were in all."""
    refusals_only_counted: int
    """How many of them stand under no cause."""
    logs: list[LogJson]
    """Each log that holds refusals."""
    unread: list[UnreadPartJson]
    """What could not be read."""


def codes_json(codes: Sequence[Code]) -> CodesJson:
    """Everything that the codes can mean."""
    return {"version": FORMAT_VERSION, "codes": [_code(code) for code in codes]}


def logs_json(tallies: Tallies, unread: Sequence[Unread]) -> LogsJson:
    """The refusals of one or more logs. Times are naive: the local time of the console that wrote them."""
    return {
        "version": FORMAT_VERSION,
        "logs_read": tallies.logs_read,
        "refusals": tallies.count,
        "refusals_only_counted": tallies.beyond,
        "logs": [_log(tally) for tally in tallies],
        "unread": [{"name": part.name, "reason": translate(part.reason)} for part in unread],
    }


def _code(code: Code) -> CodeJson:
    return {
        "code": code.refusal.message_id,
        "message": code.refusal.message,
        "resolution": code.refusal.resolution,
        "causes": [_meaning(meaning) for meaning in code.meanings],
    }


def _meaning(meaning: Meaning) -> MeaningJson:
    return {
        "requirement": meaning.requirement,
        "arguments": list(meaning.refusal.arguments),
        "uploads": list(meaning.uploads),
        "title": translate(meaning.title),
        "fix": translate(meaning.fix),
        "rules": [_rule(rule) for rule in meaning.rules],
    }


def _rule(rule: Rule | PairRule) -> ExplainedRuleJson:
    return {
        "id": rule.id,
        "requirement": rule.requirement,
        "title": _(rule.title),
        "reason": _(rule.reason),
        "fix": _(rule.fix),
        "fixes": {authority: _(fix) for authority, fix in rule.fixes.items()},
    }


def _log(tally: Tally) -> LogJson:
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


def _cause(cause: Cause) -> CauseJson:
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
