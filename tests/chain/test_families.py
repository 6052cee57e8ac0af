"""Who accepts and who refuses, where families of verifiers differ on ordinary material."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.openssl_verify import made_by_openssl, pems
from tests.chain.pki import AT, authority, intermediate, key, ladder, leaf, pem, root
from tests.chain.test_openssl import heaps

from mutua import chain
from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.chain import Profile, Report
from mutua.chain.families.opinions import (
    GO,
    JAVA,
    OPENSSL_LEVEL_1,
    OPENSSL_LEVEL_2,
    OPENSSL_STRICT,
    PYCA,
    Opinion,
    Stance,
    differ,
    opinions_asked_for,
)

DAY = timedelta(days=1)
NET = x509.DNSName("om.example.net")
SHORT = {OPENSSL_LEVEL_1: "1", OPENSSL_LEVEL_2: "2", OPENSSL_STRICT: "s", PYCA: "p", JAVA: "j", GO: "g"}
MADE_BY_OPENSSL = [
    "subjectAltName=DNS:om.example.net",
    "extendedKeyUsage=serverAuth,clientAuth",
    "keyUsage=digitalSignature",
]
CA_BY_OPENSSL = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", "subjectKeyIdentifier=hash"]


def check(*issued: Issued, profile: Profile = Profile.MTLS, **asked: Any) -> Report:
    return chain.check(pem(*issued), at=AT, profile=profile, **asked)


def stances(said: Sequence[Opinion]) -> tuple[str, str]:
    """Who accepts and who refuses, a letter for each family."""
    accepting = "".join(SHORT[opinion.family] for opinion in said if opinion.stance is Stance.ACCEPTS)
    return accepting, "".join(SHORT[opinion.family] for opinion in said if opinion.stance is Stance.REFUSES)


def below(between: Issued, **knobs: Any) -> list[Issued]:
    return [leaf(between, **({"names": [NET]} | knobs)), between, root()]


def spelled() -> Issued:
    """The intermediate under the same name in another string type; the leaf below is issued by the real one."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inter-CA1", _ASN1Type.PrintableString)])
    return authority("Inter-CA1", root(), key("Inter-CA1"), subject=name)


