"""`mutua serve`: run a management console."""

import secrets
from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import secret_in
from mutua.cli.speaking import Command, option
from mutua.language import _
from mutua.message import N_

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from mutua.console.console import Console

ADMINISTRATOR = "admin"


@click.command(
    cls=Command,
    help=N_("Run a management console: web pages and REST API on one port, other consoles on another."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua serve --state ./source --name source\n"
        "  mutua serve --state ./target --name target --port 9443 --peer-port 9444\n"
        "\n"
        "The first start makes a self-signed certificate and the user admin, and prints the password once."
    ),
)
@option(
    "--state",
    type=click.Path(path_type=Path),
    required=True,
    help=N_("The folder for the database, keys and logs."),
)
@option("--name", default=None, help=N_("What this console is called; the host name otherwise."))
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help=N_("The address to listen on; others reach the console by it."),
)
@option("--advertise", metavar="HOST", help=N_("The name or address that others use, if it is not --host."))
@option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help=N_("Web pages and REST API."))
@option("--peer-port", type=click.IntRange(0, 65535), default=8444, show_default=True, help=N_("Other consoles."))
@option(
    "--password-file", metavar="FILE", help=N_("First start: the administrator's password, instead of a random one.")
)
def command(
    state: Path,
    name: str | None,
    host: str,
    advertise: str | None,
    port: int,
    peer_port: int,
    password_file: str | None,
) -> None:
    import os
    import socket

    from mutua.console.console import Addresses, Console
    from mutua.console.listeners import CannotListenError, bind
    from mutua.storage.state import StateFolderError

    os.umask(0o077)
    password = secret_in(password_file) if password_file else None
    try:
        public, peers = bind(host, port), bind(host, peer_port)
        addresses = Addresses(advertise or host, public.getsockname()[1], peers.getsockname()[1])
        console = Console.open(state, name or socket.gethostname(), addresses)
    except CannotListenError as error:
        raise Failure(error.problem, Exit.UNREACHABLE, error.advice) from error
    except StateFolderError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error
    try:
        _first_start(console, password)
        _announce(console)
        _run(console, public, peers)
    finally:
        console.close()


def _first_start(console: "Console", password: str | None) -> None:
    if console.accounts.has_users():
        return
    chosen = password or secrets.token_urlsafe(12)
    console.create_administrator(ADMINISTRATOR, chosen)
    click.echo(_("First start. User {user}, password {password}", user=ADMINISTRATOR,
                 password=_("(from the file)") if password else chosen))  # fmt: skip


def _announce(console: "Console") -> None:
    host = console.addresses.host
    shown = f"[{host}]" if ":" in host else host
    click.echo(_("{name}: https://{host}:{port}", name=console.name, host=shown, port=console.addresses.port))
    click.echo(_("Other consoles: {host}:{port}", host=shown, port=console.addresses.peer_port))
    click.echo(_("Its certificate, to trust it by: {path}", path=console.state.certificate))
    click.echo(_("Stop it with Ctrl-C."))


def _run(console: "Console", public: "socket.socket", peers: "socket.socket") -> None:
    import asyncio
    import signal

    import uvloop

    from mutua.console.listeners import Listeners

    listeners = Listeners(console, public, peers)

    async def until_stopped() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, listeners.stop)
        await listeners.serve()

    uvloop.run(until_stopped())
