"""What a command made, as a few labelled facts and the next step."""

import textwrap
from collections.abc import Iterable, Iterator

_WIDTH = 80


def lines(facts: Iterable[tuple[str, str]], next_step: str) -> Iterator[str]:
    """The facts in two columns, then what to do next. A fact with an empty label continues the one above."""
    rows = list(facts)
    column = max(len(label) for label, _text in rows) + 4
    for label, text in rows:
        yield from _wrapped(text, f" {label:<{column - 1}}", " " * column)
    yield ""
    yield from _wrapped(next_step, " → ", "   ")


def _wrapped(text: str, first: str, following: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
