"""Commands and options whose help speaks the person's language, chosen by `--lang` anywhere on the line."""

import gettext
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from mutua import language
from mutua.language import _
from mutua.message import N_

F = TypeVar("F", bound=Callable[..., Any])

CLICK_TEXTS = (
    N_("Usage:"),
    N_("Options"),
    N_("Positional arguments"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Missing command."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{name} {filename!r} does not exist."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is a file."),
    N_("{name} {filename!r} is not readable."),
    N_("{name} {filename!r} is not writable."),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("file"),
    N_("directory"),
    N_("path"),
    N_("default: {default}"),
    N_("required"),
)
"""The sentences of click itself, named here so that our catalogues hold them."""


def speak(chosen: str) -> None:
    """Use a language for our texts and for click's own."""
    language.use(chosen)
    os.environ["LANGUAGE"] = chosen
    gettext.bindtextdomain("mutua", language.LOCALE_FOLDER)
    gettext.textdomain("mutua")


def _choose(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        speak(value)


class Option(click.Option):
    """An option whose help is translated when it is shown, not when it is declared."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        source, self.help = self.help, _(self.help) if self.help else None
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = source


def _speak_early(arguments: list[str]) -> None:
    """Before anything is parsed: a usage error and `--help` in front of `--lang` speak the language too."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            chosen = value if equals else "".join(arguments[position + 1 : position + 2])
            if chosen in language.LANGUAGES:
                speak(chosen)


def _lang_option() -> Option:
    return Option(
        ["--lang"],
        type=click.Choice(language.LANGUAGES),
        help=N_("Language for people; the locale decides otherwise."),
        is_eager=True,
        expose_value=False,
        callback=_choose,
    )


class Command(click.Command):
    """A verb: translated help, and `--lang` among its options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_lang_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _speak_early(args)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        source, self.help = self.help, _(self.help) if self.help else None
        super().format_help_text(ctx, formatter)
        self.help = source

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        source, self.epilog = self.epilog, _(self.epilog) if self.epilog else None
        super().format_epilog(ctx, formatter)
        self.epilog = source

    def get_short_help_str(self, limit: int = 45) -> str:
        source, self.help = self.help, _(self.help) if self.help else None
        try:
            return super().get_short_help_str(limit)
        finally:
            self.help = source


class Group(Command, click.Group):
    """A verb with sub-verbs."""

    command_class = Command


def option(*declarations: str, **attributes: Any) -> Callable[[F], F]:
    """`click.option` with a help text that is translated when shown."""
    return click.option(*declarations, cls=Option, **attributes)


def json_option(function: F) -> F:
    """`--format text|json`, which arrives as `form`."""
    choice = click.Choice(["text", "json"])
    about = N_("For people or for machines.")
    return option("--format", "form", type=choice, default="text", show_default=True, help=about)(function)
