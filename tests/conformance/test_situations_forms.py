"""What is wrong with the certificates that people really have: forms and algorithms. Each is named by its cause."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from tests.chain.asked import with_serial
from tests.chain.odd import (
    MD5_WITH_RSA,
    SHA1_WITH_RSA,
    changed,
    made,
    of_version_1,
    of_version_1_with_extensions,
    rsa_key,
    unchanged,
    with_its_curve_spelled_out,
)
from tests.chain.pki import AT, authority, intermediate, key, leaf, pem, root, spki
from tests.conformance.asking import Situation, Situations, below, cases, through

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued
from mutua.chain import Profile

DNS = x509.DNSName
ADDRESS = x509.IPAddress(ip_address("10.0.0.5"))
NAME = "om.example.net"


@cache
def rsa_root() -> Issued:
    return made(rsa_key(), name="Root-CA", is_ca=True)


def unknown(identifier: str, *, critical: bool = True) -> bytes:
    return below(extra=[(x509.UnrecognizedExtension(ObjectIdentifier(identifier), b"\x05\x00"), critical)])


_AD_CS = [
    (x509.MSCertificateTemplate(ObjectIdentifier("1.3.6.1.4.1.311.21.8.1.2.3"), 100, 3), False),
    (
        x509.UnrecognizedExtension(
            ObjectIdentifier("1.3.6.1.4.1.311.21.10"),
            bytes.fromhex("3018300a06082b06010505070301300a06082b06010505070302"),
        ),
        False,
    ),
]

FORMS: Situations = {
    "no authority key identifier": lambda: Situation(
        below(authority_key_identifier=False), others=["certificate.authority-key-id"]
    ),
    "no subject key identifier in a CA": lambda: Situation(
        through(subject_key_identifier=False), others=["certificate.subject-key-id"]
    ),
    "basic constraints not critical": lambda: Situation(
        through(basic_constraints=None, extra=[(x509.BasicConstraints(ca=True, path_length=None), False)]),
        others=["certificate.basic-constraints-not-critical"],
    ),
    "unknown critical extension of Microsoft": lambda: Situation(
        unknown("1.3.6.1.4.1.311.99"),
        ["certificate.unknown-critical-extension"],
        says=["1.3.6.1.4.1.311.99", "Microsoft"],
    ),
    "unknown critical extension of nobody in particular": lambda: Situation(
        unknown("1.2.3.4"), ["certificate.unknown-critical-extension"], says=["Its extension 1.2.3.4 is critical"]
    ),
    "a precertificate": lambda: Situation(
        below(extra=[(x509.PrecertPoison(), True)]), ["certificate.unknown-critical-extension"], says=["precertificate"]
    ),
    "critical policies, which OpenSSL knows": lambda: Situation(
        below(extra=[(x509.CertificatePolicies([_policy()]), True)]),
        ["certificate.unknown-critical-extension"],
        says=["certificatePolicies (2.5.29.32) is critical: OpenSSL knows it"],
    ),
    "AD CS: template, application policies, user principal name": lambda: Situation(
        below(names=[DNS(NAME), _principal()], extra=_AD_CS)
    ),
    "AD CS, for the appliance": lambda: Situation(
        below(names=[DNS(NAME), _principal()], extra=_AD_CS), profile=Profile.MIGRATION
    ),
    "version 1 root": lambda: Situation(
        pem(leaf(intermediate()), intermediate()) + changed(root(), _ec(root()), of_version_1),
        ["certificate.old-version"],
        says=["It is of version 1"],
    ),
    "version 1 intermediate": lambda: Situation(
        leaf(intermediate()).pem + changed(intermediate(), _ec(root()), of_version_1) + root().pem,
        ["certificate.old-version"],
        ["certificate.authority-key-id"],
    ),
    "version 1 leaf": lambda: Situation(
        changed(leaf(intermediate()), _ec(intermediate()), of_version_1) + pem(intermediate(), root()),
        ["certificate.old-version"],
        ["certificate.authority-key-id"],
    ),
    "version 1 with extensions": lambda: Situation(
        changed(leaf(intermediate()), _ec(intermediate()), of_version_1_with_extensions) + pem(intermediate(), root()),
        ["certificate.old-version"],
        says=["of version 1, and has extensions all the same"],
    ),
    "a negative serial number": lambda: Situation(
        with_serial(0x80).data, ["certificate.serial-number"], profile=Profile.WEBPKI
    ),
}


def _principal() -> x509.OtherName:
    return x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x0aom@example")


def _policy() -> x509.PolicyInformation:
    return x509.PolicyInformation(ObjectIdentifier("1.3.6.1.4.1.55555.1"), None)


def _ec(issued: Issued) -> ec.EllipticCurvePrivateKey:
    assert isinstance(issued.key, ec.EllipticCurvePrivateKey)
    return issued.key


ALGORITHMS: Situations = {
    "SHA-1 on the leaf": lambda: Situation(
        changed(_by_rsa(), rsa_key(), unchanged, SHA1_WITH_RSA) + rsa_root().pem,
        ["algorithm.not-accepted"],
        says=["It is signed with SHA-1"],
    ),
    "SHA-1 on the leaf of a web server": lambda: Situation(
        changed(_by_rsa(), rsa_key(), unchanged, SHA1_WITH_RSA), ["algorithm.not-accepted"], profile=Profile.SERVER
    ),
    "MD5 on the leaf": lambda: Situation(
        changed(_by_rsa(), rsa_key(), unchanged, MD5_WITH_RSA) + rsa_root().pem,
        ["algorithm.not-accepted"],
        says=["It is signed with MD5"],
    ),
    "SHA-1 on the root alone": lambda: Situation(
        _by_rsa().pem + changed(rsa_root(), rsa_key(), unchanged, SHA1_WITH_RSA)
    ),
    "RSA 1024 in the leaf": lambda: Situation(
        pem(made(_ec(intermediate()), intermediate(), subject_key=rsa_key(bits=1024)), intermediate(), root()),
        ["algorithm.weak-key"],
        says=["RSA of 1024 bits"],
    ),
    "RSA 1024 in the CA": lambda: Situation(
        through_key(rsa_key(bits=1024)), ["algorithm.weak-key"], says=["RSA of 1024 bits"]
    ),
    "RSA with the exponent 3": lambda: Situation(
        pem(made(_ec(intermediate()), intermediate(), subject_key=rsa_key(3)), intermediate(), root()),
        others=["algorithm.unusual-exponent"],
        says=["Its public exponent is 3"],
    ),
    "RSA-PSS": lambda: Situation(
        pem(made(rsa_key(), rsa_root(), salt=32), rsa_root()), others=["algorithm.pss-signature"]
    ),
    "RSA-PSS with a salt of 20 bytes": lambda: Situation(
        pem(made(rsa_key(), rsa_root(), salt=20), rsa_root()),
        ["algorithm.not-accepted"],
        ["algorithm.pss-signature"],
        says=["a salt that is not as long as the hash"],
    ),
    "Ed25519 in the leaf": lambda: Situation(
        pem(
            made(_ec(intermediate()), intermediate(), subject_key=ed25519.Ed25519PrivateKey.generate()),
            intermediate(),
            root(),
        ),
        others=["algorithm.few-verifiers"],
        says=["Its key is Ed25519: OpenSSL, Go and Java 15 take it"],
    ),
    "Ed25519 in the root": lambda: Situation(
        _below_own_root(ed25519.Ed25519PrivateKey.generate()), ["algorithm.not-accepted"], says=["Its key is Ed25519"]
    ),
    "ML-DSA-65": lambda: Situation(
        _below_own_root(mldsa.MLDSA65PrivateKey.generate()),
        others=["algorithm.few-verifiers"],
        says=["OpenSSL 3.5 and later takes it; older ones do not know it, and say that the key is too weak"],
    ),
    "EC P-384": lambda: Situation(through_key(ec.generate_private_key(ec.SECP384R1()))),
    "EC secp256k1 in the leaf": lambda: Situation(
        pem(
            made(_ec(intermediate()), intermediate(), subject_key=ec.generate_private_key(ec.SECP256K1())),
            intermediate(),
            root(),
        ),
        ["algorithm.no-tls13-scheme"],
        says=["secp256k1: the chain may be valid, and no handshake of TLS 1.3 succeeds"],
    ),
    "EC secp256k1 in the CA": lambda: Situation(
        through_key(ec.generate_private_key(ec.SECP256K1())), ["algorithm.not-accepted"], says=["secp256k1"]
    ),
    "brainpool in the leaf": lambda: Situation(
        pem(
            made(_ec(intermediate()), intermediate(), subject_key=ec.generate_private_key(ec.BrainpoolP256R1())),
            intermediate(),
            root(),
        ),
        ["algorithm.no-tls13-scheme"],
        says=["brainpoolP256r1: only OpenSSL 3.2 and later has a scheme for it"],
    ),
    "explicit EC parameters": lambda: Situation(
        changed(leaf(intermediate()), _ec(intermediate()), with_its_curve_spelled_out) + pem(intermediate(), root()),
        ["algorithm.explicit-curve"],
    ),
}


def _by_rsa() -> Issued:
    return made(rsa_key(), rsa_root())


def through_key(signer: Any) -> bytes:
    between = authority("Inter-CA1", root(), signer)
    return pem(leaf(between), between, root())


def _below_own_root(signer: Any) -> bytes:
    top = made(signer, name="Root-CA", is_ca=True)
    return pem(made(signer, top), top)


CONTROLS: Situations = {
    f"sound, {profile.value}": lambda profile=profile: Situation(below(), profile=profile)
    for profile in (Profile.MIGRATION, Profile.MTLS, Profile.CLIENT)
} | {
    "sound server": lambda: Situation(leaf(intermediate()).pem, profile=Profile.SERVER),
    "sound RSA": lambda: Situation(pem(_by_rsa(), rsa_root())),
    "sound with everything asked": lambda: Situation(
        below(names=[DNS(NAME), ADDRESS]),
        trust=[root().pem],
        names=[NAME],
        addresses=["10.0.0.5"],
        private_key=spki(key("leaf")),
        request_keys=[spki(key("leaf"))],
    ),
    "AD CS leaf for any purpose that it lists": lambda: Situation(
        below(extended_key_usage=[SERVER_AUTH, CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON])
    ),
    "a year still to go": lambda: Situation(below(not_after=AT + timedelta(days=60))),
}


@cases(FORMS, ALGORITHMS, CONTROLS)
def test_each_is_named_by_its_cause(make: Callable[[], Situation]) -> None:
    make().prove()
