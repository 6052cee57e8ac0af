"""`mutua migrate`: verify two consoles, and move the devices from one to the other."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from mutua.cli.consoles import ConsoleAddress, console_options, signed_in, trust, trust_options
from mutua.cli.exits import Exit
from mutua.cli.speaking import F, Group, option
from mutua.language import _
from mutua.message import N_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.peering.remote import RemoteConsole
    from mutua.peering.verify import Verification

_POLL_S = 0.2


@click.group(
    cls=Group,
    help=N_("Verify two consoles and move the devices from one to the other."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua migrate verify --source 127.0.0.1:8443 --target 127.0.0.1:9443 --ca-file root.pem\n"
        "  mutua migrate start --source 127.0.0.1:8443 --target 127.0.0.1:9443 --ca-file root.pem\n"
        "  mutua migrate status --console 127.0.0.1:9443 --ca-file root.pem"
    ),
)
def command() -> None:
    pass


def pair_options(function: F) -> F:
    """Both consoles, and who signs in to each."""
    for decorate in (
        trust_options,
        option("--target-password-file", metavar="FILE", help=N_("Else MUTUA_TARGET_PASSWORD, else a prompt.")),
        option("--source-password-file", metavar="FILE", help=N_("Else MUTUA_SOURCE_PASSWORD, else a prompt.")),
        option("--target-user", default="admin", show_default=True, help=N_("A local administrator there.")),
        option("--source-user", default="admin", show_default=True, help=N_("A local administrator there.")),
        option("--target", type=ConsoleAddress(), required=True, help=N_("The console that gets the devices.")),
        option("--source", type=ConsoleAddress(), required=True, help=N_("The console that has the devices.")),
    ):
        function = decorate(function)
    return function


@contextmanager
def both(
    source: str,
    target: str,
    source_user: str,
    target_user: str,
    source_password_file: str | None,
    target_password_file: str | None,
    ca_file: str | None,
    insecure: bool,
) -> "Iterator[tuple[RemoteConsole, RemoteConsole]]":
    """Sessions at both consoles."""
    context = trust(ca_file, insecure)
    with (
        signed_in(source, source_user, source_password_file, context, "MUTUA_SOURCE_PASSWORD") as at_source,
        signed_in(target, target_user, target_password_file, context, "MUTUA_TARGET_PASSWORD") as at_target,
    ):
        yield at_source, at_target


@command.command(
    "verify",
    help=N_("Verify the connection between two consoles, both ways, and say everything that is in the way."),
    epilog=N_(
        "Example:\n\n\b\n  mutua migrate verify --source 127.0.0.1:8443 --target 127.0.0.1:9443 --ca-file root.pem\n\n"
        "Exit code 0: verified, 1: not, 4: a console was not reached."
    ),
)
@pair_options
def verify_(**consoles: Any) -> None:
    from mutua.peering.verify import verify

    with both(**consoles) as (source, target):
        verification = verify(source, target)
    tell(verification)
    if not verification.passed:
        raise SystemExit(Exit.FINDINGS)


@command.command(
    "start",
    help=N_("Verify, then move every device with its groups and credentials from the source to the target."),
    epilog=N_(
        "Example:\n\n"
        "\b\n"
        "  mutua migrate start --source 127.0.0.1:8443 --target 127.0.0.1:9443 --ca-file root.pem \\\n"
        "      --source-password-file source.password --target-password-file target.password\n"
        "\n"
        "Exit code 0: everything has moved, 1: not verified, or stopped half-way, 4: a console was not reached."
    ),
)
@pair_options
def start(**consoles: Any) -> None:
    from mutua.peering.verify import verify

    with both(**consoles) as (source, target):
        verification = verify(source, target)
        tell(verification)
        if not verification.passed:
            raise SystemExit(Exit.FINDINGS)
        migration = begin(source, target, verification)
        click.echo(
            _(
                " prepared   {devices:,} devices, {groups:,} groups, {credentials:,} credentials",
                devices=migration["Devices"],
                groups=migration["Groups"],
                credentials=migration["Credentials"],
            )
        )
        _finish(watch(target, migration["Id"]))


@command.command(
    "status",
    help=N_("Show the migrations of a console."),
    epilog=N_("Example:\n\n\b\n  mutua migrate status --console 127.0.0.1:9443 --ca-file root.pem"),
)
@console_options
def status(address: str, user: str, password_file: str | None, ca_file: str | None, insecure: bool) -> None:
    from mutua.cli.migration_text import migration_lines

    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        migrations = console.get("/MigrationService/Migrations")["value"]
    for migration in migrations:
        click.echo("\n".join(migration_lines(migration)))
    if not migrations:
        click.echo(_("No migrations."))


@command.command(
    "resume",
    help=N_("Carry on the migration ID where it stands, at either console."),
    epilog=N_(
        "Example:\n\n\b\n"
        "  mutua migrate resume 7f2a0c1e-5b0d-4c55-9d1a-0f6f5a1b2c3d --console 127.0.0.1:9443 --ca-file root.pem\n"
        "\nExit code 0: it is done, 1: it is not."
    ),
)
@click.argument("id")
@console_options
def resume(
    id: str,  # noqa: A002
    address: str,
    user: str,
    password_file: str | None,
    ca_file: str | None,
    insecure: bool,
) -> None:
    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        migration = console.resume(id)
        _finish(watch(console, id) if migration["Role"] == "target" else migration)


@command.command(
    "abort",
    help=N_("End the migration ID before it is committed: the source takes its devices back."),
    epilog=N_(
        "Example:\n\n\b\n"
        "  mutua migrate abort 7f2a0c1e-5b0d-4c55-9d1a-0f6f5a1b2c3d --console 127.0.0.1:8443 --ca-file root.pem"
    ),
)
@click.argument("id")
@console_options
def abort(
    id: str,  # noqa: A002
    address: str,
    user: str,
    password_file: str | None,
    ca_file: str | None,
    insecure: bool,
) -> None:
    from mutua.cli.migration_text import migration_lines

    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        click.echo("\n".join(migration_lines(console.abort(id))))


def tell(verification: "Verification") -> None:
    """Print a verification."""
    from mutua.cli.migration_text import verification_lines

    for line in verification_lines(verification):
        click.echo(line)


def begin(source: "RemoteConsole", target: "RemoteConsole", verification: "Verification") -> dict[str, Any]:
    """Prepare at the source, start at the target; returns the source's record.

    Where the target does not take it up, the source takes its devices back at once.
    """
    from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError

    prepared = source.prepare(str(verification.source_meets_target.peer_key_sha256))
    try:
        target.migrate(prepared["Id"], str(verification.target_meets_source.peer_key_sha256))
    except (ConsoleRefusedError, ConsoleUnreachableError):
        with suppress(ConsoleRefusedError, ConsoleUnreachableError):
            source.abort(prepared["Id"])
        raise
    return prepared


def watch(target: "RemoteConsole", identifier: str) -> dict[str, Any]:
    """Show the progress at the target until it is over or has stopped; returns the target's last word."""
    show = _show_bar if sys.stderr.isatty() else _show_phases
    return show(_readings(target, identifier))


def _readings(target: "RemoteConsole", identifier: str) -> Iterator[dict[str, Any]]:
    while True:
        migration = target.migration(identifier)
        yield migration
        if not migration["Running"]:
            return
        time.sleep(_POLL_S)


def _show_bar(readings: Iterator[dict[str, Any]]) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mutua.cli.migration_text import phase_word

    columns = (TextColumn(" {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    last: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        for last in readings:
            phase, total = phase_word(last["Phase"]), last["RecordsTotal"] or None
            progress.update(task, completed=last["RecordsDone"], total=total, description=phase)
    return last


def _show_phases(readings: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """For pipes and log files: a line when a phase is entered, and nothing in between."""
    from mutua.cli.migration_text import phase_word

    last: dict[str, Any] = {}
    told = 0
    for last in readings:
        for step in last["Phases"][told:]:
            click.echo(f" {phase_word(step['Phase'])}", err=True)
        told = len(last["Phases"])
    return last


def _finish(migration: dict[str, Any]) -> None:
    from mutua.cli.migration_text import migration_lines

    click.echo("\n".join(migration_lines(migration)))
    if migration["Phase"] != "done":
        raise SystemExit(Exit.FINDINGS)
