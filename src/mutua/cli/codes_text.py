"""A code of the appliance as text: everything that it can mean, each cause with its rules, reasons and fixes."""

from collections.abc import Iterator

import click

from mutua.chain import Rule
from mutua.chain.pair import PairRule
from mutua.cli.chain_text import at_the_authority
from mutua.cli.codes import Code
from mutua.cli.paragraphs import sides, wrapped
from mutua.language import _, plural, translate
from mutua.logbook.meaning import Meaning, Upload
from mutua.message import N_

_UPLOADS = {
    (Upload.CHAIN,): N_("on the upload of a chain"),
    (Upload.CERTIFICATE,): N_("on the upload of a single certificate"),
}


def lines(code: Code) -> Iterator[str]:
    """Everything about one code, line by line, with colour that click drops for pipes."""
    refusal = code.refusal
    yield from wrapped(refusal.message, click.style(refusal.message_id, bold=True) + "  ")
    yield from wrapped(refusal.resolution, " " * (len(refusal.message_id) + 2))
    yield ""
    count = len(code.meanings)
    yield from wrapped(plural("It can mean {count} thing:", "It can mean {count} things:", count), " ")
    for meaning in code.meanings:
        yield ""
        yield from _meaning(meaning)
    yield ""
    yield from _next_step(code)


def _meaning(meaning: Meaning) -> Iterator[str]:
    title = translate(meaning.title)
    if meaning.uploads in _UPLOADS:
        title = f"{title}, {_(_UPLOADS[meaning.uploads])}"
    *before, last = wrapped(title, f" {click.style('✗', fg='red', bold=True)} ")
    yield from before
    yield from sides(last, meaning.requirement)
    if meaning.stage is not None:
        yield from wrapped(_in_the_log(meaning), "   ")
    yield from wrapped(translate(meaning.fix), "   → ")
    for rule in meaning.rules:
        yield from _rule(rule)


def _in_the_log(meaning: Meaning) -> str:
    arguments = meaning.refusal.arguments
    return _("In the log: MessageArgs {arguments}.", arguments=f'["{arguments[0]}"]' if arguments else "[]")


def _rule(rule: Rule | PairRule) -> Iterator[str]:
    yield ""
    yield from sides(f"   · {_(rule.title)}", f"{rule.id}  {rule.requirement}")
    yield from wrapped(_(rule.reason), "     ")
    yield from wrapped(_(rule.fix), "     → ")
    if rule.remedy is not None:
        yield from at_the_authority(rule.remedy, rule.id, "       ")


def _next_step(code: Code) -> Iterator[str]:
    if len(code.meanings) > 1 and all(meaning.stage is not None for meaning in code.meanings):
        yield from wrapped(
            _("which of them it was, the log knows: mutua explain application.log, or the whole log bundle"), " → "
        )
    if any(meaning.stage is not None for meaning in code.meanings):
        yield from wrapped(_("the certificates themselves tell it too: mutua check FILE --csr CONSOLE.csr"), " → ")
    elif len(code.meanings) > 1:
        yield from wrapped(_("to see which of them it is: mutua check each chain, then mutua compare both"), " → ")
