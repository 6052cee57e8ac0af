"""A repair as text: each step, what was looked through, the chain that comes out, and what is left for the CA."""

from collections.abc import Iterator
from shlex import quote

import click

from mutua.chain.catalogue import Severity
from mutua.chain.certificate import Certificate, printable
from mutua.chain.repair import Added, LeftOut, Step
from mutua.cli.candidates import Fetched
from mutua.cli.chain_text import finding_lines, lesser, mark
from mutua.cli.digests import spaced
from mutua.cli.paragraphs import WIDTH, sides, wrapped
from mutua.cli.repairing import Outcome
from mutua.language import _, plural, translate

_SHOWN_STEPS = 40
_SHOWN_UNREAD = 10
_NUMBER = 4
"""Columns for the number of a step or of a certificate."""
_HALF_DIGEST = 48


def lines(outcome: Outcome) -> Iterator[str]:
    """The outcome, line by line, with colour that click drops for pipes; the last line says what to do next."""
    yield from _heading(outcome)
    yield ""
    yield from _steps(outcome)
    yield from _looked_through(outcome)
    yield " " + _("The chain that comes out")
    for number, certificate in enumerate(outcome.plan.certificates, 1):
        yield from _certificate(certificate, number)
    yield ""
    yield from _left(outcome)
    yield from _ending(outcome)


def _heading(outcome: Outcome) -> list[str]:
    report, job = outcome.plan.before, outcome.job
    names = " ".join(map(printable, job.files))
    return sides(names, _("profile {profile}", profile=report.profile))


def _steps(outcome: Outcome) -> Iterator[str]:
    steps = outcome.plan.steps
    if not steps:
        nothing = _("There is nothing to convert, to order, to remove or to add.")
        yield from wrapped(nothing, " ")
        yield ""
        return
    yield " " + (_("What is done") if outcome.written else _("What would be done"))
    for number, step in enumerate(steps[:_SHOWN_STEPS], 1):
        yield from _step(step, number)
    more = len(steps) - _SHOWN_STEPS
    if more > 0:
        text = plural(
            "and {count} step more; --format json lists all", "and {count} steps more; --format json lists all", more
        )
        yield from wrapped(text, " " * _NUMBER)
    yield ""


def _step(step: Step, number: int) -> Iterator[str]:
    indent = " " * _NUMBER
    yield from wrapped(translate(step.told()), f"{number:>{_NUMBER - 1}} ")
    if isinstance(step, Added) and step.is_root:
        digest = spaced(step.certificate.fingerprint)
        yield f"{indent}SHA-256 {digest[:_HALF_DIGEST]}"
        yield f"{indent}        {digest[_HALF_DIGEST:]}"
    warning = step.warned() if isinstance(step, Added | LeftOut) else None
    if warning is not None:
        yield from wrapped(translate(warning), f"{indent}{mark(Severity.WARNING)} ")


def _looked_through(outcome: Outcome) -> Iterator[str]:
    found = outcome.found
    if outcome.job.folders:
        files = plural("{count} file", "{count} files", found.files)
        authorities = plural("{count} CA certificate", "{count} CA certificates", len(found.candidates))
        places = " ".join(map(printable, outcome.job.folders))
        looked = _(
            "Looked through {places}: {files}, {authorities}.", places=places, files=files, authorities=authorities
        )
        yield from wrapped(looked, " ")
        if found.links:
            links = plural("{count} link was not followed.", "{count} links were not followed.", found.links)
            yield from wrapped(links, "   ")
        for unread in found.unread[:_SHOWN_UNREAD]:
            yield from wrapped(
                _("{name}: {reason}.", name=printable(unread.name), reason=translate(unread.reason)), "   "
            )
        if len(found.unread) > _SHOWN_UNREAD:
            yield "   " + plural("and {count} more", "and {count} more", len(found.unread) - _SHOWN_UNREAD)
    for one in outcome.fetched:
        yield from wrapped(_fetched(one), " ")
    if outcome.job.folders or outcome.fetched:
        yield ""


def _fetched(one: Fetched) -> str:
    if one.problem is None:
        count = plural("{count} certificate", "{count} certificates", one.certificates)
        return _("Fetched {url}: {count}.", url=one.url, count=count)
    return _("Not fetched, {url}: {reason}.", url=one.url, reason=translate(one.problem))


def _certificate(certificate: Certificate, number: int) -> list[str]:
    until = _("until {date}", date=f"{certificate.not_after:%Y-%m-%d}")
    name = certificate.issued_to
    room = WIDTH - _NUMBER - len(until) - 2
    return sides(f"{number:>{_NUMBER - 1}} {name if len(name) <= room else name[: room - 1] + '…'}", until)


def _left(outcome: Outcome) -> Iterator[str]:
    """The errors that remain, each under the certificate that it is about."""
    about = {finding.certificate: None for finding in outcome.plan.after.errors}
    for certificate in about:
        if certificate is not None:
            yield from wrapped(certificate.issued_to, " ")
        for finding in outcome.plan.after.errors:
            if finding.certificate is certificate:
                yield from finding_lines(finding, 1)
    if about:
        yield ""


def _ending(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    before, after = len(plan.before.errors), len(plan.after.errors)
    if after:
        mended = plural("{count} error is mended", "{count} errors are mended", before - after)
        left = plural("{count} is left", "{count} are left", after)
        yield from wrapped(_("Of {before}: {mended}, {left}.", before=before, mended=mended, left=left), " ")
    else:
        root = plan.after.arrangement.root
        anchor = root.issued_to if root else "—"
        done = _("No errors. Trust anchor: {anchor}, the chain's own root.", anchor=anchor)
        yield from (click.style(line, fg="green") for line in wrapped(done, " ✓ "))
        yield from lesser(plan.after)
    yield from wrapped(_state(outcome), " ")
    yield from wrapped(_next(outcome), " → ", "   ")


def _state(outcome: Outcome) -> str:
    out, sound = printable(outcome.job.out), not outcome.plan.after.errors
    if outcome.job.dry_run:
        return _("Nothing is written: this is a dry run.")
    if not outcome.written:
        return _("Nothing is written: it would have no fewer errors than before.")
    if outcome.job.out == "-":
        return _("The chain is on standard output.") if sound else _("The chain on standard output is not good yet.")
    return _("{out} is written.", out=out) if sound else _("{out} is written; it is not good yet.", out=out)


def _next(outcome: Outcome) -> str:
    wanting = outcome.plan.wanting
    if wanting is not None:
        return _where_it_may_be(outcome, wanting)
    if outcome.plan.after.errors:
        return _("no change of the file mends what is marked ✗: ask the CA for another certificate, then repair that")
    if outcome.job.dry_run:
        return _("without --dry-run the chain is written")
    file = "FILE" if outcome.job.out == "-" else quote(outcome.job.out)
    return _("next: mutua check {file}", file=printable(file))


def _where_it_may_be(outcome: Outcome, wanting: Certificate) -> str:
    issuer = wanting.issued_by
    refused = next((one.url for one in outcome.fetched if one.private), None)
    if refused is not None:
        return _("{url} is in a private network: if it is yours, add --allow-private", url=refused)
    url = next((url for url in wanting.issuer_locations if url.lower().startswith(("http://", "https://"))), None)
    if url is not None and not outcome.job.fetch:
        return _("{issuer} is missing: add --fetch, which asks {url}, or --from DIR", issuer=issuer, url=url)
    return _("{issuer} is missing: get its certificate from the CA and name its folder with --from", issuer=issuer)
