"""An authority and keys that are made once: RSA keys are slow to make."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mutua.authority import ca
from mutua.authority.keys import KeyType, PrivateKey, generate

OpenSsl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ec_key() -> PrivateKey:
    return generate(KeyType.EC_P256)


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return generate(KeyType.RSA_2048)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an authority named Lab, its keys not encrypted. Read only."""
    folder = tmp_path_factory.mktemp("authority") / "lab"
    ca.create(folder, name="Lab", key_type=KeyType.EC_P256)
    return folder


@pytest.fixture(scope="session")
def authority(folder: Path) -> ca.Authority:
    return ca.load(folder)


@pytest.fixture(scope="session")
def openssl() -> OpenSsl:
    """Run the real openssl; the answer holds its exit code and what it said."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60)

    return run
