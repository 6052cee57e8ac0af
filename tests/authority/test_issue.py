"""The builder: sound by default as openssl judges it, and each knob makes its one fault."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, Template, chain, issue, key_usage, self_signed
from mutua.authority.keys import PrivateKey
from mutua.authority.request import InvalidAlternativeName, parse_names

OpenSsl = Callable[..., subprocess.CompletedProcess[str]]
NAMES = parse_names("om.example.net")


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue(Template(common_name="Root-CA", is_ca=True))


@pytest.fixture(scope="module")
def intermediate(root: Issued) -> Issued:
    return issue(Template(common_name="Inter-CA1", is_ca=True, path_length=0), issuer=root)


@pytest.fixture
def verdict(tmp_path: Path, openssl: OpenSsl, root: Issued, intermediate: Issued) -> Callable[..., str]:
    """What openssl says of a leaf below the intermediate, strictly, as server and as client."""

    def judge(leaf: Issued, *between: Issued) -> str:
        (tmp_path / "leaf").write_bytes(leaf.pem)
        (tmp_path / "between").write_bytes(chain(*(between or (intermediate,))))
        (tmp_path / "root").write_bytes(root.pem)
        files = ["-CAfile", tmp_path / "root", "-untrusted", tmp_path / "between", tmp_path / "leaf"]
        said = [openssl("verify", "-x509_strict", "-purpose", use, *files) for use in ("sslserver", "sslclient")]
        return "\n".join(one.stdout + one.stderr for one in said)

    return judge


def extension(issued: Issued, kind: type[x509.ExtensionType]) -> Any:
    return issued.certificate.extensions.get_extension_for_class(kind)


def test_the_defaults_satisfy_openssl_strictly_both_ways(verdict: Callable[..., str], intermediate: Issued) -> None:
    leaf = issue(Template(common_name="om.example.net", names=NAMES), issuer=intermediate)
    assert verdict(leaf).count(": OK") == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"extended_key_usage": (SERVER_AUTH,)}, "unsuitable certificate purpose"),
        ({"extended_key_usage": (CLIENT_AUTH,)}, "unsuitable certificate purpose"),
        ({"key_usage": key_usage("content_commitment")}, "unsuitable certificate purpose"),
        ({"not_after": datetime(2020, 1, 2, tzinfo=UTC), "not_before": datetime(2020, 1, 1, tzinfo=UTC)}, "expired"),
        ({"not_before": datetime.now(UTC) + timedelta(days=1)}, "not yet valid"),
        ({"authority_key_identifier": False}, "Missing Authority Key Identifier"),
        ({"subject_key_identifier": False, "is_ca": True}, "Missing Subject Key Identifier"),
        (
            {"extra": [(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]},
            "unhandled critical extension",
        ),
    ],
)
def test_each_knob_makes_its_fault(
    verdict: Callable[..., str], intermediate: Issued, fault: dict[str, Any], said: str
) -> None:
    template = Template(**{"common_name": "om.example.net", "names": NAMES, **fault})
    assert said in verdict(issue(template, issuer=intermediate))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"is_ca": False}, "invalid CA certificate"),
        ({"basic_constraints": None}, "invalid CA certificate"),
        ({"key_usage": key_usage("digital_signature")}, "certificate sign"),
        ({"key_usage": None}, "CA cert does not include key usage extension"),
    ],
)
def test_each_knob_makes_its_fault_in_a_ca(
    verdict: Callable[..., str], root: Issued, fault: dict[str, Any], said: str
) -> None:
    broken = issue(Template(**{"common_name": "Inter-CA2", "is_ca": True, **fault}), issuer=root)
    leaf = issue(Template(common_name="om.example.net", names=NAMES), issuer=broken)
    assert said in verdict(leaf, broken)


def test_a_path_length_of_zero_allows_no_ca_below(verdict: Callable[..., str], intermediate: Issued) -> None:
    below = issue(Template(common_name="Inter-CA3", is_ca=True), issuer=intermediate)
    leaf = issue(Template(common_name="om.example.net", names=NAMES), issuer=below)
    assert "path length constraint exceeded" in verdict(leaf, below, intermediate)


def test_a_leaf_has_server_and_client_authentication_and_key_encipherment_by_default(intermediate: Issued) -> None:
    leaf = issue(Template(common_name="om.example.net"), issuer=intermediate)
    assert set(extension(leaf, x509.ExtendedKeyUsage).value) == {SERVER_AUTH, CLIENT_AUTH}
    assert extension(leaf, x509.KeyUsage).value == key_usage("digital_signature", "key_encipherment")
    assert extension(leaf, x509.KeyUsage).critical
    assert extension(leaf, x509.BasicConstraints).value == x509.BasicConstraints(False, None)


def test_none_leaves_an_extension_out(root: Issued) -> None:
    bare = issue(
        Template(
            common_name="bare",
            basic_constraints=None,
            key_usage=None,
            extended_key_usage=None,
            subject_key_identifier=False,
            authority_key_identifier=False,
        ),
        issuer=root,
    )
    assert not list(bare.certificate.extensions)


def test_the_authority_key_identifier_is_the_issuers_own(root: Issued) -> None:
    odd = x509.SubjectKeyIdentifier(b"not the usual digest")
    issuer = issue(
        Template(common_name="Odd", is_ca=True, subject_key_identifier=False, extra=[(odd, False)]), issuer=root
    )
    leaf = issue(Template(common_name="om.example.net"), issuer=issuer)
    assert extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier == odd.digest


def test_an_issuer_without_identifier_is_named_by_the_digest_of_its_key(root: Issued) -> None:
    issuer = issue(Template(common_name="Plain", is_ca=True, subject_key_identifier=False), issuer=root)
    assert issuer.key is not None
    leaf = issue(Template(common_name="om.example.net"), issuer=issuer)
    digest = x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    assert extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier == digest


def test_alternative_names_are_critical_exactly_where_the_subject_is_empty(root: Issued) -> None:
    named = issue(Template(common_name="om.example.net", names=NAMES), issuer=root)
    unnamed = issue(Template(names=NAMES), issuer=root)
    assert not extension(named, x509.SubjectAlternativeName).critical
    assert extension(unnamed, x509.SubjectAlternativeName).critical
    assert not list(unnamed.certificate.subject)


def test_subject_serial_and_hash_are_taken_as_given(root: Issued, rsa_key: PrivateKey) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Lab")])
    issued = issue(Template(subject=subject, serial=4711, hash="sha384"), key=rsa_key, issuer=root)
    assert issued.certificate.subject == subject
    assert issued.certificate.serial_number == 4711
    assert issued.certificate.signature_hash_algorithm is not None
    assert issued.certificate.signature_hash_algorithm.name == "sha384"
    assert issued.certificate.issuer == root.certificate.subject


def test_a_public_key_is_enough_to_be_certified_but_not_to_sign(root: Issued, rsa_key: PrivateKey) -> None:
    issued = issue(Template(common_name="om.example.net"), key=rsa_key.public_key(), issuer=root)
    assert issued.key is None
    assert issued.certificate.public_key() == rsa_key.public_key()
    with pytest.raises(ValueError, match="private key"):
        issue(Template(common_name="om.example.net"), key=rsa_key.public_key())
    with pytest.raises(ValueError, match="private key"):
        issue(Template(common_name="below"), issuer=issued)


def test_a_chain_is_in_the_order_given(root: Issued, intermediate: Issued) -> None:
    read = x509.load_pem_x509_certificates(chain(intermediate, root))
    assert read == [intermediate.certificate, root.certificate]


def test_a_first_identity_is_good_both_ways_for_whoever_pins_it(
    tmp_path: Path, openssl: OpenSsl, rsa_key: PrivateKey
) -> None:
    identity = self_signed("127.0.0.1", key=rsa_key)
    (tmp_path / "pem").write_bytes(identity.pem)
    for use in ("sslserver", "sslclient"):
        said = openssl(
            "verify", "-purpose", use, "-verify_ip", "127.0.0.1", "-CAfile", tmp_path / "pem", tmp_path / "pem"
        )
        assert said.stdout.endswith(": OK\n")
        other = openssl(
            "verify", "-purpose", use, "-verify_ip", "127.0.0.2", "-CAfile", tmp_path / "pem", tmp_path / "pem"
        )
        assert "IP address mismatch" in other.stderr
    life = identity.certificate.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=824) < life <= timedelta(days=825)
    assert extension(identity, x509.BasicConstraints).value.ca is False


def test_a_first_identity_needs_a_name_that_peers_can_verify(rsa_key: PrivateKey) -> None:
    with pytest.raises(InvalidAlternativeName):
        self_signed("source console", key=rsa_key)
    named = self_signed("source console", parse_names("localhost,::1"), key=rsa_key)
    assert list(extension(named, x509.SubjectAlternativeName).value) == list(parse_names("localhost,::1"))
