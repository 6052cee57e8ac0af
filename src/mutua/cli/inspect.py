"""`mutua inspect`: what files of certificates, signing requests and keys hold."""

from datetime import UTC, datetime

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.speaking import Command, option
from mutua.message import N_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mutua.cli.holding import Holding


@click.command(
    cls=Command,
    help=N_(
        "Show what each FILE holds: certificates, signing requests, keys. Nothing is verified: mutua check says "
        "whether a chain is any good. FILE may be - for standard input."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua inspect chain.pem\n"
        "  mutua inspect --short *.pem *.cer *.csr\n"
        "  openssl s_client -connect om.example.net:443 -showcerts </dev/null | mutua inspect -\n"
        "\n"
        "Of a private key only type and size are shown.\n"
        "\n"
        "Exit code 0: shown, 3: there is a file in which nothing is readable."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("--short", is_flag=True, help=N_("Only the most important of each."))
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help=N_("For people or for machines."),
)
def command(files: tuple[str, ...], short: bool, form: str) -> None:
    from mutua.cli.holding import read

    now = datetime.now(UTC)
    holdings: dict[str, Holding] = {}
    unreadable = False
    for name in dict.fromkeys(files):
        try:
            holdings[name] = read(read_file(name))
        except Failure as failure:
            failure.show()
            unreadable = True
    if form == "json":
        _print_json(holdings, now)
    elif holdings:
        _print_text(holdings, now, short)
    if unreadable or any(holding.is_empty for holding in holdings.values()):
        raise SystemExit(Exit.UNREADABLE)


def _print_json(holdings: "Mapping[str, Holding]", now: datetime) -> None:
    import json

    from mutua.cli.inspect_json import to_json

    click.echo(json.dumps(to_json(holdings, now), indent=2))


def _print_text(holdings: "Mapping[str, Holding]", now: datetime, short: bool) -> None:
    from mutua.cli.inspect_text import Style, lines, next_step

    for number, (name, holding) in enumerate(holdings.items()):
        if number:
            click.echo()
        for line in lines(name, holding, Style(short, now)):
            click.echo(line)
    click.echo()
    click.echo("\n".join(next_step(holdings)))
