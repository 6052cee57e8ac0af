"""Consoles as processes of their own, which can be stopped, killed and started again."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.migration import contents
from tests.migration.contents import Content
from tests.peering.certified import Authority
from tests.running import HOST, PASSWORD, USER

from mutua.migration.phases import Phase
from mutua.peering.contexts import public_client
from mutua.peering.remote import ConsoleUnreachableError, RemoteConsole
from mutua.storage.sealing import Sealer

_PATIENCE_S = 60
_ACTIONS = "/ApplicationService/Actions/ApplicationService"
_ANNOUNCED = re.compile(rf"https://{re.escape(HOST)}:(\d+)\n.*{re.escape(HOST)}:(\d+)\n")


class ConsoleProcess:
    """`mutua serve` on a state folder; it keeps its ports over every restart."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(exist_ok=True)
        self.name = name
        self._folder = folder
        self._password = folder / "password"
        self._password.write_text(PASSWORD)
        self._output = folder / "output.txt"
        self._ports = ("0", "0")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        """Its database."""
        return self._folder / "state" / "console.db"

    @property
    def address(self) -> str:
        """host:port of the public listener."""
        return f"{HOST}:{self._ports[0]}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        identity = ["--state", str(self._folder / "state"), "--name", self.name, "--password-file", str(self._password)]
        ports = ["--port", self._ports[0], "--peer-port", self._ports[1]]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mutua", "serve", *identity, *ports],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"},
            )
        wait_for(self._has_announced)
        wait_for(self._answers)

    def _has_announced(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._output.read_text()
        announced = _ANNOUNCED.search(self._output.read_text())
        if announced:
            self._ports = (announced[1], announced[2])
        return announced is not None

    def _answers(self) -> bool:
        try:
            with self.signed_in() as console:
                return bool(console.get("/ApplicationService/Info"))
        except (ConsoleUnreachableError, FileNotFoundError):
            return False

    def kill(self) -> None:
        """What a power cut does to it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(_PATIENCE_S)

    def hold(self) -> None:
        """Have it stand still: it answers nothing and does nothing."""
        self._signal(signal.SIGSTOP)

    def release(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Whatever state it is in, it is gone after this."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def signed_in(self) -> RemoteConsole:
        """A session of the administrator, once it is entered."""
        context = public_client((self._folder / "state" / "certificate.pem").read_text())
        return RemoteConsole(self.address, USER, PASSWORD, context)

    def certify(self, authority: Authority, name: str) -> None:
        """Have a chain signed and uploaded."""
        with self.signed_in() as console:
            asked = {"DistinguishedName": name, "San": HOST, "KeySize": 2048}
            request = console.post(f"{_ACTIONS}.GenerateCSR", asked)["CertificateData"]
            console.upload("UploadCertChain", authority.signed(str(request)))

    def content(self) -> Content:
        """Everything that it has, whether it runs or not."""
        return contents.content(self.database, Sealer.from_file(self._folder / "state" / "sealing.key"))

    def live(self) -> set[str]:
        """The service tags that it manages."""
        return contents.live(self.database)

    def phase(self, migration: str) -> Phase | None:
        """The phase of a migration there."""
        return contents.phase(self.database, migration)

    def staged(self) -> int:
        """How many chunks wait there."""
        return contents.staged(self.database)


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fail if it does not in good time."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.002)
