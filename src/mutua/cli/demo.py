"""`mutua demo`: the whole job, for real, on loopback: two consoles, their chains, verification, a migration."""

import click

from mutua.cli.speaking import Command, option
from mutua.message import N_


@click.command(
    cls=Command,
    help=N_(
        "See the whole job done: two consoles as processes of their own on loopback, a private CA, a chain each "
        "(first a wrong one), mutual TLS both ways, and every device moved. Everything is real and thrown away at "
        "the end."
    ),
    epilog=N_(
        "Example:\n\n\b\n  mutua demo --once\n\nWithout --once the consoles stay until Ctrl-C, to look around in."
    ),
)
@option("--once", is_flag=True, help=N_("End when the job is done."))
def command(once: bool) -> None:
    import tempfile
    from pathlib import Path

    from mutua.cli.demonstration import run

    with tempfile.TemporaryDirectory(prefix="mutua-demo-") as folder:
        run(Path(folder), once)
