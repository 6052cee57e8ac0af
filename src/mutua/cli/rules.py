"""`mutua rules`: the catalogue of rules, with reasons and fixes."""

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.speaking import Command, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mutua.cli.rulebook import AnyRule


@click.command(
    cls=Command,
    help=N_(
        "List the rules that certificates are checked by. With the ID of a rule: everything about it, with the "
        "reason, the fixes and the appliance's message."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua rules\n"
        "  mutua rules leaf.no-client-auth\n"
        "  mutua rules --format json\n"
        "\n"
        "Exit code 0: shown, 2: there is no such rule."
    ),
)
@click.argument("identifier", metavar="[ID]", required=False)
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help=N_("For people, for machines, or as a page."),
)
def command(identifier: str | None, form: str) -> None:
    from mutua.cli.rulebook import RULES

    rules = RULES if identifier is None else {identifier: _find(identifier)}
    if form == "json":
        _print_json(rules)
        return
    if form == "markdown":
        from mutua.cli.rules_page import page, sections

        lines = page if identifier is None else sections
    else:
        from mutua.cli.rules_text import details, overview

        lines = overview if identifier is None else details
    click.echo("\n".join(lines(rules)))


def _find(identifier: str) -> "AnyRule":
    from mutua.chain.certificate import printable
    from mutua.cli.rulebook import RULES, closest

    if identifier in RULES:
        return RULES[identifier]
    similar = closest(identifier)
    raise Failure(
        message("there is no rule {identifier}.", identifier=printable(identifier)),
        Exit.USAGE,
        message("did you mean: {rules}?", rules=", ".join(similar)) if similar else message("mutua rules lists all."),
    )


def _print_json(rules: "Mapping[str, AnyRule]") -> None:
    import json

    from mutua.cli.rulebook import to_json

    click.echo(json.dumps(to_json(rules), indent=2, ensure_ascii=False))
