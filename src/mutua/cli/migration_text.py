"""Verification and migration as text: R20's table, the causes, the phases."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import click

from mutua.chain.certificate import Certificate
from mutua.chain.pair import Row
from mutua.language import _, translate
from mutua.peering.verify import CANNOT_AUTHENTICATE, Verification

_WIDTH = 80
_COLUMN = 17


def verification_lines(verification: Verification) -> Iterator[str]:
    """The answer to a verification: the table, then either what was verified or everything that is wrong."""
    yield from _table(verification)
    yield ""
    if verification.passed:
        verified = _(
            "verified   source ⇄ target, mutual TLS both ways, same authorities, clocks {skew:.1f} s apart",
            skew=abs(verification.clock_skew_s),
        )
        yield click.style(f" ✓ {verified}", fg="green")
        return
    yield f" {CANNOT_AUTHENTICATE.message}"
    yield from textwrap.wrap(CANNOT_AUTHENTICATE.resolution, _WIDTH, initial_indent=" ", subsequent_indent=" ")
    yield ""
    for cause in verification.causes:
        side = {"source": _("source"), "target": _("target"), "both": _("both")}[cause.side]
        mark = click.style("✗", fg="red", bold=True)
        yield f" {mark} {side}: {translate(cause.title)}   {cause.rule}"
        yield from textwrap.wrap(translate(cause.found), _WIDTH, initial_indent="   ", subsequent_indent="   ")
        yield from textwrap.wrap(translate(cause.fix), _WIDTH, initial_indent="   → ", subsequent_indent="     ")


def _table(verification: Verification) -> Iterator[str]:
    half = 2 * _COLUMN + 1
    yield f" {_('SOURCE'):<{half}}     {_('TARGET')}"
    heading = f"{_('issued to'):<{_COLUMN}} {_('issued by'):<{_COLUMN}}"
    yield f" {heading}     {heading}".rstrip()
    for row in verification.comparison.rows:
        yield f" {_cells(row.source)}  {_mark(row)}  {_cells(row.target)}".rstrip()


def _cells(certificate: Certificate | None) -> str:
    if certificate is None:
        return f"{'—':<{_COLUMN}} {'—':<{_COLUMN}}"
    return f"{_cell(certificate.issued_to)} {_cell(certificate.issued_by)}"


def _cell(text: str) -> str:
    return f"{text if len(text) <= _COLUMN else text[: _COLUMN - 1] + '…':<{_COLUMN}}"


def _mark(row: Row) -> str:
    return click.style("↔", fg="green") if row.matches else click.style("✗", fg="red", bold=True)


def migration_lines(migration: Mapping[str, Any]) -> Iterator[str]:
    """What one console knows of a migration."""
    yield _("migration {id}", id=migration["Id"])
    yield _(
        "  {role}, with {peer} at {address}",
        role=_("source") if migration["Role"] == "source" else _("target"),
        peer=migration["Peer"]["Name"],
        address=migration["Peer"]["Address"],
    )
    yield _(
        "  {devices:,} devices, {groups:,} groups, {credentials:,} credentials; digest {digest}",
        devices=migration["Devices"],
        groups=migration["Groups"],
        credentials=migration["Credentials"],
        digest=(migration["Digest"] or "—")[:16],
    )
    for step in migration["Phases"]:
        yield f"  {step['At'][:19].replace('T', ' ')}  {step['Phase']}"
    for problem in migration["Problems"]:
        yield f"  ✗ {problem}"
