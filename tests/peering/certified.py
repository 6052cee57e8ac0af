"""CAs, and running consoles that they certify. Everything is EC, unless a test is about RSA."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from tests.running import RunningConsole, running_console

from mutua.authority.issue import Issued, Template, chain, issue
from mutua.authority.keys import KeyType
from mutua.authority.request import Subject
from mutua.chain import Profile
from mutua.console.console import Console
from mutua.peering.contexts import Presented
from mutua.peering.identity import Answer

LOOPBACK = (x509.IPAddress(ip_address("127.0.0.1")),)


class Authority(NamedTuple):
    """CA certificates from the one that signs up to the root."""

    path: tuple[Issued, ...]

    @classmethod
    def create(cls, *names: str) -> "Authority":
        """A CA for each name, the root last."""
        return cls(()).below(*names)

    def below(self, *names: str) -> "Authority":
        """This authority with more CAs under it, the new signing one first."""
        path = self.path
        for name in reversed(names):
            path = (issue(Template(common_name=name, is_ca=True), issuer=path[0] if path else None), *path)
        return Authority(path)

    @property
    def root_pem(self) -> str:
        """The trust anchor."""
        return self.path[-1].pem.decode()

    def leaf(self, name: str = "peer.example.net", **knobs: Any) -> Issued:
        """A sound certificate for the loopback address, but for what the knobs change (see `Template`)."""
        key = knobs.pop("key", None)
        return issue(Template(**{"common_name": name, "names": LOOPBACK, **knobs}), key=key, issuer=self.path[0])

    def presented(self, leaf: Issued, *extra: Issued) -> Presented:
        """What the holder of a leaf shows in a handshake."""
        assert leaf.key is not None
        return Presented(chain(leaf, *self.path[:-1], *extra), leaf.key)

    def signed(self, request: str, **knobs: Any) -> bytes:
        """The chain that answers a signing request."""
        asked = x509.load_pem_x509_csr(request.encode())
        return chain(self.leaf(subject=asked.subject, key=asked.public_key(), **knobs), *self.path)


def certify(
    console: Console, authority: Authority, name: str, key_type: KeyType = KeyType.EC_P256, **knobs: Any
) -> Answer:
    """Have a console's new key certified, and the chain uploaded."""
    request = console.generate_request(Subject(name), "127.0.0.1", key_type)
    answer = console.upload(authority.signed(request, **knobs), Profile.MIGRATION)
    assert answer.identity is not None, answer.report.findings
    return answer


@contextmanager
def running(folder: Path, *names: str) -> Iterator[Sequence[RunningConsole]]:
    """A running console for each name."""
    with ExitStack() as consoles:
        yield [consoles.enter_context(running_console(folder / name, name)) for name in names]


def shown_by(address: tuple[str, int], context: ssl.SSLContext) -> bytes:
    """The leaf (DER) that a listener shows in a new handshake."""

    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=address[0]) as tls,
    ):
        leaf = tls.getpeercert(binary_form=True)
    assert leaf is not None
    return leaf
