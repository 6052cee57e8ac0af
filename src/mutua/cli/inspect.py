"""`mutua inspect`: what files of certificates, signing requests and keys hold."""

from datetime import UTC, datetime

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mutua.cli.holding import Holding
    from mutua.cli.tree import Listing

MAX_FILES = 1000
"""How many files in folders are shown."""


@click.command(
    cls=Command,
    help=N_(
        "Show what each FILE holds: certificates, signing requests, keys. Nothing is verified: mutua check says "
        "whether a chain is any good. FILE may be - for standard input, or a folder."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua inspect chain.pem\n"
        "  mutua inspect --short *.pem *.cer *.csr\n"
        "  mutua inspect --short /etc/ssl/private\n"
        "  mutua inspect console.pfx --password-file password\n"
        "  openssl s_client -connect om.example.net:443 -showcerts </dev/null | mutua inspect -\n"
        "\n"
        "Of a private key only type and size are shown.\n"
        "\n"
        "Exit code 0: shown, 3: there is a file in which nothing is readable."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option(
    "--password-file",
    metavar="FILE",
    help=N_("The password of PKCS#12 files and private keys; else MUTUA_KEY_PASSWORD."),
)
@option("--short", is_flag=True, help=N_("Only the most important of each."))
@json_option
def command(files: tuple[str, ...], password_file: str | None, short: bool, form: str) -> None:
    from mutua.cli.check import PASSWORD_VARIABLE
    from mutua.cli.holding import read
    from mutua.cli.keeping import given_passphrase

    password = given_passphrase(password_file, PASSWORD_VARIABLE)
    now = datetime.now(UTC)
    holdings: dict[str, Holding] = {}
    listing = _listing(files)
    unreadable = bool(listing.unread)
    for name, named in listing.files:
        try:
            holding = read(read_file(name), password)
        except Failure as failure:
            failure.show()
            unreadable = True
            continue
        if named or not holding.is_empty or holding.unreadable:
            holdings[name] = holding
    if form == "json":
        _print_json(holdings, now)
    elif holdings:
        _print_text(holdings, now, short)
    elif not unreadable:
        raise Failure(
            message("no file in {name} holds certificates, signing requests or keys.", name=" ".join(files)),
            Exit.UNREADABLE,
        )
    if unreadable or not holdings or any(holding.is_empty for holding in holdings.values()):
        raise SystemExit(Exit.UNREADABLE)


def _listing(files: tuple[str, ...]) -> "Listing":
    """The files meant, those in folders too. Raises `Failure`."""
    from mutua.cli.tree import Listing

    listing = Listing(files)
    if len(listing.files) > max(MAX_FILES, len(files)):
        raise Failure(
            message(
                "there are {count} files in it; up to {limit} are shown.", count=len(listing.files), limit=MAX_FILES
            ),
            Exit.USAGE,
            message("mutua check -r goes through any number of them."),
        )
    for unread in listing.unread:
        Failure(message("{name}: {reason}.", name=unread.name, reason=unread.reason), Exit.UNREADABLE).show()
    return listing


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
