"""The steps of `mutua repair`: look for what is missing, plan, write."""

from pathlib import Path
from typing import NamedTuple

import click

from mutua.authority.fetch import Way
from mutua.authority.files import PUBLIC, NewFile
from mutua.chain import Report
from mutua.chain.repair import Asked, Plan
from mutua.cli.candidates import Fetched, Found, plan_with_fetching, search
from mutua.cli.keeping import keep


class Job(NamedTuple):
    """What the person asked for."""

    files: tuple[str, ...]
    out: str
    folders: tuple[str, ...]
    fetch: bool
    allow_private: bool
    dry_run: bool
    force: bool


class Outcome(NamedTuple):
    """What came of it. `written` is False too where standard output was meant and got nothing."""

    job: Job
    plan: Plan
    found: Found
    fetched: tuple[Fetched, ...]
    written: bool


def repair(before: Report, asked: Asked, job: Job) -> Outcome:
    """Plan the repair, and write the result if it is sound or at least better, and if that was asked for.

    Raises `Failure` where the file exists or cannot be written.
    """
    found = search(job.folders)
    best, fetched = plan_with_fetching(before, found.candidates, asked, _way(job) if job.fetch else None)
    written = best.improves and not job.dry_run
    if written and job.out == "-":
        click.echo(best.pem, nl=False)
    elif written:
        keep([NewFile(Path(job.out), best.pem, PUBLIC)], force=job.force)
    return Outcome(job, best, found, fetched, written)


def _way(job: Job) -> Way:
    from mutua.peering.contexts import system_client

    return Way(system_client, job.allow_private)
