"""`mutua repair`: the file that works, made of what is at hand, with every step told."""

import os
from datetime import UTC, datetime

import click

from mutua.cli.check import (
    PASSWORD_VARIABLE,
    PROFILES,
    given_password,
    only_one_standard_input,
    private_key,
    request_key,
)
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import Moment, read_file
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain import Report
    from mutua.chain.repair import Asked
    from mutua.cli.repairing import Job, Outcome


@click.command(
    cls=Command,
    help=N_(
        "Make the certificate chain that was meant out of FILE (- for standard input): converted to PEM, in order from "
        "the leaf to the root, without what does not belong, with the CA certificates that are missing. Each step is "
        "told, the result is checked, and trust is never made up."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua repair console.p7b -o chain.pem\n"
        "  mutua repair console.cer --from /etc/ssl/certs --dry-run\n"
        "  mutua repair console.cer --from ca-files --csr console.csr -o chain.pem\n"
        "  mutua repair console.cer --fetch -o chain.pem\n"
        "\n"
        "Several files are read as one. The chain begins with the certificate that has the key of --csr or --key, else "
        "with the one that issued no other. A root that the chain has is never replaced.\n"
        "\n"
        "Without --dry-run the result is written if it has no errors, or fewer than before.\n"
        "\n"
        "Exit code 0: the result has no errors, 1: there are errors that no repair can mend, 2: usage, 3: not readable."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("-o", "--out", metavar="FILE", default="-", help=N_("Where to write the chain. Default: standard output."))
@option(
    "--from",
    "folders",
    metavar="DIR",
    multiple=True,
    help=N_("Where to look for CA certificates: a folder and those in it, or a file. May be repeated."),
)
@option("--fetch", is_flag=True, help=N_("Fetch CA certificates from the addresses that the certificates name."))
@option("--allow-private", is_flag=True, help=N_("Let --fetch reach private networks and this machine."))
@option("--csr", metavar="FILE", help=N_("The signing request that the certificate must answer."))
@option("--key", metavar="FILE", help=N_("The private key that must belong to the certificate."))
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default="migration",
    show_default=True,
    help=N_("What the chain is for."),
)
@option("--at", type=Moment(), metavar="TIME", help=N_("Judge by this moment instead of now."))
@option(
    "--password-file",
    metavar="FILE",
    help=N_("The password of PKCS#12 files and of the private key; else MUTUA_KEY_PASSWORD."),
)
@json_option
@option("--dry-run", is_flag=True, help=N_("Only show what would be done."))
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
def command(
    files: tuple[str, ...],
    out: str,
    folders: tuple[str, ...],
    fetch: bool,
    allow_private: bool,
    csr: str | None,
    key: str | None,
    profile: str,
    at: datetime | None,
    password_file: str | None,
    form: str,
    dry_run: bool,
    force: bool,
) -> None:
    from mutua.chain.repair import Asked
    from mutua.cli.repairing import Job, repair

    only_one_standard_input([*files, *([csr] if csr else []), *([key] if key else [])])
    job = Job(files, out, folders, fetch, allow_private, dry_run, force)
    _check_usage(job, form)
    password = given_password(password_file)
    asked = Asked([request_key(csr)] if csr else None, private_key(key, password) if key else None)
    before = _before(job, asked, profile, at, password)
    _check_readable(before, job)
    outcome = repair(before, asked, job)
    _tell(outcome, form)
    raise SystemExit(Exit.FINDINGS if outcome.plan.after.errors else Exit.CLEAN)


def _check_usage(job: "Job", form: str) -> None:
    if job.allow_private and not job.fetch:
        raise Failure(message("--allow-private is about --fetch, which is not given."), Exit.USAGE)
    if form == "json" and job.out == "-" and not job.dry_run:
        raise Failure(
            message("the chain and the JSON cannot both go to standard output."),
            Exit.USAGE,
            message("name a file with -o, or add --dry-run."),
        )
    if not (job.dry_run or job.force or job.out == "-") and os.path.lexists(job.out):
        raise Failure(
            message("{path} exists already and was left alone.", path=job.out),
            Exit.USAGE,
            message("name another file, or replace it with --force."),
        )


def _before(job: "Job", asked: "Asked", profile: str, at: datetime | None, password: bytes | None) -> "Report":
    from mutua import chain

    return chain.check(
        [read_file(file) for file in job.files],
        at=at or datetime.now(UTC),
        profile=chain.Profile(profile),
        request_keys=asked.request_keys,
        private_key=asked.private_key,
        password=password,
        sources=job.files,
    )


def _check_readable(before: "Report", job: "Job") -> None:
    from mutua.chain.certificate import printable

    names = " ".join(map(printable, job.files))
    locked = [block for block in before.material.unreadable if block.locked]
    if locked:
        raise Failure(
            message("{name} cannot be opened: {reason}.", name=locked[0].source or names, reason=locked[0].reason),
            Exit.UNREADABLE,
            message("give the password with --password-file, or set {variable}.", variable=PASSWORD_VARIABLE),
        )
    if not before.material.certificates:
        raise Failure(
            message("{name} holds no certificate that can be read.", name=names),
            Exit.UNREADABLE,
            message("mutua check {name} says what it is instead.", name=names),
        )
    for file, part in zip(job.files, before.material.parts, strict=True):
        same = file != "-" and os.path.realpath(job.out) == os.path.realpath(file)
        if same and part.material.private_keys and not job.dry_run:
            raise Failure(
                message("{path} holds a private key, which the chain would replace.", path=printable(job.out)),
                Exit.USAGE,
                message("name another file with -o."),
            )


def _tell(outcome: "Outcome", form: str) -> None:
    """What was done goes to standard error where standard output is the chain itself."""
    if form == "json":
        import json

        from mutua.cli.repair_json import to_json

        click.echo(json.dumps(to_json(outcome), indent=2, ensure_ascii=False))
        return
    from mutua.cli.repair_text import lines

    to_error = outcome.job.out == "-" and not outcome.job.dry_run
    for line in lines(outcome):
        click.echo(line, err=to_error)
