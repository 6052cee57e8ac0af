"""The answer of `mutua check` on many files, for machines."""

import json
from collections.abc import Iterator
from typing import Literal, TypedDict

from mutua.chain import Profile
from mutua.chain.report_json import ReportJson
from mutua.cli.judged import Judgement
from mutua.language import translate

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""


class FileJson(TypedDict):
    """A file that holds certificates, or was named."""

    file: str
    """Its name, as it was given or found."""
    report: ReportJson
    """All that is to be said about it."""


class UnreadJson(TypedDict):
    """A file or folder that could not be read."""

    name: str
    """Its name, as it was given or found."""
    reason: str
    """Why, for people."""


class ManyJson(TypedDict):
    """What became of many files, each judged on its own."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    profile: Profile
    """What the chains are for."""
    at: str
    """The moment that they were judged by: ISO 8601, UTC."""
    files: list[FileJson]
    """In the order of the names given, within a folder in that of the file names."""
    unread: list[UnreadJson]
    """What could not be read."""
    others: int
    """How many more files there were, in which there is nothing like a certificate."""
    links: int
    """How many symbolic links were not followed."""
    with_errors: int
    """How many of the files have errors."""
    with_warnings: int
    """How many have warnings or notices, and no errors."""


def many_json(judgement: Judgement) -> ManyJson:
    """The answer as JSON values."""
    return {
        "version": FORMAT_VERSION,
        "profile": judgement.profile,
        "at": judgement.at.isoformat(),
        "files": [{"file": judged.name, "report": judged.report} for judged in judgement.judged if judged.report],
        "unread": [{"name": unread.name, "reason": translate(unread.reason)} for unread in judgement.unread],
        "others": judgement.others,
        "links": judgement.links,
        "with_errors": len(judgement.with_errors),
        "with_warnings": judgement.with_warnings,
    }


def many_text(answer: ManyJson) -> Iterator[str]:
    """The JSON text, line by line: each file on a line of its own, so that line tools can work on it too."""
    first, last = json.dumps({**answer, "files": []}).split('"files": []')
    yield f'{first}"files": ['
    for number, file in enumerate(answer["files"], 1):
        yield json.dumps(file) + ("," if number < len(answer["files"]) else "")
    yield f"]{last}"
