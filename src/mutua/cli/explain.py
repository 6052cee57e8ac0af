"""`mutua explain`: what a code of the appliance means, and which refusals are in its logs, with their real causes."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.speaking import Command, json_option
from mutua.language import _, translate
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.cli.codes import Code
    from mutua.cli.explain_json import CodesJson, LogsJson
    from mutua.logbook.bundle import Unread
    from mutua.logbook.tally import Tallies

_STANDARD_INPUT = "-"
_MOST_TOLD = 5
_FILE_NAME = re.compile(r"\S+\.\w+|\S*/\S*")


@click.command(
    cls=Command,
    help=N_(
        "Say what a code of the appliance can mean, or which refusals a log holds: each with its real cause, how "
        "often, when first and last, and the fix. WHAT is a code, a sentence that the appliance shows, a log, a log "
        "bundle (zip, tar, gzip), a folder, or - for standard input."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua explain CGEN1008\n"
        "  mutua explain application.log\n"
        "  mutua explain LOGBUNDLE.zip --format json\n"
        '  mutua explain "Invalid CSR key."\n'
        "\n"
        "Exit code for logs: 0 no refusals, 1 refusals found, 3 not readable. An unknown code: 2."
    ),
)
@click.argument("what", nargs=-1, required=True)
@json_option
def command(what: tuple[str, ...], form: str) -> None:
    logs = [name for name in what if name == _STANDARD_INPUT or Path(name).exists() or _FILE_NAME.fullmatch(name)]
    if not logs:
        _tell_codes([_code(name) for name in what], form)
    elif len(logs) == len(what):
        _tell_logs(logs, form)
    else:
        raise Failure(message("codes and logs cannot be explained together."), Exit.USAGE, message("give one kind."))


def _code(name: str) -> "Code":
    from mutua.chain.certificate import printable
    from mutua.cli.codes import find, known

    code = find(name)
    if code is None:
        raise Failure(
            message("{name} is neither a file nor a code that is known.", name=printable(name)),
            Exit.USAGE,
            message("known: {codes}", codes=", ".join(known())),
        )
    return code


def _tell_codes(codes: "Sequence[Code]", form: str) -> None:
    if form == "json":
        from mutua.cli.explain_json import codes_json

        _print_json(codes_json(codes))
        return
    from mutua.cli.codes_text import lines

    click.echo("\n\n".join("\n".join(lines(code)) for code in codes))


def _tell_logs(names: Sequence[str], form: str) -> None:
    from mutua.logbook.tally import Tallies

    tallies = Tallies()
    unread = [part for name in names for part in _read(name, tallies)]
    if not tallies.logs_read and not tallies.count:
        raise _no_log(unread)
    if form == "json":
        from mutua.cli.explain_json import logs_json

        _print_json(logs_json(tallies, unread))
    else:
        from mutua.cli.explain_text import lines

        within = _shown(names[0]) if len(names) == 1 else None
        click.echo("\n".join(lines(tallies, unread, within)))
    raise SystemExit(_exit(tallies, unread))


def _read(name: str, tallies: "Tallies") -> "list[Unread]":
    from mutua.logbook.bundle import Unread, read_path, read_stream

    before = tallies.logs_read, tallies.count
    try:
        if name == _STANDARD_INPUT:
            unread = read_stream(sys.stdin.buffer, _shown(name), tallies.read)
        else:
            unread = read_path(Path(name), _shown(name), tallies.read)
    except OSError as error:
        raise Failure(
            message("{name} cannot be read: {reason}.", name=name, reason=error.strerror or error), Exit.UNREADABLE
        ) from error
    if not unread and before == (tallies.logs_read, tallies.count):
        return [Unread(_shown(name), message("there is no application log in it"))]
    return unread


def _shown(name: str) -> str:
    return _("standard input") if name == _STANDARD_INPUT else name.rstrip("/")


def _no_log(unread: "Sequence[Unread]") -> Failure:
    told = "\n".join(f"  {part.name}: {translate(part.reason)}" for part in unread[:_MOST_TOLD])
    return Failure(
        message("nothing could be read as an application log:\n{parts}", parts=told),
        Exit.UNREADABLE,
        message(
            "give tomcat/application.log of the console's log bundle, or the whole bundle. Its entries begin like\n"
            "  [ERROR] 2024-01-25 11:10:34.735 [thread] SSLController - …"
        ),
    )


def _exit(tallies: "Tallies", unread: "Sequence[Unread]") -> Exit:
    if tallies.count:
        return Exit.FINDINGS
    return Exit.UNREADABLE if unread else Exit.CLEAN


def _print_json(content: "CodesJson | LogsJson") -> None:
    import json

    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
