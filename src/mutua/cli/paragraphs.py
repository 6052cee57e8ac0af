"""Text for a page of 80 columns: paragraphs with an indent, and two texts at its two edges."""

import click

WIDTH = 80


def wrapped(text: str, first: str, following: str | None = None) -> list[str]:
    """A paragraph that begins with `first`, and whose other lines begin with `following` (None: blanks as wide).

    `first` may be styled; a word that is longer than a line stands alone and is not broken.
    """
    taken = len(click.unstyle(first))
    if taken + len(text) <= WIDTH and text and text == " ".join(text.split()):
        return [first + text]
    import textwrap

    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * taken,
        subsequent_indent=" " * taken if following is None else following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    if not lines:
        return [first.rstrip()]
    return [first + lines[0][taken:], *lines[1:]]


def sides(left: str, right: str) -> list[str]:
    """Two texts at the two edges of a line, or of two lines where they do not fit beside each other."""
    room = WIDTH - len(click.unstyle(left)) - len(click.unstyle(right))
    if room > 1:
        return [f"{left}{' ' * room}{right}"]
    return [left, " " * (WIDTH - len(click.unstyle(right))) + right]


def instructed(text: str, first: str) -> list[str]:
    """A sentence that begins with `first`, and below it, a little further in, the lines that it says to type.

    A line to type is broken only where it is wider than the page.
    """
    sentence, *typed = text.split("\n")
    indent = " " * (len(click.unstyle(first)) + 2)
    return [*wrapped(sentence, first), *(part for line in typed for part in wrapped(line, indent))]
