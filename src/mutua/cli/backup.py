"""`mutua backup`: a console in one encrypted file, and back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict

import click

from mutua.cli.consoles import state_option
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_secret
from mutua.cli.speaking import F, Group, json_option, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.backup.container import Container
    from mutua.backup.preview import Preview

VARIABLE = "MUTUA_BACKUP_PASSPHRASE"


class BackupJson(TypedDict):
    """What a backup says of itself to whoever has no passphrase."""

    version: Literal[1]
    """Of this form."""
    program: str
    """The version of Mutua that took it."""
    schema: str
    """The schema step of the console's database."""
    taken_at: str
    """ISO 8601, UTC."""
    console: str
    """Whom the console's certificate was issued to."""
    certificate_sha256: str
    """The fingerprint of that certificate, in hex; empty where there was none."""
    rows: dict[str, int]
    """How many rows of each table it holds."""


@click.group(
    cls=Group,
    help=N_("Write a console into one encrypted file, and bring it back from there."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua backup create --state ./console -o console.backup\n"
        "  mutua backup show console.backup\n"
        "  mutua backup restore console.backup --state ./other --dry-run\n"
        "  mutua backup restore console.backup --state ./other\n"
        "\n"
        "A console that keeps its self-signed certificate moves to another machine this way."
    ),
)
def command() -> None:
    pass


def _passphrase(function: F) -> F:
    return option(
        "--passphrase-file",
        metavar="FILE",
        help=N_("The passphrase of the backup; else MUTUA_BACKUP_PASSPHRASE is used, else you are asked."),
    )(function)


@command.command(
    help=N_("Write a backup of a console, while it runs or not. The passphrase has at least 12 characters."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua backup create --state ./console -o console.backup\n"
        "  mutua backup create --state ./console -o console.backup --passphrase-file passphrase --force\n"
        "\n"
        "Without the passphrase nobody can restore it. It holds private keys and passwords: keep both apart."
    ),
)
@state_option
@option("-o", "--output", type=click.Path(path_type=Path), required=True, help=N_("The file to be written (0600)."))
@_passphrase
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
def create(state: Path, output: Path, passphrase_file: str | None, force: bool) -> None:
    from mutua.backup.create import check_passphrase
    from mutua.backup.create import create as write
    from mutua.cli.backup_text import summary_lines
    from mutua.cli.keeping import kept
    from mutua.cli.progress import with_progress

    with _told(), kept(output, force=force) as file:
        passphrase = _read_passphrase(passphrase_file, again=_("The same again"))
        check_passphrase(passphrase)
        header = write(state, file, passphrase, lambda rows, total: with_progress(rows, total, _("Writing the backup")))
    for line in summary_lines(header):
        click.echo(line)
    click.echo(_("Written: {path}", path=output))


@command.command(
    help=N_("Say what a backup holds and whether it is whole, as far as can be seen without its passphrase."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua backup show console.backup\n"
        "  mutua backup show console.backup --format json\n"
        "\n"
        "Only a restore (or its --dry-run) proves that nobody has changed it."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def show(file: Path, form: str) -> None:
    from mutua.cli.backup_text import summary_lines

    with _told(), _opened(file) as backup:
        header = backup.header
    if form == "json":
        import json

        said: BackupJson = {
            "version": 1,
            "program": header.program,
            "schema": header.schema,
            "taken_at": header.taken_at.isoformat(),
            "console": header.console,
            "certificate_sha256": header.certificate_sha256,
            "rows": dict(header.rows),
        }
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    for line in summary_lines(header):
        click.echo(line)
    click.echo(_("The file is whole: its digest is the one in its manifest."))


@command.command(
    help=N_("Restore a backup into the folder of a console that does not run: everything, or nothing."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua backup restore console.backup --state ./new\n"
        "  mutua backup restore console.backup --state ./console --dry-run\n"
        "  mutua backup restore console.backup --state ./console --replace\n"
        "\n"
        "Never let the console that the backup was taken from run beside the restored one:\n"
        "both would manage the same devices.\n"
        "\n"
        "Exit code 0: restored, or nothing is in the way of it, 1: the console's present state is in the way."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@state_option
@_passphrase
@option("--dry-run", is_flag=True, help=N_("Do everything but keep it: say what would change."))
@option("--replace", is_flag=True, help=N_("Restore over a console that is not empty; what it has is lost."))
@option(
    "--despite-migration",
    "despite",
    metavar="ID",
    multiple=True,
    help=N_("Restore although this migration, which the backup knows nothing of, has moved devices since."),
)
def restore(
    file: Path, state: Path, passphrase_file: str | None, dry_run: bool, replace: bool, despite: tuple[str, ...]
) -> None:
    from mutua.backup.restore import restore as put_back
    from mutua.cli.backup_text import preview_lines, summary_lines
    from mutua.cli.progress import with_progress

    os.umask(0o077)
    previews: list[Preview] = []

    def decide(preview: "Preview") -> bool:
        previews.append(preview)
        for line in (*summary_lines(backup.header), *preview_lines(preview, despite)):
            click.echo(line)
        return not dry_run and (replace or preview.over_empty)

    with _told(), _opened(file) as backup:
        identity = backup.unlock(_read_passphrase(passphrase_file))
        restored = put_back(
            backup,
            identity,
            state,
            decide,
            despite,
            lambda rows, total: with_progress(rows, total, _("Restoring")),
        )
    if restored:
        click.echo(_("Restored into {path}.", path=state))
        click.echo(
            _("→ the console that the backup was taken from must not run any more: both would manage the same devices.")
        )
    else:
        _say_why_not(previews[0], dry_run, despite)


def _say_why_not(preview: "Preview", dry_run: bool, despite: tuple[str, ...]) -> None:
    if not dry_run:
        raise Failure(
            message("the console is not empty; it was left as it was."),
            Exit.FINDINGS,
            message("if all of this is to be lost, give --replace."),
        )
    click.echo(_("Nothing was changed."))
    if any(migration.id not in despite for migration in preview.undone):
        raise SystemExit(Exit.FINDINGS)


def _read_passphrase(file: str | None, again: str | None = None) -> str:
    return read_secret(
        file, variable=VARIABLE, prompt=_("Passphrase of the backup"), again=again, option="--passphrase-file"
    )


@contextmanager
def _opened(path: Path) -> "Iterator[Container]":
    from mutua.backup.container import Container

    try:
        file = path.open("rb")
    except OSError as error:
        raise Failure(
            message("{name} cannot be read: {reason}.", name=path, reason=error.strerror or error), Exit.UNREADABLE
        ) from error
    with file:
        yield Container.open(file)


@contextmanager
def _told() -> Iterator[None]:
    """Whatever stands in the way becomes a `Failure`."""
    from mutua.backup.errors import BackupError, UnreadableBackupError, WeakPassphraseError
    from mutua.storage.state import StateFolderError

    try:
        yield
    except StateFolderError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error
    except UnreadableBackupError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error
    except WeakPassphraseError as error:
        raise Failure(error.problem, Exit.USAGE, error.advice) from error
    except BackupError as error:
        raise Failure(error.problem, Exit.FINDINGS, error.advice) from error
