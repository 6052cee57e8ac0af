"""`mutua compare`: do the same authorities stand behind two chains (R20)?"""

from datetime import UTC, datetime

import click

from mutua.cli.exits import Exit
from mutua.cli.input import Moment
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.cli.comparing import Pair


@click.command(
    cls=Command,
    help=N_(
        "Hold two certificate chains against each other: what TLS would accept, and what the appliance demands. "
        "SOURCE and TARGET are files; one of them may be - for standard input."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua compare source.pem target.pem\n"
        "  mutua compare source.pem target.pem --at 2027-01-01 --format json\n"
        "\n"
        "Exit code 0: the same authorities and no errors, 1: different authorities or errors, 3: not readable."
    ),
)
@click.argument("source")
@click.argument("target")
@option("--at", type=Moment(), metavar="TIME", help=N_("Judge by this moment instead of now."))
@json_option
def command(source: str, target: str, at: datetime | None, form: str) -> None:
    from mutua.cli.comparing import read_pair

    pair = read_pair(source, target, at or datetime.now(UTC))
    if form == "json":
        _print_json(pair)
    else:
        from mutua.cli.compare_text import lines

        for line in lines(pair):
            click.echo(line)
    raise SystemExit(Exit.CLEAN if pair.clean else Exit.FINDINGS)


def _print_json(pair: "Pair") -> None:
    import json

    from mutua.cli.compare_json import to_json

    click.echo(json.dumps(to_json(pair), indent=2, ensure_ascii=False))
