"""`mutua check`: everything that is wrong with a certificate chain, at once."""

from datetime import UTC, datetime

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import Moment, read_file
from mutua.cli.speaking import Command, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua import chain

PROFILES = ("migration", "server", "mtls", "client")


@click.command(
    cls=Command,
    help=N_("Say everything that is wrong with the certificates in FILE (- for standard input), at once."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua check chain.pem\n"
        "  mutua check chain.pem --csr console.csr\n"
        "  mutua check server.pem --profile server --format json\n"
        "\n"
        "Exit code 0: clean (warnings do not count), 1: errors found, 3: not readable."
    ),
)
@click.argument("file")
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
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help=N_("For people or for machines."),
)
def command(file: str, csr: str | None, key: str | None, profile: str, at: datetime | None, form: str) -> None:
    from mutua import chain

    data = read_file(file)
    report = chain.check(
        data,
        profile=chain.Profile(profile),
        at=at or datetime.now(UTC),
        request_keys=[_request_key(csr)] if csr else None,
        private_key=_private_key(key) if key else None,
    )
    if form == "json":
        _print_json(report)
    else:
        from mutua.cli.chain_text import lines

        for line in lines(report, file, csr):
            click.echo(line)
    raise SystemExit(_exit(report))


def _exit(report: "chain.Report") -> Exit:
    if report.errors:
        return Exit.FINDINGS if report.material.certificates else Exit.UNREADABLE
    return Exit.CLEAN


def _print_json(report: "chain.Report") -> None:
    import json

    from mutua.language import translate

    click.echo(json.dumps(report.to_json(translate), indent=2, ensure_ascii=False))


def _request_key(name: str) -> bytes:
    from mutua.chain.decode import UnreadableKeyError, key_of_request

    try:
        return key_of_request(read_file(name))
    except UnreadableKeyError as error:
        raise Failure(
            message("{name} is no signing request that can be read: {reason}.", name=name, reason=error.reason),
            Exit.UNREADABLE,
        ) from error


def _private_key(name: str) -> bytes:
    from mutua.chain.decode import UnreadableKeyError, key_of_private_key

    try:
        return key_of_private_key(read_file(name))
    except UnreadableKeyError as error:
        raise Failure(
            message("{name} is no private key that can be read: {reason}.", name=name, reason=error.reason),
            Exit.UNREADABLE,
            message("its signing request holds the same public key: give that with --csr instead."),
        ) from error
