"""The engine has the last word: it takes the chains of the usual private PKI, and what it refuses is never passed."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier
from tests.chain.odd import changed, with_dates_in_four_digits
from tests.chain.pki import AT, Case, authority, ids, intermediate, key, leaf, pem, root

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.authority.keys import KeyType, PrivateKey, generate
from mutua.chain import Profile, Report
from mutua.chain.verdict import ENGINE

MTLS = Profile.MTLS
DAY = timedelta(days=1)
NET = x509.DNSName("om.example.net")


def check(*issued: Issued, profile: Profile = MTLS) -> Report:
    return Case(pem(*issued), profile).check()


@cache
def keys(kind: KeyType) -> tuple[PrivateKey, PrivateKey, PrivateKey]:
    return generate(kind), generate(kind), generate(kind)


def below(between: Issued, **knobs: Any) -> list[Issued]:
    return [leaf(between, **knobs), between, root()]


def of_kind(kind: KeyType) -> list[Issued]:
    of_root, of_intermediate, of_leaf = keys(kind)
    top = authority("Root-CA", signs_with=of_root)
    between = authority("Inter-CA1", top, of_intermediate)
    template = Template(common_name="om.example.net", names=[NET], not_before=AT - DAY, not_after=AT + DAY)
    return [issue(template, key=of_leaf, issuer=between), between, top]


def without_identifiers(which: str) -> list[Issued]:
    """A hierarchy in which nobody has this extension."""
    knobs: dict[str, Any] = {which: False}
    top = authority("Root-CA", **knobs)
    between = authority("Inter-CA1", top, **knobs)
    return [leaf(between, **knobs), between, top]


ORDINARY: dict[str, Callable[[], list[Issued]]] = {
    "RSA 2048": lambda: of_kind(KeyType.RSA_2048),
    "EC P-256": lambda: of_kind(KeyType.EC_P256),
    "EC P-384": lambda: of_kind(KeyType.EC_P384),
    "no alternative name": lambda: below(intermediate(), names=()),
    "alternative names": lambda: below(intermediate(), names=[NET, x509.RFC822Name("om@example.net")]),
    "no authority key identifier": lambda: without_identifiers("authority_key_identifier"),
    "no subject key identifier": lambda: without_identifiers("subject_key_identifier"),
    "no key usage in a CA": lambda: below(authority("Inter-CA1", root(), key_usage=None)),
    "no basic constraints in the leaf": lambda: below(intermediate(), basic_constraints=None),
    "an AD CS template": lambda: below(
        intermediate(), extra=[(x509.MSCertificateTemplate(ObjectIdentifier("1.3.6.1.4.1.311.21.8.1"), 100, 1), False)]
    ),
    "unknown extension": lambda: below(
        intermediate(), extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)]
    ),
    "name constraints that fit": lambda: below(
        authority("Inter-CA1", root(), extra=[(x509.NameConstraints([NET], None), True)]), names=[NET]
    ),
    "a leaf below the root": lambda: [leaf(root()), root()],
    "longer than the engine's usual limit": lambda: below_many(12),
    "SHA-384 and SHA-512": lambda: below(authority("Inter-CA1", root(), hash="sha512"), hash="sha384"),
}


def below_many(count: int) -> list[Issued]:
    rungs = [root()]
    for number in range(count):
        rungs.insert(0, authority(f"Inter-CA{number}", rungs[0]))
    return [leaf(rungs[0]), *rungs]


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_chain_of_private_pki_is_valid(kind: str) -> None:
    report = check(*ORDINARY[kind]())
    assert report.verdict.valid
    assert report.verdict.detail == ""
    assert report.errors == ()
    assert set(ids(report)) <= {rule for rule, word in WORTH_KNOWING.items() if word in kind}


WORTH_KNOWING = {
    "certificate.authority-key-id": "identifier",
    "certificate.subject-key-id": "identifier",
    "leaf.no-alternative-name": "no alternative name",
    "chain.longer-than-usual": "longer than",
}
"""What is told of such a chain all the same, as no more than a warning, by a word of its kind."""


def test_rsa_4096_is_valid_as_a_root() -> None:
    top = authority("Root-CA", signs_with=rsa.generate_private_key(public_exponent=65537, key_size=4096))
    assert check(leaf(top), top).findings == ()


FORBIDDEN: dict[str, tuple[Callable[[], list[Issued]], str, str]] = {
    "unknown critical extension": (
        lambda: below(
            intermediate(), extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]
        ),
        "invalid extension: 1.2.3.4: certificate contains unaccounted-for critical extensions",
        "certificate.unknown-critical-extension",
    ),
    "name outside the constraints": (
        lambda: below(
            authority("Inter-CA1", root(), extra=[(x509.NameConstraints([NET], None), True)]),
            names=[x509.DNSName("om.example.org")],
        ),
        "no permitted name constraints matched SAN",
        "chain.name-not-permitted",
    ),
    "name excluded": (
        lambda: below(authority("Inter-CA1", root(), extra=[(x509.NameConstraints(None, [NET]), True)]), names=[NET]),
        "excluded name constraint matched SAN",
        "chain.name-not-permitted",
    ),
}


@pytest.mark.parametrize("profile", [Profile.MIGRATION, Profile.MTLS, Profile.CLIENT])
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_the_engine_refuses_a_rule_explains(kind: str, profile: Profile) -> None:
    make, said, rule = FORBIDDEN[kind]
    report = check(*make(), profile=profile)
    assert report.verdict.refuses
    assert report.verdict.detail == said
    assert ids(report) == [rule]


def unexplained() -> bytes:
    """Nobody but the engine minds how its dates are encoded."""
    signer = intermediate().key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    return changed(leaf(intermediate()), signer, with_dates_in_four_digits) + pem(intermediate(), root())


@pytest.mark.parametrize("profile", [Profile.MIGRATION, Profile.MTLS, Profile.CLIENT])
def test_what_no_rule_explains_is_refused_in_the_engine_s_words(profile: Profile) -> None:
    report = Case(unexplained(), profile).check()
    assert ids(report) == ["engine.refused"]
    assert str(report.findings[0].found).startswith(f"{ENGINE} says: ")
    assert str(report.findings[0].found).endswith(report.verdict.detail)
    assert report.verdict.detail


def test_a_rule_that_does_not_explain_the_refusal_does_not_hide_it() -> None:
    """A stranger in the file is a warning between two peers; an invalid path beside it is still an error."""
    report = Case(unexplained() + pem(authority("Other-CA"), root()), MTLS).check()
    assert set(ids(report)) == {"chain.foreign-certificate", "file.duplicate-certificate", "engine.refused"}


def test_a_refusal_that_a_rule_explains_is_told_once() -> None:
    report = check(*below(authority("Inter-CA1", root(), is_ca=False)))
    assert report.verdict.refuses
    assert ids(report) == ["chain.not-a-ca"]


def test_without_a_root_the_engine_is_not_asked() -> None:
    report = check(leaf(intermediate()), intermediate())
    assert (report.verdict.asked, report.verdict.refuses) == (False, False)
    assert report.errors


def run(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def made_by_openssl(folder: Path, key_options: list[str], digest: str = "-sha256") -> bytes:
    """A leaf and a root with keys and signatures that our own authority does not make."""
    extensions = folder / "extensions"
    extensions.write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        "subjectAltName=DNS:om.example.net\n"
    )
    root_key, root_pem, request, leaf_pem = (folder / name for name in ("root.key", "root", "request", "leaf"))
    as_ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    run("req", "-x509", *key_options, "-noenc", "-keyout", root_key, "-out", root_pem, "-subj", "/CN=Root-CA", *as_ca)
    run(
        "req",
        "-newkey",
        "rsa:2048",
        "-noenc",
        "-keyout",
        folder / "key",
        "-out",
        request,
        "-subj",
        "/CN=om.example.net",
    )
    run(
        "x509", "-req", "-in", request, "-CA", root_pem, "-CAkey", root_key, "-out", leaf_pem, digest,
        "-extfile", extensions, "-days", "3",
    )  # fmt: skip
    return leaf_pem.read_bytes() + root_pem.read_bytes()


def now(data: bytes) -> Report:
    return Case(data, MTLS, at=datetime.now(UTC)).check()


def test_ed25519_is_refused_in_an_understandable_sentence(tmp_path: Path) -> None:
    report = now(made_by_openssl(tmp_path, ["-newkey", "ed25519"]))
    assert report.verdict.refuses
    assert ids(report) == ["algorithm.not-accepted"]
    (finding,) = report.findings
    assert finding.certificate is report.path[-1]
    assert str(finding.found) == (
        "Its key is Ed25519. OpenSSL may take that from a CA; pyca/cryptography, which validates here, does not, "
        "nor do web browsers."
    )


@pytest.mark.parametrize(
    ("digest", "told"),
    [("-sha1", "It is signed with SHA-1, which"), ("-md5", "It is signed with MD5, which"), ("-sha256", None)],
)
def test_a_broken_hash_is_named_and_not_taken_for_a_wrong_key(tmp_path: Path, digest: str, told: str | None) -> None:
    report = now(made_by_openssl(tmp_path, ["-newkey", "rsa:2048"], digest))
    assert ids(report) == (["algorithm.not-accepted"] if told else [])
    assert all(str(finding.found).startswith(told or "") for finding in report.findings)
    assert report.verdict.valid is (told is None)


def test_a_sha1_signature_of_the_root_on_itself_is_harmless(tmp_path: Path) -> None:
    data = made_by_openssl(tmp_path, ["-newkey", "rsa:2048", "-sha1"])
    assert now(data).findings == ()


def verified(folder: Path, purpose: str, heap: list[Issued]) -> bool:
    """Whether openssl, at the security level that Debian and current releases use, takes the chain."""
    end, between, top = (folder / name for name in ("end", "between", "top"))
    end.write_bytes(heap[0].pem)
    between.write_bytes(pem(*heap[1:-1]))
    top.write_bytes(heap[-1].pem)
    options = ["-auth_level", "2", "-purpose", purpose, "-attime", str(int(AT.timestamp())), "-CAfile", str(top)]
    if heap[1:-1]:
        options += ["-untrusted", str(between)]
    return subprocess.run(["openssl", "verify", *options, end], capture_output=True, timeout=60).returncode == 0


def ca(**knobs: Any) -> Issued:
    return authority("Inter-CA1", root(), **knobs)


AGAINST_OPENSSL: dict[str, Callable[[], list[Issued]]] = ORDINARY | {
    "CA for servers alone": lambda: below(ca(extended_key_usage=[SERVER_AUTH])),
    "CA for clients alone": lambda: below(ca(extended_key_usage=[CLIENT_AUTH])),
    "CA for any use": lambda: below(ca(extended_key_usage=[x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
    "leaf for any use": lambda: below(
        intermediate(), extended_key_usage=[x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
    ),
    "leaf for servers alone": lambda: below(intermediate(), extended_key_usage=[SERVER_AUTH]),
    "leaf for clients alone": lambda: below(intermediate(), extended_key_usage=[CLIENT_AUTH]),
    "leaf that signs nothing": lambda: below(intermediate(), key_usage=key_usage("key_encipherment")),
    "leaf without extended key usage": lambda: below(intermediate(), extended_key_usage=None),
    "leaf without key usage": lambda: below(intermediate(), key_usage=None),
    "leaf named like its issuer": lambda: below(
        intermediate(), common_name="Inter-CA1", authority_key_identifier=False
    ),
    "RSA 1024 leaf": lambda: below_weak(),
    "RSA 1024 CA": lambda: below(ca(signs_with=weak_key())),
    "CA that is none": lambda: below(ca(is_ca=False)),
    "CA that does not sign": lambda: below(ca(key_usage=key_usage("crl_sign"))),
    "CA without basic constraints": lambda: below(ca(basic_constraints=None)),
    "too many CAs": lambda: [leaf(ca2 := authority("Inter-CA2", intermediate())), ca2, intermediate(), root()],
    "unknown critical extension": FORBIDDEN["unknown critical extension"][0],
    "name outside the constraints": FORBIDDEN["name outside the constraints"][0],
    "name excluded": FORBIDDEN["name excluded"][0],
    "another key": lambda: [leaf(intermediate()), ca(signs_with=key("another")), root()],
    "no intermediate": lambda: [leaf(intermediate()), root()],
}


def weak_key() -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505


def below_weak() -> list[Issued]:
    template = Template(common_name="om.example.net", not_before=AT - DAY, not_after=AT + DAY)
    return [issue(template, key=weak_key(), issuer=intermediate()), intermediate(), root()]


@pytest.mark.parametrize("kind", AGAINST_OPENSSL)
def test_what_openssl_refuses_is_never_called_clean(kind: str, tmp_path: Path) -> None:
    heap = AGAINST_OPENSSL[kind]()
    taken = all(verified(tmp_path, purpose, heap) for purpose in ("sslserver", "sslclient"))
    assert bool(check(*heap).errors) == (not taken)


STRICTER: dict[str, Callable[[], list[Issued]]] = {
    "CA on a curve that TLS does not know": lambda: below(ca(signs_with=ec.generate_private_key(ec.SECP256K1()))),
    "root without basic constraints": lambda: [leaf(top := authority("R", basic_constraints=None)), top],
}


@pytest.mark.parametrize("kind", STRICTER)
def test_where_the_engine_is_stricter_than_openssl_it_has_its_way(kind: str, tmp_path: Path) -> None:
    heap = STRICTER[kind]()
    assert verified(tmp_path, "sslclient", heap)
    report = check(*heap)
    assert report.verdict.refuses
    assert report.errors
