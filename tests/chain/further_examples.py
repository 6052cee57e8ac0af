"""Examples of the rules about second paths, names, forms, keys and dates: see `tests.chain.examples`."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID, ObjectIdentifier
from tests.chain.asked import NAME, Asked, crl, issued, stranger, web, web_below
from tests.chain.odd import (
    changed,
    made,
    of_version_1,
    rsa_key,
    unchanged,
    with_dates_in_four_digits,
    with_its_curve_spelled_out,
)
from tests.chain.pki import AT, Case, authority, intermediate, key, ladder, leaf, pem, root

from mutua.authority.issue import Issued
from mutua.authority.keys import PrivateKey
from mutua.chain import Profile

_DAY = timedelta(days=1)
_LAB = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Lab")])
_ADDRESS = x509.IPAddress(ip_address("192.0.2.1"))


class Example(NamedTuple):
    """How to make the two inputs."""

    bad: Callable[[], Case | Asked]
    good: Callable[[], Case | Asked]


def mutual(*certificates: Issued) -> Case:
    """The certificates as two peers show them to each other."""
    return Case(pem(*certificates), Profile.MTLS)


def below(**knobs: Any) -> Case:
    """A sound chain for mutual TLS but for the knobs of its leaf."""
    return mutual(leaf(intermediate(), **knobs), intermediate(), root())


def constrained(constraints: x509.NameConstraints, **knobs: Any) -> Case:
    """The leaf of an intermediate with name constraints."""
    between = authority("Inter-CA1", root(), extra=[(constraints, True)])
    return mutual(leaf(between, **knobs), between, root())


def permits(*names: x509.GeneralName) -> x509.NameConstraints:
    return x509.NameConstraints(names, None)


def crossed(**knobs: Any) -> Issued:
    """The certificate that another root gave the root's key."""
    return authority("Root-CA", stranger(), key("Root-CA"), **knobs)


def asks_for_another_key(key_identifier: bytes | None) -> Case:
    own = root().certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    wanted = x509.AuthorityKeyIdentifier(key_identifier or own, None, None)
    between = authority("Inter-CA1", root(), authority_key_identifier=False, extra=[(wanted, False)])
    return mutual(leaf(between), between, root())


def unknown(*, critical: bool) -> Case:
    return below(extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.311.99"), b"\x05\x00"), critical)])


def anew(change: Any, *, at: int = 0) -> Case:
    """The sound chain with one certificate changed and signed anew."""
    chain = [leaf(intermediate()), intermediate(), root()]
    signer = [intermediate(), root(), root()][at].key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    blocks = [one.pem for one in chain]
    blocks[at] = changed(chain[at], signer, change)
    return Case(b"".join(blocks), Profile.MTLS)


def leaf_key(public: PrivateKey | ed25519.Ed25519PrivateKey) -> Case:
    signer = intermediate().key
    assert signer is not None
    return mutual(made(signer, intermediate(), subject_key=public), intermediate(), root())


def basic_constraints(*, critical: bool) -> Asked:
    return web_below(basic_constraints=None, extra=[(x509.BasicConstraints(ca=True, path_length=0), critical)])


def signed_with_pss(salt: int | None) -> Case:
    top = made(rsa_key(), name="Root-CA", is_ca=True)
    return mutual(made(rsa_key(), top, salt=salt), top)


def public(organization: str) -> Case:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, "E7"),
        ]
    )
    between = authority("E7", root(), subject=subject)
    return mutual(leaf(between), between, root())


def lives(days: float, *, of_days: float) -> Case:
    return below(not_before=AT + days * _DAY - of_days * _DAY, not_after=AT + days * _DAY)


def with_lists(*lists: bytes) -> Asked:
    return Asked(pem(issued(), intermediate(), root()), Profile.MTLS, crls=lists)


def trusting(*anchors: Issued) -> Asked:
    return Asked(pem(issued(), intermediate()), Profile.MTLS, trust=[anchor.pem for anchor in anchors])


