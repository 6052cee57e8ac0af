"""The refusals of one or more logs as text: by code, each cause with how often and when, and what to do next."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from mutua.chain.appliance import Stage
from mutua.chain.certificate import printable
from mutua.cli.paragraphs import WIDTH, sides, wrapped
from mutua.language import _, plural, translate
from mutua.logbook.bundle import Unread
from mutua.logbook.meaning import Meaning, Upload, meanings_of
from mutua.logbook.tally import Cause, Tallies, Tally

_MOST_TOLD = 20
_MOST_RULES = 3
_WIDEST_LEAD = 26


def lines(tallies: Tallies, unread: Sequence[Unread], within: str | None) -> Iterator[str]:
    """What was found, line by line, with colour that click drops for pipes.

    `within` is the one folder or archive that all names begin with, if there is one.
    """
    for tally in tallies:
        yield from _log(tally, within)
        yield ""
    if not tallies.count:
        yield from _nothing_found(tallies, complete=not unread)
    elif tallies.logs_read > 1:
        yield from wrapped(_in_all(tallies), " ")
    yield from _not_told(tallies)
    yield from _unread(unread)
    if tallies.count:
        yield from _next_step(tallies)


def _log(tally: Tally, within: str | None) -> Iterator[str]:
    yield from _heading(tally, within)
    yield ""
    with_date = _dates_differ(tally)
    for code, causes in tally.codes():
        yield from _code(code, causes)
        for cause in causes:
            yield from _cause(cause, with_date)
    if tally.beyond:
        more = plural("{count} more with other causes", "{count} more with other causes", tally.beyond)
        yield from wrapped(more, " ")
    if told := list(_how_to_read(tally)):
        yield from ["", *told]


def _heading(tally: Tally, within: str | None) -> Iterator[str]:
    name = " " + click.style(_shown(tally.only_file or tally.name, within), bold=True)
    facts = "   ".join(_facts(tally))
    if len(click.unstyle(name)) + 3 + len(facts) <= WIDTH:
        yield f"{name}   {facts}"
    else:
        yield name
        yield f"   {facts}"


def _facts(tally: Tally) -> Iterator[str]:
    if tally.only_file is None:
        yield plural("{count} file", "{count} files", len(tally.files))
    if tally.first and tally.last:
        yield _period(tally.first, tally.last)
    refusals = plural("{count} refusal", "{count} refusals", tally.count)
    causes = plural("{count} cause", "{count} causes", len(tally.causes))
    yield f"{refusals}, {causes}"


def _code(code: str | None, causes: Sequence[Cause]) -> Iterator[str]:
    count = f" {sum(cause.count for cause in causes):,}×  "
    if code is None:
        yield from wrapped(_("entries that are cut off before their code"), count)
        return
    message = next((meaning.refusal.message for cause in causes for meaning in _meanings(cause)), "")
    yield from wrapped(message, f"{count}{click.style(printable(code), bold=True)}  ")


def _cause(cause: Cause, with_date: bool) -> Iterator[str]:
    lead = f"     {cause.count:,}×  {_when(cause, with_date)}  "
    if len(lead) > _WIDEST_LEAD:
        yield lead.rstrip()
        lead = " " * 9
    meanings = _meanings(cause)
    if not cause.readable:
        yield from wrapped(_("cut off before its cause"), lead)
    elif not meanings:
        yield from wrapped(_("a cause that is not known here: MessageArgs {arguments}", arguments=_quoted(cause)), lead)
    elif len(meanings) == 1:
        yield from _meaning(meanings[0], lead)
    else:
        yield from wrapped(_("one of {count} causes, which the log does not tell apart:", count=len(meanings)), lead)
        for meaning in meanings:
            yield from _meaning(meaning, f"{' ' * len(lead)}✗ ")


def _meaning(meaning: Meaning, lead: str) -> Iterator[str]:
    title = translate(meaning.title)
    if meaning.uploads == (Upload.CERTIFICATE,):
        title = _("{cause}, on the upload of a single certificate", cause=title)
    *before, last = wrapped(title, lead, " " * len(lead))
    yield from before
    yield from sides(last, meaning.requirement)
    blanks = " " * len(lead)
    if len(meaning.rules) > _MOST_RULES:
        rules = _("one of {count} rules; mutua explain {code} lists them", count=len(meaning.rules), code=_id(meaning))
        yield from wrapped(rules, blanks)
    elif meaning.rules:
        yield from wrapped(", ".join(rule.id for rule in meaning.rules), blanks)
    yield from wrapped(translate(meaning.fix), f"{blanks}→ ")


def _id(meaning: Meaning) -> str:
    return meaning.refusal.message_id


def _how_to_read(tally: Tally) -> Iterator[str]:
    latest = tally.latest
    if tally.cut_off:
        yield from wrapped(
            plural(
                "{count} entry is cut off: the log ends there, or was copied in part.",
                "{count} entries are cut off: the log ends there, or was copied in part.",
                tally.cut_off,
            ),
            " ! ",
        )
    if latest is None or latest.last is None or len(tally.causes) < 2:
        return
    told = _(
        "These are attempts, one after the other. The appliance names one cause at a time, so the latest is the one "
        "that stands: {title} ({time:%Y-%m-%d %H:%M:%S}).",
        time=latest.last,
        title=_title(latest),
    )
    if _is_anew(tally, latest):
        told += " " + _("Before, the signing request had fitted: it was generated anew since.")
    yield from wrapped(told, " ")


def _is_anew(tally: Tally, latest: Cause) -> bool:
    """The key is checked before all that is in later stages: whoever got there had the right one then."""
    return _stage(latest) is Stage.CSR_KEY and any((_stage(cause) or 0) > Stage.CSR_KEY for cause in tally.causes)


def _stage(cause: Cause) -> Stage | None:
    meanings = _meanings(cause)
    return meanings[0].stage if len(meanings) == 1 else None


def _title(cause: Cause) -> str:
    if not cause.readable:
        return _("cut off before its cause")
    titles = [translate(meaning.title) for meaning in _meanings(cause)]
    if len(titles) == 2:
        return _("{one}, or {other}", one=titles[0], other=titles[1])
    return titles[0] if titles else _quoted(cause)


def _in_all(tallies: Tallies) -> str:
    read = plural("{count} log was read", "{count} logs were read", tallies.logs_read)
    refusals = plural("{count} refusal", "{count} refusals", tallies.count)
    return f"{read}: {refusals}."


def _nothing_found(tallies: Tallies, complete: bool) -> Iterator[str]:
    if complete:
        told = plural("No refusals in {count} log.", "No refusals in {count} logs.", tallies.logs_read)
        yield from wrapped(told, click.style(" ✓ ", fg="green"))
    else:
        yield from wrapped(_("No refusals in what could be read."), " ! ")
    yield from wrapped(
        _("if the console did refuse something, give the files put aside too (application.log.1, .gz), or the bundle"),
        " → ",
    )


def _not_told(tallies: Tallies) -> Iterator[str]:
    if tallies.beyond:
        told = plural(
            "{count} refusal in further logs is only counted.",
            "{count} refusals in further logs are only counted.",
            tallies.beyond,
        )
        yield from wrapped(told, " ! ")


def _unread(unread: Sequence[Unread]) -> Iterator[str]:
    if not unread:
        return
    told = plural("{count} part could not be read:", "{count} parts could not be read, or not whole:", len(unread))
    yield from wrapped(told, click.style(" ! ", fg="yellow"))
    for part in unread[:_MOST_TOLD]:
        yield from wrapped(f"{printable(part.name)}: {printable(translate(part.reason))}", "     ")
    if len(unread) > _MOST_TOLD:
        yield from wrapped(_("… and {count:,} more", count=len(unread) - _MOST_TOLD), "     ")


def _next_step(tallies: Tallies) -> Iterator[str]:
    meanings = [_meanings(cause) for tally in tallies for cause in tally.causes]
    if all(told and all(meaning.stage is None for meaning in told) for told in meanings):
        yield from wrapped(_("mend that, and try again"), " → ")
        return
    yield from wrapped(
        _("mend that, and before the next upload, to learn everything at once: mutua check FILE --csr CONSOLE.csr"),
        " → ",
    )


def _meanings(cause: Cause) -> tuple[Meaning, ...]:
    if cause.message_id is None or not cause.readable:
        return ()
    return meanings_of(cause.message_id, cause.arguments)


def _quoted(cause: Cause) -> str:
    return "[{}]".format(", ".join(f'"{printable(argument)}"' for argument in cause.arguments))


def _dates_differ(tally: Tally) -> bool:
    return not (tally.first and tally.last and tally.first.date() == tally.last.date())


def _when(cause: Cause, with_date: bool) -> str:
    if cause.first is None or cause.last is None:
        return _("at an unknown time")
    form = "%Y-%m-%d %H:%M:%S" if with_date else "%H:%M:%S"
    first, last = format(cause.first, form), format(cause.last, form)
    return first if first == last else f"{first} … {last}"


def _period(first: datetime, last: datetime) -> str:
    begin = f"{first:%Y-%m-%d %H:%M}"
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return begin if begin.endswith(end) else f"{begin} … {end}"


def _shown(name: str, within: str | None) -> str:
    return printable(name if within is None else name.removeprefix(f"{within}/"))
