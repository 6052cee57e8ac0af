"""`mutua user`: the accounts of a console, by its state folder: for whoever cannot sign in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from mutua.cli.consoles import state_option
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_secret
from mutua.cli.speaking import Group, json_option, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.console.failures import Failures
    from mutua.console.users import Account, Role, Users
    from mutua.logbook.actions import Action
    from mutua.storage.database import Database

F = TypeVar("F", bound=Callable[..., None])

ROLES = ("administrator", "device-manager", "viewer")


class _Book(NamedTuple):
    """The accounts in a state folder."""

    users: "Users"
    failures: "Failures"
    database: "Database"

    def write_down(self, action: "Action", name: str) -> None:
        """Have the audit log tell what was done to an account."""
        from mutua.logbook import audit

        with self.database.writing() as connection:
            audit.append(connection, audit.by_system(action, name))


@click.group(
    cls=Group,
    help=N_("List, add and mend the accounts of a console, by its state folder, while it runs or not."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua user list --state ./console\n"
        "  mutua user add maria --role device-manager --state ./console\n"
        "  mutua user passwd admin --state ./console\n"
        "  mutua user unlock admin --state ./console\n"
        "\n"
        "Whoever may read the state folder may do this; nobody has to sign in."
    ),
)
def command() -> None:
    pass


def _password(function: F) -> F:
    return option(
        "--password-file",
        metavar="FILE",
        help=N_("The new password; else MUTUA_NEW_PASSWORD is used, else you are asked."),
    )(function)


def _role(function: F) -> F:
    return option(
        "--role",
        type=click.Choice(ROLES),
        default="viewer",
        show_default=True,
        help=N_("What the user may do: everything; manage devices; or only look."),
    )(function)


@command.command(
    "list",
    help=N_("List the accounts."),
    epilog=N_("Example:\n\n\b\n  mutua user list --state ./console --format json"),
)
@state_option
@json_option
def list_(state: Path, form: str) -> None:
    with _opened(state) as book:
        locked = book.failures.locked()
        accounts = [(account, locked(account.name)) for account in book.users.all()]
    if form == "json":
        import json

        click.echo(json.dumps([_json(*row) for row in accounts], indent=2, ensure_ascii=False))
        return
    width = max((len(account.name) for account, _locked in accounts), default=0)
    for account, is_locked in accounts:
        click.echo(f"{account.name:<{width}}  {_word(account.role):<14}  {_standing(account, is_locked)}".rstrip())


@command.command(
    help=N_("Add an account."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua user add maria --role device-manager --state ./console\n"
        "  mutua user add monitor --password-file monitor.password --state ./console"
    ),
)
@click.argument("name")
@_role
@_password
@state_option
def add(name: str, role: str, password_file: str | None, state: Path) -> None:
    with _opened(state) as book:
        from mutua.console.users import Change
        from mutua.logbook.actions import ADD_ACCOUNT

        book.users.add(Change(name=name, password=_new_password(password_file), role=_role_of(role)))
        book.write_down(ADD_ACCOUNT, name)
    click.echo(_("{user} can sign in, as {role}.", user=name, role=role))


@command.command(
    help=N_("Give an account another password. Its sessions end, and it can sign in at once."),
    epilog=N_("Example:\n\n\b\n  mutua user passwd admin --state ./console"),
)
@click.argument("name")
@_password
@state_option
def passwd(name: str, password_file: str | None, state: Path) -> None:
    with _opened(state) as book:
        from mutua.console.users import Change
        from mutua.logbook.actions import SET_PASSWORD

        account = _find(book, name)
        book.users.change(account.id, Change(password=_new_password(password_file)))
        book.failures.forgive(name)
        book.write_down(SET_PASSWORD, name)
    click.echo(_("The password of {user} is changed; its sessions have ended.", user=name))


@command.command(
    help=N_("Let an account sign in again: forget its failed sign-ins, and enable it."),
    epilog=N_("Example:\n\n\b\n  mutua user unlock admin --state ./console"),
)
@click.argument("name")
@state_option
def unlock(name: str, state: Path) -> None:
    with _opened(state) as book:
        from mutua.console.users import Change
        from mutua.logbook.actions import UNLOCK_ACCOUNT

        book.users.change(_find(book, name).id, Change(enabled=True))
        book.failures.forgive(name)
        book.write_down(UNLOCK_ACCOUNT, name)
    click.echo(_("{user} can sign in again.", user=name))


@command.command(
    help=N_("Give an account another role."),
    epilog=N_("Example:\n\n\b\n  mutua user role maria administrator --state ./console"),
)
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@state_option
def role(name: str, role: str, state: Path) -> None:
    with _opened(state) as book:
        from mutua.console.users import Change
        from mutua.logbook.actions import CHANGE_ACCOUNT

        book.users.change(_find(book, name).id, Change(role=_role_of(role)))
        book.write_down(CHANGE_ACCOUNT, name)
    click.echo(_("The role of {user} is now {role}.", user=name, role=role))


@command.command(
    help=N_("Delete an account; its sessions end."),
    epilog=N_("Example:\n\n\b\n  mutua user delete maria --state ./console"),
)
@click.argument("name")
@state_option
def delete(name: str, state: Path) -> None:
    with _opened(state) as book:
        from mutua.logbook.actions import DELETE_ACCOUNT

        book.users.delete(_find(book, name).id)
        book.write_down(DELETE_ACCOUNT, name)
    click.echo(_("{user} is deleted.", user=name))


@contextmanager
def _opened(state: Path) -> Iterator[_Book]:
    """The accounts, whether the console runs or not. Raises `Failure` for whatever goes wrong with them."""
    from mutua.console.failures import Failures
    from mutua.console.users import AccountRefusedError, Users
    from mutua.storage.database import Database
    from mutua.storage.state import StateFolder, StateFolderError

    try:
        database = Database.join(StateFolder.beside(state).database_url)
    except StateFolderError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error
    try:
        yield _Book(Users(database), Failures(database), database)
    except AccountRefusedError as error:
        raise Failure(error.problem, Exit.USAGE) from error
    finally:
        database.close()


def _find(book: _Book, name: str) -> "Account":
    from mutua.console.users import UnknownAccountError

    try:
        return book.users.find(name)
    except UnknownAccountError as error:
        raise Failure(
            message("there is no user named {name}.", name=name),
            Exit.USAGE,
            message("see mutua user list for those that there are."),
        ) from error


def _new_password(password_file: str | None) -> str:
    return read_secret(password_file, variable="MUTUA_NEW_PASSWORD", prompt=_("New password"))


def _role_of(word: str) -> "Role":
    from mutua.console.users import Role

    return Role[word.replace("-", "_").upper()]


def _word(role: "Role") -> str:
    return role.name.lower().replace("_", "-")


def _standing(account: "Account", locked: bool) -> str:
    if not account.enabled:
        return _("disabled")
    if locked:
        return _("locked after failed sign-ins")
    return _("must change the password") if account.must_change_password else ""


def _json(account: "Account", locked: bool) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "role": _word(account.role),
        "enabled": account.enabled,
        "locked": locked,
        "must_change_password": account.must_change_password,
    }
