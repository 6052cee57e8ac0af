"""`mutua` itself: help in every language, exit codes, colours, encodings, and the whole demonstration."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.cli.program import PROGRAM, environment, run

from mutua import __version__, language
from mutua.cli.main import mutua
from mutua.cli.speaking import speak

LOCALE = Path(language.__file__).with_name("locale")
SPOKEN = [name for name in language.LANGUAGES if name == "en" or (LOCALE / name / "LC_MESSAGES" / "mutua.mo").exists()]
EXAMPLES = {"en": "Example", "es": "Ejemplo"}
_DEMO_TIMEOUT_S = 60


@pytest.fixture(autouse=True)
def _in_english_afterwards() -> Iterator[None]:
    """A command that runs in this process leaves its language behind."""
    yield
    speak("en")


def _verbs(command: click.Command = mutua, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            assert verb is not None
            yield from _verbs(verb, (*path, name))


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize("verb", list(_verbs()), ids=" ".join)
def test_every_verb_has_help_with_an_example(verb: tuple[str, ...], spoken: str) -> None:
    result = CliRunner().invoke(mutua, [*verb, "--help", "--lang", spoken])
    assert result.exit_code == 0, result.output
    assert EXAMPLES[spoken] in result.output
    assert f"mutua {verb[0]}" in result.output if verb else "mutua demo" in result.output
    assert result.stderr == ""


def test_the_help_of_a_real_process() -> None:
    ended = run("--help")
    assert (ended.code, ended.err) == (0, "")
    codes = "Exit codes: 0 clean, 1 findings, 2 usage, 3 input unreadable, 4 could not connect, 5 internal."
    assert codes in " ".join(ended.out.split())


def test_the_version() -> None:
    assert run("--version").out == f"mutua, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["--nothing"],
        ["migrate", "nothing"],
        ["migrate", "verify"],
        ["migrate", "verify", "--source", "127.0.0.1:1"],
        ["migrate", "resume"],
        ["devices", "list"],
        ["devices", "list", "--console", "127.0.0.1:1", "--top", "0"],
        ["devices", "list", "--console", "127.0.0.1:1", "--format", "xml"],
        ["devices", "import", "one.csv", "--console", "127.0.0.1:1"],
        ["demo", "extra"],
        ["serve", "--lang", "tlh", "--state", "x"],
    ],
)
def test_a_wrong_command_line_is_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(mutua, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_an_internal_error_is_5_in_two_lines_and_shows_where_on_request() -> None:
    broken = (
        "import mutua.cli.check as check, mutua.cli.main as main\n"
        "def read_file(name): raise ZeroDivisionError('a fault')\n"
        "check.read_file = read_file\n"
        "main.main()"
    )
    command = [sys.executable, "-c", broken, "check", "chain.pem"]
    quiet, loud = (
        subprocess.run(command, capture_output=True, text=True, env=environment(**debug), timeout=60, check=False)
        for debug in ({}, {"MUTUA_DEBUG": "1"})
    )
    assert (quiet.returncode, quiet.stdout) == (5, "")
    assert quiet.stderr.splitlines() == [
        "mutua: internal error: ZeroDivisionError: a fault",
        "→ This is a fault of Mutua. MUTUA_DEBUG=1 shows where.",
    ]
    assert "Traceback" in loud.stderr


def _on_a_terminal(*arguments: str, **values: str) -> str:
    """What a command shows to somebody at a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdout=theirs, stderr=theirs, env=environment(TERM="xterm", **values)
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # The other end is closed.
    os.close(ours)
    process.wait(60)
    return shown.decode()


@pytest.mark.parametrize(("values", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_colours_are_for_terminals_and_for_those_who_want_them(
    tmp_path: Path, values: dict[str, str], coloured: bool
) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    shown = _on_a_terminal("check", str(tmp_path / "x.pem"), **values)
    assert ("\x1b[" in shown) is coloured
    assert "✗ " in re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_a_terminal_that_lacks_a_character_is_no_error(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    done = subprocess.run(
        [*PROGRAM, "check", str(tmp_path / "x.pem")],
        capture_output=True,
        env=environment(PYTHONIOENCODING=encoding),
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert b"file.no-certificate" in done.stdout
    assert done.stderr == b""


def _processes_that_mention(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # It has ended meanwhile.
            if text in line:
                found.append(line)
    return found


def test_the_demonstration_does_the_whole_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """From a folder of its own: the examples are found all the same."""
    started = time.monotonic()
    done = subprocess.run(
        [*PROGRAM, "demo", "--once"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(TMPDIR=str(tmp_path)),
        timeout=_DEMO_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < _DEMO_TIMEOUT_S
    for said in (
        "HTTP 400  CGEN1008  Unable to process the request because an error occurred.",
        "leaf.no-client-auth",
        "✓ verified: ",
        "source   manages 0 devices, 0 groups, 0 credentials",
        "target   manages 500 devices, 15 groups, 14 credentials",
    ):
        assert said in done.stdout, done.stdout
    assert done.stderr.split() == ["prepared", "streaming", "validated", "committed", "done"]
    assert "\x1b" not in done.stdout + done.stderr
    long = [line for line in done.stdout.splitlines() if len(line) > 80]
    assert all("CGEN1008" in line or line[:1].isdigit() for line in long), long
    assert list(tmp_path.iterdir()) == []
    assert _processes_that_mention(str(tmp_path)) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_demonstration_that_is_stopped_takes_its_consoles_along(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*PROGRAM, "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(TMPDIR=str(tmp_path)),
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("   source   https://"):
                break
        assert _processes_that_mention(str(tmp_path))
        process.send_signal(number)
        assert process.wait(30) == 1
    assert _processes_that_mention(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
