"""What became of many files, for people: what is wrong is told once, with the files in which it was found."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from mutua.chain import CATALOGUE, Rule, Severity
from mutua.chain.certificate import printable
from mutua.cli.chain_text import mark
from mutua.cli.judged import Judged, Judgement, severity_of
from mutua.cli.paragraphs import WIDTH, sides, wrapped
from mutua.language import _, plural, translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain.report_json import FindingJson

SHOWN = 10
"""How many files are named under one finding; the other formats name all."""

_WIDEST_NAME = 48
"""In columns: what was found in a file stands beside its name only if enough of it can be seen."""


class _Group(NamedTuple):
    rule: Rule
    severity: Severity
    files: "dict[str, FindingJson]"
    """The first such finding of each file."""


def lines(judgement: Judgement, names: Sequence[str]) -> Iterator[str]:
    """The answer on the files and folders called `names`, line by line; as `chain_text.lines` is."""
    named = " ".join(map(printable, names))
    count = plural("{count} file with certificates", "{count} files with certificates", len(judgement.judged))
    yield from sides(f"{_shortened(named, WIDTH)}   {count}", _("profile {profile}", profile=judgement.profile))
    yield ""
    for group in _groups(judgement.judged):
        yield from _told(group)
        yield ""
    if judgement.unread:
        yield from _unread(judgement)
        yield ""
    yield from _summary(judgement)


def _groups(judged: Sequence[Judged]) -> list[_Group]:
    """The worst first, then what most files have."""
    groups: dict[str, _Group] = {}
    for one in judged:
        for finding in one.findings:
            rule = CATALOGUE[finding["rule"]]
            group = groups.setdefault(rule.id, _Group(rule, severity_of(finding), {}))
            group.files.setdefault(one.name, finding)
    return sorted(groups.values(), key=lambda group: (-group.severity, -len(group.files)))


def _told(group: _Group) -> Iterator[str]:
    rule = group.rule
    yield from sides(f" {mark(group.severity)} {_(rule.title)}", f"{rule.id}  {rule.requirement}")
    yield from wrapped(_(rule.reason), "   ")
    yield from wrapped(_(rule.fix), "   → ")
    yield "   " + plural("in {count} file:", "in {count} files:", len(group.files))
    yield from _listed([(name, finding["found"]) for name, finding in group.files.items()])


def _listed(told: Sequence[tuple[str, str]]) -> Iterator[str]:
    names = [printable(name) for name, _text in told[:SHOWN]]
    column = max((len(name) for name in names if len(name) <= _WIDEST_NAME), default=0)
    for name, (_name, text) in zip(names, told, strict=False):
        line = f"     {name:<{column}}   "
        yield line + _shortened(text, WIDTH - len(line)) if len(name) <= column else line.rstrip()
    if len(told) > SHOWN:
        more = plural("and {count} more; --format json names all", "and {count} more; --format json names all",
                      len(told) - SHOWN)  # fmt: skip
        yield f"     … {more}"


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _unread(judgement: Judgement) -> Iterator[str]:
    count = plural("not read, {count} file or folder:", "not read, {count} files and folders:", len(judgement.unread))
    yield f" {mark(Severity.ERROR)} {count}"
    yield from _listed([(unread.name, translate(unread.reason)) for unread in judgement.unread])


def _summary(judgement: Judgement) -> Iterator[str]:
    errors, warnings = judgement.with_errors, judgement.with_warnings
    clean = len(judgement.judged) - len(errors) - warnings
    counted = [
        plural("{count} file with errors", "{count} files with errors", len(errors)),
        plural("{count} file with warnings only", "{count} files with warnings only", warnings),
        plural("{count} file without findings", "{count} files without findings", clean),
    ]
    numbers = (len(errors), warnings, clean)
    total = ", ".join(text for number, text in zip(numbers, counted, strict=True) if number)
    if not judgement.judged:
        yield " " + _("There is no certificate in any of them.")
    elif errors or judgement.unread:
        yield f" {total}."
    else:
        yield click.style(f" ✓ {total}.", fg="green")
    yield from _left_out(judgement)
    if errors:
        first = printable(errors[0].name)
        yield from wrapped(_("the whole report on one of them: mutua check {name}", name=first), " → ", "    ")


def _left_out(judgement: Judgement) -> Iterator[str]:
    if judgement.others:
        yield " " + plural(
            "{count} more file holds nothing like a certificate.",
            "{count} more files hold nothing like a certificate.",
            judgement.others,
        )
    if judgement.links:
        yield " " + plural(
            "{count} symbolic link was not followed.", "{count} symbolic links were not followed.", judgement.links
        )
