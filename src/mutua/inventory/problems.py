"""What is wrong with a fleet: gathered while it is read, told all at once."""

import re
from typing import NoReturn

from mutua.message import Message, message

MAX_TOLD = 20
"""How many problems are told one by one; the rest are counted."""

_LONGEST_QUOTE = 60
# Control characters, line and paragraph separators, and halves of surrogate pairs, which no encoding can store.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_KINDS: dict[type, Message] = {
    bool: message("true or false"),
    int: message("a number"),
    float: message("a number"),
    str: message("a text"),
    list: message("a list"),
    dict: message("an object"),
    type(None): message("null"),
}

Said = Message | str


class InvalidFleet(ValueError):  # noqa: N818  (it names the state of the fleet, as callers say it)
    """A fleet that cannot be taken. `problems` are full sentences, at most `MAX_TOLD` and a count of the rest."""

    def __init__(self, problems: tuple[Message, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Problems:
    """Gathers problems; nothing is raised until everything has been looked at."""

    def __init__(self) -> None:
        self._told: list[Message] = []
        self._untold = 0

    def add(self, problem: Message) -> None:
        """Take note of one problem."""
        if len(self._told) < MAX_TOLD:
            self._told.append(problem)
        else:
            self._untold += 1

    def expected(self, where: Said, expected: Said, found: Said) -> None:
        """Take note that something else was expected at a place than what was found."""
        self.add(message("{where}: expected {expected}, found {found}.", where=where, expected=expected, found=found))

    def raise_if_any(self) -> None:
        """Raise `InvalidFleet` with all that was noted, if anything was."""
        if self._told:
            self._raise()

    def _raise(self) -> NoReturn:
        rest = (message("and {count} more.", count=self._untold),) if self._untold else ()
        raise InvalidFleet((*self._told, *rest))


def kind_of(value: object) -> Message:
    """What sort of JSON value this is, without showing it: it may be a secret, or huge."""
    return _KINDS.get(type(value), message("something that JSON does not have"))


def quoted(text: str) -> str:
    """A text as it can be shown: in quotes, shortened, and with nothing that a terminal would obey."""
    short = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short)
    return f'"{shown}"'


def check_text(text: str, where: Said, problems: Problems, *, shortest: int, longest: int) -> None:
    """Tell if a text is too short or too long (in characters) or holds control characters. Never shows the text."""
    if len(text) < shortest:
        problems.expected(where, message("a text that is not empty"), message("nothing"))
    elif len(text) > longest:
        problems.expected(where, message("at most {longest} characters", longest=longest), str(len(text)))
    elif unfit := _UNFIT.search(text):
        problems.expected(
            where,
            message("a text without control characters"),
            message("U+{code} as character {position}", code=f"{ord(unfit.group()):04X}", position=unfit.start() + 1),
        )
