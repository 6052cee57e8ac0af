"""What families of verifiers say of a chain, as text: only where they do not all say the same."""

from collections.abc import Iterator, Sequence

import click

from mutua.chain.families.opinions import Opinion, Stance, differ
from mutua.chain.report import Report
from mutua.cli.paragraphs import wrapped
from mutua.language import _, translate


def family_lines(report: Report) -> Iterator[str]:
    """Who accepts the chain and who refuses it, and why; nothing where they agree."""
    said = report.families
    if not differ(said):
        return
    yield " " + click.style(_("Verifiers differ on this chain"), bold=True)
    labels = {Stance.ACCEPTS: _("accept"), Stance.REFUSES: _("refuses"), Stance.UNKNOWN: _("depends")}
    width = max(map(len, labels.values())) + 5
    accepting = "; ".join(_(opinion.family) for opinion in said if opinion.stance is Stance.ACCEPTS)
    yield from _row(labels[Stance.ACCEPTS], accepting, width)
    for opinion in said:
        if opinion.stance is not Stance.ACCEPTS and opinion.reason is not None:
            yield from _row(labels[opinion.stance], _sentence(opinion), width)
    yield ""


def _row(label: str, text: str, width: int) -> Sequence[str]:
    return wrapped(text, f"   {label}".ljust(width), " " * width)


def _sentence(opinion: Opinion) -> str:
    reason = translate(opinion.reason) if opinion.reason else ""
    return _("{family}: {reason}", family=_(opinion.family), reason=reason)
