"""For every rule one input that breaks it and nothing else, and a twin that breaks nothing.

The bad input and its twin are as close to each other as the rule allows.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from tests.chain.asked import Asked, crl, issued, stranger, web, web_below, with_crl, with_serial
from tests.chain.further_examples import FURTHER_EXAMPLES, Example
from tests.chain.pki import (
    AT,
    Case,
    authority,
    box,
    der,
    intermediate,
    key,
    ladder,
    leaf,
    pem,
    root,
    sound,
    spki,
)

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import Profile
from mutua.chain.certificate import Certificate
from mutua.chain.decode import decode

Pair = tuple[Sequence[Certificate], Sequence[Certificate]]
"""Two chains, source and target, leaf first."""


class PairExample(NamedTuple):
    """How to make the two pairs."""

    bad: Callable[[], Pair]
    good: Callable[[], Pair]


def _sound() -> Case:
    return Case(sound())


def _below(**knobs: object) -> Case:
    """A sound chain but for the knobs of its leaf."""
    return Case(pem(leaf(intermediate(), **knobs), intermediate(), root()))


def _through(between: Issued) -> Case:
    """A sound chain but for the intermediate."""
    return Case(pem(leaf(between), between, root()))


def _request() -> Case:
    subject = Subject("om.example.net")
    return Case(build_request(key("leaf"), subject).public_bytes(Encoding.PEM))


def _cut_off() -> Case:
    return Case(sound() + root().pem[:200])


def _with_private_key() -> Case:
    return Case(sound() + to_pem(key("leaf"), None))


def _carriage_returns() -> Case:
    return Case(sound().replace(b"\n", b"\r"), Profile.MTLS)


def _rekeyed() -> Case:
    """The CA was renewed with a new key and kept its name; the file has its new certificate."""
    renewed = authority("Inter-CA1", root(), key("Inter-CA1 renewed"))
    return Case(pem(leaf(intermediate()), renewed, root()))


def _namesakes(*, ring: bool) -> Case:
    """A CA that nothing but its name points to: alone and its own root, or in a ring where each signs the next."""
    silent: dict[str, Any] = {"subject_key_identifier": False, "authority_key_identifier": False}
    keys = [key(f"Mesh {number}") for number in range(100)]
    signers = [authority("Mesh", signs_with=key, **silent) for key in keys]
    above = [authority("Mesh", signers[n - 1], signs_with, **silent) for n, signs_with in enumerate(keys)]
    return Case(pem(leaf(signers[0], authority_key_identifier=False), *(above if ring else signers[:1])))


def _two_intermediates(path_length: int) -> Case:
    upper = authority("Inter-CA1", root(), path_length=path_length)
    lower = authority("Inter-CA2", upper)
    return Case(pem(leaf(lower), lower, upper, root()))


def _spelled(string_type: _ASN1Type) -> Issued:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inter-CA1", string_type)])
    return authority("Inter-CA1", root(), subject=name)


def _spelled_differently() -> Case:
    written, read = _spelled(_ASN1Type.PrintableString), _spelled(_ASN1Type.UTF8String)
    return Case(pem(leaf(written), read, root()))


def _spelled_alike() -> Case:
    return _through(_spelled(_ASN1Type.PrintableString))


def _of_rsa_bits(bits: int) -> Case:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    day = timedelta(days=1)
    template = Template(
        common_name="om.example.net", names=[x509.DNSName("om.example.net")], not_before=AT - day, not_after=AT + day
    )
    return Case(pem(issue(template, key=weak, issuer=intermediate()), intermediate(), root()))


def _signed_on(curve: ec.EllipticCurve) -> Case:
    return _through(authority("Inter-CA1", root(), ec.generate_private_key(curve)))


def _organization() -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Lab")])


def _asked_for(name: str) -> Asked:
    listed = leaf(intermediate(), names=[x509.DNSName("om.example.net")])
    return Asked(pem(listed, intermediate(), root()), Profile.MTLS, names=[name])


def _trusted(*anchors: bytes) -> Asked:
    return Asked(sound(), Profile.MTLS, trust=anchors)


def _for_server(anchor: Issued) -> Asked:
    return Asked(leaf(root()).pem, Profile.SERVER, trust=[anchor.pem])


def _constrained(critical: bool) -> Asked:
    return web_below(extra=[(x509.NameConstraints([x509.DNSName("example.net")], None), critical)])


def _named(common_name: str | None, critical: bool) -> Asked:
    """The usual alternative name, critical or not, whatever the subject."""
    alternative = x509.SubjectAlternativeName([x509.DNSName("om.example.net")])
    return web(common_name=common_name, names=(), extra=[(alternative, critical)])


def _web_rsa(bits: int) -> Asked:
    day = timedelta(days=1)
    template = Template(
        common_name="om.example.net",
        names=[x509.DNSName("om.example.net")],
        extended_key_usage=[SERVER_AUTH],
        not_before=AT - day,
        not_after=AT + day,
    )
    signed = issue(template, key=rsa.generate_private_key(65537, bits), issuer=intermediate())
    return Asked(pem(signed, intermediate(), root()))


def _wildcard(name: str) -> Asked:
    return web(common_name=name, names=[x509.DNSName(name)])


EXAMPLES = {
    "file.no-certificate": Example(_request, _sound),
    "file.unreadable-certificate": Example(_cut_off, _sound),
    "file.locked": Example(lambda: Case(box(), Profile.MTLS), lambda: Case(box(), Profile.MTLS, password=b"secret")),
    "file.not-base64": Example(
        lambda: Case(der(leaf(intermediate())), Profile.SERVER),
        lambda: Case(leaf(intermediate()).pem, Profile.SERVER),
    ),
    "file.old-ciphers": Example(
        lambda: Case(box(cipher=PBES.PBESv1SHA1And3KeyTripleDESCBC), Profile.MTLS, password=b"secret"),
        lambda: Case(box(cipher=PBES.PBESv2SHA256AndAES256CBC), Profile.MTLS, password=b"secret"),
    ),
    "file.not-plain-pem": Example(
        lambda: Case(sound().decode().encode("utf-16")),
        lambda: Case(sound().decode().encode("utf-8-sig")),
    ),
    "file.loose-pem": Example(_carriage_returns, lambda: Case(sound().replace(b"\n", b"\r\n"), Profile.MTLS)),
    "file.private-key-inside": Example(_with_private_key, _sound),
    "file.chain-is-dropped": Example(
        lambda: Case(sound(), Profile.SERVER),
        lambda: Case(leaf(intermediate()).pem, Profile.SERVER),
    ),
    "file.duplicate-certificate": Example(lambda: Case(sound() + root().pem), _sound),
    "leaf.csr-key-mismatch": Example(
        lambda: Case(sound(), request_keys=[spki(key("another"))]),
        lambda: Case(sound(), request_keys=[spki(key("another")), spki(key("leaf"))]),
    ),
    "leaf.key-mismatch": Example(
        lambda: Case(sound(), private_key=spki(key("another"))),
        lambda: Case(sound(), private_key=spki(key("leaf"))),
    ),
    "leaf.is-a-ca": Example(lambda: Case(pem(intermediate(), root())), _sound),
    "leaf.no-server-auth": Example(lambda: _below(extended_key_usage=[CLIENT_AUTH]), _sound),
    "leaf.no-client-auth": Example(lambda: _below(extended_key_usage=[SERVER_AUTH]), _sound),
    "leaf.no-key-encipherment": Example(lambda: _below(key_usage=key_usage("digital_signature")), _sound),
    "leaf.no-digital-signature": Example(lambda: _below(key_usage=key_usage("key_encipherment")), _sound),
    "chain.self-signed-leaf": Example(lambda: Case(leaf().pem), lambda: Case(pem(leaf(root()), root()))),
    "chain.wrong-issuer-key": Example(_rekeyed, _sound),
    "chain.missing-intermediate": Example(lambda: Case(pem(leaf(intermediate()), root())), _sound),
    "chain.missing-root": Example(lambda: Case(pem(leaf(intermediate()), intermediate())), _sound),
    "chain.too-many-namesakes": Example(lambda: _namesakes(ring=True), lambda: _namesakes(ring=False)),
    "chain.not-a-ca": Example(
        lambda: _through(authority("Inter-CA1", root(), is_ca=False)), lambda: _through(authority("Inter-CA1", root()))
    ),
    "chain.restricted-authority": Example(
        lambda: _through(authority("Inter-CA1", root(), extended_key_usage=[SERVER_AUTH])),
        lambda: _through(authority("Inter-CA1", root(), extended_key_usage=[SERVER_AUTH, CLIENT_AUTH])),
    ),
    "chain.path-length-exceeded": Example(lambda: _two_intermediates(0), lambda: _two_intermediates(1)),
    "chain.name-bytes-differ": Example(_spelled_differently, _spelled_alike),
    "chain.named-like-its-issuer": Example(
        lambda: _below(common_name="Inter-CA1", authority_key_identifier=False), lambda: _below(common_name="Inter-CA1")
    ),
    "chain.foreign-certificate": Example(lambda: Case(sound() + authority("Other-CA").pem), _sound),
    "chain.leaf-not-first": Example(
        lambda: Case(pem(intermediate(), leaf(intermediate()), root()), Profile.MTLS),
        lambda: Case(sound(), Profile.MTLS),
    ),
    "chain.wrong-order": Example(lambda: Case(pem(leaf(intermediate()), root(), intermediate())), _sound),
    "chain.too-deep": Example(lambda: Case(pem(*ladder(11))), lambda: Case(pem(*ladder(10)))),
    "algorithm.weak-key": Example(lambda: _of_rsa_bits(1024), lambda: _of_rsa_bits(2048)),
    "algorithm.not-accepted": Example(lambda: _signed_on(ec.SECP256K1()), lambda: _signed_on(ec.SECP384R1())),
    "name.no-common-name": Example(lambda: _below(subject=_organization()), _sound),
    "name.wildcard": Example(
        lambda: _below(common_name="*.example.net"), lambda: _below(common_name="wildcard.example.net")
    ),
    "validity.expired": Example(
        lambda: _below(not_after=AT - timedelta(days=1)), lambda: _below(not_after=AT + timedelta(days=40))
    ),
    "validity.not-yet-valid": Example(
        lambda: _below(not_before=AT + timedelta(seconds=1)), lambda: _below(not_before=AT)
    ),
    "leaf.name-not-covered": Example(lambda: _asked_for("om2.example.net"), lambda: _asked_for("OM.example.net")),
    "chain.untrusted": Example(lambda: _trusted(stranger().pem), lambda: _trusted(stranger().pem, root().pem)),
    "trust.unreadable": Example(lambda: _trusted(root().pem + root().pem[:200]), lambda: _trusted(root().pem)),
    "crl.revoked": Example(
        lambda: with_crl(crl(intermediate(), issued())), lambda: with_crl(crl(intermediate(), stranger()))
    ),
    "crl.unusable": Example(
        lambda: with_crl(crl(intermediate(), number=None)), lambda: with_crl(crl(intermediate(), number=7))
    ),
    "crl.unrelated": Example(
        lambda: with_crl(crl(intermediate()), crl(stranger())), lambda: with_crl(crl(intermediate()))
    ),
    "engine.no-trusted-path": Example(lambda: _for_server(stranger()), lambda: _for_server(root())),
    "certificate.serial-number": Example(lambda: with_serial(0x80), lambda: with_serial(0x7F)),
    "certificate.authority-key-id": Example(
        lambda: web(authority_key_identifier=False), lambda: web(authority_key_identifier=True)
    ),
    "certificate.critical-key-id": Example(lambda: _identified(True), lambda: _identified(False)),
    "certificate.subject-key-id": Example(
        lambda: web_below(subject_key_identifier=False), lambda: web_below(subject_key_identifier=True)
    ),
    "certificate.name-constraints": Example(lambda: _constrained(False), lambda: _constrained(True)),
    "certificate.policy-constraints": Example(
        lambda: web_below(extra=[(x509.PolicyConstraints(None, 0), False)]), lambda: web_below(extra=[])
    ),
    "leaf.alternative-name-not-critical": Example(lambda: _named(None, False), lambda: _named(None, True)),
    "leaf.alternative-name-critical": Example(
        lambda: _named("om.example.net", True), lambda: _named("om.example.net", False)
    ),
    "leaf.common-name-spelled-otherwise": Example(lambda: web(common_name="OM.example.net"), web),
    "leaf.common-name-not-listed": Example(lambda: web(common_name="www.example.net"), web),
    "leaf.unusual-purposes": Example(lambda: web(extended_key_usage=None), web),
    "leaf.odd-key-length": Example(lambda: _web_rsa(2052), lambda: _web_rsa(2048)),
    "leaf.wildcard-too-wide": Example(lambda: _wildcard("*.net"), lambda: _wildcard("*.example.net")),
    **FURTHER_EXAMPLES,
    "chain.openssl-dead-end": Example(
        lambda: _trusting(_mimic().pem, root().pem), lambda: _trusting(root().pem, _mimic().pem)
    ),
}
"""By the id of the rule."""


def _read(*issued: Issued) -> Sequence[Certificate]:
    return decode(pem(*issued)).certificates


def _pair(left: Sequence[Issued], right: Sequence[Issued]) -> Pair:
    """Two consoles with their issuers, issuing CA first."""
    return _read(leaf(left[0]), *left), _read(leaf(right[0], common_name="om2.example.net"), *right)


def _same_authorities() -> Pair:
    return _pair([intermediate(), root()], [intermediate(), root()])


def _other_hierarchy() -> Pair:
    other_root = authority("Root-CA", signs_with=key("Root-CA of somebody else"))
    other = authority("Inter-CA1", other_root, key("Inter-CA1 of somebody else"))
    return _pair([intermediate(), root()], [other, other_root])


def _one_leaf() -> Pair:
    chain = _read(leaf(intermediate()), intermediate(), root())
    return chain, chain


PAIR_EXAMPLES = {
    "pair.authorities-differ": PairExample(
        lambda: _pair([intermediate(), root()], [authority("Inter-CA2", root()), root()]), _same_authorities
    ),
    "pair.keys-differ": PairExample(_other_hierarchy, _same_authorities),
    "pair.intermediate-rekeyed": PairExample(
        lambda: _pair([intermediate(), root()], [authority("Inter-CA1", root(), key("renewed")), root()]),
        _same_authorities,
    ),
    "pair.same-leaf": PairExample(_one_leaf, _same_authorities),
}
"""By the id of the rule."""


def _trusting(*trust: bytes) -> Asked:
    return Asked(pem(leaf(intermediate()), intermediate()), Profile.CLIENT, trust=trust)


def _mimic() -> Issued:
    """A root of the real one's name, without a key identifier that would tell them apart."""
    return authority("Root-CA", signs_with=key("mimic"), subject_key_identifier=False)


def _identified(critical: bool) -> Asked:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key("Inter-CA1").public_key())
    return web(authority_key_identifier=False, extra=[(identifier, critical)])
