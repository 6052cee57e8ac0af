"""How every command ends: the exit codes, written down once, and the one way to fail."""

from enum import IntEnum
from typing import IO, Any

import click

from mutua.language import _, translate
from mutua.message import Message


class Exit(IntEnum):
    """The exit codes of every command. They are the interface for scripts and never change meaning."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    UNREADABLE = 3
    UNREACHABLE = 4
    INTERNAL = 5


class Failure(click.ClickException):
    """A command cannot go on: what is wrong, what to do about it, and the exit code."""

    def __init__(self, problem: Message, exit_code: Exit, advice: Message | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class, and reads the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it on standard error, in the person's language."""
        click.echo(_("mutua: error: {problem}", problem=translate(self.problem)), file=file, err=True)
        if self.advice is not None:
            click.echo(f"→ {translate(self.advice)}", file=file, err=True)
