"""The real `mutua`, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from mutua.peering.contexts import public_client

PROGRAM = (sys.executable, "-m", "mutua")
PASSWORD = "a password for the command line"
_TIMEOUT_S = 60
_ADDRESS = re.compile(r"https://(\S+)")


class Ended(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def environment(**values: str) -> dict[str, str]:
    """The environment of these tests: English, and nothing of ours but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MUTUA_", "LC_", "LANG"))}
    return kept | {"LANG": "C.UTF-8"} | values


def run(*arguments: str | Path, **values: str) -> Ended:
    """Run a command to its end, with these values in its environment; no traceback is ever a good end."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        env=environment(**values),
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def sentence(ended: Ended) -> str:
    """The one sentence that a failed command says; the advice below it is left out."""
    assert ended.out == ""
    first, *rest = ended.err.splitlines()
    assert first.startswith("mutua: error: ")
    assert all(line.startswith("→ ") for line in rest)
    return first.removeprefix("mutua: error: ")


class Serving:
    """A `mutua serve` that is running."""

    def __init__(self, process: subprocess.Popen[bytes], state: Path, said: Path) -> None:
        self.process = process
        self.state = state
        self._said = said

    @property
    def said(self) -> str:
        """Everything on its standard output and standard error so far."""
        return self._said.read_text()

    @property
    def address(self) -> str:
        """host:port of the public listener, as announced."""
        found = _ADDRESS.search(self.said)
        assert found is not None, self.said
        return found[1]

    @property
    def certificate(self) -> Path:
        """What it can be trusted by."""
        return self.state / "certificate.pem"

    def client(self, password: str = PASSWORD) -> httpx.Client:
        """An HTTP client with Basic credentials."""
        context = public_client(self.certificate.read_text())
        auth = ("admin", password)
        return httpx.Client(base_url=f"https://{self.address}", verify=context, auth=auth, trust_env=False)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_TIMEOUT_S)


@contextmanager
def serving(state: Path, *options: str | Path) -> Iterator[Serving]:
    """Run `mutua serve` on free ports until the end of the block."""
    said = state.with_name(f"{state.name}.said")
    command = [*PROGRAM, "serve", "--state", state, "--port", "0", "--peer-port", "0", *options]
    with said.open("wb") as file:
        process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file, env=environment())
    console = Serving(process, state, said)
    try:
        _wait(console)
        yield console
    finally:
        process.kill()
        process.wait()


def _wait(console: Serving) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline and console.process.poll() is None:
        if "Ctrl-C" in console.said:
            return
        time.sleep(0.02)
    raise AssertionError(f"the console did not start: {console.said}")


def secret_file(folder: Path, secret: str = PASSWORD) -> Path:
    """A file that holds a password."""
    file = folder / "password"
    file.write_text(f"{secret}\n")
    return file
