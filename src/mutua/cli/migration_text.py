"""Verification and migration as text: R20's table, the causes, the phases."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from mutua.cli import authorities_table
from mutua.cli.paragraphs import wrapped
from mutua.language import _, translate
from mutua.message import N_
from mutua.peering.verify import CANNOT_AUTHENTICATE, Verification

_PHASES = {
    "prepared": N_("prepared"),
    "streaming": N_("streaming"),
    "validated": N_("validated"),
    "committed": N_("committed"),
    "released": N_("released"),
    "done": N_("done"),
    "aborted": N_("aborted"),
}


def phase_word(phase: str) -> str:
    """A phase for people."""
    return _(_PHASES[phase]) if phase in _PHASES else phase


def verification_lines(verification: Verification) -> Iterator[str]:
    """The answer to a verification: the table, then either what was verified or everything that is wrong."""
    yield from authorities_table.lines(verification.comparison)
    yield ""
    if verification.passed:
        verified = _(
            "verified: mutual TLS 1.3 both ways, same authorities, clocks {skew:.1f} s apart",
            skew=abs(verification.clock_skew_s),
        )
        yield from (click.style(line, fg="green") for line in wrapped(verified, " ✓ "))
        return
    yield f" {CANNOT_AUTHENTICATE.message}"
    yield from wrapped(CANNOT_AUTHENTICATE.resolution, " ")
    yield ""
    for cause in verification.causes:
        side = {"source": _("source"), "target": _("target"), "both": _("both")}[cause.side]
        mark = click.style("✗", fg="red", bold=True)
        yield f" {mark} {side}: {translate(cause.title)}   {cause.rule}"
        yield from wrapped(translate(cause.found), "   ")
        yield from wrapped(translate(cause.fix), "   → ")


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
        yield f"  {step['At'][:19].replace('T', ' ')}  {phase_word(step['Phase'])}"
    for problem in migration["Problems"]:
        yield from wrapped(problem, "  ✗ ")