def weak(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def uncritical() -> Issued:
    constraints = x509.BasicConstraints(True, None)
    return authority("Inter-CA1", root(), basic_constraints=None, extra=[(constraints, False)])


def weak_leaf() -> list[Issued]:
    template = Template(common_name="om.example.net", names=[NET], not_before=AT - DAY, not_after=AT + DAY)
    return [issue(template, key=weak(1024), issuer=intermediate()), intermediate(), root()]


SITUATIONS: dict[str, tuple[Callable[[], list[Issued]], tuple[str, str]]] = {
    "nothing": (lambda: below(intermediate()), ("12spjg", "")),
    "a name in other bytes": (lambda: [leaf(intermediate(), names=[NET]), spelled(), root()], ("12sj", "pg")),
    "no alternative name": (lambda: below(intermediate(), names=[]), ("12sj", "pg")),
    "no authority key identifier": (lambda: below(intermediate(), authority_key_identifier=False), ("12jg", "sp")),
    "basic constraints not critical": (lambda: below(uncritical()), ("12jg", "sp")),
    "no key usage in a CA": (lambda: below(authority("Inter-CA1", root(), key_usage=None)), ("12jg", "sp")),
    "RSA 1024 CA": (lambda: below(authority("Inter-CA1", root(), weak(1024))), ("1jg", "2sp")),
    "RSA 1024 leaf": (weak_leaf, ("1pjg", "2s")),
    "12 intermediates": (lambda: with_names(ladder(13)), ("12sjg", "p")),
    "12 intermediates in another order": (lambda: jumbled(with_names(ladder(13))), ("12sg", "pj")),
    "an empty subject": (
        lambda: below(intermediate(), common_name=None, names=[], extra=[(x509.SubjectAlternativeName([NET]), False)]),
        ("12g", "spj"),
    ),
    "a leaf that signs nothing": (
        lambda: below(intermediate(), key_usage=key_usage("key_encipherment")),
        ("pg", "12sj"),
    ),
    "expired": (lambda: below(intermediate(), not_after=AT - DAY), ("", "12spg")),
    "for servers alone": (lambda: below(intermediate(), extended_key_usage=[SERVER_AUTH]), ("", "12spg")),
}


def with_names(heap: list[Issued]) -> list[Issued]:
    return [leaf(heap[1], names=[NET]), *heap[1:]]


def jumbled(heap: list[Issued]) -> list[Issued]:
    return [heap[0], *reversed(heap[1:])]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_family_says_what_it_was_measured_to_say(situation: str) -> None:
    make, said = SITUATIONS[situation]
    report = check(*make())
    assert stances(report.families) == said
    assert differ(report.families) is (said[0] != "" and said[1] != "")
    assert all((opinion.stance is Stance.REFUSES) <= bool(str(opinion.reason or "")) for opinion in report.families)


@pytest.mark.parametrize(
    ("kind", "options", "root_options", "said"),
    [
        ("rsa:2048", [*MADE_BY_OPENSSL, "authorityKeyIdentifier=none"], CA_BY_OPENSSL, ("12jg", "sp")),
        ("rsa:2048", MADE_BY_OPENSSL, [], ("12jg", "sp")),
        ("rsa:2048", [*MADE_BY_OPENSSL, "-sha1"], CA_BY_OPENSSL, ("j", "12spg")),
        ("ed25519", [*MADE_BY_OPENSSL, "authorityKeyIdentifier=keyid"], CA_BY_OPENSSL, ("12sjg", "p")),
    ],
)
def test_material_that_openssl_makes(
    tmp_path: Path, kind: str, options: list[str], root_options: list[str], said: tuple[str, str]
) -> None:
    """No authority key identifier, a root of version 1, SHA-1, Ed25519."""
    words = [extended(tmp_path, "leaf", options), extended(tmp_path, "root", root_options)]
    end, top = made_by_openssl(tmp_path, kind, *words)
    report = chain.check(end + top, at=datetime.now(UTC) + timedelta(minutes=1), profile=Profile.MTLS)
    assert stances(report.families) == said


def extended(folder: Path, name: str, options: Sequence[str]) -> list[str]:
    """The options of openssl x509 for these extensions."""
    extensions = folder / f"{name}.extensions"
    extensions.write_text("\n".join(option for option in options if "=" in option))
    words = [option for option in options if "=" not in option]
    return [*words, "-extfile", str(extensions)] if len(words) < len(options) else words


def test_ml_dsa_depends_on_the_release() -> None:
    top, end = mldsa.MLDSA65PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()
    binary = [ml_dsa("om.example.net", end.public_key(), top, False), ml_dsa("Root-CA", top.public_key(), top, True)]
    report = chain.check(b"".join(binary), at=AT, profile=Profile.MTLS)
    assert stances(report.families) == ("p", "1jg")
    depends = [opinion for opinion in report.families if opinion.family in (OPENSSL_LEVEL_2, OPENSSL_STRICT)]
    assert [opinion.stance for opinion in depends] == [Stance.UNKNOWN, Stance.UNKNOWN]
    before = "error 66 at depth 0 (om.example.net), EE certificate key too weak."
    assert str(depends[0].reason) == f"ML-DSA is known from OpenSSL 3.5 on; before, {before}"


def ml_dsa(name: str, public: mldsa.MLDSA65PublicKey, top: mldsa.MLDSA65PrivateKey, is_ca: bool) -> bytes:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, "Root-CA"))
    own, above = x509.SubjectKeyIdentifier.from_public_key, x509.AuthorityKeyIdentifier.from_issuer_public_key
    usage = key_usage("key_cert_sign") if is_ca else key_usage("digital_signature")
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public,
        serial_number=7,
        not_valid_before=(AT - DAY).replace(tzinfo=None),
        not_valid_after=(AT + DAY).replace(tzinfo=None),
    )
    builder = builder.add_extension(x509.BasicConstraints(is_ca, None), True).add_extension(usage, True)
    builder = builder.add_extension(own(public), False).add_extension(above(top.public_key()), False)
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([NET]), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([SERVER_AUTH, CLIENT_AUTH]), False)
    return builder.sign(top, None).public_bytes(Encoding.PEM)


def test_a_partial_chain_is_taken_by_all_but_openssl() -> None:
    report = check(leaf(intermediate(), names=[NET]), trust=[intermediate().pem])
    assert stances(report.families) == ("spjg", "12")


def test_a_reason_names_the_role_that_is_refused() -> None:
    report = check(*below(intermediate(), extended_key_usage=[SERVER_AUTH]))
    reasons = [str(opinion.reason) for opinion in report.families if opinion.stance is Stance.REFUSES]
    assert reasons[0] == "as a client: error 26 at depth 0 (om.example.net), unsuitable certificate purpose."
    assert reasons[-2:] == [
        "as a client: required EKU not found.",
        "as a client: the extended key usage of om.example.net does not allow it.",
    ]
    as_server = check(*below(intermediate(), extended_key_usage=[SERVER_AUTH]), profile=Profile.SERVER)
    assert stances(as_server.families) == ("12spjg", "")


