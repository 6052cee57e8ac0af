"""Keys: of the kind that was asked for, and closed to whoever lacks the passphrase."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mutua.authority.keys import KeyType, PrivateKey, generate, to_pem


@pytest.mark.parametrize(("kind", "bits"), [(KeyType.RSA_2048, 2048), (KeyType.RSA_3072, 3072)])
def test_rsa_keys_have_the_size_asked_for(kind: KeyType, bits: int) -> None:
    key = generate(kind)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == bits


@pytest.mark.parametrize(("kind", "curve"), [(KeyType.EC_P256, "secp256r1"), (KeyType.EC_P384, "secp384r1")])
def test_ec_keys_have_the_curve_asked_for(kind: KeyType, curve: str) -> None:
    key = generate(kind)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == curve


def test_without_a_passphrase_the_key_is_plain_pkcs8(ec_key: PrivateKey) -> None:
    pem = to_pem(ec_key, None)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert load_pem_private_key(pem, None).public_key() == ec_key.public_key()


def test_the_passphrase_opens_the_key_and_another_does_not(
    ec_key: PrivateKey, tmp_path: Path, openssl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    pem = to_pem(ec_key, "contraseña".encode())
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    (tmp_path / "key").write_bytes(pem)
    assert openssl("pkey", "-in", tmp_path / "key", "-noout", "-passin", "pass:contraseña").returncode == 0
    assert openssl("pkey", "-in", tmp_path / "key", "-noout", "-passin", "pass:other").returncode != 0


@pytest.mark.parametrize("passphrase", [b"", b"x" * 1024])
def test_a_passphrase_that_protects_nothing_is_refused(ec_key: PrivateKey, passphrase: bytes) -> None:
    with pytest.raises(ValueError, match=r"empty|longer"):
        to_pem(ec_key, passphrase)
