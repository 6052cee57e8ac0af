"""A console of each test's own, a visitor's browser without a screen, and an authority that signs for consoles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from tests.running import HOST, PASSWORD, USER, RunningConsole, running_console

from mutua.authority import ca
from mutua.authority.ca import Authority
from mutua.authority.keys import KeyType
from mutua.authority.request import Subject
from mutua.chain import Profile
from mutua.console.console import Console
from mutua.inventory import store
from mutua.inventory.records import Fleet

StartConsole = Callable[[str], RunningConsole]


@pytest.fixture
def start_console(tmp_path: Path) -> Iterator[StartConsole]:
    """Start a console by its name; all of them stop at the end."""
    with ExitStack() as running:
        yield lambda name: running.enter_context(running_console(tmp_path / name, name))


@pytest.fixture
def running(start_console: StartConsole) -> RunningConsole:
    """A console on its first start."""
    return start_console("source")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Root CA and Intermediate CA named Lab."""
    return ca.create(tmp_path_factory.mktemp("lab") / "ca", name="Lab", key_type=KeyType.EC_P256)


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one, named Elsewhere."""
    return ca.create(tmp_path_factory.mktemp("elsewhere") / "ca", name="Elsewhere", key_type=KeyType.EC_P256)


def visitor(running: RunningConsole, **options: object) -> httpx.Client:
    """A browser as far as HTTP goes: it keeps cookies and follows redirections. Nobody is signed in."""
    return running.client(auth=None, follow_redirects=True, **options)


def sign_in(client: httpx.Client, following: str = "/") -> httpx.Response:
    """Sign the visitor in as the administrator."""
    response = client.post("/login", data={"user": USER, "password": PASSWORD, "next": following})
    assert response.status_code == 200, response.text
    return response


def request_of(console: Console) -> x509.CertificateSigningRequest:
    """A signing request that the console made."""
    pem = console.generate_request(Subject(HOST), HOST, KeyType.EC_P256)
    return x509.load_pem_x509_csr(pem.encode())


def certify(running: RunningConsole, authority: Authority) -> None:
    """Have the console present a chain of the authority."""
    answer = running.console.upload(authority.sign(request_of(running.console)).chain_pem, Profile.MIGRATION)
    assert answer.refusal is None, answer.report.findings


def add_fleet(console: Console, fleet: Fleet) -> None:
    """Have the console manage a fleet."""
    with console.database.writing() as connection:
        store.add_fleet(connection, fleet, console.sealer)
