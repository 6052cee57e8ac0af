"""A console that really runs: real listeners on loopback, real TLS, a real database in a folder of its own."""

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from mutua.console.console import Addresses, Console
from mutua.console.listeners import Listeners, bind
from mutua.peering.contexts import public_client
from mutua.peering.remote import RemoteConsole

HOST = "127.0.0.1"
USER = "admin"
PASSWORD = "a password for tests"
_START_TIMEOUT_S = 20


class RunningConsole(NamedTuple):
    """A console that answers."""

    console: Console

    @property
    def address(self) -> str:
        """host:port of the public listener."""
        return f"{HOST}:{self.console.addresses.port}"

    @property
    def peer_address(self) -> str:
        """host:port of the peer listener."""
        return f"{HOST}:{self.console.addresses.peer_port}"

    @property
    def context(self) -> ssl.SSLContext:
        """Trusts what the console presents now."""
        return public_client(self.console.state.certificate.read_text())

    def client(self, **options: object) -> httpx.Client:
        """An HTTP client with Basic credentials, verifying the console."""
        settings = {"auth": (USER, PASSWORD), "timeout": 30.0} | options
        return httpx.Client(base_url=f"https://{self.address}", verify=self.context, trust_env=False, **settings)  # type: ignore[arg-type]

    def remote(self) -> RemoteConsole:
        """The console as the command line sees it; enter it to sign in."""
        return RemoteConsole(self.address, USER, PASSWORD, self.context)


@contextmanager
def running_console(folder: Path, name: str = "console") -> Iterator[RunningConsole]:
    """Start a console on free ports, stop it at the end; stop the test if it does not start in time."""
    public, peers = bind(HOST, 0), bind(HOST, 0)
    addresses = Addresses(HOST, public.getsockname()[1], peers.getsockname()[1])
    console = Console.open(folder, name, addresses)
    if not console.users.has_users():
        console.create_administrator(USER, PASSWORD)
    listeners = Listeners(console, public, peers)
    thread = threading.Thread(target=lambda: asyncio.run(listeners.serve()), name=f"console-{name}")
    thread.start()
    try:
        _wait(listeners, thread)
        yield RunningConsole(console)
    finally:
        listeners.stop()
        thread.join(timeout=_START_TIMEOUT_S)
        console.close()
    if thread.is_alive():
        raise AssertionError(f"console {name} did not stop")


def _wait(listeners: Listeners, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not listeners.ready:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise AssertionError("the console did not start")
        time.sleep(0.01)
