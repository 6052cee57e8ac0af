"""A backup as text: what it says of itself, and what a restore would change."""

from collections.abc import Collection, Iterator

import click

from mutua.backup.container import Header
from mutua.backup.hindrances import Undone
from mutua.backup.preview import Change, Preview
from mutua.cli.paragraphs import wrapped
from mutua.language import _
from mutua.message import N_
from mutua.migration.phases import Role

_TABLES = {
    "devices": N_("devices"),
    "groups": N_("groups, built-in ones too"),
    "credentials": N_("credentials"),
    "users": N_("accounts"),
    "trusted_roots": N_("trusted roots"),
    "peers": N_("peers"),
    "migrations": N_("migrations"),
}
_KINDS = {
    "devices": N_("devices"),
    "groups": N_("groups"),
    "credentials": N_("credentials"),
    "accounts": N_("accounts"),
    "roots": N_("trusted roots"),
    "requests": N_("signing requests"),
    "identities": N_("certificates"),
    "peers": N_("peers"),
    "migrations": N_("migrations"),
}
_NAMES_SHOWN = 5
_WIDTH = 28


def summary_lines(header: Header) -> Iterator[str]:
    """What a backup says of itself."""
    yield _(
        "Backup of {console}, taken {moment:%Y-%m-%d %H:%M} UTC by Mutua {version}",
        console=header.console or "—",
        moment=header.taken_at,
        version=header.program,
    )
    for table, word in _TABLES.items():
        yield _cells(_(word), f"{header.rows.get(table, 0):,}")
    yield _("  certificate (SHA-256)  {digest}", digest=header.certificate_sha256 or "—")
    yield ""


def preview_lines(preview: Preview, despite: Collection[str]) -> Iterator[str]:
    """What a restore changes, and the migrations that it would undo."""
    if preview.over_empty:
        yield _("The console is empty; it gets everything that the backup holds.")
    elif not any(change.added or change.removed or change.changed for change in preview.changes):
        yield _("The console already has what the backup holds.")
    else:
        yield _cells("", _("now"), _("backup"), _("added"), _("removed"), _("changed"))
        for change in preview.changes:
            yield from _change_lines(change)
    for migration in preview.undone:
        mark = click.style("✗", fg="red", bold=True) if migration.id not in despite else "!"
        yield from wrapped(_undone(migration), f" {mark} ")
    yield ""


def _change_lines(change: Change) -> Iterator[str]:
    moved = (change.added, change.removed, change.changed)
    counts = (f"{change.before:,}", f"{change.after:,}", *(f"{len(names):,}" if names else "—" for names in moved))
    yield _cells(_(_KINDS[change.kind]), *counts)
    for names, word in zip(moved, (_("added"), _("removed"), _("changed")), strict=True):
        if names:
            yield from wrapped(_names(names), f"    {word}: ")


def _cells(word: str, *columns: str) -> str:
    return f"  {word:<{_WIDTH}}" + "".join(f"{column:>12}" for column in columns)


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    left = len(names) - _NAMES_SHOWN
    return _("{names} and {count:,} more", names=shown, count=left) if left > 0 else shown


def _undone(migration: Undone) -> str:
    if migration.role is Role.SOURCE:
        return _(
            "Migration {id} has moved {devices:,} devices to {peer} since the backup: both consoles would manage them.",
            id=migration.id,
            devices=migration.devices,
            peer=migration.peer,
        )
    return _(
        "Migration {id} has brought {devices:,} devices from {peer} since the backup: nobody would manage them.",
        id=migration.id,
        devices=migration.devices,
        peer=migration.peer,
    )
