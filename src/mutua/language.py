"""The language of the person being talked to: one per command, one per web request."""

import gettext
import os
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache

from mutua.message import Message

LANGUAGES = ("en", "es")
"""The languages that have a complete catalogue. English is the source text and needs none."""

LOCALE_FOLDER = __file__.removesuffix("language.py") + "locale"
"""Where the catalogues are. Text, since pathlib would cost every command a part of its start."""

_current: ContextVar[str] = ContextVar("mutua_language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("mutua", LOCALE_FOLDER, [language], fallback=True)


def use(language: str) -> None:
    """Speak `language` (one of `LANGUAGES`) for the rest of this context."""
    if language not in LANGUAGES:
        raise ValueError(f"no catalogue for {language!r}")
    _current.set(language)


def current() -> str:
    """The language spoken in this context."""
    return _current.get()


def _(template: str, /, **values: object) -> str:
    """The template in the current language, with its {named} values put in."""
    spoken = _current.get()
    as_it_is = spoken == "en" or not template  # gettext("") would be the header of the catalogue.
    text = template if as_it_is else _catalogue(spoken).gettext(template)
    return text.format(**values) if values else text


def translate(message: Message) -> str:
    """Say a message in the current language."""
    values = {name: translate(value) if isinstance(value, Message) else value for name, value in message.values.items()}
    return _(message.template, **values)


def plural(one: str, many: str, count: int, **values: object) -> str:
    """The form of a countable sentence that fits `count`, which is also the value of {count}."""
    text = _catalogue(_current.get()).ngettext(one, many, count)
    return text.format(count=f"{count:,}", **values)


def from_environment() -> str:
    """The language that the shell's locale asks for (LC_ALL, LC_MESSAGES, LANG), or English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return _first_known([value])
    return "en"


def from_accept_language(header: str) -> str:
    """The best language for an Accept-Language header (RFC 9110, section 12.5.4), or English."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _semicolon, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0:
            weighted.append((-weight, tag.strip()))
    return _first_known(tag for _weight, tag in sorted(weighted, key=lambda entry: entry[0]))


def _first_known(tags: Iterable[str]) -> str:
    for tag in tags:
        primary = tag.replace("_", "-").partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return "en"