FURTHER_EXAMPLES = {
    "leaf.no-extended-key-usage": Example(lambda: below(extended_key_usage=None), below),
    "leaf.public-authority": Example(lambda: public("Let's Encrypt"), lambda: public("Let's Encrypt Fan Club")),
    "chain.longer-than-usual": Example(
        lambda: Case(pem(*ladder(10)), Profile.MTLS), lambda: Case(pem(*ladder(9)), Profile.MTLS)
    ),
    "chain.alternative-path": Example(
        lambda: mutual(issued(), intermediate(), root(), crossed(), stranger()),
        lambda: mutual(issued(), intermediate(), crossed(), stranger()),
    ),
    "chain.expired-alternative": Example(
        lambda: mutual(issued(), intermediate(), root(), crossed(not_after=AT - _DAY)),
        lambda: mutual(issued(), intermediate(), root()),
    ),
    "chain.key-id-mismatch": Example(lambda: asks_for_another_key(bytes(20)), lambda: asks_for_another_key(None)),
    "chain.name-not-permitted": Example(
        lambda: constrained(permits(x509.DNSName("example.org"))),
        lambda: constrained(permits(x509.DNSName("example.net"))),
    ),
    "leaf.common-name-not-permitted": Example(
        lambda: constrained(permits(x509.DNSName("example.net")), common_name="om.local", names=[_ADDRESS]),
        lambda: constrained(permits(x509.DNSName("example.net")), common_name="om local", names=[_ADDRESS]),
    ),
    "chain.constraint-not-supported": Example(
        lambda: constrained(permits(x509.DNSName(".example.net"))),
        lambda: constrained(permits(x509.DNSName("example.net"))),
    ),
    "certificate.unknown-critical-extension": Example(lambda: unknown(critical=True), lambda: unknown(critical=False)),
    "certificate.old-version": Example(lambda: anew(of_version_1, at=2), lambda: anew(unchanged, at=2)),
    "certificate.basic-constraints-not-critical": Example(
        lambda: basic_constraints(critical=False), lambda: basic_constraints(critical=True)
    ),
    "algorithm.no-tls13-scheme": Example(
        lambda: leaf_key(ec.generate_private_key(ec.SECP256K1())),
        lambda: leaf_key(ec.generate_private_key(ec.SECP256R1())),
    ),
    "algorithm.explicit-curve": Example(lambda: anew(with_its_curve_spelled_out), lambda: anew(unchanged)),
    "algorithm.unusual-exponent": Example(lambda: leaf_key(rsa_key(3)), lambda: leaf_key(rsa_key(65537))),
    "algorithm.pss-signature": Example(lambda: signed_with_pss(32), lambda: signed_with_pss(None)),
    "algorithm.few-verifiers": Example(
        lambda: leaf_key(ed25519.Ed25519PrivateKey.generate()), lambda: leaf_key(key("leaf"))
    ),
    "leaf.no-alternative-name": Example(
        lambda: web(subject=_LAB, names=[]), lambda: web(subject=_LAB, names=[x509.DNSName(NAME)])
    ),
    "leaf.address-as-name": Example(lambda: below(names=[x509.DNSName("192.0.2.1")]), lambda: below(names=[_ADDRESS])),
    "leaf.impossible-wildcard": Example(
        lambda: below(names=[x509.DNSName("*.*.net")]), lambda: below(names=[x509.DNSName("*.example.net")])
    ),
    "validity.expires-soon": Example(lambda: lives(29, of_days=88), lambda: lives(29, of_days=86)),
    "validity.outlives-issuer": Example(
        lambda: below(not_after=AT + timedelta(days=61)), lambda: below(not_after=AT + timedelta(days=60))
    ),
    "trust.not-a-root": Example(lambda: trusting(intermediate()), lambda: trusting(intermediate(), root())),
    "crl.missing": Example(
        lambda: with_lists(crl(intermediate())), lambda: with_lists(crl(intermediate()), crl(root()))
    ),
    "engine.refused": Example(lambda: anew(with_dates_in_four_digits), lambda: anew(unchanged)),
}
"""By the id of the rule."""
