"""`mutua csr`: making signing requests, showing them, and checking them before and after the CA has signed."""

import click

from mutua.cli.csr_check import check
from mutua.cli.csr_new import new
from mutua.cli.csr_show import show
from mutua.cli.speaking import Group
from mutua.message import N_


@click.group(
    "csr",
    cls=Group,
    help=N_("Make a certificate signing request, show one, or say what is wrong with it."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua csr new --cn web.example.net --key-out web.key -o web.csr\n"
        "  mutua csr show web.csr\n"
        "  mutua csr check web.csr\n"
        "  mutua csr check web.csr --cert chain.pem"
    ),
)
def command() -> None:
    pass


for subcommand in (new, show, check):
    command.add_command(subcommand)
