"""A sentence for people, kept apart from the language it will be said in.

The parts that find things out (`chain`, `peering`, `migration`) return messages; the parts that talk to
people (`cli`, `console`) translate them with `mutua.language`. So nothing below needs to know a language.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Message(NamedTuple):
    """An English template with {named} placeholders, and the values for them.

    A value may be a message itself: it is translated before it is put in.
    """

    template: str
    values: Mapping[str, object] = {}

    def __str__(self) -> str:
        return self.template.format(**self.values)


def message(template: str, /, **values: object) -> Message:
    """Mark a template for the message catalogue and tie it to its values."""
    return Message(template, values)


def N_(template: str, /) -> str:  # noqa: N802  (the gettext convention)
    """Mark a text for the message catalogue without translating it here."""
    return template
