"""`mutua doctor`: the condition of a console."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

import click

from mutua.cli.consoles import state_option
from mutua.cli.exits import Exit
from mutua.cli.paragraphs import wrapped
from mutua.cli.speaking import Command, json_option, option
from mutua.language import _, translate
from mutua.message import N_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.console.condition import Condition


class ConditionJson(TypedDict):
    """One thing that was looked at."""

    about: str
    """What was looked at, such as certificate."""
    state: Literal["good", "doubtful", "bad", "unknown"]
    """How good it is; unknown where it could not be looked at."""
    found: str
    """What was found, for people."""
    advice: str | None
    """What to do, for people, where it is not good."""


class DoctorJson(TypedDict):
    """The condition of a console."""

    version: Literal[1]
    """Of this form."""
    conditions: list[ConditionJson]
    """In the order in which to mend what is bad."""


_MARKS = {"good": ("✓", "green"), "doubtful": ("!", "yellow"), "bad": ("✗", "red"), "unknown": ("?", "cyan")}
_ABOUT = {
    "folder": N_("folder"),
    "key": N_("sealing key"),
    "space": N_("space"),
    "database": N_("database"),
    "seals": N_("seals"),
    "certificate": N_("certificate"),
    "clock": N_("clock"),
    "ports": N_("ports"),
}
_WIDTH = 20


@click.command(
    cls=Command,
    help=N_(
        "Say what would keep a console from starting, or others from meeting it: folder, sealing key, space, database, "
        "seals, certificate, clock, ports. Nothing is changed, and the console may be running."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua doctor --state ./console\n"
        "  mutua doctor --state ./console --port 9443 --peer-port 9444 --format json\n"
        "\n"
        "Exit code 0: nothing is bad or unknown, 1: something is."
    ),
)
@state_option
@option("--host", default="127.0.0.1", show_default=True, help=N_("The address that the console listens on."))
@option("--port", type=click.IntRange(1, 65535), default=8443, show_default=True, help=N_("Web pages and REST API."))
@option("--peer-port", type=click.IntRange(1, 65535), default=8444, show_default=True, help=N_("Other consoles."))
@json_option
def command(state: Path, host: str, port: int, peer_port: int, form: str) -> None:
    from mutua.console.condition import State, examine

    conditions = list(examine(state, host, (port, peer_port), datetime.now(UTC)))
    if form == "json":
        _print_json(conditions)
    else:
        for condition in conditions:
            for line in _lines(condition):
                click.echo(line)
        click.echo(_last_line(conditions))
    failed = any(condition.state in (State.BAD, State.UNKNOWN) for condition in conditions)
    raise SystemExit(Exit.FINDINGS if failed else Exit.CLEAN)


def _lines(condition: "Condition") -> list[str]:
    sign, colour = _MARKS[condition.state]
    name = _(_ABOUT[condition.about])
    lines = wrapped(translate(condition.found), f" {click.style(sign, fg=colour, bold=True)} {name:<{_WIDTH - 3}}")
    if condition.advice is not None:
        lines += wrapped(translate(condition.advice), f"{'':<{_WIDTH}}→ ")
    return lines


def _last_line(conditions: "list[Condition]") -> str:
    worst = next((one for one in conditions if one.advice is not None and one.state == "bad"), None)
    if worst is None and all(one.state in ("good", "doubtful") for one in conditions):
        return "\n" + _(" Nothing keeps this console from working.")
    return "\n" + _(" → mend what is marked ✗, from the top, then run this again.")


def _print_json(conditions: "list[Condition]") -> None:
    import json

    found: list[ConditionJson] = [
        {
            "about": condition.about,
            "state": condition.state.value,
            "found": translate(condition.found),
            "advice": translate(condition.advice) if condition.advice else None,
        }
        for condition in conditions
    ]
    answer: DoctorJson = {"version": 1, "conditions": found}
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
