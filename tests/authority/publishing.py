"""Real servers on loopback that publish, dawdle, redirect and lie: each answers with what it is told to."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

Behave = Callable[[socket.socket, bytes], None]


class Publisher(NamedTuple):
    """A server that is running, and the request line and headers of everything that it was asked."""

    port: int
    asked: list[bytes]

    def url(self, path: str = "/ca.cer", scheme: str = "http", host: str = "127.0.0.1") -> str:
        """An address on it."""
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def publishing(behave: Behave, context: ssl.SSLContext | None = None) -> Iterator[Publisher]:
    """Serve one connection after the other until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        publisher = Publisher(listener.getsockname()[1], [])
        thread = threading.Thread(target=_serve, args=(listener, publisher.asked, behave, context))
        thread.start()
        try:
            yield publisher
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, asked: list[bytes], behave: Behave, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            raw, _peer = listener.accept()
        except OSError:
            return
        with raw:
            try:
                raw.settimeout(10)
                connected = context.wrap_socket(raw, server_side=True) if context else raw
                with connected:
                    request = _request(connected)
                    if request:
                        asked.append(request)
                        behave(connected, request)
            except OSError:
                continue


def _request(connected: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connected.recv(4096)
        if not part:
            return b""
        received += part
    return received


def answer(content: bytes, status: str = "200 OK", *headers: str) -> Behave:
    """Answer everything with this."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers))

    def behave(connected: socket.socket, _request: bytes) -> None:
        connected.sendall(f"{head}\r\n".encode() + content)

    return behave


def redirect(location: str) -> Behave:
    """Send everybody elsewhere."""
    return answer(b"", "302 Found", f"Location: {location}")


def drip(first: bytes, every_s: float) -> Behave:
    """Send `first`, then a byte now and then, until the other side has had enough."""

    def behave(connected: socket.socket, _request: bytes) -> None:
        connected.sendall(first)
        while True:
            connected.sendall(b"x")
            time.sleep(every_s)

    return behave


def say(content: bytes) -> Behave:
    """Send these bytes, whatever they are, and hang up."""

    def behave(connected: socket.socket, _request: bytes) -> None:
        connected.sendall(content)

    return behave
