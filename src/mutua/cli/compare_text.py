"""A comparison of two files as text: the table, what TLS and the appliance say of it, and what to do next."""

from collections.abc import Iterator

import click

from mutua.chain.catalogue import Profile, Severity
from mutua.chain.certificate import Certificate
from mutua.chain.pair import KEYS_DIFFER, Comparison, Difference
from mutua.cli import authorities_table
from mutua.cli.comparing import Pair, Side, TlsAnswer
from mutua.cli.digests import key_sha256, shortened
from mutua.cli.paragraphs import sides, wrapped
from mutua.language import _, plural, translate

_ACCEPTED, _REFUSED, _UNKNOWN = ("✓", "green"), ("✗", "red"), ("?", "yellow")
_REMARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}


def lines(pair: Pair) -> Iterator[str]:
    """The comparison, line by line, with colour that click drops for pipes."""
    yield from authorities_table.lines(pair.comparison)
    yield ""
    yield from _tls(pair)
    yield from _appliance(pair)
    for remark in pair.comparison.remarks:
        yield from _remark(remark)
    yield ""
    for side in pair.sides:
        yield from wrapped(_own_errors(side), " ")
    yield ""
    yield from wrapped(_next_step(pair), " → ")


def _answer(mark: tuple[str, str], text: str) -> list[str]:
    return wrapped(text, f" {click.style(mark[0], fg=mark[1], bold=True)} ")


def _tls(pair: Pair) -> list[str]:
    source, target = (_root(side.report.path[-1]) for side in pair.sides)
    match pair.tls:
        case TlsAnswer.ACCEPTS:
            return _answer(_ACCEPTED, _("TLS would accept this: both end in the same root, {root}.", root=source))
        case TlsAnswer.OWN_ERRORS:
            failing = " + ".join(side.shown for side in pair.sides if side.tls.errors)
            text = _(
                "TLS would refuse this: both end in the same root, {root}, but the errors of {files} stop TLS too.",
                root=source,
                files=failing,
            )
            return _answer(_REFUSED, text)
        case TlsAnswer.OTHER_ROOT:
            text = _(
                "TLS would refuse this: the chains end in different roots, {left} and {right}.",
                left=source,
                right=target,
            )
            return _answer(_REFUSED, text)
        case TlsAnswer.NO_ROOT:
            short = " + ".join(side.shown for side in pair.sides if side.report.arrangement.root is None)
            text = _("What TLS would say depends on the root, and none is in {files}.", files=short)
            return _answer(_UNKNOWN, text)


def _root(certificate: Certificate) -> str:
    """The root by what TLS goes by: its name and its key."""
    return _("{name} (key SHA-256 {digest})", name=certificate.issued_to, digest=shortened(key_sha256(certificate)))


def _appliance(pair: Pair) -> Iterator[str]:
    refusals = [(side.shown, side.report.refusal) for side in pair.sides if side.report.refusal is not None]
    if not pair.comparison.same_authorities:
        yield from _answer(_REFUSED, _disagreement(pair.comparison))
        for difference in pair.comparison.differences:
            yield from wrapped(translate(difference.found), "   ")
    elif not refusals:
        text = _("The appliance accepts the pair: the same authorities stand behind both chains, row by row (R20).")
        yield from _answer(_ACCEPTED, text)
    for name, refusal in refusals:
        text = _("The appliance refuses the upload of {name}: {id}.", name=name, id=refusal.message_id)
        yield from _answer(_REFUSED, text)


def _disagreement(comparison: Comparison) -> str:
    differences = comparison.differences
    rows = ", ".join(str(difference.row) for difference in differences)
    if all(difference.rule is KEYS_DIFFER for difference in differences):
        return plural(
            "The appliance cannot connect the two: the names are equal, but the keys differ in row {rows} (R20).",
            "The appliance cannot connect the two: the names are equal, but the keys differ in rows {rows} (R20).",
            len(differences),
            rows=rows,
        )
    return plural(
        "The appliance refuses the pair: the issuing authorities differ in row {rows} (R20).",
        "The appliance refuses the pair: the issuing authorities differ in rows {rows} (R20).",
        len(differences),
        rows=rows,
    )


def _remark(remark: Difference) -> Iterator[str]:
    rule = remark.rule
    mark = _REMARKS[rule.severities[Profile.MIGRATION]]
    yield from sides(f" {mark} {_(rule.title)}", f"{rule.id}  {rule.requirement}")
    yield from wrapped(f"{translate(remark.found)} {_(rule.reason)}", "   ")


def _own_errors(side: Side) -> str:
    count = len(side.report.errors)
    if not count:
        return _("{name}: no errors of its own.", name=side.shown)
    return plural(
        "{name}: {count} error of its own. mutua check {name} tells it.",
        "{name}: {count} errors of its own. mutua check {name} tells them.",
        count,
        name=side.shown,
    )


def _next_step(pair: Pair) -> str:
    if pair.comparison.fix is not None:
        return translate(pair.comparison.fix)
    for side in pair.sides:
        if side.report.errors:
            return _("mend the errors first: mutua check {name}", name=side.shown)
    for remark in pair.comparison.remarks:
        if remark.rule.severities[Profile.MIGRATION] is Severity.WARNING:
            return _(remark.rule.fix)
    return _("upload each chain to its console, then: mutua migrate verify")
