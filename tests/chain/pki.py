"""The certificates that the tests of the checker are about: sound ones, made once, and the makers of unsound ones."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates
from hypothesis import HealthCheck, settings

from mutua import chain
from mutua.authority.issue import Issued, Template, issue
from mutua.authority.keys import KeyType, PrivateKey, generate
from mutua.chain import Profile, Report

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The moment that everything is judged by."""

MODESTLY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How the property tests run: enough examples to meet what is likely, few enough to be run each time."""

_VALID: dict[str, Any] = {"not_before": AT - timedelta(days=30), "not_after": AT + timedelta(days=60)}


class Case(NamedTuple):
    """One input of the checker, and the rest of the question."""

    data: bytes
    profile: Profile = Profile.MIGRATION
    request_keys: Sequence[bytes] | None = None
    private_key: bytes | None = None
    at: datetime = AT
    password: bytes | None = None

    def check(self) -> Report:
        """What the checker says."""
        return chain.check(
            self.data,
            at=self.at,
            profile=self.profile,
            request_keys=self.request_keys,
            private_key=self.private_key,
            password=self.password,
        )


def ids(report: Report) -> list[str]:
    """The rules that were broken, each as often as it was."""
    return [finding.rule.id for finding in report.findings]


@cache
def key(_name: str) -> PrivateKey:
    """An EC P-256 key for each name."""
    return generate(KeyType.EC_P256)


def authority(name: str, issuer: Issued | None = None, signs_with: PrivateKey | None = None, **knobs: Any) -> Issued:
    """A CA, valid at `AT`."""
    template = Template(**(_VALID | {"common_name": name, "is_ca": True} | knobs))
    return issue(template, issuer=issuer, key=signs_with or key(name))


def leaf(issuer: Issued | None = None, **knobs: Any) -> Issued:
    """A console's certificate, valid at `AT`; signed by itself where there is no issuer."""
    usual = {"common_name": "om.example.net", "names": [x509.DNSName("om.example.net")]}
    template = Template(**(_VALID | usual | knobs))
    return issue(template, issuer=issuer, key=key("leaf"))


@cache
def root() -> Issued:
    return authority("Root-CA")


@cache
def intermediate() -> Issued:
    return authority("Inter-CA1", root(), path_length=0)


@cache
def sound() -> bytes:
    """Leaf, intermediate, root: nothing is wrong with it."""
    return pem(leaf(intermediate()), intermediate(), root())


def ladder(leaf_side: int) -> list[Issued]:
    """A chain with so many certificates below its root, leaf first."""
    rungs = [authority("Root-CA")]
    for number in range(1, leaf_side):
        rungs.insert(0, authority(f"Inter-CA{number}", rungs[0]))
    return [leaf(rungs[0]), *rungs]


def pem(*issued: Issued) -> bytes:
    """The certificates in PEM, in the order given."""
    return b"".join(one.pem for one in issued)


def box(password: bytes | None = b"secret", cipher: PBES | None = None, rounds: int = 2048) -> bytes:
    """The sound chain and the key of its leaf in PKCS#12."""
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds).hmac_hash(SHA256())
        encryption = (builder.key_cert_algorithm(cipher) if cipher else builder).build(password)
    end, *above = x509.load_pem_x509_certificates(sound())
    return serialize_key_and_certificates(b"om", key("leaf"), end, above, encryption)


def spki(issued: Issued | PrivateKey) -> bytes:
    """The public key as DER SubjectPublicKeyInfo."""
    public = issued.certificate.public_key() if isinstance(issued, Issued) else issued.public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def der(issued: Issued) -> bytes:
    """The certificate in binary."""
    return issued.certificate.public_bytes(Encoding.DER)
