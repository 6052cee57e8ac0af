"""`mutua audit`: what was done to a console, and whether the log of it is what was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict

import click

from mutua.cli.consoles import state_option
from mutua.cli.exits import Exit, Failure
from mutua.cli.speaking import Group, json_option, option
from mutua.language import _, plural, translate
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mutua.logbook.audit import Entry, Mark
    from mutua.logbook.audit_check import Checked


class EntryJson(TypedDict):
    """Something that was done, or refused."""

    number: int
    """Of the entry; they follow on each other without a gap."""
    at: str
    """When, in UTC: 2026-01-02 03:04:05.678."""
    user: str
    """Who; system:NAME is an account of the machine, and nothing somebody that nobody knows."""
    address: str
    """From where; nothing for the command line."""
    action: str
    """What was done, such as account.add."""
    subject: str
    """To what, where that is known."""
    status: int
    """How it ended, as a status of HTTP."""


class EntriesJson(TypedDict):
    """The newest entries of the audit log."""

    version: Literal[1]
    """Of this form."""
    entries: list[EntryJson]
    """The newest first."""


class CheckedJson(TypedDict):
    """Whether the audit log is what was written."""

    version: Literal[1]
    """Of this form."""
    intact: bool
    """Whether every entry fits."""
    entries: int
    """How many fit, from the first on."""
    first: int | None
    """The number of the oldest entry."""
    last: str
    """The last entry that fits, as number:hash. To note down, and to give to --noted another time."""
    problem: str | None
    """What is wrong, for people."""
    broken_at: int | None
    """The number of the first entry that is missing or does not fit."""


@click.group(
    cls=Group,
    help=N_("Show the audit log of a console, or check that nobody has changed it; the console may be running."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua audit list --state ./console\n"
        "  mutua audit verify --state ./console\n"
        "\n"
        "Whoever may read the state folder may do this; nobody has to sign in."
    ),
)
def command() -> None:
    pass


@command.command(
    "list",
    help=N_("Show the newest entries: when, who, from where, what, and how it ended."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua audit list --state ./console\n"
        "  mutua audit list --state ./console --top 1000 --format json"
    ),
)
@state_option
@option("--top", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help=N_("At most so many."))
@json_option
def list_(state: Path, top: int, form: str) -> None:
    from mutua.logbook import audit

    with _reading(state) as connection:
        entries = audit.latest(connection, top)
    if form == "json":
        _print({"version": 1, "entries": [_entry_json(entry) for entry in entries]})
        return
    for line in _table([_cells(entry) for entry in entries]):
        click.echo(line)


@command.command(
    help=N_("Check that every entry is what was written, and that none is missing."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua audit verify --state ./console\n"
        "  mutua audit verify --state ./console --noted 57:6f1d…\n"
        "\n"
        "Whoever can write to the database can write the whole log anew. Note down elsewhere what this says of the "
        "last entry: --noted finds them out.\n"
        "\n"
        "Exit code 0: the log is intact, 1: it is not."
    ),
)
@state_option
@option(
    "--noted", metavar="NUMBER:HASH", help=N_("An entry that was noted down: it must still be there, and the same.")
)
@json_option
def verify(state: Path, noted: str | None, form: str) -> None:
    from mutua.logbook import audit_check

    mark = None if noted is None else _mark(noted)
    with _reading(state) as connection:
        checked = audit_check.verify(connection, mark)
    if form == "json":
        _print(_checked_json(checked))
    else:
        _tell(checked)
    raise SystemExit(Exit.CLEAN if checked.problem is None else Exit.FINDINGS)


@contextmanager
def _reading(state: Path) -> "Iterator[Connection]":
    from sqlalchemy.exc import SQLAlchemyError

    from mutua.storage.database import Database
    from mutua.storage.state import StateFolder, StateFolderError

    try:
        database = Database.join(StateFolder.beside(state).database_url)
    except StateFolderError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error
    try:
        with database.reading() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise Failure(
            message("the audit log in {path} cannot be read.", path=state),
            Exit.UNREADABLE,
            message("see mutua doctor for what is wrong with the database."),
        ) from error
    finally:
        database.close()


def _mark(noted: str) -> "Mark":
    from mutua.logbook.audit import Mark

    try:
        return Mark.parse(noted)
    except ValueError as error:
        raise Failure(
            message(
                "{noted!r} is no entry; expected its number, a colon, and 64 hexadecimal digits.", noted=noted[:80]
            ),
            Exit.USAGE,
        ) from error


def _cells(entry: "Entry") -> list[str]:
    who, where = entry.user_name or "-", entry.address or "-"
    told = translate(entry.title), entry.subject, translate(entry.outcome)
    return [str(cell) for cell in (entry.number, entry.at, who, where, *told)]


def _table(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _tell(checked: "Checked") -> None:
    if checked.problem is not None:
        click.echo(_("The audit log is not what was written: {problem}", problem=translate(checked.problem)))
        click.echo(plural("Up to there {count} entry fits.", "Up to there {count} entries fit.", checked.entries))
        return
    intact = plural(
        "The audit log is intact: {count} entry.", "The audit log is intact: {count} entries.", checked.entries
    )
    click.echo(intact)
    click.echo(_("The last one, to be noted down elsewhere:"))
    click.echo(f"  {checked.last}")


def _entry_json(entry: "Entry") -> EntryJson:
    return {
        "number": entry.number,
        "at": entry.at,
        "user": entry.user_name,
        "address": entry.address,
        "action": entry.action,
        "subject": entry.subject,
        "status": entry.status,
    }


def _checked_json(checked: "Checked") -> CheckedJson:
    return {
        "version": 1,
        "intact": checked.problem is None,
        "entries": checked.entries,
        "first": checked.first,
        "last": str(checked.last),
        "problem": None if checked.problem is None else translate(checked.problem),
        "broken_at": checked.at,
    }


def _print(answer: EntriesJson | CheckedJson) -> None:
    import json

    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