def test_nothing_is_said_where_nothing_is_trusted() -> None:
    report = check(leaf(intermediate()), profile=Profile.SERVER)
    assert report.families == ()
    assert report.openssl is None
    assert chain.check(b"", at=AT).families == ()


def test_the_order_given_is_not_the_order_that_openssl_needs() -> None:
    dead_end = authority("Inter-CA1", authority("Other-CA"), key("Inter-CA1"))
    end = leaf(intermediate(), names=[NET])
    wrong = check(end, dead_end, intermediate(), trust=[root().pem])
    right = check(end, intermediate(), dead_end, trust=[root().pem])
    assert wrong.valid
    assert right.valid
    assert wrong.openssl is not None
    assert right.openssl is not None
    assert (wrong.openssl.given.error, wrong.openssl.given.depth, wrong.openssl.only_order) == (20, 1, True)
    assert (right.openssl.given.accepts, right.openssl.only_order) == (True, False)
    assert "chain.openssl-dead-end" in [finding.rule.id for finding in wrong.errors]
    assert right.errors == ()


@given(heap=heaps(), profile=st.sampled_from([Profile.MTLS, Profile.CLIENT, Profile.SERVER, Profile.WEBPKI]))
@settings(max_examples=100, deadline=None)
def test_what_is_called_ordinary_is_accepted_by_all(
    heap: tuple[Issued, Sequence[Issued], Sequence[Issued]], profile: Profile
) -> None:
    end, sent, trusted = heap
    for trust in (None, pems(trusted)):
        report = check(end, *sent, profile=profile, trust=trust)
        if report.is_ordinary:
            assert report.families == opinions_asked_for(report)
        elif report.is_ordinary_but_for_names:
            assert stances(report.families)[0].rstrip("g") == "12sj"


@given(heap=heaps(), profile=st.sampled_from([Profile.MTLS, Profile.CLIENT]))
@settings(max_examples=100, deadline=None)
def test_between_two_peers_openssl_finds_what_is_called_clean(
    heap: tuple[Issued, Sequence[Issued], Sequence[Issued]], profile: Profile
) -> None:
    """But for the last second of a certificate, and for trust in an authority alone, of which a warning tells."""
    end, sent, trusted = heap
    for trust in (None, pems(trusted)):
        report = check(end, *sent, profile=profile, trust=trust)
        if report.errors or report.openssl is None:
            continue
        given = report.openssl.given
        ends_now = given.error == 10 and given.path[given.depth].not_after == AT
        is_no_root = given.error == 2 and not report.path[-1].is_self_signed
        assert given.accepts or ends_now or is_no_root


@pytest.mark.parametrize("profile", [Profile.MIGRATION, Profile.MTLS, Profile.CLIENT, Profile.SERVER])
def test_the_usual_chain_is_ordinary_and_no_family_is_asked(profile: Profile) -> None:
    report = check(*below(intermediate()), profile=profile)
    assert report.is_ordinary
    assert report.families == opinions_asked_for(report)
    assert report.openssl is not None
    assert report.openssl.given.accepts
    nameless = check(*below(intermediate(), names=[]), profile=profile)
    assert (nameless.is_ordinary, nameless.is_ordinary_but_for_names) == (False, True)
    assert stances(nameless.families) == (("12sjg", "p") if profile is Profile.CLIENT else ("12sj", "pg"))


def test_the_plain_path_of_mutua_check_imports_no_family(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(pem(*below(intermediate())))
    (tmp_path / "other.pem").write_bytes(pem(*below(intermediate(), authority_key_identifier=False)))
    assert imported(tmp_path / "chain.pem") == ""
    assert "mutua.chain.families.openssl" in imported(tmp_path / "other.pem")


def imported(file: Path) -> str:
    """The modules about families that mutua check of the file reads in."""
    run = (
        "import atexit, os, sys; os._exit = sys.exit; "
        "atexit.register(lambda: print(*[m for m in sys.modules if 'families' in m], file=sys.stderr)); "
        "from mutua.cli.main import main; main()"
    )
    command = [sys.executable, "-c", run, "check", str(file), "--at", AT.isoformat()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stderr.strip()
