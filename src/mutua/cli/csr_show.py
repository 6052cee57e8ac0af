"""`mutua csr show`: what a signing request asks for."""

from datetime import UTC, datetime

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.cli.holding import Holding


@click.command(
    "show",
    cls=Command,
    help=N_("Show what the signing requests in FILE (- for standard input) ask for: subject, names, key, extensions."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua csr show web.csr\n"
        "  mutua csr show web.csr --short\n"
        "  mutua csr show web.csr --format json\n"
        "\n"
        "Exit code 0: shown, 3: there is no signing request in it that can be read."
    ),
)
@click.argument("file")
@option("--short", is_flag=True, help=N_("Only the most important."))
@json_option
def show(file: str, short: bool, form: str) -> None:
    requests = requests_in(file)
    now = datetime.now(UTC)
    if form == "json":
        import json

        from mutua.cli.inspect_json import to_json

        click.echo(json.dumps(to_json({file: requests}, now), indent=2))
        return
    from mutua.chain.certificate import printable
    from mutua.cli.inspect_text import Style, lines
    from mutua.cli.paragraphs import wrapped
    from mutua.language import _

    for line in lines(file, requests, Style(short, now)):
        click.echo(line)
    click.echo()
    for line in wrapped(_("is it good for a console? mutua csr check {file}", file=printable(file)), " → "):
        click.echo(line)


def requests_in(file: str) -> "Holding":
    """The signing requests in a file and nothing else of it. Raises `Failure` where there is none."""
    from mutua.authority.accept import read_request
    from mutua.authority.errors import UnreadableRequestError
    from mutua.chain.certificate import printable
    from mutua.cli.holding import read

    data = read_file(file)
    holding = read(data)
    if holding.requests:
        return holding._replace(material=holding.material._replace(certificates=()), keys=())
    try:
        read_request(data)
        reason = message("the signing request in it is damaged.")
    except UnreadableRequestError as error:
        reason = error.problem
    raise Failure(
        message("{file} cannot be used: {reason}", file=printable(file), reason=reason),
        Exit.UNREADABLE,
        message("mutua inspect shows what a file holds."),
    )
