"""The two listeners of a console, in one event loop: one for browsers and programs, one for peers.

Two, because a browser must never be asked for a certificate.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mutua.console.api.errors import NOT_HTTP
from mutua.console.app import public_app
from mutua.console.console import Console
from mutua.console.peer import PEER_EXTENSION, peer_app
from mutua.message import Message, message
from mutua.peering.contexts import Replaceable

_GRACEFUL_SHUTDOWN_S = 10
_KEEP_ALIVE_S = 65
_BACKLOG = 512


class PublicProtocol(HttpToolsProtocol):
    """HTTP whose parser refuses in the same shape as everything behind it."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's sentence; ours is in the body)
        """For bytes that are no request: there is no path that could tell the API from the pages."""
        body = json.dumps(NOT_HTTP.body()).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class PeerProtocol(HttpToolsProtocol):
    """HTTP on a connection whose client has shown a certificate, which the requests carry along."""

    def connection_made(self, transport: Any) -> None:
        """Take the leaf from the handshake: nothing that the client says later can change it."""
        super().connection_made(transport)
        self._leaf = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)

    def on_message_begin(self) -> None:
        """Hand the leaf to the application."""
        super().on_message_begin()
        self.scope["extensions"] = {PEER_EXTENSION: {"certificate": self._leaf}}


class _Server(uvicorn.Server):
    """A server that leaves signals to `serve`: two servers cannot both have them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CannotListenError(Exception):
    """An address or port cannot be listened on; `problem` and `advice` say why and what to do."""

    def __init__(self, problem: Message, advice: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `CannotListenError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise CannotListenError(
            message("{host}:{port} cannot be listened on: {reason}.", host=host, port=str(port), reason=reason),
            message("stop what uses it, or choose another with --port and --peer-port."),
        ) from error
    return listener


class Listeners:
    """Both listeners of a console, from the first request to the last."""

    def __init__(self, console: Console, public: socket.socket, peers: socket.socket) -> None:
        self._sockets = (public, peers)
        self._servers = (
            _server(public_app(console), console.public_tls, PublicProtocol),
            _server(peer_app(console), console.peer_tls, PeerProtocol),
        )

    async def serve(self) -> None:
        """Answer requests until `stop` is called; requests under way are finished."""
        await asyncio.gather(
            *(server.serve(sockets=[bound]) for server, bound in zip(self._servers, self._sockets, strict=True))
        )

    def stop(self) -> None:
        """Finish what is under way and return from `serve`."""
        for server in self._servers:
            server.should_exit = True

    @property
    def ready(self) -> bool:
        """Whether both listeners answer."""
        return all(server.started for server in self._servers)


def _server(app: ASGIApp, tls: Replaceable, protocol: type[asyncio.Protocol]) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            loop="uvloop",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACEFUL_SHUTDOWN_S,
            ssl_context_factory=lambda _config, _default: tls.context,
        )
    )
