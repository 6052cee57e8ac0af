"""`mutua check -r`: every file on its own. And what is made of one report or of many for other programs."""

from collections.abc import Sequence
from contextlib import closing

import click

from mutua.chain import Severity
from mutua.cli.exits import Exit
from mutua.cli.judged import Judged, Judgement, Unread
from mutua.cli.many import Question, judge_all
from mutua.cli.progress import with_progress
from mutua.cli.tree import Listing
from mutua.language import _

__all__ = ["Question", "check_many", "document"]


def check_many(names: Sequence[str], question: Question, form: str, least: Severity, *, quiet: bool) -> Exit:
    """Judge each of the files, and each below the folders, that the names stand for; say so, and how it went."""
    wanted = question._replace(whole=form == "json", places=form == "sarif")
    judgement = _judge(names, wanted, quiet=quiet)
    if not quiet:
        click.echo(_text(judgement, names) if form == "text" else document(judgement, form, least))
    return _exit(judgement, least)


def document(judgement: Judgement, form: str, least: Severity) -> str:
    """The answer as `form`: json, sarif or junit, in which cases fail by findings from `least` on."""
    if form == "junit":
        from mutua.cli.junit import junit

        return junit(judgement, least)
    import json

    if form == "sarif":
        from mutua.cli.sarif import sarif

        return json.dumps(sarif(judgement), indent=2, ensure_ascii=False)
    from mutua.cli.check_json import many_json, many_text

    return "\n".join(many_text(many_json(judgement)))


def _text(judgement: Judgement, names: Sequence[str]) -> str:
    from mutua.cli.many_text import lines

    return "\n".join(lines(judgement, names))


def _judge(names: Sequence[str], question: Question, *, quiet: bool) -> Judgement:
    listing = Listing(names)
    judged: list[Judged] = []
    unread = list(listing.unread)
    others = 0
    what = None if quiet else _("Checking files")
    # Closed, so that Ctrl-C ends the other processes and takes the bar away before this one ends.
    with (
        closing(judge_all(listing.files, question)) as work,
        closing(with_progress(work, len(listing.files), what)) as results,
    ):
        for result in results:
            match result:
                case Judged():
                    judged.append(result)
                case Unread():
                    unread.append(result)
                case None:
                    others += 1
    return Judgement(question.profile, question.at, judged, unread, others, listing.links)


def _exit(judgement: Judgement, least: Severity) -> Exit:
    """As for one file; where there is no certificate at all, nothing could be read."""
    failed = [judged for judged in judgement.judged if any(judged.at_least(least))]
    if any(judged.certificates for judged in failed):
        return Exit.FINDINGS
    return Exit.UNREADABLE if failed or judgement.unread or not judgement.judged else Exit.CLEAN
