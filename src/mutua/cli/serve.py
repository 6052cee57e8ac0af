"""`mutua serve`: run a management console."""

import secrets
from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import secret_in
from mutua.cli.speaking import Command, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from mutua.console.console import Console

ADMINISTRATOR = "admin"
_MAX_NAME = 64


class _HostName(click.ParamType[str]):
    """A host name or an address that a certificate can carry."""

    name = "host"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from mutua.authority.request import parse_name

        text = str(value)
        try:
            parse_name(text)
        except ValueError:
            self.fail(_("{value}: expected a host name or an address", value=repr(text)), param, ctx)
        if len(text) > _MAX_NAME:
            self.fail(
                _("it has {length} characters; expected at most {limit}", length=len(text), limit=_MAX_NAME), param, ctx
            )
        return text


class _ConsoleName(click.ParamType[str]):
    """What people call a console."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not text.isprintable() or not 0 < len(text) <= _MAX_NAME:
            self.fail(_("expected 1 to {limit} characters that can be printed", limit=_MAX_NAME), param, ctx)
        return text


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
@option("--name", type=_ConsoleName(), default=None, help=N_("What this console is called; the host name otherwise."))
@option(
    "--host",
    type=_HostName(),
    default="127.0.0.1",
    show_default=True,
    help=N_("The address to listen on; others reach the console by it."),
)
@option(
    "--advertise",
    type=_HostName(),
    metavar="HOST",
    help=N_("The name or address that others use, if it is not --host."),
)
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
    import gc
    import os
    import socket

    gc.enable()  # A console lives long; the start of a command does without.
    os.umask(0o077)
    password = _password_in(password_file) if password_file else None

    from mutua.console.console import Addresses, Console
    from mutua.console.listeners import CannotListenError, bind
    from mutua.storage.state import StateFolderError

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


def _password_in(file: str) -> str:
    from mutua.console.passwords import MAX_PASSWORD

    password = secret_in(file)
    if len(password) > MAX_PASSWORD:
        raise Failure(
            message("{name} holds a password of more than {limit} characters.", name=file, limit=MAX_PASSWORD),
            Exit.UNREADABLE,
        )
    return password


def _first_start(console: "Console", password: str | None) -> None:
    if console.users.has_users():
        if password:
            click.echo(_("Not the first start: --password-file was not used."), err=True)
        return
    chosen = password or secrets.token_urlsafe(12)
    console.create_administrator(ADMINISTRATOR, chosen, must_change_password=password is None)
    click.echo(_("First start. User {user}, password {password}", user=ADMINISTRATOR,
                 password=_("(from the file)") if password else chosen))  # fmt: skip
    if password is None:
        click.echo(_("It must be changed before anything else: in the pages, or with mutua user passwd."))


def _announce(console: "Console") -> None:
    click.echo(_("{name}: https://{address}", name=console.name, address=console.addresses.public))
    click.echo(_("Other consoles: {address}", address=console.addresses.peers))
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
