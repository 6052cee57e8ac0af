"""Servers on loopback to look at: TLS by the standard library and by openssl, and such that speak no TLS."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
_TIMEOUT_S = 20


@contextmanager
def plain_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that does this with every connection; its port. It ends with the block."""
    listener = socket.create_server((HOST, 0))
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            with suppress(OSError):
                connection, _peer = listener.accept()
                with connection:
                    connection.settimeout(_TIMEOUT_S)
                    with suppress(OSError):
                        if not ended.is_set():
                            serve(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    port: int = listener.getsockname()[1]
    try:
        yield port
    finally:
        ended.set()
        with suppress(OSError):
            socket.create_connection((HOST, port), timeout=1).close()
        thread.join(_TIMEOUT_S)
        listener.close()


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A TLS server that waits for the client's goodbye and returns it; its port."""

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            while tls.recv(4096):
                pass
            tls.unwrap()

    with plain_server(serve) as port:
        yield port


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """Take the client's first words, answer this, and hang up."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return serve


def hanging_up(_connection: socket.socket) -> None:
    """Close the connection at once."""


def silent(connection: socket.socket) -> None:
    """Say nothing until the client is gone."""
    while connection.recv(4096):
        pass


def cut_off_after(port: int, count: int) -> Callable[[socket.socket], None]:
    """Pass on the first bytes of what a real server answers, and hang up."""

    def serve(connection: socket.socket) -> None:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_S) as real:
            real.sendall(connection.recv(4096))
            connection.sendall(real.recv(count))

    return serve


@contextmanager
def openssl_server(folder: Path, *options: str) -> Iterator[int]:
    """`openssl s_server` with these options; its port."""
    command = ["openssl", "s_server", "-accept", f"{HOST}:0", *options]
    with (folder / "s_server.err").open("wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=folder, text=True
        )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("ACCEPT"):
                yield int(line.rpartition(":")[2])
                return
        raise AssertionError((folder / "s_server.err").read_text())
    finally:
        process.kill()
        process.communicate()
