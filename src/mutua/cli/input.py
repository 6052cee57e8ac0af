"""Reading what the person named on the command line: files, standard input, secrets, moments."""

import os
import sys
from datetime import UTC, datetime

import click

from mutua.chain.decode import MAX_BYTES
from mutua.cli.exits import Exit, Failure
from mutua.language import _
from mutua.message import message


def read_file(name: str) -> bytes:
    """The content of a file, or of standard input for `-`. Raises `Failure` with `Exit.UNREADABLE`."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(name, "rb") as file:  # noqa: PTH123  (pathlib would cost mutua check a part of its start)
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failure(
            message("{name} cannot be read: {reason}.", name=name, reason=error.strerror or error), Exit.UNREADABLE
        ) from error
    if len(content) > MAX_BYTES:
        raise Failure(
            message("{name} is larger than {limit} MiB.", name=name, limit=MAX_BYTES // 2**20),
            Exit.UNREADABLE,
            message("give the file with the certificates alone."),
        )
    return content


def secret_in(file: str) -> str:
    """The secret that a file holds: its text without the line end. Raises `Failure` where there is none."""
    try:
        secret = read_file(file).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Failure(message("{name} is not text in UTF-8.", name=file), Exit.UNREADABLE) from error
    if not secret:
        raise Failure(message("{name} is empty; expected a password.", name=file), Exit.UNREADABLE)
    return secret


def read_secret(
    password_file: str | None,
    *,
    variable: str,
    prompt: str,
    again: str | None = None,
    option: str = "--password-file",
) -> str:
    """A secret from a file, else from the environment variable, else asked for on the terminal.

    `again` is what it is asked for by a second time; `option` is what the file was named with. It is never taken from
    an argument: those can be seen by everybody on the machine.
    """
    if password_file is not None:
        return secret_in(password_file)
    if variable in os.environ:
        return os.environ[variable]
    if sys.stdin.isatty():
        secret: str = click.prompt(prompt, hide_input=True, confirmation_prompt=again or False, err=True)
        return secret
    raise Failure(
        message("a password is needed and there is no terminal to ask on."),
        Exit.USAGE,
        message("give {option}, or set {variable}.", option=option, variable=variable),
    )


class Moment(click.ParamType[datetime]):
    """A time with or without a zone (ISO 8601); without one it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(_("{value}: expected e.g. 2026-11-24 or 2026-11-24T21:30:00Z", value=repr(value)), param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
