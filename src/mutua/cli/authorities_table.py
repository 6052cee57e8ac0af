"""R20's table as text: two chains side by side, row by row, with a mark between them."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import click

from mutua.chain.certificate import Certificate
from mutua.chain.pair import Comparison, Row
from mutua.cli.paragraphs import WIDTH
from mutua.language import _

_GAP, _MIDDLE = 2, 5
"""Blanks between two columns of one chain, and the room for the mark between the chains."""


def lines(comparison: Comparison) -> Iterator[str]:
    """The table, as wide as its names need and no wider than the page; a name that is too long goes on below."""
    heading = (_("issued to"), _("issued by")) * 2
    rows = [(*_names(row.source), *_names(row.target)) for row in comparison.rows]
    widths = _widths([heading, *rows])
    half = widths[0] + _GAP + widths[1]
    yield " " + _("SOURCE").ljust(half + _MIDDLE) + _("TARGET")
    yield from _lines(heading, widths, " ")
    for row, names in zip(comparison.rows, rows, strict=True):
        yield from _lines(names, widths, _mark(row))


def _names(certificate: Certificate | None) -> tuple[str, str]:
    return (certificate.issued_to, certificate.issued_by) if certificate else ("—", "—")


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """What each column needs; where that is too much together, the widest give."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = WIDTH - 1 - 2 * _GAP - _MIDDLE
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return widths


def _lines(names: Sequence[str], widths: Sequence[int], mark: str) -> Iterator[str]:
    """One row of the table: a line, and more where a name goes on."""
    gap = " " * _GAP
    columns = [textwrap.wrap(name, width) for name, width in zip(names, widths, strict=True)]
    for texts in zip_longest(*columns, fillvalue=""):
        cells = [f"{text:<{width}}" for text, width in zip(texts, widths, strict=True)]
        yield f" {cells[0]}{gap}{cells[1]}  {mark}  {cells[2]}{gap}{cells[3]}".rstrip()
        mark = " "


def _mark(row: Row) -> str:
    return click.style("↔", fg="green") if row.matches else click.style("✗", fg="red", bold=True)
