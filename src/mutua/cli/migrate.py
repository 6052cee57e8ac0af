"""`mutua migrate`: verify two consoles, and move the devices from one to the other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mutua.cli.consoles import ConsoleAddress, console_options, signed_in, trust, trust_options
from mutua.cli.exits import Exit
from mutua.cli.speaking import F, Group, option
from mutua.language import _
from mutua.message import N_
from mutua.peering.remote import RemoteConsole
from mutua.peering.verify import Verification, verify

_POLL_S = 0.2
_FINAL = ("done", "aborted")


@click.group(cls=Group, help=N_("Verify two consoles and move the devices from one to the other."))
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
) -> Iterator[tuple[RemoteConsole, RemoteConsole]]:
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
    with both(**consoles) as (source, target):
        verification = verify(source, target)
    tell(verification)
    if not verification.passed:
        raise SystemExit(Exit.FINDINGS)


@command.command(
    "start",
    help=N_("Verify, then move every device with its groups and credentials from the source to the target."),
)
@pair_options
def start(**consoles: Any) -> None:
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


@command.command("status", help=N_("Show the migrations of a console."))
@console_options
def status(address: str, user: str, password_file: str | None, ca_file: str | None, insecure: bool) -> None:
    from mutua.cli.migration_text import migration_lines

    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        migrations = console.get("/MigrationService/Migrations")["value"]
    for migration in migrations:
        click.echo("\n".join(migration_lines(migration)))
    if not migrations:
        click.echo(_("No migrations."))


@command.command("resume", help=N_("Carry on the migration ID where it stands, at either console."))
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


@command.command("abort", help=N_("End the migration ID before it is committed: the source takes its devices back."))
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


def tell(verification: Verification) -> None:
    """Print a verification."""
    from mutua.cli.migration_text import verification_lines

    for line in verification_lines(verification):
        click.echo(line)


def begin(source: RemoteConsole, target: RemoteConsole, verification: Verification) -> dict[str, Any]:
    """Prepare at the source, start at the target; returns the target's record with the source's counts."""
    prepared = source.prepare(str(verification.source_meets_target.peer_key_sha256))
    target.migrate(prepared["Id"], str(verification.target_meets_source.peer_key_sha256))
    return prepared


def watch(target: RemoteConsole, identifier: str) -> dict[str, Any]:
    """Show the progress at the target until it is over or has stopped; returns the target's last word."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(" {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(_("streaming"), total=None)
        while True:
            migration = target.migration(identifier)
            done, total = migration["RecordsDone"], migration["RecordsTotal"]
            progress.update(task, completed=done, total=total or None, description=migration["Phase"])
            if migration["Phase"] in _FINAL or not migration["Running"]:
                return migration
            time.sleep(_POLL_S)


def _finish(migration: dict[str, Any]) -> None:
    from mutua.cli.migration_text import migration_lines

    click.echo("\n".join(migration_lines(migration)))
    if migration["Phase"] != "done":
        raise SystemExit(Exit.FINDINGS)
