"""The entry point: which verbs there are, which language they speak, and what happens when one breaks."""

import gc

gc.disable()  # Imports allocate much and free nothing: collecting meanwhile costs a tenth of the start.

import importlib  # noqa: E402
import io  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from typing import NoReturn  # noqa: E402

import click  # noqa: E402

from mutua import __version__, language  # noqa: E402
from mutua.cli import patterns, speaking  # noqa: E402
from mutua.cli.exits import Exit  # noqa: E402
from mutua.language import _  # noqa: E402
from mutua.message import N_  # noqa: E402

_VERBS = {
    "check": N_("Say everything that is wrong with a certificate chain, at once."),
    "repair": N_("Make the chain that was meant: converted, in order, complete, each step told."),
    "convert": N_("Write certificates and keys in another form: PEM, DER, PKCS#7, PKCS#12."),
    "compare": N_("Hold two chains against each other: do the same authorities stand behind both?"),
    "inspect": N_("Show what a file of certificates, requests and keys holds."),
    "rules": N_("List the rules that certificates are checked by, with reasons and fixes."),
    "explain": N_("Say what an error of the appliance means, or which refusals a log or log bundle holds."),
    "csr": N_("Make a certificate signing request, show one, or say what is wrong with it."),
    "key": N_("Make a private key, show one, or say which keys, requests and certificates belong together."),
    "connect": N_("Show what a TLS server presents and demands, and why it refuses a certificate."),
    "ca": N_("Run a private certificate authority."),
    "serve": N_("Run a management console."),
    "user": N_("List, add and mend the accounts of a console, by its state folder."),
    "audit": N_("Show what was done to a console and by whom, or check that nobody changed the log of it."),
    "doctor": N_("Say what is wrong with a console's folder, key, database, certificate, clock and ports."),
    "backup": N_("Write a console into one encrypted file, and bring it back from there."),
    "devices": N_("Import and list the devices of a console."),
    "migrate": N_("Verify two consoles and move the devices from one to the other."),
    "demo": N_("See the whole job done: two consoles, their chains, a migration."),
}
"""Each verb lives in the module of its name; the line here lets `mutua --help` load none of them."""


class _LazyVerbs(speaking.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        with patterns.on_demand():  # One of them, for names in text, takes an eighth of a check and is not used.
            importlib.import_module("cryptography.x509.name")
        command: click.Command = importlib.import_module(f"mutua.cli.{cmd_name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(verb, _(summary)) for verb, summary in _VERBS.items()])


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"mutua, version {__version__}")
        context.exit()


@click.group(
    cls=_LazyVerbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=N_("Certificate chains made right, mutual TLS between two consoles, devices moved without loss."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua demo --once\n"
        "  mutua check chain.pem\n"
        "  mutua serve --state ./console\n"
        "\n"
        "Exit codes: 0 clean, 1 findings, 2 usage, 3 input unreadable, 4 could not connect, 5 internal."
    ),
)
@speaking.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=N_("Show the version and exit."),
)
@click.pass_context
def mutua(context: click.Context) -> None:
    if os.environ.get("NO_COLOR"):
        context.color = False


def main() -> NoReturn:
    """Run the command line; whatever happens, end with one of the documented exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal without ✓ shows a question mark, and no failure.
    speaking.speak(language.from_environment())
    try:
        mutua.main(standalone_mode=True)
    except SystemExit as ended:
        _leave(ended.code if isinstance(ended.code, int) else Exit.CLEAN)
    except Exception as error:
        if os.environ.get("MUTUA_DEBUG"):
            raise
        click.echo(
            _(
                "mutua: internal error: {kind}: {error}\n→ This is a fault of Mutua. MUTUA_DEBUG=1 shows where.",
                kind=type(error).__name__,
                error=error,
            ),
            err=True,
        )
    _leave(Exit.INTERNAL)


def _leave(code: int) -> NoReturn:
    """End here and now: to take the interpreter apart first costs a check a twentieth of its time."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or Exit.INTERNAL
    os._exit(code)
